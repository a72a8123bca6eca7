"""What the folder sink promises: all of it is read, a later look reads what changed, and what cannot be looked at says so."""

import gzip
import os
import socket
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gameday.canary.find import Finder
from gameday.canary.key import load_or_make
from gameday.canary.minting import mint
from gameday.config import SinkConfig
from gameday.errors import SinkUnreadable
from gameday.sighting import Record
from gameday.sinks import SINKS, Plantable
from gameday.sinks import folder as folder_sink
from gameday.sinks.pieces import PACKED, TEXT, Cut, pieces
from gameday.sinks.remembered import Remembered, print_of

TEXT_HERE = b"planted, and harmless"


def look(path: Path, after: str | None = None, **more: Any) -> list[Record]:
    return list(SINKS["folder"](SinkConfig(place="ci", kind="folder", path=str(path), **more)).records(after=after))


def bodies(records: list[Record]) -> list[bytes]:
    return [record.body for record in records if not record.locator.endswith(":name")]


@pytest.fixture(autouse=True)
def _settles_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder_sink, "SETTLED_S", 0.0)


def test_files_are_read_at_any_depth_hidden_ones_and_names_too(tmp_path: Path) -> None:
    (tmp_path / "a" / ".b").mkdir(parents=True)
    (tmp_path / "a" / ".b" / ".hidden").write_bytes(TEXT_HERE)
    (tmp_path / "empty-but-named").touch()
    (tmp_path / "link").symlink_to("led-elsewhere")
    records = look(tmp_path)
    assert bodies(records) == [TEXT_HERE]
    names = b"\n".join(record.body for record in records)
    assert all(name in names for name in (b".hidden", b"a/.b", b"empty-but-named", b"led-elsewhere"))
    assert not any("hidden" in record.locator for record in records)


def test_an_empty_folder_holds_nothing(tmp_path: Path) -> None:
    assert look(tmp_path) == []


def test_a_folder_that_is_not_there_could_not_be_looked_at(tmp_path: Path) -> None:
    with pytest.raises(SinkUnreadable):
        look(tmp_path / "nowhere")
    (tmp_path / "file").touch()
    with pytest.raises(SinkUnreadable):
        look(tmp_path / "file")


def test_a_file_that_may_not_be_read_is_unknown_and_its_name_is_not_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a-name-that-may-hold-text").write_bytes(b"x")

    def refuse(*_: object) -> int:
        raise PermissionError(13, "Permission denied", str(tmp_path / "a-name-that-may-hold-text"))

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(SinkUnreadable, match="Permission denied") as caught:
        look(tmp_path)
    assert "a-name" not in str(caught.value)


def test_links_out_of_the_folder_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "outside").write_bytes(TEXT_HERE)
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "file").symlink_to(tmp_path / "outside")
    (tmp_path / "in" / "folder").symlink_to(tmp_path)
    (tmp_path / "in" / "round").symlink_to(".")
    assert bodies(look(tmp_path / "in")) == []


def test_what_is_no_file_is_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "socket"))
        assert bodies(look(tmp_path)) == []


def test_a_later_look_reads_what_is_new_or_changed_only(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).write_text(name)
    first = look(tmp_path)
    cursor = first[-1].cursor
    assert look(tmp_path, after=cursor) == []
    (tmp_path / "two").write_text("changed")
    (tmp_path / "three").write_text("three")
    later = look(tmp_path, after=cursor)
    assert sorted(bodies(later)) == [b"changed", b"three"]
    assert look(tmp_path, after=later[-1].cursor) == []


def test_a_file_replaced_by_one_with_an_older_mtime_is_read_again(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("before")
    was = file.stat()
    cursor = look(tmp_path)[-1].cursor
    file.write_text("behind")
    os.utime(file, ns=(was.st_atime_ns, was.st_mtime_ns - 10**12))
    assert bodies(look(tmp_path, after=cursor)) == [b"behind"]


def test_a_folder_of_old_files_that_was_moved_here_is_read(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "file").write_text("old")
    (tmp_path / "in" / "first").write_text("first")
    cursor = look(tmp_path / "in")[-1].cursor
    (tmp_path / "old").rename(tmp_path / "in" / "moved")
    assert bodies(look(tmp_path / "in", after=cursor)) == [b"old"]


def test_what_changed_just_now_is_read_again_because_a_clock_may_not_show_the_next_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folder_sink, "SETTLED_S", 3600.0)
    (tmp_path / "file").write_text("now")
    cursor = look(tmp_path)[-1].cursor
    assert bodies(look(tmp_path, after=cursor or None)) == [b"now"]


