"""Telephone numbers (ITU-T E.164) with an extension (RFC 3966 section 5.3), which makes them many within a small range.

Reserved for fiction: US and CA 555-0100 to 0199 (NANPA), GB 020 7946 0xxx (Ofcom), AU 02 5550 xxxx (ACMA), DE 030 23125 xxx
(Bundesnetzagentur), FR 01 99 00 xx xx (Arcep), SE 08-465 004 xx (PTS). The other ranges are ordinary city or mobile ranges
of which nothing is reserved: a number of theirs may be somebody's.
"""

from typing import Final

from attrs import frozen

from gameday.canary.families.base import Draw, Drawn, Family
from gameday.canary.families.characters import DIGITS, characters


@frozen
class Range:
    """Numbers that begin with `prefix` (after the plus) and go on with `free` digits."""

    prefix: str
    free: int
    is_reserved: bool = False


RANGES: Final = {
    "en_US": Range("121255501", 2, is_reserved=True),
    "en_CA": Range("161355501", 2, is_reserved=True),
    "en_GB": Range("442079460", 3, is_reserved=True),
    "en_AU": Range("6125550", 4, is_reserved=True),
    "de_DE": Range("493023125", 3, is_reserved=True),
    "fr_FR": Range("3319900", 4, is_reserved=True),
    "sv_SE": Range("468465004", 2, is_reserved=True),
    "es_ES": Range("3491555", 4),
    "it_IT": Range("3906555", 5),
    "nl_NL": Range("3120555", 4),
    "pl_PL": Range("4822555", 4),
    "pt_BR": Range("5511555", 5),
    "tr_TR": Range("90312555", 4),
    "ja_JP": Range("8135550", 4),
    "zh_CN": Range("86105555", 4),
    "ko_KR": Range("8225550", 4),
    "ru_RU": Range("7495555", 4),
    "ar_EG": Range("2022555", 4),
    "el_GR": Range("30210555", 4),
    "he_IL": Range("97225550", 3),
    "hi_IN": Range("91112555", 4),
}
LOCALES: Final = tuple(RANGES)


def _draw(draw: Draw) -> Drawn:
    chosen = RANGES[draw.locale or LOCALES[0]]
    number, extension = (characters(draw.rng, of=DIGITS, count=count) for count in (chosen.free, 6))
    return Drawn((f"+{chosen.prefix}{number} ext. {extension}",), anchors=(chosen.prefix,))


PhonePrompt: Final = Family(
    name="phone",
    is_secret=False,
    is_redactable=True,
    draw=_draw,
    text=lambda values: f"Call the customer back at {values[0]} before noon",
    locales=LOCALES,
)
