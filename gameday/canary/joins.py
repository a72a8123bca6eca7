"""Streamed answers put together again: logs hold them as events (SSE, NDJSON) of a few characters each.

Pieces of one stream become one text; they stay escaped as they were.
"""

from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator
from itertools import accumulate
from typing import TYPE_CHECKING, Final

from attrs import define, field, frozen

if TYPE_CHECKING:
    from gameday.canary.stream_names import Pieces

SIGNS: Final = (
    *(b"data: {", b"data:{", b'delta"', b'delta\\"', b"delta=", b'candidates"', b'candidates\\"'),
    *(b'"done":false', b'"done": false', b'done\\":false', b'done\\": false'),
    *(b"delta\\\\", b"candidates\\\\", b"done\\\\"),  # escaped more than once
)
TEXT_BYTES: Final = 1024  # of a stream are gathered before it is given, and given again with what follows
STREAMS_MAX: Final = 4096  # are remembered; of more, those that were not continued for longest are forgotten
EVENT_BYTES: Final = 1 << 16  # an event that is longer and cut by the border of two blocks is lost

_NEAR_BYTES: Final = 4 << 10
_BETWEEN: Final = b"\n\n"
_SMALL_BYTES: Final = 32 << 10  # are read as a whole
_REACH_BYTES: Final = 1 << 10  # behind a sign; four times as far each time that the next sign is as near
_FAR_BYTES: Final = 128 << 10


@frozen
class Joined:
    """Texts of streams, one after the other, two line ends between them; each begins at one of `starts`."""

    data: bytes = field(repr=False)
    starts: tuple[int, ...] = field(repr=False)
    origins: tuple[int, ...] = field(repr=False)

    def origin(self, position: int) -> int:
        """Where, in all that was given, the first piece stands of the text that `position` of `data` lies in."""
        return self.origins[max(bisect_right(self.starts, position) - 1, 0)]


@define
class _Stream:
    origin: int
    text: bytes = field(repr=False)
    given_bytes: int = 0


@frozen
class _Excerpt:
    """Parts of a block, a line end between them."""

    text: bytes = field(repr=False)
    starts: tuple[int, ...] = (0,)
    origins: tuple[int, ...] = (0,)

    def origin(self, position: int) -> int:
        nth = bisect_right(self.starts, position) - 1
        return self.origins[nth] + position - self.starts[nth]


