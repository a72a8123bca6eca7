"""Git packs: every object, deltas applied to what they are deltas of.

Loose objects are plain zlib streams and need nothing of their own.
"""

import hashlib
import itertools
from collections import OrderedDict
from collections.abc import Generator, Iterator
from typing import Final

from attrs import define, field, frozen

from gameday.canary.source import BytesSource, Member, NotThisFormat, Source, Unpacker, Unread
from gameday.canary.unpack.compressed import zlib_stream
from gameday.canary.unpack.stream import Pour, gathered, sliced

LIMIT_BYTES: Final = 64 << 20
MOST_KEPT_BYTES: Final = 16 << 20  # of one object; a larger one streams by and can be no base
_CACHE_BYTES: Final = 32 << 20
_MOST_DEPTH: Final = 4096  # of deltas upon deltas; git writes 50, and allows 4095
_HEADER_BYTES: Final = 12
_ID_BYTES: Final = 20  # SHA-1; packs of SHA-256 repositories are told by their first delta being broken
_KINDS: Final = {1: "commit", 2: "tree", 3: "blob", 4: "tag"}
_OFFSET_DELTA, _REF_DELTA = 6, 7
_ALL_COPIED: Final = 0x10000


class _Broken(Exception):
    """A delta that cannot be applied. It says why."""


@frozen(kw_only=True)
class _Header:
    kind: int
    size: int
    base: int | bytes | None
    """Of a delta: the offset of its base, or its id."""
    data_at: int


def _header(view: memoryview, at: int) -> _Header:
    """Raises IndexError at the end of the view."""
    start, byte = at, view[at]
    kind, size, shift = byte >> 4 & 7, byte & 15, 4
    while byte & 0x80:
        at += 1
        byte = view[at]
        size |= (byte & 0x7F) << shift
        shift += 7
    at += 1
    base: int | bytes | None = None
    if kind == _OFFSET_DELTA:
        distance, at = _distance(view, at)
        base = start - distance
    elif kind == _REF_DELTA:
        base, at = bytes(view[at : at + _ID_BYTES]), at + _ID_BYTES
    return _Header(kind=kind, size=size, base=base, data_at=at)


def _distance(view: memoryview, at: int) -> tuple[int, int]:
    number = view[at] & 0x7F
    while view[at] & 0x80:
        at += 1
        number = (number + 1) << 7 | view[at] & 0x7F
    return number, at + 1


def _length(delta: bytes, at: int) -> tuple[int, int]:
    number = shift = 0
    while delta[at] & 0x80:
        number |= (delta[at] & 0x7F) << shift
        at, shift = at + 1, shift + 7
    return number | delta[at] << shift, at + 1


