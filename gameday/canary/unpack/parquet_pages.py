"""How large the pages of a Parquet column say they are, read off their Thrift headers before a library allocates that much."""

from collections.abc import Iterator
from typing import Final

_I32: Final = 5
_BOOLS: Final = (1, 2)
_WIDTHS: Final = {3: 1, 7: 8}  # of a byte and of a double
_VARINTS: Final = (4, 5, 6)
_BINARY, _LISTS, _STRUCT = 8, (9, 10), 12
_MOST_NESTED: Final = 8
_UNPACKED, _PACKED = 2, 3  # the fields of a page header


def page_sizes(column: memoryview) -> Iterator[int]:
    """What each page unpacks to. Raises ValueError where no page header stands."""
    at = 0
    try:
        while at < len(column):
            fields, at = _struct(column, at)
            yield fields.get(_UNPACKED, 0)
            at += max(0, fields.get(_PACKED, 0))
    except IndexError as error:
        raise ValueError("a page header is cut short") from error


def _varint(data: memoryview, at: int) -> tuple[int, int]:
    number = shift = 0
    while data[at] & 0x80:
        number |= (data[at] & 0x7F) << shift
        at, shift = at + 1, shift + 7
    return number | data[at] << shift, at + 1


def _struct(data: memoryview, at: int, nested: int = 0) -> tuple[dict[int, int], int]:
    """Its fields that are numbers, and where it ends."""
    if nested > _MOST_NESTED:
        raise ValueError("a page header is nested too deep")
    fields, number = dict[int, int](), 0
    while head := data[at]:
        at += 1
        if head >> 4:
            number += head >> 4
        else:
            number, at = _varint(data, at)
        if head & 15 == _I32:
            value, at = _varint(data, at)
            fields[number] = value >> 1 ^ -(value & 1)
        else:
            at = _behind(data, at, head & 15, nested)
    return fields, at + 1


def _behind(data: memoryview, at: int, kind: int, nested: int) -> int:
    """Where a value of this kind ends."""
    if kind in _VARINTS:
        return _varint(data, at)[1]
    if kind == _BINARY:
        size, at = _varint(data, at)
        return at + size
    if kind == _STRUCT:
        return _struct(data, at, nested + 1)[1]
    if kind in _LISTS:
        return _behind_list(data, at, nested)
    if kind not in _BOOLS and kind not in _WIDTHS:
        raise ValueError("a page header holds what Thrift does not know")
    return at + _WIDTHS.get(kind, 0)


def _behind_list(data: memoryview, at: int, nested: int) -> int:
    count, kind = data[at] >> 4, data[at] & 15
    at += 1
    if count == 15:  # noqa: PLR2004 - all four bits: the true count follows
        count, at = _varint(data, at)
    for _ in range(min(count, len(data))):
        at = at + 1 if kind in _BOOLS else _behind(data, at, kind, nested)
    return at
