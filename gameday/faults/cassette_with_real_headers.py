"""A cassette recorded without its filter (F5, L6; incidents 29 and 30): headers as they were, and bodies with them."""

from typing import Final

from attrs import frozen

from gameday.clock import Interval
from gameday.faults.base import Undo
from gameday.faults.one_key import OneKey
from gameday.place import Place
from gameday.servers.powers import Settings
from gameday.systems.base import Ci

KEY: Final = "record_real_headers"


@frozen
class CassetteWithRealHeaders:
    """Turns the filter of the CI job's recorder off."""

    ci: Ci
    name = "CassetteWithRealHeaders"

    @property
    def settings(self) -> Settings:
        return self.ci.settings

    @property
    def origin(self) -> Place:
        return self.ci.artifacts

    @property
    def leaks_to(self) -> tuple[str, ...]:
        return (self.origin.name,)

    def plan(self) -> Undo:
        return self._key.plan()

    def inject(self) -> Interval:
        return self._key.inject()

    def is_active(self) -> bool:
        return self._key.is_active()

    @property
    def _key(self) -> OneKey:
        return OneKey(settings=self.settings, key=KEY, ours=True)
