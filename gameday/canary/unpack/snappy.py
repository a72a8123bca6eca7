"""Snappy in frames: the framing format of its authors, and the one of snappy-java (Kafka, Spark, Cassandra)."""

import itertools
from collections.abc import Callable, Generator, Iterator
from typing import Final

from gameday.canary.source import Member, NotThisFormat, Source, Unpacker, Unread
from gameday.canary.unpack.optional import needed
from gameday.canary.unpack.stream import gathered

CHUNK_BYTES: Final = 65536  # unpacked, the most that the framing format allows
JAVA_CHUNK_BYTES: Final = 1 << 22  # unpacked; 32 KiB unless set otherwise
_MAGIC: Final = b"\xff\x06\x00\x00sNaPpY"
_JAVA_MAGIC: Final = b"\x82SNAPPY\x00"
_JAVA_HEAD_BYTES: Final = 16  # the magic and two versions
_PACKED, _STORED, _PADDING, _BEGINNING = 0, 1, 0xFE, 0xFF
_CRC_BYTES: Final = 4


def block(packed: bytes, *, most_bytes: int) -> bytes:
    """One raw block; its length stands at its beginning. Raises ValueError where it is broken."""
    with needed("cramjam", to_read="snappy"):
        from cramjam import DecompressionError, snappy  # noqa: PLC0415
    try:
        if snappy.decompress_raw_len(packed) > most_bytes:
            raise ValueError("longer than its format allows")
        return bytes(snappy.decompress_raw(packed))
    except DecompressionError as error:
        raise ValueError(str(error)) from error


def _framed(source: Source, start: int) -> Iterator[tuple[int, bytes]]:
    """Each chunk unpacked, and where it ends; it is over where no chunk begins. What a reader would skip comes out too."""
    at = start
    while len(head := bytes(source.read(at, 4))) == 4:  # noqa: PLR2004 - a kind and three bytes of length
        kind, size = head[0], int.from_bytes(head[1:], "little")
        if not _is_chunk(kind, size):
            return
        body = bytes(source.read(at + 4, size))
        if len(body) < size:
            raise Unread("cut short within a chunk")
        if kind == _BEGINNING and head + body != _MAGIC:
            return
        at += 4 + size
        yield at, _chunk(kind, body)


def _is_chunk(kind: int, size: int) -> bool:
    if kind in (_PACKED, _STORED):
        return _CRC_BYTES < size <= _CRC_BYTES + 2 * CHUNK_BYTES
    return kind == _PADDING or (kind == _BEGINNING and size == len(_MAGIC) - 4)


def _chunk(kind: int, body: bytes) -> bytes:
    if kind == _PACKED:
        return block(body[_CRC_BYTES:], most_bytes=CHUNK_BYTES)
    return {_STORED: body[_CRC_BYTES:], _PADDING: body}.get(kind, b"")


def _java(source: Source, start: int) -> Iterator[tuple[int, bytes]]:
    at = start + _JAVA_HEAD_BYTES
    if len(source.read(start, _JAVA_HEAD_BYTES)) < _JAVA_HEAD_BYTES:
        return
    yield at, b""
    while len(head := bytes(source.read(at, 4))) == 4:  # noqa: PLR2004 - a length
        size = int.from_bytes(head, "big")
        if size > JAVA_CHUNK_BYTES:
            return
        body = bytes(source.read(at + 4, size))
        if len(body) < size:
            raise Unread("cut short within a block")
        at += 4 + size
        yield at, block(body, most_bytes=JAVA_CHUNK_BYTES)


Chunks = Callable[[Source, int], Iterator[tuple[int, bytes]]]


class _Frames:
    """The chunks as one stream; `end` is where the last good one ended."""

    def __init__(self, chunks: Iterator[tuple[int, bytes]], start: int) -> None:
        self._chunks, self.end = chunks, start

    def outs(self) -> Iterator[bytes]:
        poured = 0
        try:
            for end, out in self._chunks:
                self.end = end
                poured += len(out)
                yield out
        except ValueError as error:
            raise (Unread(f"broken after {poured} unpacked bytes") if poured else NotThisFormat()) from error


def _unpacks(chunks: Chunks) -> Callable[[Source, int], Generator[Member, None, int]]:
    def unpack(source: Source, start: int) -> Generator[Member, None, int]:
        frames = _Frames(chunks(source, start), start)
        pieces = gathered(frames.outs())
        for first in pieces:
            yield Member("", itertools.chain((first,), pieces))
        if frames.end == start:
            raise NotThisFormat
        return frames.end

    return unpack


SNAPPY: Final = Unpacker(form="snappy", magics=(_MAGIC,), anywhere=True, unpack=_unpacks(_framed))
SNAPPY_JAVA: Final = Unpacker(form="snappy", magics=(_JAVA_MAGIC,), anywhere=True, unpack=_unpacks(_java))
