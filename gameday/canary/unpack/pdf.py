"""PDF: the text of each page, in reading order, and what the document says about itself, by pypdf.

The streams of a PDF are zlib streams, which the search finds by itself; this joins what a page sets letter by letter.
"""

import logging
from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING, Final

from gameday.canary.source import Member, NotThisFormat, Source, Unpacker, Unread
from gameday.canary.unpack.optional import needed
from gameday.canary.unpack.view_file import opened

if TYPE_CHECKING:
    from pypdf import PdfReader

LIMIT_BYTES: Final = 64 << 20


def _about(reader: "PdfReader") -> Iterator[bytes]:
    try:
        for key, value in (reader.metadata or {}).items():
            yield f"{key} {value}\n".encode("utf-8", "surrogatepass")
    except Exception as error:  # pypdf raises whatever a broken file leads to
        raise Unread("its metadata is broken") from error


def _text(reader: "PdfReader", place: int) -> Iterator[bytes]:
    try:
        text = reader.pages[place].extract_text()
    except Exception as error:
        raise Unread("pypdf cannot set the text of this page") from error
    yield text.encode("utf-8", "surrogatepass")


def _count(reader: "PdfReader") -> int:
    """Of pages. Raises Unread where a password is needed."""
    try:
        is_open = not reader.is_encrypted or bool(reader.decrypt(""))
        count = len(reader.pages) if is_open else 0
    except Exception as error:
        raise Unread("its list of pages is broken, or encrypted in a way that pypdf does not read") from error
    if not is_open:
        raise Unread("encrypted")
    return count


def _unpack(source: Source, start: int) -> Generator[Member, None, int | None]:
    with needed("pypdf", to_read="PDF text"):
        import pypdf  # noqa: PLC0415
    logging.getLogger("pypdf").setLevel(logging.CRITICAL + 1)  # its warnings quote what it read
    with opened(source.rest(start, limit=LIMIT_BYTES)) as file:
        try:
            reader = pypdf.PdfReader(file)
        except Exception as error:
            raise NotThisFormat from error
        yield Member("metadata", _about(reader))
        for place in range(_count(reader)):
            yield Member(f"page {place + 1}", _text(reader, place))
    return None


PDF: Final = Unpacker(form="pdf", magics=(b"%PDF-",), anywhere=False, unpack=_unpack)
