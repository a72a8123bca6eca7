"""The canaries that a search knows: by id, by the values and prose that an anchor leads to, and the tokens of their sites."""

from collections.abc import Iterator, Sequence
from typing import Final

from attrs import frozen

from gameday.canary.anchors import anchors_of
from gameday.canary.exposure import words_of
from gameday.canary.key import SiteKey
from gameday.canary.mint import SLOTS, Canary
from gameday.canary.prose import ProseIndex
from gameday.canary.token import Checked, Part, Tokens
from gameday.canary.token_search import TokenSearch
from gameday.canary.values import Values

_PROSE_FROM_WORDS: Final = 20  # a value with as many words is known by their sequences, a shorter one as a whole


@frozen
class Site:
    """One key's tokens, and the search for them."""

    tokens: Tokens
    search: TokenSearch


class Known:
    """Grows as canaries are sent."""

    def __init__(self, keys: Sequence[SiteKey]) -> None:
        self.sites = tuple(_site(key) for key in keys)
        self.anchors: dict[str, None] = {}
        self._canaries: list[Canary] = []
        self._numbers: dict[str, int] = {}
        self._values = Values()
        self._prose = ProseIndex(name for key in keys for name in anchors_of(key).names)

    def add(self, canary: Canary) -> None:
        if canary.id in self._numbers:
            return
        number = self._numbers[canary.id] = len(self._canaries)
        self._canaries.append(canary)
        self.anchors.update(dict.fromkeys(canary.anchors))
        for site in self.sites:
            if site.tokens.check(canary.token) is not None:
                site.search.issue(canary.token_id)
        for value in canary.values:
            self._add_value(value, number, anchors=canary.anchors)

    def get(self, canary_id: str) -> Canary | None:
        number = self._numbers.get(canary_id)
        return None if number is None else self._canaries[number]

    def words(self, canary: Canary) -> list[str]:
        """Those of its text, as `Exposure` counts them."""
        return words_of(canary.text)

    def near_anchor(self, text: str, *, anchor: str) -> Iterator[Canary]:
        """The canaries whose values, with this anchor, or whose prose stand in the text."""
        for number in {*self._values.look(text, anchor=anchor), *self._prose.look(text)}:
            yield self._canaries[number]

    def _add_value(self, value: str, number: int, *, anchors: tuple[str, ...]) -> None:
        if any(site.tokens.marker.decode() in value for site in self.sites):
            return  # it is known by the token in it
        if len(words_of(value)) >= _PROSE_FROM_WORDS:
            self._prose.add(number, value)
        else:
            self._values.add(value, anchors=anchors, owner=number)


def part_of(canary: Canary | None, checked: Checked) -> str:
    """As what a token that was found counts."""
    if checked.part is Part.TOKEN:
        return "token"
    return "value" if canary is None or canary.is_redactable else "prose"


def slot_of(checked: Checked) -> str:
    slot = checked.token_id.slot
    return SLOTS[slot] if slot < len(SLOTS) else ""


def _site(key: SiteKey) -> Site:
    tokens = Tokens(key)
    return Site(tokens, TokenSearch(tokens))
