"""A debug exporter left on (F1, L5): all spans stand in the collector's own log, where nobody looks for them."""

from typing import Final

import msgspec
from attrs import frozen

from gameday.clock import Interval
from gameday.errors import HarnessError
from gameday.faults.base import Undo
from gameday.place import Place
from gameday.servers.powers import Settings
from gameday.systems.base import Collector

EXPORTERS: Final = "service.pipelines.traces.exporters"
VERBOSITY: Final = "exporters.debug.verbosity"


@frozen
class CollectorDebugExporter:
    """Adds the exporter `debug`, which the collector's file must define as detailed, to its trace pipeline."""

    collector: Collector
    name = "CollectorDebugExporter"

    @property
    def settings(self) -> Settings:
        return self.collector.settings

    @property
    def origin(self) -> Place:
        return self.collector.own_log

    @property
    def leaks_to(self) -> tuple[str, ...]:
        return (self.origin.name,)

    def plan(self) -> Undo:
        was = self._exporters()
        return Undo(ref=self.settings.ref, key=EXPORTERS, was=_json(was), ours=_json([*was, "debug"]))

    def inject(self) -> Interval:
        if self.settings.get(VERBOSITY) != b'"detailed"':
            raise HarnessError(
                f"{self.settings.ref} has no detailed debug exporter. Write debug: {{verbosity: detailed}} under exporters"
            )
        return self.settings.set(EXPORTERS, _json([*self._exporters(), "debug"]).encode())

    def is_active(self) -> bool:
        return any(one.partition("/")[0] == "debug" for one in self._exporters())

    def _exporters(self) -> list[str]:
        current = self.settings.get(EXPORTERS)
        if current is None:
            raise HarnessError(f"{self.settings.ref} has no {EXPORTERS}")
        return msgspec.json.decode(current, type=list[str])


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
