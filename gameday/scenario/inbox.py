"""Alerts as they arrive, from receiver threads, until somebody takes them."""

import threading
from collections.abc import Set as AbstractSet
from typing import Final

from gameday import clock
from gameday.alert import Alert, Telling

CLOCKS_DIFFER_S: Final = 1.0  # the detector's host and ours, at most


class Inbox:
    """An alert that is told to the same receiver again, as Alertmanager does with each new one of its group, is let pass."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._alerts: list[Alert] = []
        self._told: set[Telling] = set()
        self._began_ms = (clock.now().wall_s - CLOCKS_DIFFER_S) * 1000

    def put(self, alert: Alert) -> None:
        with self._lock:
            if alert.telling is None or alert.telling not in self._told:
                self._alerts.append(alert)
            if alert.telling is not None:
                self._told.add(alert.telling)

    def has_been_told(self, tellings: AbstractSet[Telling]) -> bool:
        """Whether each of these has arrived, taken or not. One that began before this inbox was told to somebody else."""
        ours = {telling for telling in tellings if telling.starts_ms >= self._began_ms}
        with self._lock:
            return ours <= self._told

    def take(self) -> list[Alert]:
        """All that arrived since the last time."""
        with self._lock:
            taken, self._alerts = self._alerts, []
        return taken

    def clear(self) -> None:
        self.take()
