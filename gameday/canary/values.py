"""The values of issued canaries, looked up in a text near an anchor: a card, an IBAN, an address, however it is written."""

import re
import unicodedata
from collections.abc import Iterator
from typing import Final

from attrs import frozen

from gameday.canary.confusables import PLAIN

_NEXT_CHARS: Final = 6  # behind the anchor: what tells most values of one anchor apart
_NO_CHAR: Final = re.compile(r"[\W_]+")


@frozen
class _Value:
    """`text` is bare; its anchor stands in it at `at`."""

    text: str
    at: int
    owner: int


class Values:
    """Any number of values: a look-up costs what the text is long."""

    def __init__(self) -> None:
        self._by_anchor: dict[str, dict[str, list[_Value]]] = {}

    def add(self, value: str, *, anchors: tuple[str, ...], owner: int) -> None:
        """Under those of `anchors` that stand in it."""
        text = bare_text(value)
        for anchor in map(bare_text, anchors):
            at = text.find(anchor)
            if at >= 0:
                behind = text[at + len(anchor) : at + len(anchor) + _NEXT_CHARS]
                known = self._by_anchor.setdefault(anchor, {}).setdefault(behind, [])
                if (one := _Value(text, at, owner)) not in known:
                    known.append(one)

    def look(self, text: str, *, anchor: str) -> Iterator[int]:
        """The owners of every value that stands in the text as a whole, and has this anchor."""
        bare, anchor = bare_text(text), bare_text(anchor)
        known, at = self._by_anchor.get(anchor, {}), -1
        while known and (at := bare.find(anchor, at + 1)) >= 0:
            behind = at + len(anchor)
            for size in range(_NEXT_CHARS + 1):
                for value in known.get(bare[behind : behind + size], ()):
                    if bare.startswith(value.text, max(at - value.at, 0)):
                        yield value.owner


def bare_text(text: str) -> str:
    """Letters and digits alone, of one case, with look-alikes made plain."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text.translate(PLAIN))
    return _NO_CHAR.sub("", text.casefold())
