"""Sampling from one trace in a thousand to every trace (F3, L4), on a pipeline that captures content: a small leak becomes a full one."""

from typing import Final

import msgspec
from attrs import frozen

from gameday.clock import Interval
from gameday.errors import HarnessError
from gameday.faults.base import Undo
from gameday.faults.one_key import OneKey
from gameday.faults.span_content_capture import KEY as TELEMETRY
from gameday.faults.span_content_capture import RECEIVED_TEXT, current
from gameday.place import Place
from gameday.servers.powers import Settings
from gameday.systems.base import Traces

RARE: Final = 0.001


@frozen
class FullSampling:
    """Every trace is kept. Its pipeline has to capture content already, at a ratio that hid it: `prepare` makes it so.

    Without that `plan` raises HarnessError: more spans of a gateway that writes no content leak nothing.
    """

    traces: Traces
    name = "FullSampling"

    @property
    def settings(self) -> Settings:
        return self.traces.settings

    @property
    def origin(self) -> Place:
        return self.traces.spans

    @property
    def leaks_to(self) -> tuple[str, ...]:
        return (self.origin.name,)

    def prepare(self) -> Interval:
        """The accident that waits to happen: received text in spans, of which one in a thousand is kept."""
        waiting = {**current(self.settings), **RECEIVED_TEXT, "sample_ratio": RARE}
        return self.settings.set(TELEMETRY, msgspec.json.encode(waiting))

    def plan(self) -> Undo:
        if not self._captures():
            raise HarnessError(
                f"{self.settings.ref}: telemetry captures no received text, so sampling all of it leaks nothing. "
                "Call prepare() first."
            )
        return self._change().plan()

    def inject(self) -> Interval:
        return self._change().inject()

    def is_active(self) -> bool:
        return self._captures() and current(self.settings)["sample_ratio"] == 1

    def _captures(self) -> bool:
        return RECEIVED_TEXT.items() <= current(self.settings).items()

    def _change(self) -> OneKey:
        # The whole object, though one key changes: after a reset that key alone would still look like ours.
        return OneKey(settings=self.settings, key=TELEMETRY, ours={**current(self.settings), "sample_ratio": 1.0})
