"""Which stream each piece of a streamed answer is of: by the names and indexes that stand beside it in its event.

Where they stand is learnt from one event, and read at the same place in all others at once.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
from attrs import define, field, frozen

from gameday.canary.announcers import Announcer
from gameday.canary.blocks import MIX, Block, Places, Words

_IS: Final = rb"(?:\\*[\"'])?(?:: ?|=)(?:\\*[\"'])?"
_FIELD: Final = re.compile(
    rb"(?<![A-Za-z0-9_-])(?:((?:output_|content_|choice_)?index)" + _IS + rb"[0-9]{1,2}(?![0-9])"
    rb"|id" + _IS + rb"[\w.:/-]{0,80}[A-Za-z_-][\w.:/-]{0,80}"  # a bare number counts chunks or tokens
    rb"|(?:req|rid|(?:request|req|response|resp|item|message|msg|trace|correlation|session|conversation|thread|run|stream|"
    rb"generation|completion|call|connection|conn|task|job)[_-]?(?:id|Id|ID))" + _IS + rb"[\w.:/-]{1,80})"
)
_HEAD_BYTES: Final = 1 << 12
_COLUMNS_MAX: Final = 12
_NEW_NAMES: Final = 256
_KNOWN_MAX: Final = 1 << 12
_FEW: Final = 4
_LONG_RUN: Final = 8
_RUN: Final = 256  # pieces


class Pieces(NamedTuple):
    """Pieces of one stream that follow one another, and where the first one stands."""

    name: bytes
    origin: int
    text: bytes


@frozen
class _Columns:
    """Where a stream's name stands, and the indexes behind it: counted from the announcer, or from the end of the piece."""

    start: int
    end: int
    indexes: tuple[int, ...]

    @classmethod
    def of(cls, fields: Sequence[re.Match[bytes]], *, origin: int) -> "_Columns":
        first = fields[0]
        return cls(
            first.start() - origin, first.end() - origin, tuple(found.end() - origin - 2 for found in fields[1:])
        )

    def keys(self, block: Block, anchors: Places) -> Words:
        """A hash of what stands there, for each anchor."""
        keys = block.hashes(self.start, self.end, anchors)
        for index in self.indexes:
            keys = keys * MIX + block.hashes(index, index + 2, anchors)
        return keys


@define(eq=False)
class _Side:
    """Where names stand on one side of the pieces, as far as it is known."""

    columns: list[_Columns] = field(factory=list)
    known: dict[tuple[_Columns, int], bytes] = field(factory=dict, repr=False)
    rests: dict[tuple[bytes, bytes], bytes] = field(factory=dict, repr=False)


class Names:
    """Which stream each piece is of: by what stands before it in its event, or else by what stands behind it."""

    def __init__(self, announcer: Announcer) -> None:
        self._announcer = announcer
        self._before, self._behind = _Side(), _Side()
        self._by_text = dict[bytes, bytes]()

    def grouped(self, block: Block, starts: Places, ends: Places) -> Iterator[Pieces]:
        """In runs of pieces, each of one stream; those of a stream are in order."""
        names, codes = _Naming(self, block, starts, ends).named()
        bounds = [0, len(starts)]
        if len(names) > _FEW and 2 * len(names) > len(starts):  # the names are those of chunks, not of streams
            names = [self._announcer.literal]
        elif len(names) > 1:
            order = np.argsort(codes, kind="stable")
            starts, ends = starts[order], ends[order]
            bounds = np.searchsorted(codes[order], np.arange(len(names) + 1)).tolist()
        text, places = block.text(starts, ends)
        for name, first, last in zip(names, bounds, bounds[1:], strict=False):
            for start in range(first, last, _RUN):
                yield Pieces(name, int(starts[start]), text[places[start] : places[min(start + _RUN, last)]])

    @property
    def announcer(self) -> Announcer:
        return self._announcer

    def side(self, *, is_before: bool) -> _Side:
        return self._before if is_before else self._behind

    def name(self, text: bytes) -> bytes:
        """By the fields in these bytes."""
        name = self._by_text.get(text)
        if name is None:
            if len(self._by_text) >= _KNOWN_MAX:
                self._by_text.clear()
            name = self._by_text[text] = self.joined(fields(text))
        return name

    def joined(self, found: Sequence[re.Match[bytes]]) -> bytes:
        return b" ".join(dict.fromkeys([self._announcer.literal, *(each[0] for each in found)]))


