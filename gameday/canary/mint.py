"""Mints canaries: synthetic prompts that carry a token, the same ones again for the same key, run, seed and serial."""

import itertools
import random
from collections.abc import Iterator, Sequence
from typing import Final

from attrs import field, frozen

from gameday.canary.families import Family
from gameday.canary.key import SiteKey
from gameday.canary.token import SERIAL_BITS, SLOT_BITS, TENANT_BITS, Mixing, TokenId, Tokens
from gameday.errors import UsageError

SLOTS: Final = ("system", "user", "history", "tool", "rag", "metadata", "attachment", "schema")
_SERIALS: Final = 1 << SERIAL_BITS
_TENANTS: Final = 1 << TENANT_BITS
assert len(SLOTS) <= 1 << SLOT_BITS


@frozen(kw_only=True)
class Canary:
    """One synthetic prompt. Its `id` is harmless; its `text`, `token` and `values` are what must never be printed."""

    id: str
    family: str
    tenant: str
    slot: str
    token_id: TokenId
    is_secret: bool
    is_redactable: bool
    fingerprint: str
    token: str = field(repr=False)
    values: tuple[str, ...] = field(repr=False)
    text: str = field(repr=False)

    def __str__(self) -> str:
        return f"{self.id} ({self.fingerprint})"


class Mint:
    """One run's canaries. Workers that share a run take `first_serial` = their number and `stride` = how many they are."""

    def __init__(
        self, key: SiteKey, *, run: str, seed: int, tenants: Sequence[str], first_serial: int = 0, stride: int = 1
    ) -> None:
        if not 0 < len(set(tenants)) == len(tenants) <= _TENANTS:
            raise UsageError(f"a run has 1 to {_TENANTS} different tenants, not {list(tenants)}. Split the run.")
        self._key, self._run, self._seed = key, run, seed
        self._tokens, self._ids = Tokens(key), Mixing(key, purpose=b"canary id")
        self._run_number = self._tokens.run_number(run)
        self._tenants = {name: number for number, name in enumerate(tenants)}
        self._serials: dict[tuple[str, str], Iterator[int]] = {
            place: itertools.count(first_serial, stride) for place in itertools.product(tenants, SLOTS)
        }

    def canary(
        self, family: Family, *, tenant: str, slot: str = "user", serial: int | None = None, with_value: bool = True
    ) -> Canary:
        """The next canary of this tenant and slot, or the one with this `serial`; `with_value=False`: a token alone."""
        token_id = self._token_id(tenant=tenant, slot=slot, serial=serial)
        token = self._tokens.mint(token_id)
        values = family.value(self._rng(token_id, family=family)) if with_value else ()
        sentence = family.text(values) if with_value else "Tell me what the weather is like today"
        return Canary(
            id=self._id(token_id),
            family=family.name,
            tenant=tenant,
            slot=slot,
            token_id=token_id,
            is_secret=family.is_secret,
            is_redactable=family.is_redactable,
            fingerprint=self._fingerprint("\n".join((token, *values))),
            token=token,
            values=values,
            text=f"{sentence} (ref {token})",
        )

    def _token_id(self, *, tenant: str, slot: str, serial: int | None) -> TokenId:
        if tenant not in self._tenants or slot not in SLOTS:
            known = f"tenants {', '.join(self._tenants)}; slots {', '.join(SLOTS)}"
            raise UsageError(f"no tenant {tenant!r} with a slot {slot!r}: this run has {known}.")
        number = next(self._serials[tenant, slot]) if serial is None else serial
        if not 0 <= number < _SERIALS:
            raise UsageError(
                f"serial {number} of tenant {tenant!r}, slot {slot!r}: a run has {_SERIALS} canaries for each tenant and "
                "slot. Spread them over more slots or tenants, or begin another run."
            )
        return TokenId(run=self._run_number, tenant=self._tenants[tenant], slot=SLOTS.index(slot), serial=number)

    def _rng(self, token_id: TokenId, *, family: Family) -> random.Random:
        name = f"{self._run}\0{self._seed}\0{token_id.packed()}\0{family.name}".encode()
        drawn = self._key.digest(name, purpose=b"canary value", size=32)
        return random.Random(int.from_bytes(drawn, "big"))  # noqa: S311 - values must come again; the key makes the seed

    def _id(self, token_id: TokenId) -> str:
        mixed = f"{self._ids.mix(token_id.packed()):08x}"
        return f"c{mixed[:4]}-{mixed[4:]}"

    def _fingerprint(self, text: str) -> str:
        return self._key.digest(text.encode(), purpose=b"fingerprint", size=4).hex()
