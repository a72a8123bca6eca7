"""Parquet, by pyarrow: texts, blobs and long numbers of every column, also of nested ones, a few rows at a time.

Arrow files need nothing of their own: each of their buffers is plain, or one zstd or lz4 frame.
"""

from collections.abc import Generator, Iterable, Iterator
from typing import TYPE_CHECKING, Final

from gameday.canary.source import Member, NotThisFormat, Source, Unpacker, Unread
from gameday.canary.unpack.optional import needed
from gameday.canary.unpack.parquet_pages import page_sizes
from gameday.canary.unpack.stream import MOST_BYTES, gathered, sliced

if TYPE_CHECKING:
    import pyarrow as pa
    from pyarrow import parquet

LIMIT_BYTES: Final = 64 << 20
MOST_PAGE_BYTES: Final = 32 << 20  # unpacked; writers make pages of 1 MiB
_MOST_ROWS: Final = 1024
_LONG_BITS: Final = 64  # integers that may be a card number


def _leaves(array: "pa.Array") -> Iterator["pa.Array"]:
    """What a column holds below lists, structs, maps and dictionaries."""
    import pyarrow as pa  # noqa: PLC0415

    kind = array.type
    if pa.types.is_dictionary(kind):
        yield from _leaves(array.dictionary.take(array.indices.unique().drop_null()))
    elif pa.types.is_struct(kind):
        yield from (leaf for place in range(kind.num_fields) for leaf in _leaves(array.field(place)))
    elif pa.types.is_map(kind):
        yield from _leaves(array.keys)
        yield from _leaves(array.items)
    elif isinstance(kind, pa.BaseExtensionType):
        yield from _leaves(array.storage)
    elif hasattr(array, "flatten"):
        yield from _leaves(array.flatten())
    else:
        yield array


def _has_text(kind: "pa.DataType") -> bool:
    """Whether it may hold something of a prompt."""
    from pyarrow import types  # noqa: PLC0415

    if types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind):
        return True
    if types.is_binary(kind) or types.is_large_binary(kind) or types.is_binary_view(kind):
        return True
    is_long = types.is_integer(kind) and kind.bit_width == _LONG_BITS
    return bool(is_long or types.is_decimal(kind) or types.is_fixed_size_binary(kind))


def _as_bytes(cell: object) -> bytes:
    return cell if isinstance(cell, bytes) else str(cell).encode("utf-8", "surrogatepass")


def _lines(arrays: Iterable["pa.Array"]) -> Iterator[bytes]:
    """A line a cell."""
    for array in arrays:
        for leaf in _leaves(array):
            if _has_text(leaf.type):
                cells = leaf.drop_null().to_pylist()
                yield from sliced(b"".join(_as_bytes(cell) + b"\n" for cell in cells))


def _batches(file: "parquet.ParquetFile", view: memoryview, group: int, place: int) -> Iterator["pa.Array"]:
    """One column of one row group. Raises Unread where a page of it would be too large."""
    column = file.metadata.row_group(group).column(place)
    start = column.data_page_offset
    if column.dictionary_page_offset is not None:
        start = min(start, column.dictionary_page_offset)
    largest = max(page_sizes(view[start : start + column.total_compressed_size]), default=0)
    if largest > MOST_PAGE_BYTES:
        raise Unread(f"a page of it unpacks to {largest} bytes, more than {MOST_PAGE_BYTES >> 20} MiB")
    cell_bytes = column.total_uncompressed_size // max(1, column.num_values) + 1
    rows = max(1, min(_MOST_ROWS, MOST_BYTES // cell_bytes))
    for batch in file.iter_batches(rows, row_groups=[group], columns=[column.path_in_schema], use_threads=False):
        yield from batch.columns


def _pieces(file: "parquet.ParquetFile", view: memoryview, group: int, place: int) -> Iterator[bytes]:
    import pyarrow as pa  # noqa: PLC0415

    try:
        yield from gathered(_lines(_batches(file, view, group, place)))
    except (pa.ArrowException, OSError, ValueError, NotImplementedError) as error:
        raise Unread("the column is broken, or of a kind that pyarrow does not read") from error


def _file(view: memoryview) -> "parquet.ParquetFile":
    with needed("pyarrow", to_read="Parquet"):
        import pyarrow as pa  # noqa: PLC0415
        from pyarrow import parquet  # noqa: PLC0415
    source = pa.BufferReader(pa.py_buffer(view))
    try:
        schema = parquet.read_metadata(source).schema
        columns = map(schema.column, range(len(schema)))
        texts = [column.path for column in columns if column.physical_type == "BYTE_ARRAY"]
        # what a dictionary holds comes out once a batch, not once a row
        return parquet.ParquetFile(source, read_dictionary=texts)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise NotThisFormat from error


def _unpack(source: Source, start: int) -> Generator[Member, None, int | None]:
    view = source.rest(start, limit=LIMIT_BYTES)
    with _file(view) as file:
        for group in range(file.metadata.num_row_groups):
            for place in range(file.metadata.num_columns):
                path = file.metadata.schema.column(place).path
                yield Member(path, _pieces(file, view, group, place))
    return None


PARQUET: Final = Unpacker(form="parquet", magics=(b"PAR1",), anywhere=False, unpack=_unpack)
