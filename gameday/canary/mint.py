"""Mints canaries: synthetic prompts that carry a token, the same ones again for the same key, run, seed and serial."""

import itertools
import random
from collections.abc import Iterator, Sequence
from typing import Final

from attrs import field, frozen

from gameday import clock
from gameday.canary.anchors import anchors_of
from gameday.canary.families.base import Draw, Drawn, Family
from gameday.canary.key import SiteKey
from gameday.canary.token import SERIAL_BITS, SLOT_BITS, TENANT_BITS, Part, TokenId, Tokens, day_of
from gameday.errors import UsageError

SLOTS: Final = (
    *("system", "user", "history", "tool", "rag", "metadata", "attachment", "schema"),
    *("tool_args", "end_user"),
)
_SERIALS: Final = 1 << SERIAL_BITS
_TENANTS: Final = 1 << TENANT_BITS
assert len(SLOTS) <= 1 << SLOT_BITS


@frozen(kw_only=True)
class Canary:
    """One synthetic prompt. Its `id` is harmless; its `text`, `token` and `values` are what must never be printed.

    `serial` numbers it among those of its run, tenant and slot. `anchors` are what the search knows its values by.
    """

    id: str
    family: str
    locale: str
    tenant: str
    slot: str
    serial: int
    token_id: TokenId
    is_secret: bool
    is_redactable: bool
    fingerprint: str
    token: str = field(repr=False)
    values: tuple[str, ...] = field(repr=False)
    anchors: tuple[str, ...] = field(repr=False)
    text: str = field(repr=False)

    def __str__(self) -> str:
        return f"{self.id} ({self.fingerprint})"


class Mint:
    """One run's canaries. Workers that share a run take `first_serial` = their number and `stride` = how many they are.

    `day` is what tokens tell of when they were minted (`day_of`; default: today, UTC); the same canaries come again for the
    same one only.
    """

    def __init__(
        self,
        key: SiteKey,
        *,
        run: str,
        seed: int,
        tenants: Sequence[str],
        day: int | None = None,
        first_serial: int = 0,
        stride: int = 1,
    ) -> None:
        if not 0 < len(set(tenants)) == len(tenants) <= _TENANTS:
            raise UsageError(f"a run has 1 to {_TENANTS} different tenants, not {list(tenants)}. Split the run.")
        self._key, self._run, self._seed = key, run, seed
        self.day = day_of(clock.today()) if day is None else day
        self._tokens, self._anchors = Tokens(key), anchors_of(key)
        self._run_number, self._offset = self._tokens.run_number(run), self._tokens.first_serial(run)
        self._tenants = {name: number for number, name in enumerate(tenants)}
        self._serials: dict[tuple[str, str], Iterator[int]] = {
            place: itertools.count(first_serial, stride) for place in itertools.product(tenants, SLOTS)
        }

    def canary(
        self,
        family: Family,
        *,
        tenant: str,
        slot: str = "user",
        serial: int | None = None,
        locale: str | None = None,
        with_value: bool = True,
    ) -> Canary:
        """The next canary of this tenant and slot, or the one with this `serial`; `with_value=False`: a token alone."""
        number = self._number(tenant=tenant, slot=slot, serial=serial)
        token_id = self.token_id(tenant=tenant, slot=slot, serial=number)
        token, locale = self._tokens.mint(token_id), _locale(family, wanted=locale, serial=number)
        drawn = self._drawn(token_id, family=family, locale=locale) if with_value else Drawn(())
        sentence = family.text(drawn.values) if with_value else "Tell me what the weather is like today"
        return Canary(
            id=self._tokens.canary_id(token_id),
            family=family.name,
            locale=locale,
            tenant=tenant,
            slot=slot,
            serial=number,
            token_id=token_id,
            is_secret=family.is_secret,
            is_redactable=family.is_redactable,
            fingerprint=self._fingerprint("\n".join((token, *drawn.values))),
            token=token,
            values=drawn.values,
            anchors=drawn.anchors,
            text=f"{sentence} (ref {token})",
        )

    def token_id(self, *, tenant: str, slot: str, serial: int) -> TokenId:
        return TokenId(
            day=self.day,
            run=self._run_number,
            tenant=self._tenants[tenant],
            slot=SLOTS.index(slot),
            serial=(self._offset + serial) % _SERIALS,
        )

    def _number(self, *, tenant: str, slot: str, serial: int | None) -> int:
        if tenant not in self._tenants or slot not in SLOTS:
            known = f"tenants {', '.join(self._tenants)}; slots {', '.join(SLOTS)}"
            raise UsageError(f"no tenant {tenant!r} with a slot {slot!r}: this run has {known}.")
        number = next(self._serials[tenant, slot]) if serial is None else serial
        if not 0 <= number < _SERIALS:
            raise UsageError(
                f"serial {number} of tenant {tenant!r}, slot {slot!r}: a run has {_SERIALS} canaries for each tenant and "
                "slot. Spread them over more slots or tenants, or begin another run."
            )
        return number

    def _drawn(self, token_id: TokenId, *, family: Family, locale: str) -> Drawn:
        token = self._tokens.mint(token_id, part=Part.VALUE)
        rng = self._rng(token_id, family=family)
        return family.draw(Draw(rng=rng, token=token, anchors=self._anchors, locale=locale))

    def _rng(self, token_id: TokenId, *, family: Family) -> random.Random:
        name = f"{self._run}\0{self._seed}\0{token_id.packed()}\0{family.name}".encode()
        drawn = self._key.digest(name, purpose=b"canary value", size=32)
        return random.Random(int.from_bytes(drawn, "big"))  # noqa: S311 - values must come again; the key makes the seed

    def _fingerprint(self, text: str) -> str:
        return self._key.digest(text.encode(), purpose=b"fingerprint", size=4).hex()


def _locale(family: Family, *, wanted: str | None, serial: int) -> str:
    """Each of the family's in turn, where none is wanted."""
    if wanted is None:
        return family.locales[serial % len(family.locales)] if family.locales else ""
    if family.locales and wanted not in family.locales:
        raise UsageError(f"family {family.name!r} has no locale {wanted!r}. It has: {', '.join(family.locales)}.")
    return wanted if family.locales else ""
