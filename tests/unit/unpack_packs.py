"""Real packs of all formats, made by the libraries and programs that people pack with."""

import bz2
import gzip
import io
import lzma
import os
import sqlite3
import subprocess
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path

import brotli
import cramjam
import fastavro
import lz4.frame
import py7zr
import pyarrow as pa
from backports import zstd
from pyarrow import parquet

from gameday.canary.unpack.avro import AVRO
from gameday.canary.unpack.compressed import BROTLI, BZIP2, GZIP, LZ4, LZMA, XZ, ZLIB, ZSTD
from gameday.canary.unpack.parquet import PARQUET
from gameday.canary.unpack.pdf import PDF
from gameday.canary.unpack.seven_zip import SEVEN_ZIP
from gameday.canary.unpack.snappy import SNAPPY, SNAPPY_JAVA
from gameday.canary.unpack.sqlite import SQLITE
from gameday.canary.unpack.tar import TAR
from gameday.canary.unpack.zipped import ZIP

Pack = Callable[[bytes], bytes]


def snappy_java(content: bytes) -> bytes:
    """As snappy-java's SnappyOutputStream lays it out."""
    blocks = [bytes(cramjam.snappy.compress_raw(content[at : at + 32768])) for at in range(0, len(content), 32768)]
    head = b"\x82SNAPPY\0" + (1).to_bytes(4, "big") * 2
    return head + b"".join(len(block).to_bytes(4, "big") + block for block in blocks)


def zstd_streamed(content: bytes) -> bytes:
    """Without the size of the content in its header."""
    compressor = zstd.ZstdCompressor()
    return compressor.compress(content) + compressor.flush()


STREAMS = {
    "gzip": (GZIP, gzip.compress),
    "gzip stored": (GZIP, lambda content: gzip.compress(content, 0)),
    "zlib": (ZLIB, zlib.compress),
    "zlib fastest": (ZLIB, lambda content: zlib.compress(content, 1)),
    "zlib best": (ZLIB, lambda content: zlib.compress(content, 9)),
    "zlib stored": (ZLIB, lambda content: zlib.compress(content, 0)),
    "zstd": (ZSTD, zstd.compress),
    "zstd streamed": (ZSTD, zstd_streamed),
    "xz": (XZ, lzma.compress),
    "bzip2": (BZIP2, bz2.compress),
    "lz4": (LZ4, lz4.frame.compress),
    "lz4 linked": (LZ4, lambda content: lz4.frame.compress(content, block_linked=True, content_checksum=True)),
    "snappy": (SNAPPY, lambda content: bytes(cramjam.snappy.compress(content))),
    "snappy java": (SNAPPY_JAVA, snappy_java),
}
WHOLE = {
    "lzma": (LZMA, lambda content: lzma.compress(content, lzma.FORMAT_ALONE)),
    "brotli": (BROTLI, brotli.compress),
}


class _Unseekable(io.BytesIO):
    """A pipe: zipfile then writes sizes behind the data."""

    def seekable(self) -> bool:
        return False

    def seek(self, *_: int) -> int:
        raise io.UnsupportedOperation

    def tell(self) -> int:
        raise io.UnsupportedOperation


def zipped(
    members: Mapping[str, bytes], *, method: int = zipfile.ZIP_DEFLATED, is_piped: bool = False, zip64: bool = False
) -> bytes:
    file = _Unseekable() if is_piped else io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, content in members.items():
            with archive.open(name, "w", force_zip64=zip64) as member:
                member.write(content)
    return file.getvalue()


def tarred(members: Mapping[str, bytes], *, kind: int = tarfile.PAX_FORMAT) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=kind) as archive:
        for name, content in members.items():
            about = tarfile.TarInfo(name)
            about.size = len(content)
            archive.addfile(about, io.BytesIO(content))
    return file.getvalue()


def seven_zipped(
    members: Mapping[str, bytes], *, filters: list[dict[str, int]] | None = None, password: str | None = None
) -> bytes:
    file = io.BytesIO()
    with py7zr.SevenZipFile(file, "w", filters=filters, password=password) as archive:
        for name, content in members.items():
            archive.writestr(content, name)
    return file.getvalue()


def sqlite_with(
    rows: list[bytes], *, page_size: int = 4096, encoding: str = "UTF-8", is_indexed: bool = False
) -> bytes:
    database = sqlite3.connect(":memory:")
    database.execute(f"PRAGMA page_size={page_size}")
    database.execute(f"PRAGMA encoding='{encoding}'")
    database.execute("CREATE TABLE prompts (id INTEGER PRIMARY KEY, tenant TEXT, body BLOB, cost REAL)")
    if is_indexed:
        database.execute("CREATE INDEX bodies ON prompts (body)")
    database.executemany("INSERT INTO prompts (tenant, body, cost) VALUES ('t', ?, 0.5)", [(row,) for row in rows])
    database.commit()
    content = database.serialize()
    database.close()
    return content


def _table(content: bytes) -> pa.Table:
    return pa.table({"body": pa.array([content], pa.binary())})


