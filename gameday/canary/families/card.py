"""Payment cards: numbers that begin as the networks' and processors' published test cards do (ISO/IEC 7812-1).

Sources: docs.stripe.com/testing, docs.adyen.com/development-resources/test-cards-and-credentials; lengths and ranges by network:
Visa 4 (16), Mastercard 51-55 and 2221-2720 (16), American Express 34 and 37 (15), Discover 6011 (16), UnionPay 62 (16 to 19).
"""

from typing import Final

from gameday.canary.families.base import Draw, Drawn, Family
from gameday.canary.families.characters import DIGITS, characters, listed

LENGTHS: Final = {
    16: listed("""
    411111 424242 400005 401288
    520082 545454 555555 510510 222300 222330 222240
    601111 601100
    """),
    15: ("378282", "371449"),
    19: ("620550", "620512"),
}
_KINDS: Final = tuple((length, prefix) for length, prefixes in LENGTHS.items() for prefix in prefixes)


def luhn_digit(digits: str) -> str:
    """The check digit that follows `digits` (ISO/IEC 7812-1, annex B)."""
    doubled = (int(char) * (2 - place % 2) for place, char in enumerate(reversed(digits)))
    return str(-sum(number // 10 + number % 10 for number in doubled) % 10)


def _draw(draw: Draw) -> Drawn:
    length, prefix = draw.rng.choice(_KINDS)
    digits = prefix + characters(draw.rng, of=DIGITS, count=length - len(prefix) - 1)
    return Drawn((digits + luhn_digit(digits),), anchors=(prefix,))


CardPrompt: Final = Family(
    name="card",
    is_secret=False,
    is_redactable=True,
    draw=_draw,
    text=lambda values: f"Refund the order that was paid with card {values[0]} please",
)
