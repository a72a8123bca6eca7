"""The alphabets of the families' values, and what is drawn from them."""

import random
import string
from typing import Final

from gameday.canary.families.base import Draw

DIGITS: Final = string.digits
BASE32: Final = string.ascii_uppercase + "234567"
BASE62: Final = string.digits + string.ascii_uppercase + string.ascii_lowercase
BASE64: Final = string.ascii_letters + string.digits + "+/"
URL64: Final = string.ascii_letters + string.digits + "-_"
PLAIN: Final = "0123456789cdfhjkmnpqrvwxy"


def listed(words: str) -> tuple[str, ...]:
    return tuple(words.split())


def characters(rng: random.Random, *, of: str, count: int) -> str:
    return "".join(rng.choices(of, k=count))


def around_token(draw: Draw, *, of: str, count: int) -> str:
    """`count` characters: the draw's token, and random ones before and behind it; the last is a letter or a digit."""
    free = characters(draw.rng, of=of, count=count - len(draw.token))
    at = draw.rng.randrange(len(free) + 1)
    return _ended(draw, free[:at] + draw.token + free[at:])


def _ended(draw: Draw, text: str) -> str:
    # Detectors look for the end of a word behind a key.
    return text if text[-1].isalnum() else text[:-1] + draw.rng.choice(BASE62)
