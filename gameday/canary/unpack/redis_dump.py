"""RDB files of Redis and Valkey: the strings in them that are LZF-compressed.

They are recognised by themselves (a mark, two lengths, and a body that yields just so much), not by walking the file's
types: so every version is read, modules too. Other strings stand there as they are, for the raw search.
"""

import itertools
import re
from collections.abc import Generator, Iterator
from typing import Final

from attrs import frozen

from gameday.canary.source import Member, NotThisFormat, Source, Unpacker, Unread
from gameday.canary.unpack.stream import gathered, sliced

MOST_STRING_BYTES: Final = 32 << 20  # unpacked; a longer one is noted
_HEAD: Final = re.compile(rb"REDIS\d{4}|VALKEY\d{3}")
_MARK: Final = re.compile(rb"\xc3(?=[\x00-\x7f\x80\x81])")  # and a length follows
_WINDOW_BYTES: Final = 65536
_MOST_RATIO: Final = 88  # of LZF: three bytes stand for 264
_SAMPLE_BYTES: Final = 2048
_NOT_THERE: Final = "repeats what is not there"


def lzf(packed: bytes, size: int) -> bytes:
    """What was packed, `size` bytes. Raises ValueError where it is anything else."""
    out, at = bytearray(), 0
    try:
        while at < len(packed) and len(out) <= size:
            control, at = packed[at], at + 1
            if control < 32:  # noqa: PLR2004 - a run of literals; else a length in three bits, a distance in thirteen
                out += packed[at : at + control + 1]
                at += control + 1
                continue
            length = control >> 5
            if length == 7:  # noqa: PLR2004 - all three bits: more of it follows
                length, at = length + packed[at], at + 1
            back, at = ((control & 31) << 8 | packed[at]) + 1, at + 1
            _repeat(out, back, length + 2)
    except IndexError as error:
        raise ValueError("cut short") from error
    if at != len(packed) or len(out) != size:
        raise ValueError("not as long as it says")
    return bytes(out)


def _repeat(out: bytearray, back: int, length: int) -> None:
    start = len(out) - back
    if start < 0:
        raise ValueError(_NOT_THERE)
    if back >= length:
        out += out[start : start + length]
    else:
        out += (out[start:] * (length // back + 1))[:length]


@frozen(kw_only=True)
class _Mark:
    """What stands at a mark, if it is one."""

    packed: int
    unpacked: int
    at: int

    @property
    def is_plausible(self) -> bool:
        """Redis packs what is longer than 20 bytes and only if that makes it shorter."""
        return 4 < self.packed < self.unpacked <= self.packed * _MOST_RATIO and self.unpacked > 20  # noqa: PLR2004


def _length(head: bytes, at: int) -> tuple[int, int]:
    """A length of RDB, and where it ends. Raises IndexError where none stands there."""
    kind = head[at] >> 6
    if kind == 0:
        return head[at], at + 1
    if kind == 1:
        return (head[at] & 0x3F) << 8 | head[at + 1], at + 2
    width = {0x80: 4, 0x81: 8}.get(head[at])
    if width is None:
        raise IndexError
    return int.from_bytes(head[at + 1 : at + 1 + width], "big"), at + 1 + width


def _mark(source: Source, at: int) -> _Mark | None:
    head = bytes(source.read(at, 19))
    try:
        packed, behind = _length(head, 1)
        unpacked, behind = _length(head, behind)
    except IndexError:
        return None
    mark = _Mark(packed=packed, unpacked=unpacked, at=at + behind)
    return mark if mark.is_plausible else None


def _is_lzf(sample: bytes) -> bool:
    """Whether the beginning of a long string looks like one."""
    try:
        lzf(sample, MOST_STRING_BYTES)
    except ValueError as error:
        return error.args != (_NOT_THERE,)
    return True


def _string(source: Source, mark: _Mark) -> bytes | None:
    """Unpacked. Raises Unread where it is too long for that."""
    # only the beginning is read on suspicion: a source looks back no further
    sample = bytes(source.read(mark.at, min(_SAMPLE_BYTES, mark.packed)))
    if not _is_lzf(sample):
        return None
    if mark.unpacked > MOST_STRING_BYTES:
        raise Unread(f"a string of {mark.unpacked} bytes is longer than {MOST_STRING_BYTES >> 20} MiB")
    try:
        return lzf(bytes(source.read(mark.at, mark.packed)), mark.unpacked)
    except ValueError:
        return None


def _strings(source: Source, start: int) -> Iterator[bytes]:
    """Each string. An Unread comes when all others have been read."""
    at, unread = start, None
    while block := bytes(source.read(at, _WINDOW_BYTES)):
        place = 0
        while place < len(block) and (found := _MARK.search(block, place)):
            place = found.start() + 1
            try:
                mark = _mark(source, at + found.start())
                string = _string(source, mark) if mark else None
            except Unread as error:
                unread = error
                continue
            if mark and string is not None:
                yield string
                place = mark.at + mark.packed - at
        # a mark on the last byte is seen again with what follows it
        at += max(place, len(block) - 1, 1)
    if unread:
        raise unread


def _lines(strings: Iterator[bytes]) -> Iterator[bytes]:
    for string in strings:
        yield from sliced(string)
        yield b"\n"


def _unpack(source: Source, start: int) -> Generator[Member, None, int | None]:
    if not _HEAD.match(bytes(source.read(start, 9))):
        raise NotThisFormat
    pieces = gathered(_lines(_strings(source, start + 9)))
    for first in pieces:
        yield Member("", itertools.chain((first,), pieces))
    return None


RDB: Final = Unpacker(form="rdb", magics=(b"REDIS00", b"VALKEY0"), anywhere=False, unpack=_unpack)