class Joins:
    """Puts together the streams of one log, whose blocks are given in order and without overlap.

    A block needs to be given only where one of SIGNS stands in it or `is_pending` is true.
    """

    def __init__(self) -> None:
        from gameday.canary.pieces import Reader  # noqa: PLC0415 - it needs numpy, which is slow to import

        self._reader = Reader()
        self._streams: dict[bytes, _Stream] = {}
        self._rest = b""
        self._next_offset = 0
        self._unread: str | None = None

    @property
    def is_pending(self) -> bool:
        """The last block ended in the middle of an event."""
        return bool(self._rest)

    @property
    def unread(self) -> str | None:
        """What could not be put together so far, if there was such a thing; None: nothing was lost."""
        return self._unread or self._reader.unread

    def joined(self, block: bytes | memoryview, *, offset: int, signs: Collection[bytes] = SIGNS) -> Iterator[Joined]:
        """What the block completed; `offset` is the block's. Pieces of a stream that came before stand there again.

        `signs`: those of SIGNS that stand in it, if that is known: then the others need not be looked for.
        """
        if offset != self._next_offset:
            yield from self._read(self._rest, offset=self._next_offset - len(self._rest))
            self._rest = b""
        begin = offset - len(self._rest)
        self._next_offset = offset + len(block)
        data = self._whole_events(memoryview(block))
        excerpt = _near_signs(data, signs)
        yield from self._read(excerpt.text, offset=begin, excerpt=excerpt)
        if not self._rest and data[-1:] not in b"\n" and self._is_cut(data):
            self._unread = f"an event of a streamed answer is longer than {EVENT_BYTES >> 10} KiB"

    def finish(self) -> Iterator[Joined]:
        """All that is left. To be called once, after the last block."""
        yield from self._read(self._rest, offset=self._next_offset - len(self._rest))
        self._rest = b""
        yield from _together(stream for stream in self._streams.values() if len(stream.text) > stream.given_bytes)
        self._streams.clear()

    def _whole_events(self, block: memoryview) -> bytes:
        """What was left over and this block, without an event at its end that may go on: that is the new rest."""
        near = bytes(block[-_NEAR_BYTES:]).rfind(b"\n") + 1
        if near:
            end = max(len(block) - _NEAR_BYTES, 0) + near
            data, self._rest = b"".join((self._rest, block[:end])), bytes(block[end:])
            return data
        data = b"".join((self._rest, block))
        end = _last_event(data)
        self._rest = data[end:]
        return data[:end]

    def _is_cut(self, data: bytes) -> bool:
        """Whether the endless line that these bytes end in holds pieces."""
        floor = max(len(data) - EVENT_BYTES, 0)
        return any(data.find(literal, floor) >= 0 for literal in self._reader.announcers)

    def _read(self, data: bytes, *, offset: int, excerpt: _Excerpt | None = None) -> Iterator[Joined]:
        ready = list[_Stream]()
        for pieces in self._reader.pieces(data):
            origin = excerpt.origin(pieces.origin) if excerpt else pieces.origin
            ready.extend(self._continued(pieces, origin=offset + origin))
        yield from _together(ready)

    def _continued(self, pieces: "Pieces", *, origin: int) -> Iterator[_Stream]:
        stream = self._streams.pop(pieces.name, None) or _Stream(origin=origin, text=b"")
        stream.text += pieces.text
        if len(stream.text) - stream.given_bytes >= TEXT_BYTES:
            yield _Stream(origin=stream.origin, text=stream.text)
            stream.text = stream.text[-TEXT_BYTES:]
            stream.given_bytes, stream.origin = len(stream.text), origin
        self._streams[pieces.name] = stream
        if len(self._streams) > STREAMS_MAX:
            oldest = self._streams.pop(next(iter(self._streams)))
            if len(oldest.text) > oldest.given_bytes:
                yield oldest


def _together(streams: Iterable[_Stream]) -> Iterator[Joined]:
    chosen = list(streams)
    if chosen:
        lengths = [len(stream.text) + len(_BETWEEN) for stream in chosen[:-1]]
        yield Joined(
            _BETWEEN.join(stream.text for stream in chosen),
            tuple(accumulate(lengths, initial=0)),
            tuple(stream.origin for stream in chosen),
        )


def _last_event(data: bytes) -> int:
    """Where the last event that may go on in the next block begins."""
    floor = max(len(data) - EVENT_BYTES, 0)
    end = data.rfind(b"\n", floor) + 1
    if end or not floor:
        return end
    return data.rfind(b"}\\", floor) + 1 or len(
        data
    )  # one endless line: an event within it ends in an escaped line end


def _near_signs(data: bytes, signs: Collection[bytes]) -> _Excerpt:
    """The lines with signs and what follows them; all of it, if that is most."""
    if len(data) <= _SMALL_BYTES:
        return _Excerpt(data)
    parts = list(_parts(data, signs))
    if 2 * sum(end - start for start, end in parts) > len(data):
        return _Excerpt(data)
    lengths = (end - start + 1 for start, end in parts[:-1])
    text = b"\n".join(data[start:end] for start, end in parts)
    return _Excerpt(text, tuple(accumulate(lengths, initial=0)), tuple(start for start, _ in parts) or (0,))


def _parts(data: bytes, signs: Collection[bytes]) -> Iterator[tuple[int, int]]:
    place, reach = 0, _REACH_BYTES
    found = {sign: data.find(sign) for sign in signs}
    while any(at >= 0 for at in found.values()):
        at = min(at for at in found.values() if at >= 0)
        reach = min(4 * reach, _FAR_BYTES) if at - place < _REACH_BYTES else _REACH_BYTES
        start = max(data.rfind(b"\n", max(at - EVENT_BYTES, 0), at) + 1, at - EVENT_BYTES, place)
        end = data.find(b"\n", at + reach, at + reach + EVENT_BYTES)
        place = end if end >= 0 else min(at + reach + EVENT_BYTES, len(data))
        yield start, place
        found = {sign: data.find(sign, place) if at < place else at for sign, at in found.items() if at >= 0}
