"""The formats that the search looks into, one file each.

Not here, as they need nothing of their own: loose git objects and the streams of PDF (zlib), Arrow files (plain, zstd or
lz4), Docker and OCI layers (tar, gzip), SQLite's WAL, AOF and protobuf (values stand there as they are). Not here, as they
tell nothing of themselves: lz4 blocks, raw snappy, the tar of before 1988.

How an unpacker speaks: NotThisFormat before anything came out. An Unread that the pieces of a member raise concerns that
member; the next may be asked for. An Unread of the generator itself concerns all that follows.
"""

from typing import Final

from gameday.canary.source import Unpacker
from gameday.canary.unpack.avro import AVRO
from gameday.canary.unpack.compressed import BROTLI, BZIP2, GZIP, LZ4, LZMA, XZ, ZLIB, ZSTD
from gameday.canary.unpack.git_pack import GIT_PACK
from gameday.canary.unpack.parquet import PARQUET
from gameday.canary.unpack.pdf import PDF
from gameday.canary.unpack.redis_dump import RDB
from gameday.canary.unpack.seven_zip import SEVEN_ZIP
from gameday.canary.unpack.snappy import SNAPPY, SNAPPY_JAVA
from gameday.canary.unpack.sqlite import SQLITE
from gameday.canary.unpack.tar import TAR
from gameday.canary.unpack.zipped import ZIP

__all__ = ["BROTLI", "UNPACKERS", "ZLIB"]

UNPACKERS: Final[tuple[Unpacker, ...]] = (
    GZIP,
    ZSTD,
    XZ,
    BZIP2,
    LZ4,
    SNAPPY,
    SNAPPY_JAVA,
    ZIP,
    GIT_PACK,
    LZMA,
    TAR,
    SEVEN_ZIP,
    SQLITE,
    PARQUET,
    AVRO,
    PDF,
    RDB,
)
"""ZLIB (its magics occur by chance) and BROTLI (it has none) stand apart: the search tries them where nothing else fits."""
