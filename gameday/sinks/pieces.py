"""A body of any size, in pieces that can be searched one by one.

Text is cut into small pieces. What is not text may be packed, and a pack can only be opened as a whole: it is cut only where it
is very large. Pieces overlap, so that nothing is lost at a cut; a pack that is cut all the same is noted by the finder as one
that it could not open, and such a look is no evidence.
"""

from collections.abc import Callable, Iterator
from typing import Final

from attrs import frozen

_LOOK: Final = 8192
_CONTROLS: Final = bytes(set(range(32)) - set(b"\t\n\r\f\b\x1b"))


@frozen
class Cut:
    """At most `size` bytes a piece, of which `overlap` are the end of the piece before."""

    size: int
    overlap: int


TEXT: Final = Cut(2**20, 4096)
PACKED: Final = Cut(64 * 2**20, 5 * 2**20)  # SeaweedFS cuts what it stores, and packs, in chunks of 4 MiB


def pieces(read: Callable[[int], bytes], *, text: Cut = TEXT, packed: Cut = PACKED) -> Iterator[tuple[int, bytes]]:
    """Each piece with its offset. An empty body has none. `read(n)` gives at most n bytes, and none at the end only."""
    head = _full(read, text.size)
    if not head:
        return
    cut = text if _is_text(head) else packed
    piece = head + _full(read, cut.size - len(head)) if cut.size > len(head) >= text.size else head
    offset = 0
    while True:
        yield offset, piece
        if len(piece) < cut.size:
            return
        more = _full(read, cut.size - cut.overlap)
        if not more:
            return
        offset += len(piece) - cut.overlap
        piece = piece[-cut.overlap :] + more


def _full(read: Callable[[int], bytes], size: int) -> bytes:
    """As many bytes as there are, up to `size`; a stream may give fewer at a time."""
    parts, missing = [], size
    while missing > 0 and (part := read(missing)):
        parts.append(part)
        missing -= len(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _is_text(head: bytes) -> bool:
    look = head[:_LOOK]
    if look.translate(None, _CONTROLS) != look:
        return False
    try:
        look.decode()
    except UnicodeDecodeError as error:
        return error.reason == "unexpected end of data" and error.start > len(look) - 4
    return True
