"""Postal addresses as Faker makes them, care of a coined name of the site's (the anchor)."""

from typing import Final

from gameday.canary.families.base import Draw, Drawn, Family
from gameday.canary.families.characters import listed
from gameday.canary.families.localised import filled

LOCALES: Final = listed(
    "en_US en_GB de_DE fr_FR es_ES it_IT nl_NL pl_PL pt_BR sv_SE ja_JP zh_CN ko_KR ru_RU ar_DZ el_GR he_IL hi_IN th_TH"
)


def _draw(draw: Draw) -> Drawn:
    name = draw.rng.choice(draw.anchors.names)
    return Drawn(
        (f"c/o {name}, {filled(draw, provider='address', locale=draw.locale or LOCALES[0])}",), anchors=(name,)
    )


AddressPrompt: Final = Family(
    name="address",
    is_secret=False,
    is_redactable=True,
    draw=_draw,
    text=lambda values: f"Where is the parcel to {values[0]} and when will it arrive",
    locales=LOCALES,
)
