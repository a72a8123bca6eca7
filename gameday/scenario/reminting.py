"""The canaries of a journal, minted again: a journal names them and holds none of them, and the key alone brings them back.

So what the workers of a run planted reaches the controller without crossing any wire, also from a worker that was killed.
"""

from collections.abc import Sequence
from typing import Final

from attrs import field, frozen

from gameday.canary.families import FAMILIES
from gameday.canary.key import SiteKey
from gameday.canary.mint import Canary, Mint
from gameday.canary.token import SERIAL_BITS, Tokens
from gameday.timeline import Planted, RunStarted, Sent, Timeline

_FAMILIES: Final = {family.name: family for family in FAMILIES}


@frozen(kw_only=True)
class Reminted:
    """`unknown`: families that are not gameday's own, whose canaries cannot be minted again."""

    canaries: tuple[Canary, ...] = field(repr=False)
    unknown: tuple[str, ...]


def remint(run: Timeline, *, key: SiteKey, tenants: Sequence[str]) -> Reminted:
    """All canaries that the run sent. `tenants`: those of the run, in the order in which it had them."""
    minter = _Minter(run.of(RunStarted)[0], key=key, tenants=tuple(tenants))
    every = [(sent, planted) for sent in run.of(Sent) for planted in sent.planted]
    return Reminted(
        canaries=tuple(minter.canary(sent, planted) for sent, planted in every if planted.family in _FAMILIES),
        unknown=tuple(dict.fromkeys(planted.family for _, planted in every if planted.family not in _FAMILIES)),
    )


class _Minter:
    def __init__(self, started: RunStarted, *, key: SiteKey, tenants: tuple[str, ...]) -> None:
        self._started, self._key, self._tenants = started, key, tenants
        self._tokens = Tokens(key)
        self._mints: dict[int, Mint] = {}

    def canary(self, sent: Sent, planted: Planted) -> Canary:
        token_id = self._tokens.of_canary(planted.canary)
        first = self._tokens.first_serial(self._started.run)
        return self._mint(token_id.day).canary(
            _FAMILIES[planted.family],
            tenant=sent.tenant,
            slot=planted.slot,
            serial=(token_id.serial - first) % (1 << SERIAL_BITS),
            with_value=planted.has_value,
        )

    def _mint(self, day: int) -> Mint:
        """A run may last over midnight: each day's canaries are other ones."""
        if day not in self._mints:
            run, seed = self._started.run, self._started.seed
            self._mints[day] = Mint(self._key, run=run, seed=seed, tenants=self._tenants, day=day)
        return self._mints[day]
