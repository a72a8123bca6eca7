"""Tar, read from its front: ustar, pax and GNU with long names; sparse files come as they are stored.

Not self-describing, so not here: the tar of before 1988, whose header has no magic.
"""

import re
from collections.abc import Generator, Iterator
from typing import Final

from attrs import define, frozen

from gameday.canary.source import Member, NotThisFormat, Source, Unpacker, Unread
from gameday.canary.unpack.stream import PIECE_BYTES, plain

_BLOCK_BYTES: Final = 512
_MOST_ABOUT_BYTES: Final = 1 << 20  # of a long name or of pax records
_LONG_NAME, _PAX, _GNU_SPARSE = b"L", b"x", b"S"
_ABOUT: Final = (_LONG_NAME, b"K", _PAX, b"g")
_MAGIC: Final = b"ustar"
_MAGIC_AT: Final = 257
_PAX_PATH: Final = re.compile(rb"(?:^|\n)\d+ (?:GNU\.sparse\.name|path)=([^\n]*)\n")
_PAX_SIZE: Final = re.compile(rb"(?:^|\n)\d+ size=(\d{1,19})\n")


@frozen(kw_only=True)
class _Header:
    name: bytes
    kind: bytes
    size_bytes: int
    has_more_map: bool


@define
class _Told:
    """What pax records and long names say about the next member."""

    name: bytes | None = None
    size_bytes: int | None = None

    def take(self, kind: bytes, data: bytes) -> None:
        if kind == _LONG_NAME:
            self.name = data.rstrip(b"\0")
        elif kind == _PAX:
            self.name = next(iter(_PAX_PATH.findall(data)), self.name)
            self.size_bytes = next(map(int, _PAX_SIZE.findall(data)), self.size_bytes)


def _number(digits: bytes) -> int:
    """Octal, or base 256 where the first bit is set. Raises ValueError."""
    if digits[0] & 0x80:
        return int.from_bytes(digits[1:], "big")
    return int(digits.strip(b" \0") or b"0", 8)


def _header(block: bytes) -> _Header | None:
    """None where the checksum does not agree."""
    try:
        told = _number(block[148:156])
        size = _number(block[124:136])
    except ValueError:
        return None
    if told != sum(block) - sum(block[148:156]) + 8 * 32 or size < 0:
        return None
    name, prefix = block[:100].rstrip(b"\0"), block[345:500].rstrip(b"\0")
    is_posix = block[263:265] == b"00"
    return _Header(
        name=prefix + b"/" + name if is_posix and prefix else name,
        kind=block[156:157],
        size_bytes=size,
        has_more_map=block[156:157] == _GNU_SPARSE and block[482] != 0,
    )


def _padded(size: int) -> int:
    return -(-size // _BLOCK_BYTES) * _BLOCK_BYTES


def _behind_map(source: Source, at: int) -> int:
    """Behind the further blocks of a sparse file's map."""
    while len(block := bytes(source.read(at, _BLOCK_BYTES))) == _BLOCK_BYTES:
        at += _BLOCK_BYTES
        if not block[504]:
            break
    return at


def _about(source: Source, at: int, size: int) -> bytes:
    if size > _MOST_ABOUT_BYTES:
        raise Unread(f"a name or its records are said to be {size} bytes long")
    return b"".join(plain(source, at, at + size))


def _is_end(source: Source, at: int) -> bool:
    return not any(source.read(at, _BLOCK_BYTES))


def _behind_zeros(source: Source, at: int) -> int:
    """Behind the empty blocks that a tar is filled up with."""
    while (block := bytes(source.read(at, PIECE_BYTES))) and not block.strip(b"\0"):
        at += len(block)
    return at + (len(block) - len(block.lstrip(b"\0"))) // _BLOCK_BYTES * _BLOCK_BYTES


def _unpack(source: Source, start: int) -> Generator[Member, None, int]:
    at, told = start, _Told()
    while not _is_end(source, at):
        header = _header(bytes(source.read(at, _BLOCK_BYTES)).ljust(_BLOCK_BYTES, b"\0"))
        if header is None and at == start:
            raise NotThisFormat
        if header is None:
            raise Unread(f"broken after {at - start} bytes: no header stands where the next member should")
        at = _behind_map(source, at + _BLOCK_BYTES) if header.has_more_map else at + _BLOCK_BYTES
        size = header.size_bytes
        if header.kind in _ABOUT:
            told.take(header.kind, _about(source, at, size))
        else:
            size = size if told.size_bytes is None else told.size_bytes
            yield _member(source, at, size, name=header.name if told.name is None else told.name)
            told = _Told()
        at += _padded(size)
    return _behind_zeros(source, at)


def _member(source: Source, at: int, size: int, *, name: bytes) -> Member:
    pieces: Iterator[bytes] = plain(source, at, at + size)
    return Member(name.decode("utf-8", "replace"), pieces)


TAR: Final = Unpacker(form="tar", magics=(_MAGIC,), magic_at=_MAGIC_AT, anywhere=False, unpack=_unpack)
