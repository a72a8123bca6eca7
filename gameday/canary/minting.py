"""Canaries for a user's own system: what `gameday mint` writes to a file."""

import itertools
import secrets
from collections.abc import Iterator

from gameday.canary.families import FAMILIES
from gameday.canary.families.base import Family
from gameday.canary.key import SiteKey, load_or_make
from gameday.canary.mint import SLOTS, Canary, Mint
from gameday.errors import UsageError

TENANT = "default"


def mint(
    *,
    count: int | None = None,
    family: str | None = None,
    seed: int | None = None,
    locale: str | None = None,
    slot: str | None = None,
    tenant: str = TENANT,
    day: int | None = None,
    key: SiteKey | None = None,
) -> Iterator[Canary]:
    """`count` canaries (default: one of each family), of each family and for each slot in turn unless one is named.

    The same ones for the same key, seed and day (default: today). Raises UsageError for a name that does not exist.
    """
    families = [_named(family)] if family else _speaking(locale)
    slots = [slot] if slot else list(SLOTS)
    site_mint = Mint(key or load_or_make(), run=run_name(seed), seed=seed or 0, tenants=(tenant,), day=day)
    turns = zip(itertools.cycle(families), itertools.cycle(slots), strict=False)
    for one, where in itertools.islice(turns, len(families) if count is None else count):
        yield site_mint.canary(one, tenant=tenant, slot=where, locale=locale)


def run_name(seed: int | None) -> str:
    """Without a seed no two are the same."""
    return f"mint {secrets.token_hex(4)}" if seed is None else f"mint with seed {seed}"


def _named(name: str) -> Family:
    known = {family.name: family for family in FAMILIES}
    if name not in known:
        raise UsageError(f"no family {name!r}. There are: {', '.join(sorted(known))}.")
    return known[name]


def _speaking(locale: str | None) -> list[Family]:
    """All families; where a locale is named, those that have it."""
    chosen = [family for family in FAMILIES if locale is None or locale in family.locales]
    if not chosen:
        every = sorted({one for family in FAMILIES for one in family.locales})
        raise UsageError(f"no family has a locale {locale!r}. There are: {', '.join(every)}.")
    return chosen