class _Naming:
    """Names the pieces behind one announcer in one block."""

    def __init__(self, names: Names, block: Block, starts: Places, ends: Places) -> None:
        self._names, self._block, self._starts, self._ends = names, block, starts, ends
        self._heads_end = starts - len(names.announcer.literal)
        self._numbers = dict[bytes, int]()
        self._codes = np.zeros(len(starts), np.int32)

    def named(self) -> tuple[list[bytes], npt.NDArray[np.int32]]:
        """The streams' names, and the number of each piece's."""
        left = self._by_side(np.arange(len(self._starts)), is_before=True)
        if len(left) and not (fields(self._head(int(left[0]))) or fields(self._head(int(left[-1])))):
            left = self._by_side(left, is_before=False)
            if len(left) and self._names.name(self._tail(int(left[0]))) == self._names.announcer.literal:
                self._codes[left] = self._number(self._names.announcer.literal)
            else:
                self._one_by_one(left, self._tail)
        else:
            self._one_by_one(left, self._head)
        return list(self._numbers), self._codes

    def _by_side(self, left: Places, *, is_before: bool) -> Places:
        """What is left when every place was tried at which names are known to stand, or stand in the first that is left."""
        side, text = self._names.side(is_before=is_before), self._head if is_before else self._tail
        for columns in list(side.columns):
            if len(left):
                left = self._by_columns(left, side, columns, text)
        for _ in range(_COLUMNS_MAX):
            found = fields(text(int(left[0]))) if len(left) else []
            if not found:
                break
            columns = _Columns.of(found, origin=len(text(int(left[0]))) if is_before else 0)
            side.columns = [columns, *(each for each in side.columns if each != columns)][:_COLUMNS_MAX]
            left = self._by_columns(left, side, columns, text)
        return left

    def _by_columns(self, left: Places, side: _Side, columns: _Columns, text: Callable[[int], bytes]) -> Places:
        anchors = self._heads_end if columns.start < 0 else self._ends
        keys, firsts, runs = _runs(columns.keys(self._block, anchors[left]))
        numbers, new = list[int](), 0
        for key, first in zip(keys, firsts, strict=True):
            name = side.known.get((columns, key))
            if name is None and new < _NEW_NAMES:
                new += 1
                name = side.known[columns, key] = self._checked(side, columns, text(int(left[first])))
            numbers.append(self._number(name) if name else -1)
        if len(side.known) > _KNOWN_MAX:
            side.known.clear()
        codes = np.array(numbers, np.int32)[runs]
        self._codes[left] = codes
        return left[codes < 0]

    def _checked(self, side: _Side, columns: _Columns, text: bytes) -> bytes:
        """The name of a stream, if it stands just there. All but the name may be known from another one."""
        origin = len(text) if columns.start < 0 else 0
        start, end = columns.start + origin, columns.end + origin
        if start < 0:
            return b""
        name, around = text[start:end], (text[:start], text[end:])
        if around in side.rests and _FIELD.fullmatch(name):
            return b"%s %s%s" % (self._names.announcer.literal, name, side.rests[around])
        found = fields(text)
        if not found or _Columns.of(found, origin=origin) != columns:
            return b""
        joined = self._names.joined(found)
        if len(side.rests) > _KNOWN_MAX:
            side.rests.clear()
        side.rests[around] = joined[len(self._names.announcer.literal) + 1 + len(name) :]
        return joined

    def _one_by_one(self, left: Places, text: Callable[[int], bytes]) -> None:
        for number in left.tolist():
            self._codes[number] = self._number(self._names.name(text(number)))

    def _number(self, name: bytes) -> int:
        return self._numbers.setdefault(name, len(self._numbers))

    def _head(self, number: int) -> bytes:
        end = int(self._heads_end[number])
        start = max(end - _HEAD_BYTES, int(self._ends[number - 1]) if number else 0, 0)
        frame = self._block.data[start:end]
        return self._names.announcer.head_of(frame if start else b"\n" + frame)

    def _tail(self, number: int) -> bytes:
        start = int(self._ends[number])
        end = int(self._heads_end[number + 1]) if number + 1 < len(self._starts) else len(self._block.data)
        return self._names.announcer.tail_of(self._block.data[start : min(end, start + _HEAD_BYTES)])


def _runs(keys: Words) -> tuple[list[int], list[int], Places]:
    """The keys that there are, where each one stands first, and which of them stands at each place."""
    changes = (keys[1:] != keys[:-1]).nonzero()[0] + 1
    if not len(changes):
        return [int(keys[0])], [0], np.zeros(len(keys), np.int64)
    if len(changes) * _LONG_RUN <= len(keys):
        firsts, stops = np.append(0, changes), np.append(changes, len(keys))
        return keys[firsts].tolist(), firsts.tolist(), np.repeat(np.arange(len(firsts)), stops - firsts)
    distinct, firsts, runs = np.unique(keys, return_index=True, return_inverse=True)
    return distinct.tolist(), firsts.tolist(), runs


def fields(text: bytes) -> Sequence[re.Match[bytes]]:
    """The last name in these bytes, and the indexes behind it."""
    found = list[re.Match[bytes]]()
    for match in _FIELD.finditer(text):
        if not match[1]:
            found.clear()
        found.append(match)
    return found
