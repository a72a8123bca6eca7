"""Where the pieces of streamed answers stand in a block of a log, and which stream each of them is of.

A piece is what stands between an announcer (`"content":"`) and its closing quote. Which announcers a log uses, where they
stand on its lines, and where the names of streams stand before or behind them is learnt from the log itself, so that most
of a block is read by numpy at once; lines that are like no other are read one by one.
"""

from collections.abc import Iterator
from functools import partial
from typing import Final

import numpy as np
import numpy.typing as npt
from attrs import define, field

from gameday.canary.announcers import ANNOUNCER, Announcer
from gameday.canary.blocks import WORD, Block, Mask, Places
from gameday.canary.stream_names import Names, Pieces

_MARKERS: Final = (
    b"data: {", b"data:{", b"delta", b'"done":false', b'"done": false', b"done\\", b"candidates",
)  # fmt: skip

_ANNOUNCERS_MAX: Final = 32
_SAMPLE_BYTES: Final = 1024
_FULL_BYTES: Final = 16 << 10  # of samples are read although an announcer in them is known
_PIECE_BYTES: Final = 128
_NOWHERE: Final = b"\xff" * 9

_FEW_LINES: Final = 64
_LINE_BYTES: Final = 1 << 12  # of a line that others may be like
_LAYOUTS_MAX: Final = 16
_TRIES: Final = 24  # of lines in a block that may show a new layout
_VAIN: Final = 6  # of these tries may show nothing that holds for other lines
_TAIL_BYTES: Final = 1024
_NEW_TAILS: Final = 32
_UNSEEN, _SINGLE, _OTHER = range(3)


@define(eq=False)
class _Layout:
    """Lines on which an announcer stands `before` bytes behind their beginning."""

    announcer: Announcer
    before: int
    tails: npt.NDArray[np.uint8] = field(factory=partial(np.zeros, _TAIL_BYTES, np.uint8), repr=False)

    def places(self, block: Block, starts: Places, ends: Places) -> tuple[Mask, Places]:
        """Which lines are so, and where their pieces begin."""
        literal = self.announcer.literal
        at = starts + self.before
        fits = at + len(literal) <= ends
        if not fits.all():
            at[~fits] = 0
        fits &= block.holds(literal, at)
        return fits, at[fits] + len(literal)


