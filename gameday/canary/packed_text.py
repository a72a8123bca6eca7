"""Packed data that was written as text: compressed streams in base64 or hexadecimal, known by how they then begin."""

import itertools
import re
from collections.abc import Callable, Generator, Iterable, Iterator
from typing import Final

from gameday.canary.source import Member, Source, Unpacker
from gameday.canary.unspell import base64_whole

_STEP_BYTES: Final = 48 << 10
_BASE64_RUN: Final = re.compile(rb"(?:[A-Za-z0-9+/_=-]|\\+[nr]|\\/|\r?\n[ \t]*+)+")
_HEX_RUN: Final = re.compile(rb"(?:[0-9a-fA-F]|\r?\n[ \t]*+)+")
_ZLIB_BEFORE: Final = (b'"', b" ", b"=", b":", b"\n", b"'", b">", b",")


Decode = Callable[[bytes], tuple[bytes, bytes]]  # what text becomes, and the end of it that is not enough for more


def _decoded(source: Source, start: int, *, run: re.Pattern[bytes], decode: Decode) -> Iterator[bytes]:
    position, left, goes_on = start, b"", True
    while goes_on:
        step = bytes(source.read(position, _STEP_BYTES))
        found = run.match(step)
        text = b"" if found is None else found[0]
        piece, left = decode(left + text)
        position += len(text)
        goes_on = bool(text) and len(text) == len(step)
        yield piece
    yield decode(left + b"A" * (-len(left) % 4))[0]


def _hex_whole(text: bytes) -> tuple[bytes, bytes]:
    digits = b"".join(text.split())
    whole = len(digits) // 2 * 2
    return bytes.fromhex(digits[:whole].decode()), digits[whole:]


def _base64(source: Source, start: int) -> Generator[Member, None, int | None]:
    begin = start + (bytes(source.read(start, 1)) in _ZLIB_BEFORE)
    yield Member("", _decoded(source, begin, run=_BASE64_RUN, decode=base64_whole))
    return None


def _hex(source: Source, start: int) -> Generator[Member, None, int | None]:
    begin = start + (bytes(source.read(start, 1)) in _ZLIB_HEX_BEFORE)
    yield Member("", _decoded(source, begin, run=_HEX_RUN, decode=_hex_whole))
    return None


_BASE64_HEADS: Final = (  # of gzip, zstd, xz, zip, bzip2 and lz4, in either alphabet
    *(b"H4sI", b"KLUv/", b"KLUv_", b"/Td6WFo", b"_Td6WFo", b"UEsDB", b"QlpoM", b"QlpoN", b"QlpoO"),
    *(b"BCJNGE", b"BCJNGF", b"BCJNGG", b"BCJNGH"),
)
_HEX_HEADS: Final = (b"1f8b08", b"28b52ffd", b"fd377a585a", b"504b0304", b"425a6839", b"04224d18")
_BASE64_ZLIB: Final = tuple(b"eJ" + bytes([char]) for char in b"wxyz")
_HEX_ZLIB: Final = (b"7801", b"785e", b"789c", b"78da")
_ZLIB_HEX_BEFORE: Final = (*_ZLIB_BEFORE, b"x")


def _upper(heads: Iterable[bytes]) -> tuple[bytes, ...]:
    return tuple(dict.fromkeys(case for head in heads for case in (head, head.upper())))


def _behind(before: Iterable[bytes], heads: Iterable[bytes]) -> tuple[bytes, ...]:
    return tuple(char + head for char, head in itertools.product(before, heads))


BASE64: Final = Unpacker(
    form="base64",
    magics=(*_BASE64_HEADS, *_behind(_ZLIB_BEFORE, _BASE64_ZLIB)),
    anywhere=True,
    unpack=_base64,
)
HEX: Final = Unpacker(
    form="hex",
    magics=(*_upper(_HEX_HEADS), *_upper(_behind(_ZLIB_HEX_BEFORE, _HEX_ZLIB))),
    anywhere=True,
    unpack=_hex,
)
PACKED_TEXT: Final = (BASE64, HEX)


def packed_text(head: bytes) -> Unpacker | None:
    """What a whole body is that begins with a head too short to be looked for anywhere else."""
    if head.startswith(_BASE64_ZLIB):
        return BASE64
    return HEX if head.lower().startswith(_HEX_ZLIB) else None
