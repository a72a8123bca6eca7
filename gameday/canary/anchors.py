"""Anchors: what values and prose have in common at one site, so that one search finds any number of them.

A value that has room for a token carries one. Any other value, and every eighth word or so of prose, holds an anchor: a
coined name that no language has, or digits that only this site's canaries begin with. The search looks for the anchors
alone; where one stands, the words around it are looked up among the canaries.
"""

import random
from typing import Final

from attrs import field, frozen

from gameday.canary.key import SiteKey

NAMES: Final = 48
_ONSETS: Final = (
    "b",
    "br",
    "d",
    "dr",
    "f",
    "g",
    "h",
    "k",
    "l",
    "m",
    "n",
    "p",
    "qu",
    "r",
    "s",
    "t",
    "th",
    "v",
    "w",
    "z",
)
_VOWELS: Final = ("a", "e", "i", "o", "u", "ai", "or", "el", "an")
_ENDINGS: Final = ("n", "m", "s", "tt", "ck", "by", "ley", "worth")


@frozen
class Anchors:
    """`names`: coined surnames, 8 to 12 ASCII letters, capitalised. `digits`: six of them, the first not 0."""

    names: tuple[str, ...] = field(repr=False)
    digits: str = field(repr=False)


def anchors_of(key: SiteKey) -> Anchors:
    """The site's own, the same ones for the same key."""
    rng = random.Random(key.digest(b"", purpose=b"anchors", size=32))  # noqa: S311 - the key makes the seed
    names = dict[str, None]()
    while len(names) < NAMES:
        name = "".join(rng.choice(_ONSETS) + rng.choice(_VOWELS) for _ in range(3)) + rng.choice(_ENDINGS)
        if 8 <= len(name) <= 12:  # noqa: PLR2004 - shorter ones occur by chance, longer ones are no names
            names[name.capitalize()] = None
    return Anchors(tuple(names), str(rng.randrange(200_000, 1_000_000)))