class Reader:
    """Reads the pieces of one log's blocks. `unread` tells what it could not read, if there was such a thing."""

    def __init__(self) -> None:
        self.unread: str | None = None
        self.announcers: dict[bytes, Announcer] = {}
        self._layouts: list[_Layout] = []
        self._names: dict[bytes, Names] = {}

    def pieces(self, data: bytes) -> Iterator[Pieces]:
        if not data:
            return
        block = Block(data)
        for literal, (starts, ends) in _Search(self, block, self._layouts).placed().items():
            names = self._names.setdefault(literal, Names(self.announcers[literal]))
            yield from names.grouped(block, starts, ends)

    def learnt(self, sample: bytes) -> list[Announcer]:
        """The announcers that stand in these bytes, in order; the unknown are known from now on."""
        found = []
        for match in ANNOUNCER.finditer(sample):
            if match[0] not in self.announcers:
                if len(self.announcers) >= _ANNOUNCERS_MAX:
                    self.unread = f"its streamed answers are written in more than {_ANNOUNCERS_MAX} ways"
                    continue
                self.announcers[match[0]] = Announcer.of(match)
            found.append(self.announcers[match[0]])
        return found

    def learn(self, data: bytes) -> None:
        """The announcers in these bytes. Samples leave no gap, but few are read where the announcer just met stands again."""
        latest, each = _NOWHERE, max(len(data) // _FULL_BYTES, 1)
        for number, start in enumerate(range(0, len(data), _SAMPLE_BYTES)):
            end = start + _SAMPLE_BYTES + _PIECE_BYTES
            if number % each and data.find(latest, start, end) >= 0:
                continue
            sample = data[start:end]
            latest = next((literal for literal in self.announcers if literal in sample), _NOWHERE)
            if (latest == _NOWHERE or not number % each) and is_marked(sample):
                for announcer in self.learnt(sample):
                    latest = announcer.literal


def is_marked(text: bytes) -> bool:
    return any(marker in text for marker in _MARKERS)


class _Search:
    """For pieces in one block: by the layouts of its lines, then what is left."""

    def __init__(self, reader: Reader, block: Block, layouts: list[_Layout]) -> None:
        self._reader, self._block, self._layouts = reader, block, layouts
        self._starts, self._ends = block.lines()
        self._found = dict[bytes, list[tuple[Places, Places]]]()

    def placed(self) -> dict[bytes, tuple[Places, Places]]:
        """By announcer: where pieces begin and end, in order."""
        if len(self._starts) >= _FEW_LINES:
            odd = self._odd()
            if len(odd):
                self._read(*self._joined_lines(odd))
        else:
            self._read(self._block.data, np.zeros(1, np.int64), np.zeros(1, np.int64))
        return {literal: _in_order(found) for literal, found in self._found.items()}

    def _read(self, text: bytes, places: Places, origins: Places) -> None:
        """One piece after another; what stands in the text from each of `places` on came from one of `origins`."""
        self._reader.learn(text)
        for announcer in self._reader.announcers.values():
            found = np.fromiter(_occurrences(text, announcer.literal), np.int64)
            if len(found):
                nth = np.searchsorted(places, found, "right") - 1
                starts = found - places[nth] + origins[nth]
                self._add(announcer, starts, announcer.ends(self._block, starts))

    def _add(self, announcer: Announcer, starts: Places, ends: Places) -> None:
        if len(starts):
            self._found.setdefault(announcer.literal, []).append((starts, ends))

    def _odd(self) -> Places:
        """The numbers of all but the lines that are of a layout, or of no interest."""
        left = np.arange(len(self._starts))
        for layout in list(self._layouts):
            if len(left):
                left = self._by_layout(left, layout)
        odd, vain = list[int](), 0
        for _ in range(_TRIES):
            if not len(left) or vain == _VAIN:
                break
            rest = self._tried(left)
            vain += len(left) - len(rest) <= 1
            if len(rest) == len(left):
                odd.append(int(left[0]))
                rest = left[1:]
            left = rest
        return np.sort(np.append(left, np.array(odd, np.int64)))

    def _joined_lines(self, odd: Places) -> tuple[bytes, Places, Places]:
        """These lines; where parts of them begin that follow one another, and where these stand in the block."""
        breaks = (np.diff(odd) > 1).nonzero()[0]
        starts, ends = self._starts[odd[np.append(0, breaks + 1)]], self._ends[odd[np.append(breaks, len(odd) - 1)]]
        data = self._block.data
        text = b"\n".join([data[start:end] for start, end in zip(starts.tolist(), ends.tolist(), strict=True)])
        return text, np.append(0, np.cumsum(ends - starts + 1)[:-1]), starts

    def _tried(self, left: Places) -> Places:
        """Without the lines that are like the first: of a layout that it shows, or the same and without any piece."""
        line = self._block.data[self._starts[left[0]] : self._ends[left[0]]]
        if len(line) > _LINE_BYTES:
            return left
        found = [match for match in ANNOUNCER.finditer(line) if match[0] in self._reader.announcers or is_marked(line)]
        if not found:
            return self._without(left, line)
        if len(self._reader.learnt(line)) != 1:
            return left
        announcer, before = Announcer.of(found[0]), found[0].start()
        if any(layout.announcer == announcer and layout.before == before for layout in self._layouts):
            return left
        layout = _Layout(announcer, before)
        self._layouts.insert(0, layout)
        del self._layouts[_LAYOUTS_MAX:]
        return self._by_layout(left, layout)

    def _without(self, left: Places, line: bytes) -> Places:
        starts, furthest = self._starts[left], len(self._block.data) - max(len(line), WORD)
        same: Mask = self._ends[left] - starts == len(line)
        same &= self._block.holds(line, np.minimum(starts, furthest))
        without: Places = left[~same]
        return without

    def _by_layout(self, left: Places, layout: _Layout) -> Places:
        fits, starts = layout.places(self._block, self._starts[left], self._ends[left])
        if not len(starts):
            return left
        lines = left[fits]
        ends = layout.announcer.ends(self._block, starts)
        tails = self._ends[lines] - ends
        tails[(tails < 0) | (tails >= _TAIL_BYTES)] = 0
        self._see(layout, lines, tails)
        single = layout.tails[tails] == _SINGLE
        self._add(layout.announcer, starts[single], ends[single])
        fits[fits] = single
        return left[~fits]

    def _see(self, layout: _Layout, lines: Places, tails: Places) -> None:
        """What is behind the piece may hold another one: of each length, one such line is read."""
        unseen = np.flatnonzero(layout.tails[tails] == _UNSEEN)
        if not len(unseen):
            return
        lengths, firsts = np.unique(tails[unseen], return_index=True)
        for length, first in list(zip(lengths.tolist(), unseen[firsts].tolist(), strict=True))[:_NEW_TAILS]:
            line = self._block.data[self._starts[lines[first]] : self._ends[lines[first]]]
            is_single = length and [one.literal for one in self._reader.learnt(line)] == [layout.announcer.literal]
            layout.tails[length] = _SINGLE if is_single else _OTHER


def _occurrences(text: bytes, literal: bytes) -> Iterator[int]:
    """Where something begins that the literal announces."""
    place = text.find(literal)
    while place >= 0:
        yield place + len(literal)
        place = text.find(literal, place + len(literal))


def _in_order(found: list[tuple[Places, Places]]) -> tuple[Places, Places]:
    if len(found) == 1:
        return found[0]
    starts, ends = (np.concatenate(each) for each in zip(*found, strict=True))
    order = np.argsort(starts)
    return starts[order], ends[order]
