"""Prompts in span attributes (F3, L4; mistake 5a): somebody switched on payload capture in the SDK, ahead of the redactor."""

from typing import Final

import msgspec
from attrs import frozen

from gameday.clock import Interval
from gameday.errors import HarnessError
from gameday.faults.base import Undo
from gameday.faults.one_key import OneKey
from gameday.place import Place
from gameday.servers.powers import Settings
from gameday.systems.base import Traces

KEY: Final = "telemetry"
RECEIVED_TEXT: Final = {"capture_content": "span_only", "capture_redacted": False}


@frozen
class SpanContentCapture:
    """Lets the gateway write each request, as it came in, into its span: two keys of the same settings object."""

    traces: Traces
    name = "SpanContentCapture"

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
        return self._change().plan()

    def inject(self) -> Interval:
        return self._change().inject()

    def is_active(self) -> bool:
        return RECEIVED_TEXT.items() <= current(self.settings).items()

    def _change(self) -> OneKey:
        return OneKey(settings=self.settings, key=KEY, ours={**current(self.settings), **RECEIVED_TEXT})


def current(settings: Settings) -> dict[str, object]:
    """The gateway's telemetry settings. Raises HarnessError where it has none."""
    found = settings.get(KEY)
    if found is None:
        raise HarnessError(f"{settings.ref} has no {KEY}")
    return msgspec.json.decode(found, type=dict[str, object])
