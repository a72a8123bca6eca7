"""A log and what it was rotated into: no line is lost, none is read twice, and what may be lost unseen says so."""

import bz2
import gzip
import lzma
import os
import shutil
from pathlib import Path

import pytest

from gameday.config import SinkConfig
from gameday.errors import SinkUnreadable
from gameday.sighting import Record
from gameday.sinks import SINKS, Sink


class Log:
    """a.log in a folder, its writer, and a sink that goes on where it ended."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.cursor, self.clock = folder, "", 1_000_000_000
        self.path = folder / "a.log"

    @property
    def sink(self) -> Sink:
        return SINKS["log-files"](
            SinkConfig(place="log", kind="log-files", path=f"{self.folder}/a.log*", stamp="ts", request_id="id")
        )

    def write(self, text: str) -> None:
        with self.path.open("a") as file:
            file.write(text)
        self.touch(self.path)

    def touch(self, path: Path) -> None:
        self.clock += 1
        os.utime(path, (self.clock, self.clock))

    def look(self) -> list[Record]:
        records = list(self.sink.records(after=self.cursor or None))
        if records:
            self.cursor = records[-1].cursor
        return records

    def lines(self) -> list[str]:
        return [record.body.decode().rstrip("\n") for record in self.look()]

    def rotated(self, number: int) -> Path:
        return self.folder / f"a.log.{number}"


@pytest.fixture
def log(tmp_path: Path) -> Log:
    return Log(tmp_path)


def test_lines_say_their_stamp_and_request(log: Log) -> None:
    log.write('{"ts": 1.5, "id": "r-1"}\n')
    (record,) = log.look()
    assert (record.stamp_s, record.request_id, record.locator) == (1.5, "r-1", "a.log:0")


def test_a_log_that_is_not_there_could_not_be_looked_at(log: Log) -> None:
    with pytest.raises(SinkUnreadable, match="no file"):
        log.look()


def test_an_empty_log_holds_nothing(log: Log) -> None:
    log.path.touch()
    assert log.lines() == []


def test_a_later_look_goes_on_and_leaves_a_line_that_is_being_written(log: Log) -> None:
    log.write("one\n")
    assert log.lines() == ["one"]
    log.write("two\nhal")
    assert log.lines() == ["two"]
    log.write("f\n")
    assert log.lines() == ["half"]
    assert log.lines() == []


def test_rotation_by_renaming_loses_nothing_and_reads_nothing_twice(log: Log) -> None:
    log.write("one\n")
    assert log.lines() == ["one"]
    log.write("two\n")
    log.path.rename(log.rotated(1))
    log.write("three\n")
    assert log.lines() == ["two", "three"]
    log.rotated(1).rename(log.rotated(2))
    log.path.rename(log.rotated(1))
    log.write("four\n")
    assert log.lines() == ["four"]


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress], ids=["gz", "bz2", "xz"])
def test_a_rotated_log_that_was_compressed_is_known_again(log: Log, pack: object) -> None:
    assert callable(pack)
    log.write("one\n")
    assert log.lines() == ["one"]
    log.write("two\n")
    packed = log.folder / "a.log.1.packed"
    packed.write_bytes(pack(log.path.read_bytes()))
    os.utime(packed, (log.clock, log.clock))
    log.path.unlink()
    log.write("three\n")
    assert log.lines() == ["two", "three"]
    assert log.lines() == []


def test_copytruncate_is_seen_through_where_the_copy_is_read_too(log: Log) -> None:
    log.write("one\n")
    assert log.lines() == ["one"]
    log.write("two\n")
    shutil.copy2(log.path, log.rotated(1))
    os.truncate(log.path, 0)
    log.write("three\n")
    assert log.lines() == ["two", "three"]


def test_a_log_that_was_truncated_without_a_copy_was_not_looked_at_in_full(log: Log) -> None:
    log.write("one\n")
    log.lines()
    os.truncate(log.path, 0)
    log.write("another\n")
    with pytest.raises(SinkUnreadable, match="shrank or is gone"):
        log.look()


def test_a_new_log_on_the_old_ones_inode_is_no_continuation(log: Log) -> None:
    log.write("one\n")
    log.lines()
    log.path.write_text("two\nthree\n")
    with pytest.raises(SinkUnreadable):
        log.look()


def test_the_oldest_may_be_dropped_by_rotation(log: Log) -> None:
    log.write("one\n")
    log.path.rename(log.rotated(1))
    log.write("two\n")
    assert log.lines() == ["one", "two"]
    log.rotated(1).unlink()
    log.write("three\n")
    assert log.lines() == ["three"]


def test_the_last_line_of_a_rotated_log_is_read_although_it_never_ends(log: Log) -> None:
    log.write("one\nhalf")
    log.path.rename(log.rotated(1))
    log.write("two\n")
    assert log.lines() == ["one", "half", "two"]


def test_a_compressed_log_that_is_cut_off_was_not_looked_at_in_full(log: Log) -> None:
    (log.folder / "a.log.1.gz").write_bytes(gzip.compress(os.urandom(5000))[:-100])
    log.write("one\n")
    with pytest.raises(SinkUnreadable):
        log.look()


def test_a_line_without_end_is_refused_in_constant_memory(log: Log) -> None:
    log.path.write_bytes(b"x" * (17 * 2**20))
    with pytest.raises(SinkUnreadable, match="a line of over"):
        log.look()
