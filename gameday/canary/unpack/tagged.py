"""The text of office documents: their XML without its tags, so that words split over several runs stand together again."""

import re
from collections.abc import Iterable, Iterator
from typing import Final

from attrs import define, field

from gameday.canary.source import Unread
from gameday.canary.unpack.stream import PIECE_BYTES

MOST_TEXT_BYTES: Final = 16 << 20  # of one part, kept until the part itself has gone by
_MOST_TAG_BYTES: Final = 65536  # what is longer is no tag
_PARTS: Final = re.compile(r"(?:word|xl|ppt)/.*\.xml|content\.xml")
_BREAKS: Final = re.compile(rb"</(?:\w+:)?(?:p|h|si|row|c)>|<\w+:(?:br|tab|cr|s|line-break)\b[^<>]*>")
_TAGS: Final = re.compile(rb"<[^<>]*>")


def is_tagged(name: str) -> bool:
    """Whether a member of this name is the text of a document, a sheet or a slide (OOXML, OpenDocument)."""
    return _PARTS.fullmatch(name) is not None


@define
class Text:
    """The text between the tags of what goes by."""

    _open: bytes = field(default=b"", repr=False)
    _kept: list[bytes] = field(factory=list, repr=False)
    _kept_bytes: int = 0
    _is_over: bool = False

    def passing(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        """The pieces as they are."""
        for piece in pieces:
            self._feed(piece)
            yield piece

    def pieces(self) -> Iterator[bytes]:
        """What was gathered. Raises Unread in the end where it was more than MOST_TEXT_BYTES."""
        text = b"".join((*self._kept, self._open))
        for at in range(0, len(text), PIECE_BYTES):
            yield text[at : at + PIECE_BYTES]
        if self._is_over:
            raise Unread(f"words split by tags were joined in the first {MOST_TEXT_BYTES >> 20} MiB only")

    def _feed(self, piece: bytes) -> None:
        data = self._open + piece
        whole = data.rfind(b"<")
        if whole < 0 or data.find(b">", whole) >= 0 or len(data) - whole > _MOST_TAG_BYTES:
            whole = len(data)
        self._open = data[whole:]
        self._keep(_TAGS.sub(b"", _BREAKS.sub(b"\n", data[:whole])))

    def _keep(self, text: bytes) -> None:
        room = MOST_TEXT_BYTES - self._kept_bytes
        self._is_over |= len(text) > room
        if room and text:
            self._kept.append(text[:room])
            self._kept_bytes += min(room, len(text))
