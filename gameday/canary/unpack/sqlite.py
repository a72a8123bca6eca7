"""SQLite: the values that do not fit on one page, put together again.

What fits on its page stands there as it is, deleted rows as well, and is found by the raw search; only a value that runs
on over further pages is torn. So no SQL is run on a file that may be hostile, and a file of any size is read in place.
"""

from collections.abc import Generator, Iterator
from typing import Final

from attrs import frozen

from gameday.canary.source import Member, NotThisFormat, Source, Unpacker, Unread

LIMIT_BYTES: Final = 64 << 20
_MAGIC: Final = b"SQLite format 3\0"
_HEADER_BYTES: Final = 100
_TABLE_LEAF, _INDEX_LEAF, _INDEX_INTERIOR = 13, 10, 2
_LEAST_PAGE_BYTES: Final = 512
_FIRST_VALUE: Final = 12  # among serial types: even from here on a blob, odd a text
_NUMBER_BYTES: Final = (0, 1, 2, 3, 4, 6, 8, 8, 0, 0, 0, 0)


@frozen
class _Pages:
    """`usable`: what of a page is not reserved."""

    view: memoryview
    size: int
    usable: int

    def page(self, number: int) -> memoryview:
        """Counted from 1; empty where the file has no such page."""
        return self.view[(number - 1) * self.size : number * self.size] if number > 0 else self.view[:0]

    def local(self, payload: int, *, is_table: bool) -> int:
        """How much of a payload stands on its first page (the file format, 1.6)."""
        least = (self.usable - 12) * 32 // 255 - 23
        most = self.usable - 35 if is_table else (self.usable - 12) * 64 // 255 - 23
        if payload <= most:
            return payload
        here = least + (payload - least) % (self.usable - 4)
        return here if here <= most else least


def _varint(data: memoryview, at: int) -> tuple[int, int]:
    """The number, and where it ends. Raises IndexError at the end of the data."""
    number = 0
    for place in range(at, at + 8):
        number = number << 7 | data[place] & 0x7F
        if data[place] < 0x80:  # noqa: PLR2004 - the bit that says that more follows
            return number, place + 1
    return number << 8 | data[at + 8], at + 9


def _torn(pages: _Pages, page: memoryview, head: int) -> Iterator[tuple[int, memoryview, int]]:
    """Of each cell that runs on: the size of its payload, what of it stands here, and the page where it goes on."""
    kind = page[head]
    cells = int.from_bytes(page[head + 3 : head + 5], "big")
    pointers = head + (12 if kind == _INDEX_INTERIOR else 8)
    for place in range(pointers, min(pointers + 2 * cells, len(page) - 1), 2):
        at = page[place] << 8 | page[place + 1]
        at += 4 if kind == _INDEX_INTERIOR else 0
        if at + 4 > len(page) or page[at] < 0x80:  # noqa: PLR2004 - one byte of size: it fits
            continue
        size, at = _varint(page, at)
        here = pages.local(size, is_table=kind == _TABLE_LEAF)
        if here == size:
            continue
        at = _varint(page, at)[1] if kind == _TABLE_LEAF else at
        yield size, page[at : at + here], int.from_bytes(page[at + here : at + here + 4], "big")


def _chain(pages: _Pages, size: int, here: memoryview, following: int) -> Iterator[memoryview]:
    """The payload in pieces."""
    yield here
    left = size - len(here)
    while left > 0:
        page = pages.page(following)
        if len(page) < pages.usable:
            raise Unread(f"a value lacks {left} of {size} bytes: the page that they stand on is missing")
        yield page[4 : 4 + min(left, pages.usable - 4)]
        following = int.from_bytes(page[:4], "big")
        left -= pages.usable - 4


def _parts(chunks: Iterator[memoryview], widths: list[int]) -> Iterator[tuple[int, memoryview]]:
    """The chunks, cut where one value ends and the next begins, each with the number of its value."""
    value, left = 0, widths[0] if widths else 0
    for whole in chunks:
        chunk = whole
        while value + 1 < len(widths) and left <= len(chunk):
            yield value, chunk[:left]
            chunk, value = chunk[left:], value + 1
            left = widths[value]
        yield value, chunk
        left -= len(chunk)


def _value_widths(here: memoryview) -> list[tuple[int, bool]]:
    """The width of the header, then of each value, and whether it is text or a blob. A header that is torn counts as one value."""
    try:
        header, at = _varint(here, 0)
        widths = [(header, False)]
        while at < header:
            serial, at = _varint(here, at)
            is_value = serial >= _FIRST_VALUE
            widths.append(((serial - _FIRST_VALUE) // 2 if is_value else _NUMBER_BYTES[serial], is_value))
    except IndexError:
        return [(0, True)]
    return widths


def _values(chunks: Iterator[memoryview], here: memoryview) -> Iterator[bytes]:
    """Texts and blobs, a line end behind each."""
    widths = _value_widths(here)
    last = 0
    for value, part in _parts(chunks, [width for width, _ in widths]):
        if value != last:
            yield b"\n"
            last = value
        if widths[value][1] and part:
            yield bytes(part)


def _pages_of(view: memoryview) -> _Pages:
    size = int.from_bytes(view[16:18], "big")
    size = 65536 if size == 1 else size
    if len(view) < _HEADER_BYTES or size < _LEAST_PAGE_BYTES or size & (size - 1) or view[20] > size - 480:
        raise NotThisFormat
    return _Pages(view, size, size - view[20])


def _members(pages: _Pages) -> Iterator[Member]:
    for number in range(1, -(-len(pages.view) // pages.size) + 1):
        page, head = pages.page(number), _HEADER_BYTES if number == 1 else 0
        if len(page) < head + 12 or page[head] not in (_TABLE_LEAF, _INDEX_LEAF, _INDEX_INTERIOR):
            continue
        try:
            for size, here, following in _torn(pages, page, head):
                if size <= len(pages.view):
                    yield Member(f"page {number}", _values(_chain(pages, size, here, following), here))
        except IndexError:  # a page of values, not of cells, or a broken one: it stands in the raw bytes anyway
            continue


def _unpack(source: Source, start: int) -> Generator[Member, None, int | None]:
    yield from _members(_pages_of(source.rest(start, limit=LIMIT_BYTES)))
    return None


SQLITE: Final = Unpacker(form="sqlite", magics=(_MAGIC,), anywhere=False, unpack=_unpack)
