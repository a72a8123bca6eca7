"""The finder's twin for tests of the sweep: it knows `mark-NNNN`, whatever begins in its window, and what is packed."""

import os
import re
import signal
from pathlib import Path
from typing import Final

from attrs import frozen

from gameday.canary.results import Found
from gameday.canary.source import Source
from gameday.sighting import Note, Sighting
from gameday.sweep.work import Searcher

_MARK: Final = re.compile(rb"mark-(\d{4})")
_MARK_BYTES: Final = 9
_BLOCK: Final = 1 << 20
PACKED: Final = b"PACKED"
BOMB: Final = b"BOMB"
KILLS: Final = b"KILLS ITS READER "  # and the path of a file: only while that is not there


class Twin:
    def find_in(self, source: Source, *, start: int = 0, end: int | None = None, deep: bool = False) -> Found:
        sightings, notes = list[Sighting](), list[Note]()
        position = start
        while end is None or position < end:
            size = _BLOCK if end is None else min(_BLOCK, end - position)
            block = bytes(source.read(position, size + _MARK_BYTES - 1))
            if not block:
                break
            _die_if_told(block)
            sightings += [_seen(hit, position, deep=deep) for hit in _MARK.finditer(block) if hit.start() < size]
            if BOMB in block:
                notes.append(Note(offset=position + block.index(BOMB), form=("zip",), why="it is a bomb"))
            position += size
        return Found(tuple(sightings), tuple(notes))

    def is_packed(self, head: bytes) -> bool:
        return head.startswith(PACKED)


def _seen(hit: re.Match[bytes], position: int, *, deep: bool) -> Sighting:
    form = ("deep",) if deep else ()
    offset = position + hit.start()
    return Sighting(
        canary=hit[1].decode(), parts=frozenset({"token"}), form=form, offset=offset, slot="user", share=1.0
    )


def _die_if_told(block: bytes) -> None:
    if block.startswith(KILLS):
        once = Path(os.fsdecode(block.removeprefix(KILLS).partition(b"\n")[0]))
        if not once.exists():
            if once.name != "never":
                once.touch()
            os.kill(os.getpid(), signal.SIGKILL)


@frozen
class TwinSpec:
    is_deep: bool = False
    name: str = "twin"

    def finder(self) -> Searcher:
        return Twin()

    def digest(self) -> str:
        return f"{self.name}-{self.is_deep}"


class Unbuildable(TwinSpec):
    def finder(self) -> Searcher:
        raise ValueError("a text that may quote anything")


class DiesAtOnce(TwinSpec):
    def finder(self) -> Searcher:
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError
