"""The gateway's log at debug, bodies with it (F1, L3; mistake 20): left on after somebody looked for something else."""

from typing import Final

import msgspec
from attrs import frozen

from gameday.clock import Interval
from gameday.errors import HarnessError
from gameday.faults.base import Undo
from gameday.faults.one_key import OneKey
from gameday.place import Place
from gameday.servers.powers import Settings
from gameday.systems.base import GatewayLog

KEY: Final = "log"
DEBUG: Final = {"level": "debug", "bodies": True}


@frozen
class DebugLogLevel:
    """Turns the gateway's log to debug, with the bodies of all requests."""

    log: GatewayLog
    name = "DebugLogLevel"

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
        return self._current().items() >= DEBUG.items()

    @property
    def _key(self) -> OneKey:
        return OneKey(settings=self.settings, key=KEY, ours={**self._current(), **DEBUG})

    def _current(self) -> dict[str, object]:
        current = self.settings.get(KEY)
        if current is None:
            raise HarnessError(f"{self.settings.ref} has no {KEY}")
        return msgspec.json.decode(current, type=dict[str, object])
