"""Formats of one compressed stream: gzip, zlib, zstd, xz, lzma, bzip2, lz4 frames and brotli.

Not self-describing, so not here: lz4 blocks and raw snappy, which have neither a magic nor an end.
"""

import bz2
import itertools
import lzma
import sys
import zlib
from collections.abc import Generator
from typing import TYPE_CHECKING, Final, cast

from attrs import define

from gameday.canary.source import Member, NotThisFormat, Source, Unpacker
from gameday.canary.unpack.stream import DOUBT_BYTES, FIRST_STEP_BYTES, Opened, stream_of

if TYPE_CHECKING:
    from brotli import Decompressor as BrotliDecompressor

WINDOW_LOG: Final = 27  # 128 MiB: what `zstd --long` writes, and the most that `zstd -d` takes unasked
_SHORTEST_BYTES: Final = 8  # of a zlib stream
_GZIP_HEAD_BYTES: Final = 10
_SYSTEMS: Final = frozenset((*range(14), 255))
_SAMPLE_BYTES: Final = 4096
_RANDOM: Final = 0.9
_MOST_CODES: Final = 29  # of lengths and of distances, less 257 and 1 (RFC 1951, 3.2.7)


def _igzip(kind: str) -> Opened:
    from isal import igzip_lib  # noqa: PLC0415 - loaded where it is used, as every library here: the start is quick

    # its stubs hold the error for an instance
    errors = cast("tuple[type[Exception], ...]", (igzip_lib.error,))
    return igzip_lib.IgzipDecompressor(flag=getattr(igzip_lib, kind)), errors


def gzip() -> Opened:
    return _igzip("DECOMP_GZIP")


def zlib_stream() -> Opened:
    return _igzip("DECOMP_ZLIB")


def deflate() -> Opened:
    return _igzip("DECOMP_DEFLATE")


def zstd() -> Opened:
    if sys.version_info >= (3, 14):
        from compression import zstd  # noqa: PLC0415
    else:
        from backports import zstd  # noqa: PLC0415
    options = {int(zstd.DecompressionParameter.window_log_max): WINDOW_LOG}
    return zstd.ZstdDecompressor(options=options), (zstd.ZstdError,)


def xz() -> Opened:
    return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=1 << WINDOW_LOG), (lzma.LZMAError,)


def lzma_alone() -> Opened:
    return lzma.LZMADecompressor(lzma.FORMAT_ALONE, memlimit=1 << WINDOW_LOG), (lzma.LZMAError,)


def bzip2() -> Opened:
    return bz2.BZ2Decompressor(), (OSError, ValueError)


def lz4() -> Opened:
    from lz4 import frame  # noqa: PLC0415

    return frame.LZ4FrameDecompressor(), (RuntimeError, ValueError)


@define
class _Brotli:
    """Brotli's decoder with the names of the others."""

    _decoder: "BrotliDecompressor"
    unused_data: bytes | None = None

    @property
    def eof(self) -> bool:
        return bool(self._decoder.is_finished())

    @property
    def needs_input(self) -> bool:
        """Never said: it takes more in while it still has something to give, so it is fed once it gives nothing."""
        return False

    def decompress(self, data: bytes, max_length: int, /) -> bytes:
        return bytes(self._decoder.process(data, output_buffer_limit=max_length))


def brotli() -> Opened:
    import brotli  # noqa: PLC0415

    return _Brotli(brotli.Decompressor()), (brotli.error,)


_unpack_zlib: Final = stream_of(zlib_stream, doubt_bytes=DOUBT_BYTES, is_prompt=True)


def _is_deflate(head: bytes) -> bool:
    """What can be told of a first block by its first bytes, at a tenth of the price of trying."""
    kind = head[0] >> 1 & 3
    if kind == 0:
        return len(head) < 5 or head[1] ^ head[3] == head[2] ^ head[4] == 0xFF  # noqa: PLR2004 - a length and its opposite
    return kind == 1 or (kind == 2 and head[0] >> 3 <= _MOST_CODES and head[1] & 31 <= _MOST_CODES)  # noqa: PLR2004


def _zlib(source: Source, start: int) -> Generator[Member, None, int | None]:
    head = bytes(source.read(start, FIRST_STEP_BYTES))
    if len(head) < _SHORTEST_BYTES or not _is_deflate(head[2:7]):
        raise NotThisFormat
    try:
        # on so little it is ten times as quick as igzip
        zlib.decompressobj().decompress(head, 1 << 16)
    except zlib.error as error:
        raise NotThisFormat from error
    return (yield from _unpack_zlib(source, start))


def _gzip(source: Source, start: int) -> Generator[Member, None, int | None]:
    """A head that no known writer makes (RFC 1952, 2.3.1) is more likely a chance hit."""
    head = bytes(source.read(start, _GZIP_HEAD_BYTES))
    is_usual = len(head) == _GZIP_HEAD_BYTES and head[3] < 32 and head[8] in {0, 2, 4} and head[9] in _SYSTEMS  # noqa: PLR2004
    unpack = stream_of(gzip, doubt_bytes=0 if is_usual else DOUBT_BYTES, is_prompt=True)
    return (yield from unpack(source, start))


def _brotli(source: Source, start: int) -> Generator[Member, None, int | None]:
    """Nearly anything can be read as brotli; what then looks as random as before never was."""
    members = stream_of(brotli, doubt_bytes=DOUBT_BYTES)(source, start)
    for member in members:
        pieces = iter(member.pieces)
        first = next(pieces)
        sample = first[:_SAMPLE_BYTES]
        if len(zlib.compress(sample, 1)) > _RANDOM * _SAMPLE_BYTES:
            raise NotThisFormat
        yield Member("", itertools.chain((first,), pieces))
    return None


GZIP: Final = Unpacker(form="gzip", magics=(b"\x1f\x8b\x08",), anywhere=True, unpack=_gzip)
ZLIB: Final = Unpacker(
    form="zlib", magics=(b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda"), anywhere=True, unpack=_zlib
)
ZSTD: Final = Unpacker(form="zstd", magics=(b"\x28\xb5\x2f\xfd",), anywhere=True, unpack=stream_of(zstd))
XZ: Final = Unpacker(form="xz", magics=(b"\xfd7zXZ\x00",), anywhere=True, unpack=stream_of(xz))
LZMA: Final = Unpacker(form="lzma", magics=(b"\x5d\x00\x00",), anywhere=False, unpack=stream_of(lzma_alone))
BZIP2: Final = Unpacker(form="bzip2", magics=(b"1AY&SY",), magic_at=4, anywhere=True, unpack=stream_of(bzip2))
LZ4: Final = Unpacker(form="lz4", magics=(b"\x04\x22\x4d\x18",), anywhere=True, unpack=stream_of(lz4))
BROTLI: Final = Unpacker(form="brotli", magics=(), anywhere=False, unpack=_brotli)
