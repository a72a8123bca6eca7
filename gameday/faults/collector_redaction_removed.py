"""A trace pipeline without redaction (F3, L5): a clean-up took the processors out, and nothing fails without them."""

from typing import Final

import msgspec
from attrs import frozen

from gameday.clock import Interval
from gameday.errors import HarnessError
from gameday.faults.base import Undo
from gameday.place import Place
from gameday.servers.powers import Settings
from gameday.systems.base import Collector

PROCESSORS: Final = "service.pipelines.traces.processors"


@frozen
class CollectorRedactionRemoved:
    """Takes every redaction processor out of the collector's trace pipeline; logs and metrics keep theirs."""

    collector: Collector
    name = "CollectorRedactionRemoved"

    @property
    def settings(self) -> Settings:
        return self.collector.settings

    @property
    def origin(self) -> Place:
        return self.collector.spans

    @property
    def leaks_to(self) -> tuple[str, ...]:
        return (self.origin.name,)

    def plan(self) -> Undo:
        was = self._processors()
        return Undo(ref=self.settings.ref, key=PROCESSORS, was=_json(was), ours=_json(_without_redaction(was)))

    def inject(self) -> Interval:
        return self.settings.set(PROCESSORS, _json(_without_redaction(self._processors())).encode())

    def is_active(self) -> bool:
        processors = self._processors()
        return processors == _without_redaction(processors)

    def _processors(self) -> list[str]:
        current = self.settings.get(PROCESSORS)
        if current is None:
            raise HarnessError(f"{self.settings.ref} has no {PROCESSORS}, so that no redaction can be taken out")
        return msgspec.json.decode(current, type=list[str])


def _without_redaction(processors: list[str]) -> list[str]:
    return [one for one in processors if one.partition("/")[0] != "redaction"]


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
