"""What databases and columnar files keep on disk."""

import io
import itertools
import sqlite3
import struct
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import fastavro
import pyarrow as pa
import pyarrow.orc
import pyarrow.parquet

from tests.forms.form import Form, of_bytes, of_text

_PAGE: Final = 8192


def _sqlite(text: str) -> bytes:
    with closing(sqlite3.connect(":memory:")) as database:
        database.execute("create table message (body)")
        database.executemany("insert into message values (?)", [("x",), (text,)])
        database.commit()
        return database.serialize()


def _sqlite_overflow(text: str) -> bytes:
    """A row larger than a page: it goes on in other pages, each of which begins with four bytes of its own."""
    with closing(sqlite3.connect(":memory:")) as database:
        database.execute("pragma page_size = 512")
        database.execute("create table message (body)")
        database.execute("insert into message values (?)", ("y" * 3000 + text,))
        database.commit()
        return database.serialize()


def _sqlite_cut(text: str, token: str) -> bytes:
    """The boundary of two overflow pages is in the middle of the token. SQLite fills the last page, so the end is moved."""
    sizes = itertools.product((0, 100, 200), range(0, 1024, 9))
    rows = (_sqlite_overflow("y" * before + text + "y" * after) for before, after in sizes)
    return next(row for row in rows if token.encode() not in row)


def _sqlite_deleted(text: str) -> bytes:
    with closing(sqlite3.connect(":memory:")) as database:
        database.execute("pragma secure_delete = off")
        database.execute("create table message (body)")
        database.executemany("insert into message values (?)", [("x" * 40,), (text,)])
        database.execute("delete from message where rowid = 2")
        database.commit()
        return database.serialize()


def _sqlite_wal(text: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "a.db")
        with closing(sqlite3.connect(path)) as database:
            database.execute("pragma journal_mode = wal")
            database.execute("create table message (body)")
            database.execute("insert into message values (?)", (text,))
            database.commit()
            return Path(folder, "a.db-wal").read_bytes()


def _postgres_page(body: bytes) -> bytes:
    """A heap page with one tuple of one text column (PostgreSQL 16, "Database Page Layout")."""
    varlena = struct.pack("<I", (len(body) + 4) << 2) + body
    tuple_ = struct.pack("<IIIHHHHB", 733, 0, 0, 0, 0, 1, 1, 2306 & 255) + b"\x18" + varlena
    lower, upper = 28, _PAGE - (len(tuple_) + 7) // 8 * 8
    head = struct.pack("<QHHHHHHI", 1 << 24, 0, 0, lower, upper, _PAGE, _PAGE | 4, 0)
    item = struct.pack("<I", upper | 1 << 15 | len(tuple_) << 17)
    return (head + item).ljust(upper, b"\0") + tuple_.ljust(_PAGE - upper, b"\0")


def _postgres_wal(body: bytes) -> bytes:
    """A page of the log with one record (heap insert), whose data is the tuple."""
    data = struct.pack("<HHB", 1, 2306, 24) + struct.pack("<I", (len(body) + 4) << 2) + body
    record = (
        struct.pack("<IIQBBHI", 24 + 2 + len(data), 733, 0, 0, 10, 0, 0) + b"\xff" + bytes([len(data) & 255]) + data
    )
    head = struct.pack("<HHIQI4xQII", 0xD113, 2, 1, 1 << 24, 0, 77, 1 << 24, _PAGE)
    return (head + record).ljust(_PAGE, b"\0")


def pglz(body: bytes) -> bytes:
    """PostgreSQL's own compression (pg_lzcompress.c): eight items a control byte, from the lowest bit on."""
    out, items, start = bytearray(), list[bytes](), 0
    bits: list[int] = []
    while start < len(body):
        length, back = _longest_match(body, start)
        if length >= 3:
            items.append(_reference(length, back))
            start += length
        else:
            items.append(body[start : start + 1])
            start += 1
        bits.append(length >= 3)
        if len(items) == 8 or start >= len(body):
            out += bytes([sum(bit << place for place, bit in enumerate(bits))]) + b"".join(items)
            items, bits = [], []
    return bytes(out)


