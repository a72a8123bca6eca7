"""Zip, read from its front, entry by entry: archives, wheels, JARs, and DOCX, XLSX, PPTX and OpenDocument with their text.

The directory at the end is left to the raw search (it holds names and comments); entries that it does not list are read.
"""

import lzma
import struct
import zlib
from collections.abc import Callable, Generator, Iterator, Mapping
from typing import Final

from attrs import define, frozen

from gameday.canary.source import Member, NotThisFormat, Source, Unpacker, Unread
from gameday.canary.unpack.compressed import bzip2, deflate, xz, zstd
from gameday.canary.unpack.stream import Opened, Pour, plain
from gameday.canary.unpack.tagged import Text, is_tagged

_LOCAL, _DESCRIPTOR, _DIRECTORY = b"PK\3\4", b"PK\7\x08", b"PK\1\2"
_HEADER: Final = struct.Struct("<4s5H3L2H")
_ENCRYPTED, _SIZES_FOLLOW, _UTF8 = 1 << 0, 1 << 3, 1 << 11
_STORED, _LZMA = 0, 14
_LZMA_HEAD_BYTES: Final = 9
_DECODERS: Final[Mapping[int, Callable[[], Opened]]] = {8: deflate, 12: bzip2, 20: zstd, 93: zstd, 95: xz}
_LAST_VERSION, _LAST_METHOD = 63, 99  # of the specification (APPNOTE 6.3.10), to tell entries from chance
_IN_ZIP64: Final = 0xFFFFFFFF
_GAPS: Final = (0, 16, 24, 12, 20)  # descriptors behind the data: none, with and without signature, plain and zip64
_WINDOW_BYTES: Final = 65536


@frozen(kw_only=True)
class _Header:
    name: str
    method: int
    crc: int | None
    """Of the content; None where that is told behind it."""
    is_encrypted: bool
    at: int
    """Where the data begins."""
    until: int | None
    """Where it ends; None where that is only told behind it."""


def _header(source: Source, at: int) -> _Header | None:
    head = bytes(source.read(at, _HEADER.size))
    if len(head) < _HEADER.size:
        return None
    magic, version, flags, method, _, _, crc, packed, unpacked, name_bytes, extra_bytes = _HEADER.unpack(head)
    if magic != _LOCAL or version & 0xFF > _LAST_VERSION or method > _LAST_METHOD:
        return None
    name = bytes(source.read(at + _HEADER.size, name_bytes))
    extra = bytes(source.read(at + _HEADER.size + name_bytes, extra_bytes))
    data_at = at + _HEADER.size + name_bytes + extra_bytes
    if packed == _IN_ZIP64:
        packed = _zip64(extra, skip=8 if unpacked == _IN_ZIP64 else 0)
    return _Header(
        name=name.decode("utf-8" if flags & _UTF8 else "cp437", "replace"),
        method=method,
        crc=None if flags & _SIZES_FOLLOW and not crc else crc,
        is_encrypted=bool(flags & _ENCRYPTED),
        at=data_at,
        until=None if flags & _SIZES_FOLLOW and not packed else data_at + packed,
    )


def _zip64(extra: bytes, *, skip: int) -> int:
    """The packed size in the extra field of zip64; 0 where there is none."""
    while len(extra) >= 4:  # noqa: PLR2004 - an id and a size
        kind, size = struct.unpack_from("<HH", extra)
        if kind == 1:
            return int.from_bytes(extra[4 + skip : 12 + skip], "little")
        extra = extra[4 + size :]
    return 0


def _lzma(source: Source, at: int) -> Opened:
    """LZMA begins with a version and its properties."""
    head = bytes(source.read(at, _LZMA_HEAD_BYTES))
    if len(head) < _LZMA_HEAD_BYTES or head[2:4] != b"\5\0" or head[4] >= 9 * 5 * 5:
        raise Unread("its LZMA properties are broken")
    rest, lc = divmod(head[4], 9)
    pb, lp = divmod(rest, 5)
    size = min(int.from_bytes(head[5:], "little"), 1 << 27)
    properties = {"id": lzma.FILTER_LZMA1, "lc": lc, "lp": lp, "pb": pb, "dict_size": max(size, 4096)}
    try:
        return lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=[properties]), (lzma.LZMAError,)
    except lzma.LZMAError as error:
        raise Unread("its LZMA properties are broken") from error


