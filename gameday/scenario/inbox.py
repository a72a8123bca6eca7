"""Alerts as they arrive, from receiver threads, until somebody takes them."""

import threading

from gameday.alert import Alert


class Inbox:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._alerts: list[Alert] = []

    def put(self, alert: Alert) -> None:
        with self._lock:
            self._alerts.append(alert)

    def take(self) -> list[Alert]:
        """All that arrived since the last time."""
        with self._lock:
            taken, self._alerts = self._alerts, []
        return taken

    def clear(self) -> None:
        self.take()
