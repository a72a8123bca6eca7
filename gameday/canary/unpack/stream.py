"""One compressed stream on its way out: fed in small steps, given out in pieces, so that a bomb never expands at once."""

import itertools
from collections.abc import Callable, Generator, Iterable, Iterator
from typing import Final, Protocol

from attrs import define

from gameday.canary.source import Member, NotThisFormat, Source, Unpack, Unread

FIRST_STEP_BYTES: Final = 64  # most chance hits are over by then
DOUBT_BYTES: Final = 512  # and nearly all by then
STEP_BYTES: Final = 8192  # what a break in a stream costs of what stands before it
PIECE_BYTES: Final = 1 << 18
MOST_BYTES: Final = 1 << 20  # of a piece
_EXPECTED_RATIO: Final = 16  # room asked for at a time; what expands further takes another turn
_LEAST_ROOM_BYTES: Final = 4096
_SURE_BYTES: Final = 1024  # so much taken in without an error is no chance hit
_REFUSALS: Final = ("memory", "dictionary")  # of libraries that did understand what they were given


class Decoder(Protocol):
    """What bz2, lzma, igzip, zstd and lz4 have in common."""

    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes | None: ...
    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


Opened = tuple[Decoder, tuple[type[Exception], ...]]  # with what it raises where the stream is broken


def gathered(outs: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes in pieces of PIECE_BYTES or somewhat more. What came before an Unread comes out before it is raised."""
    parts, size = list[bytes](), 0
    try:
        for out in outs:
            parts.append(out)
            size += len(out)
            if size >= PIECE_BYTES:
                yield b"".join(parts)
                parts, size = [], 0
    except Unread:
        if size:
            yield b"".join(parts)
        raise
    if size:
        yield b"".join(parts)


def sliced(content: bytes) -> Iterator[bytes]:
    """The same bytes in pieces of at most MOST_BYTES."""
    return (content[at : at + MOST_BYTES] for at in range(0, len(content), MOST_BYTES))


def plain(source: Source, start: int, until: int) -> Iterator[bytes]:
    """The bytes themselves. Raises Unread where the source ends before `until`."""
    at = start
    while at < until:
        piece = bytes(source.read(at, min(PIECE_BYTES, until - at)))
        if not piece:
            raise Unread(f"cut short after {at - start} of {until - start} bytes")
        yield piece
        at += len(piece)


@define
class Pour:
    """What stands from `at` on in `source`, decompressed. `at` goes along with what is fed.

    `until`: where the input ends, if that is known. `doubt_bytes`: what ends badly before that is taken for a chance hit.
    `is_prompt`: the format gives something for every kilobyte that it takes.
    """

    source: Source
    at: int
    opened: Opened
    until: int | None = None
    doubt_bytes: int = 0
    is_prompt: bool = False
    _taken: int = 0
    _poured: int = 0
    is_over: bool = False  # the stream came to its own end

    def pieces(self) -> Iterator[bytes]:
        """Raises NotThisFormat before anything came out, Unread where it is cut short or broken."""
        return gathered(self._outs())

    @property
    def end(self) -> int:
        """Behind the stream; before that, behind what was fed."""
        decoder, _ = self.opened
        return self.at - len(decoder.unused_data or b"") if decoder.eof else self.at

    def _outs(self) -> Iterator[bytes]:
        decoder, _ = self.opened
        is_hungry, step = True, FIRST_STEP_BYTES
        while not decoder.eof:
            out = self._decoded(self._fed(step) if is_hungry else b"")
            # a decoder that wants none and gives none is fed all the same
            is_hungry = decoder.needs_input or not out
            step = max(self.doubt_bytes - self._taken, 0) or STEP_BYTES
            self._poured += len(out)
            if out:
                yield out
        self.is_over = True

    def _fed(self, step: int) -> bytes:
        size = step if self.until is None else min(step, self.until - self.at)
        data = bytes(self.source.read(self.at, size)) if size else b""
        if not data:
            raise self._cut_short()
        self.at += len(data)
        self._taken += len(data)
        return data

    def _decoded(self, data: bytes) -> bytes:
        decoder, errors = self.opened
        try:
            return decoder.decompress(data, max(_LEAST_ROOM_BYTES, _EXPECTED_RATIO * len(data)))
        except errors as error:
            raise self._broken(str(error)) from error

    @property
    def _is_doubtful(self) -> bool:
        """As long as nothing can have come out."""
        return self._taken <= self.doubt_bytes and self._poured < PIECE_BYTES

    def _cut_short(self) -> Exception:
        is_sure = self._poured or (self._taken >= _SURE_BYTES and not self.is_prompt)
        if not is_sure or self._is_doubtful:
            return NotThisFormat()
        return Unread(f"cut short after {self._poured} unpacked bytes")

    def _broken(self, why: str) -> Exception:
        if any(word in why.lower() for word in _REFUSALS):
            return Unread(f"cannot be unpacked within bounds: {why}")
        if not self._poured or self._is_doubtful:
            return NotThisFormat()
        return Unread(f"broken after {self._poured} unpacked bytes")


def stream_of(opened: Callable[[], Opened], *, doubt_bytes: int = 0, is_prompt: bool = False) -> Unpack:
    """The Unpack of a format that holds one stream without a name."""

    def unpack(source: Source, start: int) -> Generator[Member, None, int | None]:
        pour = Pour(source, start, opened(), doubt_bytes=doubt_bytes, is_prompt=is_prompt)
        pieces = pour.pieces()
        for first in pieces:
            yield Member("", itertools.chain((first,), pieces))
        return pour.end if pour.is_over else None  # what stands behind a break is searched as it is

    return unpack
