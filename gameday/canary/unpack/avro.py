"""Avro object containers: the blocks, unpacked. In a block texts and blobs stand as they are, so no schema is applied."""

from collections.abc import Callable, Generator, Iterator, Mapping
from typing import Final

from attrs import define

from gameday.canary.source import Member, NotThisFormat, Source, Unpacker, Unread
from gameday.canary.unpack.compressed import bzip2, deflate, xz, zstd
from gameday.canary.unpack.snappy import JAVA_CHUNK_BYTES, block
from gameday.canary.unpack.stream import Opened, Pour, gathered, plain

_MAGIC: Final = b"Obj\1"
_SYNC_BYTES: Final = 16
_MOST_VARINT_BYTES: Final = 10
_MOST_ABOUT_BYTES: Final = 1 << 24  # one entry of the header; the schema is one
_CRC_BYTES: Final = 4
_DECODERS: Final[Mapping[bytes, Callable[[], Opened]]] = {
    b"deflate": deflate,
    b"bzip2": bzip2,
    b"xz": xz,
    b"zstandard": zstd,
}


class _CutShort(Exception):
    """The source ends within what is being read."""


@define
class _Reader:
    source: Source
    at: int

    def take(self, size: int) -> bytes:
        data = bytes(self.source.read(self.at, size))
        if len(data) < size:
            raise _CutShort
        self.at += size
        return data

    def long(self) -> int:
        """A zigzag varint. Raises ValueError where it has no end."""
        number = 0
        for place in range(_MOST_VARINT_BYTES):
            byte = self.take(1)[0]
            number |= (byte & 0x7F) << (7 * place)
            if byte < 0x80:  # noqa: PLR2004 - the bit that says that more follows
                return number >> 1 ^ -(number & 1)
        raise ValueError("a number without an end")

    def counted(self) -> bytes:
        size = self.long()
        if not 0 <= size <= _MOST_ABOUT_BYTES:
            raise ValueError("a header entry of impossible length")
        return self.take(size)


def _header(reader: _Reader) -> dict[bytes, bytes]:
    """The metadata. Raises ValueError."""
    entries = dict[bytes, bytes]()
    while count := reader.long():
        if count < 0:
            reader.long()  # the size of this part in bytes
        for _ in range(abs(count)):
            name = reader.counted()
            entries[name] = reader.counted()
    return entries


def _snappy(source: Source, at: int, until: int) -> Iterator[bytes]:
    """One block with its checksum behind."""
    try:
        yield block(bytes(source.read(at, until - at - _CRC_BYTES)), most_bytes=JAVA_CHUNK_BYTES)
    except ValueError as error:
        raise Unread("broken from its first byte on") from error


def _pieces(source: Source, at: int, until: int, *, codec: bytes) -> Iterator[bytes]:
    if codec in (b"", b"null"):
        yield from plain(source, at, until)
    elif codec == b"snappy":
        yield from _snappy(source, at, until)
    elif codec in _DECODERS:
        try:
            yield from Pour(source, at, _DECODERS[codec](), until=until).pieces()
        except NotThisFormat as error:
            raise Unread("broken from its first byte on") from error
    else:
        raise Unread("packed by a codec that no library here reads")


def _blocks(reader: _Reader, *, codec: bytes, sync: bytes) -> Iterator[bytes]:
    """What all blocks hold. An Unread of one comes when the others have been read."""
    unread: Unread | None = None
    while reader.source.read(reader.at, 1):
        reader.long()  # how many records
        size = reader.long()
        at = reader.at
        if size < 0:
            raise ValueError("a block of negative length")
        try:
            yield from _pieces(reader.source, at, at + size, codec=codec)
        except Unread as error:
            unread = error
        reader.at = at + size
        if reader.take(_SYNC_BYTES) != sync:
            raise ValueError("no mark behind a block")
    if unread:
        raise unread


def _contents(reader: _Reader, *, codec: bytes, sync: bytes) -> Iterator[bytes]:
    start = reader.at
    try:
        yield from _blocks(reader, codec=codec, sync=sync)
    except _CutShort as error:
        raise Unread(f"cut short after {reader.at - start} bytes of blocks") from error
    except ValueError as error:
        raise Unread(f"broken after {reader.at - start} bytes of blocks: {error}") from error


def _unpack(source: Source, start: int) -> Generator[Member, None, int | None]:
    reader = _Reader(source, start + len(_MAGIC))
    try:
        entries = _header(reader)
        sync = reader.take(_SYNC_BYTES)
    except (ValueError, _CutShort) as error:
        raise NotThisFormat from error
    if b"avro.schema" not in entries:
        raise NotThisFormat
    yield Member("header", (b"\n".join(part for entry in entries.items() for part in entry),))
    yield Member("", gathered(_contents(reader, codec=entries.get(b"avro.codec", b""), sync=sync)))
    return reader.at


AVRO: Final = Unpacker(form="avro", magics=(_MAGIC,), anywhere=False, unpack=_unpack)
