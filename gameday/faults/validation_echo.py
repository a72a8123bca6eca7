"""A refusal that quotes its input (F1, L3): what a validation library's message says goes into the log."""

from typing import Final

from attrs import frozen

from gameday.clock import Interval
from gameday.faults.base import Undo
from gameday.faults.one_key import OneKey
from gameday.place import Place
from gameday.servers.powers import Settings
from gameday.systems.base import GatewayLog

KEY: Final = "log.errors_quote_input"


@frozen
class ValidationEcho:
    """Lets the gateway's refusals quote the input that they refuse."""

    log: GatewayLog
    name = "ValidationEcho"

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
