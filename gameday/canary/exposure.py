"""How much of a canary's text stands in another text: the share of its letters that are exposed."""

import itertools
import re
import unicodedata
from typing import Final

from attrs import define, field

_WORD: Final = re.compile(r"\w+")
_TELLING_CHARS: Final = (
    12  # a word so long (a token, a key, a card) counts wherever it stands; a shorter one in its place
)


def words_of(text: str) -> list[str]:
    return _WORD.findall(unicodedata.normalize("NFKC", text).casefold())


@define
class Exposure:
    """Of one canary, over all the windows in which it was found."""

    words: list[str] = field(repr=False)
    exposed: set[int] = field(factory=set)
    least_letters: int = 0  # so many are known to be exposed, whatever the words tell

    def add(self, text: str) -> None:
        """A word counts as exposed where one of its neighbours stands beside it as well."""
        there = words_of(text)
        pairs, singles = set(itertools.pairwise(there)), set(there)
        for place, word in enumerate(self.words):
            if len(word) >= _TELLING_CHARS and word in singles:
                self.exposed.add(place)
            if tuple(self.words[place : place + 2]) in pairs:
                self.exposed |= {place, place + 1}

    @property
    def is_whole(self) -> bool:
        return len(self.exposed) == len(self.words)

    @property
    def share(self) -> float:
        """By letters, from 0 to 1."""
        every = sum(map(len, self.words))
        exposed = sum(len(self.words[place]) for place in self.exposed)
        return min(max(exposed, self.least_letters) / every, 1.0) if every else 0.0