@define
class _Entry:
    """One entry on its way out; `end` is where its data was read to, and `until` where they say it ends."""

    source: Source
    header: _Header
    end: int

    def members(self) -> Iterator[Member]:
        name = self.header.name
        if not is_tagged(name):
            yield Member(name, self.pieces())
            return
        text = Text()
        yield Member(name, text.passing(self.pieces()))
        yield Member(f"{name}#text", text.pieces())

    def pieces(self) -> Iterator[bytes]:
        if self.header.is_encrypted:
            raise Unread("encrypted")
        crc = 0
        for piece in self._stored() if self.header.method == _STORED else self._unpacked():
            crc = zlib.crc32(piece, crc)
            yield piece
        if crc != self._told_crc():
            raise Unread("its checksum does not agree: some of it is broken")

    def _told_crc(self) -> int:
        if self.header.crc is not None:
            return self.header.crc
        tail = bytes(self.source.read(self.end, 8))
        return int.from_bytes(tail[4:8] if tail.startswith(_DESCRIPTOR) else tail[:4], "little")

    def _stored(self) -> Iterator[bytes]:
        until = self.header.until
        for piece in self._to_descriptor() if until is None else plain(self.source, self.end, until):
            if until is not None:
                self.end += len(piece)
            yield piece

    def _to_descriptor(self) -> Iterator[bytes]:
        """What was stored by a writer that did not know its size: it ends where a descriptor tells just that size."""
        while block := bytes(self.source.read(self.end, _WINDOW_BYTES)):
            cut = block.find(_DESCRIPTOR)
            while cut >= 0 and not self._is_descriptor(self.end + cut):
                cut = block.find(_DESCRIPTOR, cut + 1)
            is_last = len(block) < len(_DESCRIPTOR)
            size = cut if cut >= 0 else len(block) if is_last else len(block) - len(_DESCRIPTOR) + 1
            yield block[:size]
            self.end += size
            if cut >= 0:
                return
        raise Unread("stored without its size, and where it ends is not marked")

    def _is_descriptor(self, at: int) -> bool:
        tail = bytes(self.source.read(at + 8, 8))
        size = at - self.header.at
        return size in (int.from_bytes(tail[:4], "little"), int.from_bytes(tail, "little"))

    def _unpacked(self) -> Iterator[bytes]:
        pour = self._pour()
        try:
            yield from pour.pieces()
        except NotThisFormat as error:
            raise Unread("broken from its first byte on") from error
        finally:
            self.end = pour.end

    def _pour(self) -> Pour:
        header = self.header
        if header.method == _LZMA:
            return Pour(self.source, header.at + _LZMA_HEAD_BYTES, _lzma(self.source, header.at), until=header.until)
        if header.method in _DECODERS:
            return Pour(self.source, header.at, _DECODERS[header.method](), until=header.until)
        raise Unread(f"packed by method {header.method}, which no library here reads")


def _is_next(source: Source, at: int) -> bool:
    return bytes(source.read(at, 4)) in (_LOCAL, _DIRECTORY)


def _behind(source: Source, entry: _Entry) -> int:
    """Where the entry after this one begins, or at least where this one ends."""
    for gap in _GAPS:
        if _is_next(source, entry.end + gap):
            return entry.end + gap
    return entry.end if entry.header.until is None else _resumed(source, entry.end, entry.header.until)


def _resumed(source: Source, at: int, until: int) -> int:
    """The next header up to where the broken entry says that it ends."""
    while at < until and (block := bytes(source.read(at, min(_WINDOW_BYTES, until - at + 3)))):
        if (found := block.find(_LOCAL)) >= 0:
            return at + found
        at += max(1, len(block) - 3)
    return at


def _unpack(source: Source, start: int) -> Generator[Member, None, int]:
    at = start
    while (header := _header(source, at)) is not None:
        entry = _Entry(source, header, header.at)
        yield from entry.members()
        at = _behind(source, entry)
    if at == start:
        raise NotThisFormat
    return at


ZIP: Final = Unpacker(form="zip", magics=(_LOCAL,), anywhere=True, unpack=_unpack)
