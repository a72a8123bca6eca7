"""The search of one unit, wherever it runs. It always answers: what could not be searched is said, never skipped."""

import os
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import BinaryIO, Final

from gameday.canary.results import Found
from gameday.canary.streams import FileSource, StreamSource
from gameday.errors import GamedayError
from gameday.sweep import remote
from gameday.sweep.work import Answer, Item, Reach, Searcher, Unit

STANDARD_INPUT: Final = "-"
_HEAD_BYTES: Final = 4096
_PIECE_BYTES: Final = 4 << 20


class _Changed(Exception):
    pass


def search(finder: Searcher, unit: Unit, *, deep: bool) -> Answer:
    """Never raises but for an interrupt."""
    try:
        found = _found(finder, unit, deep=deep)
    except Exception as error:  # noqa: BLE001 - whatever stopped it, the unit was not searched, and that is told
        return Answer(unit=unit, failed=reason(error))
    return Answer(unit=unit, sightings=found.sightings, notes=found.notes)


def reason(error: Exception) -> str:
    """Why, without the words of foreign errors, which may quote what they read."""
    if isinstance(error, _Changed | GamedayError):
        return str(error)
    if isinstance(error, FileNotFoundError):
        return "it is not there"
    if isinstance(error, PermissionError):
        return "permission denied"
    if isinstance(error, OSError) and error.strerror and error.errno:
        return os.strerror(error.errno)
    return f"it failed ({type(error).__name__})"


def _found(finder: Searcher, unit: Unit, *, deep: bool) -> Found:
    if unit.item.reach is Reach.FILE and unit.item.size:
        return _in_file(finder, unit, deep=deep)
    return _in_stream(finder, unit.item, deep=deep)


def _in_file(finder: Searcher, unit: Unit, *, deep: bool) -> Found:
    with FileSource(Path(unit.item.path)) as source:
        _want_unchanged(unit.item, size=source.size)
        start, end = unit.start, unit.end
        if unit.is_window and finder.is_packed(bytes(source.read(0, _HEAD_BYTES))):
            if unit.start:
                return Found(())  # the first window's worker searches all of it
            end = None
        found = finder.find_in(source, start=start, end=end, deep=deep)
    _want_unchanged(unit.item, size=Path(unit.item.path).stat().st_size)
    return found


def _want_unchanged(item: Item, *, size: int) -> None:
    """A log that grows is as it was up to where it was listed; anything else has changed."""
    known = item.size or 0
    if size < known or (size == known and version_of(Path(item.path).stat()) != item.version):
        raise _Changed("it changed while it was swept")


def version_of(state: os.stat_result) -> str:
    return f"{state.st_mtime_ns}.{state.st_ino}"


def _in_stream(finder: Searcher, item: Item, *, deep: bool) -> Found:
    with _opened(item) as file:
        pieces = _Pieces(file)
        found = finder.find_in(StreamSource(pieces), deep=deep)
    if item.size is not None and pieces.read < item.size:
        raise _Changed(f"it ended after {pieces.read:,} of {item.size:,} bytes")
    return found


def _opened(item: Item) -> AbstractContextManager[BinaryIO]:
    if item.path == STANDARD_INPUT:
        return os.fdopen(os.dup(sys.stdin.fileno()), "rb", buffering=0)
    if item.reach is Reach.FILE:
        return Path(item.path).open("rb", buffering=0)
    return remote.opened(item.path)


class _Pieces:
    """A file, piece by piece, and how much of it has been read."""

    def __init__(self, file: BinaryIO) -> None:
        self.file, self.read = file, 0

    def __iter__(self) -> Iterator[bytes]:
        while piece := self.file.read(_PIECE_BYTES):
            self.read += len(piece)
            yield piece
