"""Faker, by locale and seed. It is imported on first use, because it takes a tenth of a second."""

from functools import cache
from threading import Lock
from typing import TYPE_CHECKING, Final

from gameday.canary.families.base import Draw

if TYPE_CHECKING:
    from faker import Faker

_FILLING: Final = Lock()  # seeding and drawing are two steps on one shared generator


@cache
def _faker(locale: str) -> "Faker":
    from faker import Faker  # noqa: PLC0415 - said above

    return Faker(locale, use_weighting=False)


def filled(draw: Draw, *, provider: str, locale: str) -> str:
    """What Faker's `provider` makes in that locale, on one line; the same again for the same draw."""
    with _FILLING:
        faker = _faker(locale)
        faker.seed_instance(draw.rng.getrandbits(64))
        return ", ".join(line.strip(" ,") for line in str(faker.format(provider)).splitlines())