def parquet_of(table: pa.Table, *, compression: str = "snappy", rows: int = 1 << 20) -> bytes:
    file = io.BytesIO()
    parquet.write_table(table, file, compression=compression, row_group_size=rows)
    return file.getvalue()


def arrow_of(table: pa.Table, *, is_stream: bool, compression: str | None = None) -> bytes:
    file = io.BytesIO()
    options = pa.ipc.IpcWriteOptions(compression=compression)
    with (pa.ipc.new_stream if is_stream else pa.ipc.new_file)(file, table.schema, options=options) as writer:
        writer.write_table(table)
    return file.getvalue()


def avro_of(records: list[bytes], *, codec: str = "deflate") -> bytes:
    file = io.BytesIO()
    schema = {"type": "record", "name": "Prompt", "fields": [{"name": "body", "type": "bytes"}]}
    fastavro.writer(file, schema, [{"body": record} for record in records], codec=codec, sync_interval=1000)
    return file.getvalue()


def pdf_of(lines: list[str]) -> bytes:
    """A document with one page a line, laid out by hand: words are set apart, letter by letter."""
    kids = " ".join(f"{4 + 2 * place} 0 R" for place in range(len(lines)))
    bodies = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        f"<</Type/Pages/Count {len(lines)}/Kids[{kids}]>>".encode(),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]
    for place, line in enumerate(lines):
        shown = " ".join(f"({char}) -5" for char in line)
        stream = zlib.compress(f"BT /F1 12 Tf 50 700 Td [{shown}] TJ ET".encode())
        page = f"<</Type/Page/Parent 2 0 R/Resources<</Font<</F1 3 0 R>>>>/Contents {5 + 2 * place} 0 R>>"
        bodies.append(page.encode())
        bodies.append(b"<</Length %d/Filter/FlateDecode>>stream\n%s\nendstream" % (len(stream), stream))
    return _pdf(bodies)


def _pdf(bodies: list[bytes]) -> bytes:
    out, places = b"%PDF-1.4\n", list[int]()
    for number, body in enumerate(bodies, 1):
        places.append(len(out))
        out += b"%d 0 obj%s endobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    head = b"xref\n0 %d\n0000000000 65535 f \n" % (len(bodies) + 1)
    return out + head + table + b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (len(bodies) + 1, len(out))


def git_pack(folder: Path, versions: list[bytes], *, offsets: bool = True) -> bytes:
    """A repository in which one file had these contents, packed by git."""
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "GIT_CONFIG_NOSYSTEM": "1",
        **{f"GIT_{who}_{what}": "a@b" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
    }

    def git(*arguments: str, fed: bytes = b"") -> bytes:
        done = subprocess.run(
            ["git", *arguments], cwd=folder, env=environment, input=fed, capture_output=True, check=True
        )
        return done.stdout

    git("init", "-q")
    for version in versions:
        (folder / "prompt.txt").write_bytes(version)
        git("add", "prompt.txt")
        git("commit", "-q", "-m", "a version")
    objects = git("rev-list", "--objects", "--all")
    ids = b"".join(line.split()[0] + b"\n" for line in objects.splitlines())
    return git("pack-objects", "--stdout", "-q", *(["--delta-base-offset"] if offsets else []), fed=ids)


CONTAINERS = {
    "zip": (ZIP, lambda content: zipped({"a.txt": content, "b.txt": b"second"})),
    "zip stored": (ZIP, lambda content: zipped({"a": content, "b": b"second"}, method=zipfile.ZIP_STORED)),
    "zip bzip2": (ZIP, lambda content: zipped({"a": content}, method=zipfile.ZIP_BZIP2)),
    "zip lzma": (ZIP, lambda content: zipped({"a": content}, method=zipfile.ZIP_LZMA)),
    "zip piped": (ZIP, lambda content: zipped({"a": content, "b": b"second"}, is_piped=True)),
    "zip stored and piped": (
        ZIP,
        lambda content: zipped({"a": content, "b": b"second"}, method=zipfile.ZIP_STORED, is_piped=True),
    ),
    "zip64": (ZIP, lambda content: zipped({"a": content, "b": b"second"}, zip64=True)),
    "zip64 piped": (ZIP, lambda content: zipped({"a": content, "b": b"second"}, zip64=True, is_piped=True)),
    "tar pax": (TAR, lambda content: tarred({"a": content, "b": b"second"})),
    "tar gnu": (TAR, lambda content: tarred({"a": content, "b": b"second"}, kind=tarfile.GNU_FORMAT)),
    "tar ustar": (TAR, lambda content: tarred({"a": content, "b": b"second"}, kind=tarfile.USTAR_FORMAT)),
    "7z": (SEVEN_ZIP, lambda content: seven_zipped({"a": content, "b": b"second"})),
    "parquet": (PARQUET, lambda content: parquet_of(_table(content))),
    "avro": (AVRO, lambda content: avro_of([content])),
}
OTHERS = {
    "sqlite": (SQLITE, lambda content: sqlite_with([content, content * 3])),
    "pdf": (PDF, lambda content: pdf_of([content.hex()])),
}
ALL_PACKS = STREAMS | WHOLE | CONTAINERS | OTHERS
