"""A sweep of what is no local file: archives, web servers, memory, standard input."""

import functools
import io
import sys
import tarfile
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from gameday.errors import UsageError
from gameday.sweep.listing import listed
from gameday.sweep.result import Swept
from gameday.sweep.sweeping import sweep
from tests.unit.sweep_twin import TwinSpec

fsspec = pytest.importorskip("fsspec")
TWIN = TwinSpec()


def found(swept: Swept) -> list[tuple[str, int, str]]:
    return [(one.place, one.offset, one.canary) for one in swept.sightings]


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        pass


class BreaksOff(BaseHTTPRequestHandler):
    """Promises more than it sends."""

    def do_HEAD(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "1000")
        self.end_headers()

    def do_GET(self) -> None:
        self.do_HEAD()
        self.wfile.write(b"mark-0001")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        pass


@pytest.fixture
def web(tmp_path: Path) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=tmp_path)) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("workers", [1, 2])
def test_a_web_server_is_swept_by_its_urls(web: str, tmp_path: Path, workers: int) -> None:
    pytest.importorskip("aiohttp")
    (tmp_path / "a.log").write_bytes(b"x" * 5_000_000 + b"mark-0001")
    (tmp_path / "b.log").write_bytes(b"mark-0002")
    swept = sweep([f"{web}/a.log", f"{web}/b.log", f"{web}/gone"], finder_spec=TWIN, workers=workers)
    assert found(swept) == [(f"{web}/a.log", 5_000_000, "0001"), (f"{web}/b.log", 0, "0002")]
    assert [one.path for one in swept.unseen] == [f"{web}/gone"]


def test_a_body_that_breaks_off_is_not_clean() -> None:
    pytest.importorskip("aiohttp")
    with ThreadingHTTPServer(("127.0.0.1", 0), BreaksOff) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        swept = sweep([f"http://127.0.0.1:{server.server_port}/a"], finder_spec=TWIN, workers=1)
        server.shutdown()
        thread.join()
    assert len(swept.unseen) == 1


def test_the_members_of_an_archive_are_swept_by_url(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "pack.zip", "w") as pack:
        pack.writestr("a/one.log", b"..mark-0001")
        pack.writestr("two.log", b"mark-0002")
    with tarfile.open(tmp_path / "pack.tar", "w") as tar:
        member = tarfile.TarInfo("in/three.log")
        member.size = 9
        tar.addfile(member, io.BytesIO(b"mark-0003"))
    packed, tarred = f"zip://::{tmp_path}/pack.zip", f"tar://::{tmp_path}/pack.tar"
    assert found(sweep([packed, tarred], finder_spec=TWIN, workers=2)) == [
        (f"tar://in/three.log::{tmp_path}/pack.tar", 0, "0003"),
        (f"zip://a/one.log::{tmp_path}/pack.zip", 2, "0001"),
        (f"zip://two.log::{tmp_path}/pack.zip", 0, "0002"),
    ]
    assert len(sweep([f"zip://a/*::{tmp_path}/pack.zip"], finder_spec=TWIN, workers=1).sightings) == 1


def test_memory_is_swept_in_this_process() -> None:
    memory = fsspec.filesystem("memory")
    memory.pipe({"/box/a/one": b"mark-0001", "/box/two": b"mark-0002", "/other": b"mark-0003"})
    swept = sweep(["memory://box"], finder_spec=TWIN, workers=2)
    assert found(swept) == [("memory://box/a/one", 0, "0001"), ("memory://box/two", 0, "0002")]
    assert listed(["memory://box/t*"]).items[0].path == "memory://box/two"


def test_a_pattern_that_nothing_fits_is_not_clean() -> None:
    fsspec.filesystem("memory").pipe({"/shelf/one": b"nothing"})
    swept = sweep(["memory://shelf/one", "memory://shelf/two*"], finder_spec=TWIN, workers=1)
    assert (swept.exit_code, [(one.path, one.why) for one in swept.unseen]) == (
        2,
        [("memory://shelf/two*", "it is not there")],
    )


@pytest.mark.parametrize("pattern", ["mem*", "*", "**", "*/in*", "mem/in", "mem/in/**"])
def test_folders_that_fit_a_pattern_are_swept_with_all_below(pattern: str) -> None:
    fsspec.filesystem("memory").pipe({"/rack/mem/in/one": b"mark-0001", "/rack/mem/in/deep/two": b"mark-0002"})
    assert found(sweep([f"memory://rack/{pattern}"], finder_spec=TWIN, workers=1)) == [
        ("memory://rack/mem/in/deep/two", 0, "0002"),
        ("memory://rack/mem/in/one", 0, "0001"),
    ]


def test_a_page_named_through_a_cache_is_one_body_as_well(web: str, tmp_path: Path) -> None:
    pytest.importorskip("aiohttp")
    (tmp_path / "page.html").write_bytes(b'mark-0001 <a href="page.html/other">')
    assert found(sweep([f"simplecache::{web}/page.html"], finder_spec=TWIN, workers=1)) == [
        (f"simplecache::{web}/page.html", 0, "0001")
    ]


def test_standard_input_is_swept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "input").write_bytes(b"x" * 3_000_000 + b"mark-0001")
    with (tmp_path / "input").open() as file:
        monkeypatch.setattr(sys, "stdin", file)
        assert found(sweep(["-"], finder_spec=TWIN)) == [("-", 3_000_000, "0001")]


def test_a_missing_library_is_named_with_its_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "s3fs", None)
    with pytest.raises(UsageError, match="pip install s3fs"):
        sweep(["s3://bucket/key"], finder_spec=TWIN)


def test_a_url_of_an_unknown_kind_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="nothing here opens nosuch://"):
        sweep(["nosuch://a/b"], finder_spec=TWIN)
