"""The lines of a log and of what it was rotated into: a.log, a.log.1, a.log.2.gz.

Where a look goes on is remembered by content: how far a file was read, and the prints of its first and last bytes up to there.
So a file is known again when it was renamed, copied or compressed. If the newest one is nowhere any more, what it held may be
gone unseen, and the place is unreadable. An older one that is gone was dropped by rotation.
"""

import bz2
import glob
import gzip
import hashlib
import lzma
import os
import zlib
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO, Final, cast

import msgspec
from attrs import frozen

from gameday.config import SinkConfig
from gameday.errors import SinkUnreadable
from gameday.sighting import Record
from gameday.sinks.file import MAX_LINE_BYTES, line_record
from gameday.sinks.remembered import with_last_cursor

_EDGE: Final = 1024
_TRIES: Final = 5
_OPENERS: Final[dict[bytes, Callable[[BinaryIO], object]]] = {
    b"\x1f\x8b": gzip.open,
    b"BZh": bz2.open,
    b"\xfd7zXZ": lzma.open,
}
_BROKEN: Final = (OSError, EOFError, lzma.LZMAError, zlib.error)


class _Position(msgspec.Struct, frozen=True, array_like=True):
    """How far a stream was read, and what stands at both ends of that; `is_newest` when it was looked at last."""

    offset: int
    first: str
    last: str
    is_newest: bool


_Cursor = msgspec.json.Decoder(list[_Position])


@frozen
class _Stream:
    """One file of the log, open and unpacked."""

    path: Path
    file: BinaryIO
    is_newest: bool

    def matches(self, position: _Position) -> bool:
        first, last = self._prints(position.offset)
        return (first, last) == (position.first, position.last)

    def position(self, offset: int) -> _Position:
        first, last = self._prints(offset)
        return _Position(offset, first, last, self.is_newest)

    def _prints(self, offset: int) -> tuple[str, str]:
        return self._print(0, min(_EDGE, offset)), self._print(max(0, offset - _EDGE), min(_EDGE, offset))

    def _print(self, start: int, size: int) -> str:
        self.file.seek(start)
        return hashlib.blake2b(self.file.read(size), digest_size=12).hexdigest()


@frozen
class LogFilesSink:
    """`path` is a pattern that names the log and all that it is rotated into; one file of it must exist."""

    config: SinkConfig

    @property
    def name(self) -> str:
        return f"log files {Path(self.config.path).name}"

    def records(self, *, after: str | None = None) -> Iterator[Record]:
        positions: list[_Position] = []
        before = _Cursor.decode(after) if after else []
        try:
            with ExitStack() as stack:
                lines = self._lines(self._opened(stack), before, positions)
                yield from with_last_cursor(
                    lines, before=after or "", behind=lambda: msgspec.json.encode(positions).decode()
                )
        except _BROKEN as error:
            raise SinkUnreadable(self.name, getattr(error, "strerror", None) or type(error).__name__) from error

    def _lines(self, streams: list[_Stream], before: list[_Position], positions: list[_Position]) -> Iterator[Record]:
        known = {stream.path: [one for one in before if stream.matches(one)] for stream in streams}
        for one in before:
            if one.is_newest and not any(one in found for found in known.values()):
                raise SinkUnreadable(
                    self.name,
                    f"the newest file, read up to {one.offset}, shrank or is gone; what it held may be unseen",
                )
        for stream in streams:
            start = max((one.offset for one in known[stream.path]), default=0)
            end = yield from self._after(stream, start)
            if end:
                positions.append(stream.position(end))

    def _after(self, stream: _Stream, offset: int) -> Generator[Record, None, int]:
        """Yields the lines from the offset on, and returns where the last whole one ends."""
        stream.file.seek(offset)
        while line := stream.file.readline(MAX_LINE_BYTES):
            is_whole = line.endswith(b"\n")
            if not is_whole and len(line) == MAX_LINE_BYTES:
                raise SinkUnreadable(self.name, f"a line of over {MAX_LINE_BYTES} bytes begins at {offset}")
            if is_whole or not stream.is_newest:  # who writes the newest is about to end its last line
                yield line_record(line, config=self.config, locator=f"{stream.path.name}:{offset}", cursor="")
            if not is_whole:
                break
            offset += len(line)
        return offset

    def _opened(self, stack: ExitStack) -> list[_Stream]:
        """Every file, oldest first. They are listed again when they are open: a rotation in between would hide one."""
        for _ in range(_TRIES):
            files = [(path, stack.enter_context(path.open("rb"))) for path in self._paths()]
            found = {path: os.fstat(file.fileno()) for path, file in files}
            if {(one.st_dev, one.st_ino) for one in found.values()} == self._inodes():
                files.sort(key=lambda one: found[one[0]].st_mtime_ns)
                return [_Stream(path, _unpacked(file), path == files[-1][0]) for path, file in files]
        raise SinkUnreadable(self.name, f"it was rotated in each of {_TRIES} looks")

    def _inodes(self) -> set[tuple[int, int]]:
        return {(found.st_dev, found.st_ino) for found in (path.stat() for path in self._paths())}

    def _paths(self) -> list[Path]:
        pattern = os.path.expanduser(self.config.path)  # noqa: PTH111 - a pattern is no path
        paths = [Path(name) for name in glob.glob(pattern, include_hidden=True)]  # noqa: PTH207 - it may be absolute
        if not paths:
            raise SinkUnreadable(self.name, "no file fits the pattern")
        return sorted(paths, reverse=True)  # of two with one mtime, a.log is newer than a.log.1


def _unpacked(file: BinaryIO) -> BinaryIO:
    head = file.read(6)
    file.seek(0)
    opener = next((opener for magic, opener in _OPENERS.items() if head.startswith(magic)), None)
    return file if opener is None else cast("BinaryIO", opener(file))
