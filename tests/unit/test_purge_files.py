"""Purging files by a request id: all that carry it go, what does not stays, and an id that would fit everything is refused."""

import gzip
import io
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from gameday.contain import purge_files
from gameday.contain.carrying import carries

ID = "req-0123456789"


def run(monkeypatch: pytest.MonkeyPatch, folder: Path, *more: str, wanted: str = ID) -> int:
    monkeypatch.setattr(sys, "argv", ["purge_files", "--folder", str(folder), "--request-id", wanted, *more])
    return purge_files.main()


def tarred(body: bytes) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        info = tarfile.TarInfo("a")
        info.size = len(body)
        archive.addfile(info, io.BytesIO(body))
    return packed.getvalue()


def zipped(body: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a", body)
    return packed.getvalue()


def test_what_carries_the_id_goes_and_the_rest_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = f"<case>{ID}</case>".encode()
    (tmp_path / "deep").mkdir()
    gone = {
        "plain.xml": said,
        "deep/a.gz": gzip.compress(said),
        "a.zip": zipped(said),
        "a.tgz": tarred(said),
        f"{ID}.bin": b"",
        "named": b"its sidecar says it",
        "named.meta.json": said,
    }
    stays = {"other.xml": b"<case>req-9876543210</case>", "other.gz": gzip.compress(b"x"), "broken.gz": b"\x1f\x8bx"}
    for name, body in (gone | stays).items():
        (tmp_path / name).write_bytes(body)
    assert run(monkeypatch, tmp_path, "--check") == 1
    assert run(monkeypatch, tmp_path) == 0
    assert run(monkeypatch, tmp_path, "--check") == 0
    assert {path.name for path in tmp_path.rglob("*") if path.is_file()} == stays.keys()


def test_a_link_is_not_followed_out_of_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "outside").write_text(ID)
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "link").symlink_to(tmp_path / "outside")
    assert run(monkeypatch, tmp_path / "in") == 0
    assert (tmp_path / "outside").exists()


@pytest.mark.parametrize("wanted", ["", "short", "with a blank in it", "*" * 20])
def test_an_id_that_may_fit_everything_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wanted: str) -> None:
    (tmp_path / "a").write_text("a")
    with pytest.raises(SystemExit) as caught:
        run(monkeypatch, tmp_path, wanted=wanted)
    assert caught.value.code == 2
    assert (tmp_path / "a").exists()


def test_a_folder_that_is_not_there_is_no_success(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(monkeypatch, tmp_path / "nowhere", "--check") == 2


def test_packs_in_packs_are_opened_to_a_bounded_depth() -> None:
    body = ID.encode()
    for _ in range(3):
        body = gzip.compress(body)
    assert carries(body, ID)
    assert not carries(gzip.compress(body), ID)
