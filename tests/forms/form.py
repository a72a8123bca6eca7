"""What a form is: a way in which a text comes to rest, made here by anyone's code but the finder's."""

import json
import random
from collections.abc import Callable, Iterator
from typing import Final

from attrs import frozen

Make = Callable[[str, str, random.Random], bytes]
Pack = Callable[[bytes], bytes]


class Missing(Exception):
    """Says what is not there."""


@frozen
class Form:
    """`make(text, token, rng)`: the text, which holds the token once, in this form. `is_file`: it is a whole file or body,
    and is not to be looked for in the middle of something else.
    """

    name: str
    make: Make
    is_file: bool = False


def of_text(name: str, spell: Callable[[str], bytes | str], *, is_file: bool = False) -> Form:
    return Form(name, lambda text, _token, _rng: _bytes(spell(text)), is_file)


def of_bytes(name: str, pack: Pack, *, is_file: bool = False) -> Form:
    return Form(name, lambda text, _token, _rng: pack(text.encode()), is_file)


def of_dice(name: str, spell: Callable[[str, random.Random], bytes | str], *, is_file: bool = False) -> Form:
    return Form(name, lambda text, _token, rng: _bytes(spell(text, rng)), is_file)


def _bytes(spelt: bytes | str) -> bytes:
    return spelt.encode() if isinstance(spelt, str) else spelt


def pieces(text: str, *, rng: random.Random, shortest: int, longest: int) -> Iterator[str]:
    start = 0
    while start < len(text):
        size = rng.randint(shortest, longest)
        yield text[start : start + size]
        start += size


def cut_in_token(text: str, token: str, rng: random.Random, *, cuts: int = 1) -> list[str]:
    start = text.index(token)
    places = sorted(rng.sample(range(start + 1, start + len(token)), cuts))
    return [text[low:high] for low, high in zip([0, *places], [*places, len(text)], strict=True)]


def stamp(rng: random.Random) -> str:
    return f"2026-03-{rng.randint(1, 28):02d}T{rng.randrange(24):02d}:07:{rng.randrange(60):02d}.{rng.randrange(10**6):06d}Z"


def log_line(message: str, *, rng: random.Random) -> str:
    return f"{stamp(rng)} INFO gateway req={rng.getrandbits(32):08x} msg={message}\n"


def json_line(message: str, *, rng: random.Random, key: str = "log") -> str:
    return json.dumps({"time": stamp(rng), key: message, "stream": "stdout", "seq": rng.randrange(10**6)}) + "\n"


_TEXT: Final = (
    "please review the invoice for account and confirm shipment before friday because customer asked about refund "
    "policy in second quarter report when pump housing was replaced near old station"
)
_WORDS: Final = _TEXT.split()


def words(count: int, *, rng: random.Random) -> str:
    return " ".join(rng.choices(_WORDS, k=count))


def sentence(token: str, *, rng: random.Random) -> str:
    """A text as a prompt might be, with the token somewhere in it."""
    return f"{words(rng.randint(4, 25), rng=rng)} (ref {token}) {words(rng.randint(4, 25), rng=rng)}."
