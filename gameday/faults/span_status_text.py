"""Prompts in the words of a span's status and exceptions (F3, L4): what failed is quoted, after the redactor has had its turn."""

from typing import Final

from attrs import frozen

from gameday.clock import Interval
from gameday.faults.base import Undo
from gameday.faults.one_key import OneKey
from gameday.place import Place
from gameday.servers.powers import Settings
from gameday.systems.base import Traces

KEY: Final = "telemetry.status_text"


@frozen
class SpanStatusText:
    """Lets the gateway write the question, as it came in, into its spans' status (an error) and exceptions (a cache miss)."""

    traces: Traces
    name = "SpanStatusText"

    @property
    def settings(self) -> Settings:
        return self.traces.settings

    @property
    def origin(self) -> Place:
        return self.traces.spans

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