def _longest_match(body: bytes, start: int) -> tuple[int, int]:
    for length in range(min(18, len(body) - start), 2, -1):
        found = body.rfind(body[start : start + length], max(0, start - 4095), start)
        if found >= 0:
            return length, start - found
    return 0, 0


def _reference(length: int, back: int) -> bytes:
    return bytes([(back & 0xF00) >> 4 | length - 3, back & 0xFF])


def _postgres_toast(body: bytes) -> bytes:
    """A column compressed in place: its size, its size unpacked, and pglz."""
    packed = pglz(body * 2)
    return struct.pack("<II", (len(packed) + 8) << 2 | 2, len(body) * 2) + packed


def _rdb(body: bytes) -> bytes:
    """A dump with one string (version 11), its checksum switched off."""
    size = struct.pack(">H", 0x4000 | len(body))
    return b"REDIS0011\xfa\x09redis-ver\x057.2.0\xfe\x00\xfb\x01\x00\x00\x03key" + size + body + b"\xff" + b"\0" * 8


def _aof(body: bytes) -> bytes:
    parts = (b"SET", b"cache:1", body)
    return b"*3\r\n" + b"".join(b"$%d\r\n%s\r\n" % (len(part), part) for part in parts)


def _table(text: str) -> pa.Table:
    return pa.table({"id": [1, 2, 3, 4], "prompt": ["nothing", text, "nothing", text + " again"]})


def _parquet(codec: str) -> Form:
    def make(text: str) -> bytes:
        out = io.BytesIO()
        pyarrow.parquet.write_table(_table(text), out, compression=codec)
        return out.getvalue()

    return of_text(f"Parquet, {codec} (file)", make, is_file=True)


def _arrow(codec: str | None, *, is_stream: bool = False) -> Form:
    def make(text: str) -> bytes:
        out, table = io.BytesIO(), _table(text)
        options = pa.ipc.IpcWriteOptions(compression=codec)
        new: Any = pa.ipc.new_stream if is_stream else pa.ipc.new_file
        with new(out, table.schema, options=options) as writer:
            writer.write_table(table)
        return out.getvalue()

    return of_text(f"Arrow {'stream' if is_stream else 'file'}, {codec or 'plain'} (file)", make, is_file=True)


def _orc(text: str) -> bytes:
    out = io.BytesIO()
    pyarrow.orc.write_table(_table(text), out, compression="zlib")
    return out.getvalue()


def _avro(codec: str) -> Form:
    fields = [{"name": "id", "type": "int"}, {"name": "prompt", "type": "string"}]

    def make(text: str) -> bytes:
        out, schema = io.BytesIO(), fastavro.parse_schema({"type": "record", "name": "Message", "fields": fields})
        fastavro.writer(out, schema, [{"id": 1, "prompt": "x"}, {"id": 2, "prompt": text}], codec=codec)
        return out.getvalue()

    return of_text(f"Avro, {codec} (file)", make, is_file=True)


DATABASES: Final[tuple[Form, ...]] = (
    of_text("SQLite (file)", _sqlite, is_file=True),
    of_text("SQLite, large row (file)", _sqlite_overflow, is_file=True),
    Form("SQLite, row cut in the token (file)", lambda text, token, _rng: _sqlite_cut(text, token), is_file=True),
    of_text("SQLite, deleted row (file)", _sqlite_deleted, is_file=True),
    of_text("SQLite WAL (file)", _sqlite_wal, is_file=True),
    of_bytes("PostgreSQL page", _postgres_page),
    of_bytes("PostgreSQL WAL", _postgres_wal),
    of_bytes("PostgreSQL TOAST, pglz", _postgres_toast),
    of_bytes("RDB (file)", _rdb, is_file=True),
    of_bytes("AOF", _aof),
    *(_parquet(codec) for codec in ("none", "snappy", "gzip", "zstd", "brotli", "lz4")),
    _arrow(None), _arrow("lz4"), _arrow("zstd"), _arrow(None, is_stream=True), _arrow("zstd", is_stream=True),
    of_text("ORC, zlib (file)", _orc, is_file=True),
    _avro("null"), _avro("deflate"), _avro("snappy"), _avro("zstandard"),
)  # fmt: skip