def test_a_look_that_was_cut_short_moves_no_cursor(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).write_text(name)
    records = look(tmp_path)
    assert {record.cursor for record in records[:-1]} == {""}
    assert records[-1].cursor


def test_a_record_has_the_files_time_only_if_the_user_says_that_it_is_the_records(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("x")
    assert {record.stamp_s for record in look(tmp_path)} == {None}
    assert {record.stamp_s for record in look(tmp_path, stamp="mtime")} == {file.stat().st_mtime_ns / 1e9}


def test_a_json_file_names_the_request_it_belongs_to(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"ids": {"request": "r-1"}}')
    assert look(tmp_path, request_id="ids.request")[-1].request_id == "r-1"


def test_a_folder_takes_no_sentinel_from_us(tmp_path: Path) -> None:
    assert not isinstance(SINKS["folder"](SinkConfig(place="ci", kind="folder", path=str(tmp_path))), Plantable)


def test_a_pack_is_one_record_so_that_the_finder_can_open_it(tmp_path: Path) -> None:
    key = load_or_make(tmp_path / "site.key")
    (canary,) = mint(count=1, key=key, seed=1)
    (tmp_path / "in").mkdir()
    packed = gzip.compress(os.urandom(2 * TEXT.size) + canary.text.encode())
    (tmp_path / "in" / "a.gz").write_bytes(packed)
    assert bodies(look(tmp_path / "in")) == [packed]
    finder = Finder(key, [canary])
    assert [one.canary for one in finder.find(packed, chains=True).sightings] == [canary.id]


def test_a_pack_that_had_to_be_cut_is_noted_and_never_taken_for_clean(tmp_path: Path) -> None:
    finder = Finder(load_or_make(tmp_path / "site.key"))
    packed = gzip.compress(os.urandom(200_000))
    first = next(pieces(Stream(packed).read, packed=Cut(100_000, 1000), text=Cut(50_000, 100)))[1]
    assert len(first) == 100_000
    assert not finder.find(first, chains=True).is_complete


class Stream:
    """Gives what it has in small portions."""

    def __init__(self, body: bytes, *, portion: int = 7000) -> None:
        self.body, self.portion, self.at = body, portion, 0

    def read(self, size: int) -> bytes:
        part = self.body[self.at : self.at + min(size, self.portion)]
        self.at += len(part)
        return part


@given(body=st.binary(max_size=3000), portion=st.integers(1, 40), size=st.integers(20, 200), overlap=st.integers(1, 19))
def test_pieces_hold_every_byte_at_its_offset_and_overlap(body: bytes, portion: int, size: int, overlap: int) -> None:
    cut = Cut(size, overlap)
    got = list(pieces(Stream(body, portion=portion).read, text=cut, packed=Cut(3 * size, overlap)))
    assert all(body[offset : offset + len(piece)] == piece for offset, piece in got)
    assert sum(len(piece) for _, piece in got) - overlap * max(0, len(got) - 1) == len(body)
    assert all(len(piece) <= 3 * size for _, piece in got)


def test_text_is_cut_small_and_what_may_be_packed_is_not() -> None:
    text = ("prompt text, é\n" * 200_000).encode()
    assert max(len(piece) for _, piece in pieces(Stream(text, portion=1 << 20).read)) == TEXT.size
    assert len(list(pieces(Stream(b"\x1f\x8b" + text, portion=1 << 20).read))) == 1
    assert PACKED.size >= 64 * 2**20


@given(st.lists(st.text(), unique=True, max_size=20))
def test_what_is_remembered_is_not_new(names: list[str]) -> None:
    first = Remembered.parse(None)
    assert all(first.is_new(print_of(name), is_settled=True) for name in names)
    record = Record(body=b"", locator="", cursor="")
    (last,) = first.with_cursors(iter([record]))
    later = Remembered.parse(last.cursor)
    assert not any(later.is_new(print_of(name), is_settled=True) for name in names)
    assert later.is_new(print_of("another", 1), is_settled=True)
