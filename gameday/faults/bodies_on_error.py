"""Request bodies in the log, but only of what failed (F1, L3): silent until the first bad request."""

from typing import Final

from attrs import frozen

from gameday.clock import Interval
from gameday.faults.base import Undo
from gameday.faults.one_key import OneKey
from gameday.place import Place
from gameday.servers.powers import Settings
from gameday.systems.base import GatewayLog

KEY: Final = "log.bodies_on_error"


@frozen
class BodiesOnError:
    """Lets the gateway log the body of every request that it refuses."""

    log: GatewayLog
    name = "BodiesOnError"

    @property
    def settings(self) -> Settings:
        return self.log.settings

    @property
    def origin(self) -> Place:
        return self.log.lines

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
