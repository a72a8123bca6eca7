"""A block of a log as numpy sees it: what stands at thousands of places is compared, hashed and copied at once."""

from functools import cache
from typing import Final

import numpy as np
import numpy.typing as npt

Places = npt.NDArray[np.int64]
Words = npt.NDArray[np.uint64]
Mask = npt.NDArray[np.bool_]

MARGIN: Final = b"\n" * 64  # behind a block, so that words may be read beyond its end

RUN_MAX: Final = np.uint8(8)

_LINE_END: Final = ord("\n")
_LEAST_LINE: Final = 7  # no announcer is shorter
WORD: Final = 8
MIX: Final = np.uint64(0x9E3779B97F4A7C15)
_ONE, _ONE_BIT, _BYTE_BITS = np.uint64(1), np.uint8(1), np.uint8(3)
_ONES, _HIGHS = np.uint64(0x0101010101010101), np.uint64(0x8080808080808080)


class Block:
    """A block's bytes, as numpy sees them: `words[n]` are the eight bytes from n on."""

    def __init__(self, data: bytes) -> None:
        self.data = data if data.endswith(MARGIN) else data + MARGIN
        self.size_bytes = len(self.data) - len(MARGIN)
        self.view = np.frombuffer(self.data, np.uint8)
        self.words = np.ndarray((len(self.data) - WORD + 1,), np.dtype("<u8"), self.data, 0, (1,))

    def holds(self, literal: bytes, places: Places) -> Mask:
        """Whether the literal stands at each place."""
        last = len(literal) - WORD
        if last < 0:
            shift = np.uint64(-8 * last)
            mask: Mask = self.words[places] << shift == np.uint64(int.from_bytes(literal, "little")) << shift
            return mask
        mask = self.words[places + last] == np.uint64(int.from_bytes(literal[last:], "little"))
        for step in range(0, last, WORD):
            mask &= self.words[places + step] == np.uint64(int.from_bytes(literal[step : step + WORD], "little"))
        return mask

    def hashes(self, start: int, end: int, anchors: Places) -> Words:
        """Of what stands from `start` to `end`, and in the seven bytes before it at most, counted from each anchor.

        The anchors are in order.
        """
        count = -(-(end - start) // WORD)
        width = count * WORD
        places = anchors + (end - width)
        if not 0 <= places[0] <= places[-1] <= len(self.data) - width:
            places = np.clip(places, 0, len(self.data) - width)
        if count == 1:
            return self.words[places] * MIX
        rows = np.ndarray((len(self.data) - width + 1,), np.dtype((np.void, width)), self.data, 0, (1,))[places]
        hashes: Words = rows.view("<u8").reshape(len(anchors), count) @ _mixing(count)
        return hashes

    def lines(self) -> tuple[Places, Places]:
        """Where the lines begin and end that may hold an announcer: two line ends within eight bytes enclose none."""
        is_end = (self.view[: len(self.view) // WORD * WORD] == _LINE_END).view("<u8")
        words = (is_end != 0).nonzero()[0]
        flags, where = is_end[words], words * WORD
        starts = where + (WORD - _lowest_byte(flags.byteswap()))  # behind the last line end of the eight bytes
        starts[1:], starts[0] = starts[:-1].copy(), 0
        ends = where + _lowest_byte(flags)
        long = ends - starts >= _LEAST_LINE
        return starts[long], ends[long]

    def near(self, places: Places, char: int) -> tuple[Places, Mask]:
        """Where the character stands first from each place on, and whether it does so within eight bytes."""
        mixed = self.words[places] ^ _ONES * np.uint64(char)
        zeros = (
            (mixed - _ONES) & ~mixed & _HIGHS
        )  # the lowest of its bits stands in the first byte that is the character
        return places + _lowest_byte(zeros), zeros != 0

    def run_before(self, places: Places, char: int) -> npt.NDArray[np.uint8]:
        """How often the character stands just before each place, one after another; RUN_MAX: so often at least."""
        others = self.words[places - WORD] ^ _ONES * np.uint64(char)
        return np.where(others == 0, RUN_MAX, _lowest_byte(others.byteswap()))

    def text(self, starts: Places, ends: Places) -> tuple[bytes, list[int]]:
        """The pieces one after another, and where each one begins in that; the last number is the length of all."""
        lengths = ends - starts
        stops = np.cumsum(lengths)
        total = int(stops[-1])
        text = self.view[np.repeat(starts - (stops - lengths), lengths) + np.arange(total)].tobytes()
        return text, [0, *stops.tolist()]


@cache
def _mixing(count: int) -> Words:
    return MIX ** np.arange(1, count + 1, dtype=np.uint64)


def _lowest_byte(words: Words) -> npt.NDArray[np.uint8]:
    """The number of the first byte in which a bit is set."""
    return (np.bitwise_count(words ^ (words - _ONE)) - _ONE_BIT) >> _BYTE_BITS
