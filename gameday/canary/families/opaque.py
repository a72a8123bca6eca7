"""The twin that no detector knows: 32 letters and digits without a rule."""

from typing import Final

from gameday.canary.families.base import Draw, Drawn, Family
from gameday.canary.families.characters import PLAIN, around_token


def _draw(draw: Draw) -> Drawn:
    return Drawn((around_token(draw, of=PLAIN, count=32),))


OpaquePrompt: Final = Family(
    name="opaque",
    is_secret=False,
    is_redactable=False,
    draw=_draw,
    text=lambda values: f"The reading room keeps it under {values[0]} on the third floor",
)
