"""E-mail addresses (RFC 5322, addr-spec) at domains that nobody can own (RFC 2606). The local part holds the draw's token.

User names are the locale's, as Faker spells them in ASCII: addresses with other letters (RFC 6531) are beyond most detectors.
"""

from typing import Final

from gameday.canary.families.base import Draw, Drawn, Family
from gameday.canary.families.characters import listed
from gameday.canary.families.localised import filled

LOCALES: Final = listed(
    "en_US en_GB de_DE fr_FR es_ES it_IT nl_NL pl_PL pt_BR sv_SE tr_TR ja_JP zh_CN ko_KR ru_RU ar_AA el_GR he_IL hi_IN"
)


def _draw(draw: Draw) -> Drawn:
    user = filled(draw, provider="user_name", locale=draw.locale or LOCALES[0])
    house, end = draw.rng.choice(("mail", "office", "team")), draw.rng.choice(("com", "org", "net"))
    return Drawn((f"{user}.{draw.token}@{house}.example.{end}",))


EmailPrompt: Final = Family(
    name="email",
    is_secret=False,
    is_redactable=True,
    draw=_draw,
    text=lambda values: f"Draft an answer to {values[0]} about the late delivery",
    locales=LOCALES,
)
