"""Canaries laid into noise, in a form."""

import functools
import random
import string
from typing import Final

from attrs import frozen

from gameday.canary.families import FAMILIES
from gameday.canary.find import Finder
from gameday.canary.key import SiteKey
from gameday.canary.mint import SLOTS, Canary, Mint
from tests.forms.form import Form, json_line, log_line, sentence, words

KEY: Final = SiteKey(b"f" * 32)
TENANTS: Final = ("acme", "globex")
ISSUED: Final = 120


def minted(*, key: SiteKey = KEY, count: int = ISSUED) -> list[Canary]:
    mint = Mint(key, run="run-1", seed=1, tenants=TENANTS)
    return [
        mint.canary(FAMILIES[number % len(FAMILIES)], tenant=TENANTS[number % 2], slot=SLOTS[number % len(SLOTS)])
        for number in range(count)
    ]


@functools.cache
def canaries() -> list[Canary]:
    return minted()


@functools.cache
def finder() -> Finder:
    return Finder((KEY,), canaries())


@frozen(kw_only=True)
class Planting:
    """Which canary, and the seed of all the rest; nothing of it may not be shown."""

    number: int
    seed: int
    lines_before: int
    lines_after: int

    @property
    def canary_id(self) -> str:
        return canaries()[self.number].id

    def body(self, form: Form) -> bytes:
        return self.body_with(form, token=canaries()[self.number].token)

    def body_with(self, form: Form, *, token: str) -> bytes:
        rng = random.Random(self.seed)
        made = form.make(sentence(token, rng=rng), token, rng)
        if form.is_file:
            return made
        return b"".join((noise(self.lines_before, rng=rng), made, b"\n", noise(self.lines_after, rng=rng)))


def noise(lines: int, *, rng: random.Random) -> bytes:
    """Log lines as they stand around it; what they hold looks a little like tokens."""
    return "".join(_noise_line(rng) for _ in range(lines)).encode()


def _noise_line(rng: random.Random) -> str:
    chars = "".join(rng.choices(string.ascii_letters + string.digits, k=rng.choice((12, 19, 40, 64))))
    write = rng.choice((log_line, json_line))
    return write(f"{words(rng.randrange(12), rng=rng)} id={chars}", rng=rng)