def _copied(delta: bytes, at: int) -> tuple[int, int, int]:
    """Of a copy: from where, how much, and where the next instruction stands."""
    bits, at, numbers = delta[at], at + 1, [0, 0]
    for bit in range(7):
        if bits >> bit & 1:
            numbers[bit // 4] |= delta[at] << 8 * (bit % 4)
            at += 1
    return numbers[0], numbers[1] or _ALL_COPIED, at


def _applied(base: bytes, delta: bytes) -> Iterator[bytes]:
    """What the delta makes of the base, part by part. Raises _Broken."""
    try:
        told, at = _length(delta, 0)
        if told != len(base):
            raise _Broken("it is a delta of something else")
        _, at = _length(delta, at)
        while at < len(delta):
            if delta[at] & 0x80:
                start, size, at = _copied(delta, at)
            else:
                start, size, at = at + 1, delta[at], at + 1 + delta[at]
                yield delta[start : start + size]
                continue
            yield base[start : start + size]
    except IndexError as error:
        raise _Broken("its delta is cut short") from error


@define
class _Pack:
    view: memoryview
    _offsets: dict[bytes, int] = field(factory=dict)
    _kept: OrderedDict[int, tuple[int, bytes]] = field(factory=OrderedDict, repr=False)
    _kept_bytes: int = 0

    def inflated(self, header: _Header) -> Pour:
        return Pour(BytesSource(self.view), header.data_at, zlib_stream())

    def whole(self, at: int) -> tuple[int, bytes]:
        """The kind and the content of the object at this offset. Raises _Broken."""
        deltas = list[bytes]()
        while at not in self._kept:
            header = self._at(at)
            data = self._data(header)
            if header.base is None:
                self._keep(at, header.kind, data)
            elif len(deltas) == _MOST_DEPTH:
                raise _Broken("it is a delta of a delta of a delta, too deep")
            else:
                deltas.append(data)
                at = self._base_at(header, at)
        kind, content = self._kept[at]
        for delta in reversed(deltas):
            content = _joined(_applied(content, delta))
        return kind, content

    def object(self, at: int) -> tuple[str, Iterator[bytes], Pour]:
        """Its name, its content, and what was inflated for it, which stands behind it once it is read."""
        header = _header(self.view, at)
        pour = self.inflated(header)
        if header.base is not None:
            return f"object at {at}", self._resolved(at, header, pour), pour
        if header.kind not in _KINDS:
            raise _Broken("its kind is none of git's")
        if header.size > MOST_KEPT_BYTES:
            return f"{_KINDS[header.kind]} at {at}", pour.pieces(), pour
        content = _joined(pour.pieces())
        return self._named(at, header.kind, content), sliced(content), pour

    def _resolved(self, at: int, header: _Header, pour: Pour) -> Iterator[bytes]:
        try:
            delta = _joined(pour.pieces())
            kind, base = self.whole(self._base_at(header, at))
            yield from self._kept_along(at, kind, gathered(_applied(base, delta)))
        except NotThisFormat as error:
            raise Unread("a delta that is broken") from error
        except _Broken as error:
            raise Unread(str(error)) from error

    def _kept_along(self, at: int, kind: int, pieces: Iterator[bytes]) -> Iterator[bytes]:
        kept, size = list[bytes](), 0
        for piece in pieces:
            size += len(piece)
            if size <= MOST_KEPT_BYTES:
                kept.append(piece)
            yield from sliced(piece)
        if size <= MOST_KEPT_BYTES:
            self._named(at, kind, b"".join(kept))

    def _named(self, at: int, kind: int, content: bytes) -> str:
        """Keeps it as a base, and says what git calls it."""
        self._keep(at, kind, content)
        name = _KINDS.get(kind, "object")
        digest = hashlib.sha1(f"{name} {len(content)}\0".encode(), usedforsecurity=False)
        digest.update(content)
        self._offsets[digest.digest()] = at
        return f"{name} {digest.hexdigest()}"

    def _keep(self, at: int, kind: int, content: bytes) -> None:
        self._kept[at] = (kind, content)
        self._kept_bytes += len(content)
        while self._kept_bytes > _CACHE_BYTES:
            _, (_, dropped) = self._kept.popitem(last=False)
            self._kept_bytes -= len(dropped)

    def _base_at(self, header: _Header, at: int) -> int:
        found = self._offsets.get(header.base, -1) if isinstance(header.base, bytes) else header.base
        if found is None or not _HEADER_BYTES <= found < at:
            raise _Broken("what it is a delta of does not stand before it in the pack")
        return found

    def _at(self, at: int) -> _Header:
        try:
            return _header(self.view, at)
        except IndexError as error:
            raise _Broken("what it is a delta of is cut short") from error

    def _data(self, header: _Header) -> bytes:
        try:
            return _joined(self.inflated(header).pieces())
        except (Unread, NotThisFormat) as error:
            raise _Broken("what it is a delta of is broken") from error


def _joined(pieces: Iterator[bytes]) -> bytes:
    """All of it. Raises _Broken where it is more than can be kept."""
    parts, size = list[bytes](), 0
    for piece in pieces:
        parts.append(piece)
        size += len(piece)
        if size > MOST_KEPT_BYTES:
            raise _Broken(f"a delta of more than {MOST_KEPT_BYTES >> 20} MiB, or one so long")
    return b"".join(parts)


def _members(pack: _Pack, count: int) -> Generator[Member, None, int]:
    at = _HEADER_BYTES
    for number in range(count):
        try:
            name, pieces, pour = pack.object(at)
        except (_Broken, IndexError, NotThisFormat) as error:
            if number == 0:
                raise NotThisFormat from error
            raise Unread(f"broken after {number} of {count} objects") from error
        yield Member(name, pieces)
        at = _behind(pieces, pour)
    return at


def _behind(pieces: Iterator[bytes], pour: Pour) -> int:
    """Where the next object begins. Reads what was left unread."""
    try:
        for _ in itertools.chain(pieces, pour.pieces()):
            pass
    except NotThisFormat as error:
        raise Unread("broken within an object") from error
    return pour.end


def _unpack(source: Source, start: int) -> Generator[Member, None, int]:
    view = source.rest(start, limit=LIMIT_BYTES)
    count = int.from_bytes(view[8:_HEADER_BYTES], "big")
    end = yield from _members(_Pack(view), count)
    return min(start + end + _ID_BYTES, start + len(view))


GIT_PACK: Final = Unpacker(form="git-pack", magics=(b"PACK\0\0\0\2", b"PACK\0\0\0\3"), anywhere=True, unpack=_unpack)
