"""The reference detector, a process of its own: follows log files and posts alerts. `python -m gameday.detect.logwatch CONFIG`.

It stands for what a user runs in production. It reads logs and its own settings, and knows nothing of a game day.
"""

import http.client
import signal
import sys
from collections import deque
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import msgspec

from gameday import clock
from gameday.detect.positions import Positions
from gameday.detect.rules import Notice, SecretRule, cross_tenant_notices
from gameday.detect.sources import Batch, Source, Watched, source_of

ALERTS_API: Final = "/api/v2/alerts"


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`delay_s` holds every batch back before it is looked at: a slow detector, for rehearsals. `is_deaf`: it looks at nothing.

    `webhook` is where its alerts go: the API of an Alertmanager, which a path that ends in /api/v2/alerts says, or a webhook
    as an Alertmanager would call it.
    """

    webhook: str
    positions: str
    logs: tuple[Watched, ...]
    poll_s: float = 0.02
    delay_s: float = 0.0
    is_deaf: bool = False


class _Held(msgspec.Struct, frozen=True):
    """What was read of one log, and when it may be looked at."""

    due_s: float
    batch: Batch


class LogWatch:
    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._positions = Positions(Path(settings.positions))
        self._sources = [(log, source_of(log)) for log in settings.logs]
        self._offsets = {log.path: 0 for log in settings.logs}
        self._read = dict(self._offsets)
        self._held: dict[str, deque[_Held]] = {log.path: deque() for log in settings.logs}
        self._posted: set[tuple[str, str, str]] = set()
        self._secrets = SecretRule()
        self._positions.write(self._offsets)

    def look(self) -> None:
        """Reads what is new in every log, posts what it noticed, and only then says how far it has read."""
        for log, source in self._sources:
            self._take(log, source)
            held = self._held[log.path]
            while held and held[0].due_s <= clock.now().mono_s:
                batch = held.popleft().batch
                if not self._settings.is_deaf:
                    self._post(log, self._noticed(log, batch.lines))
                self._offsets[log.path] = batch.position
                self._positions.write(self._offsets)

    def _take(self, log: Watched, source: Source) -> None:
        batch = source.read(self._read[log.path])
        if batch.position != self._read[log.path]:
            self._read[log.path] = batch.position
            self._held[log.path].append(_Held(clock.now().mono_s + self._settings.delay_s, batch))

    def _noticed(self, log: Watched, lines: Sequence[bytes]) -> list[Notice]:
        notices = [*self._secrets.notices(lines, request_id_path=log.request_id), *cross_tenant_notices(lines)]
        fresh = {(notice.alertname, log.service, notice.request_id): notice for notice in notices}
        new = {key: notice for key, notice in fresh.items() if key not in self._posted}
        self._posted |= new.keys()
        return list(new.values())

    def _post(self, log: Watched, notices: list[Notice]) -> None:
        if not notices:
            return
        body = _body(self._settings.webhook, [_alert(log, notice) for notice in notices])
        while not _delivered(self._settings.webhook, body):
            clock.sleep(0.2)


def _body(url: str, alerts: list[dict[str, object]]) -> bytes:
    if url.endswith(ALERTS_API):
        return msgspec.json.encode(alerts)
    return msgspec.json.encode({"version": "4", "status": "firing", "receiver": "page", "alerts": alerts})


def _delivered(url: str, body: bytes) -> bool:
    """Whether it was taken; what is refused or not answered is tried again, as Alertmanager would."""
    address = urlsplit(url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=5)
    try:
        connection.request("POST", address.path or "/", body=body, headers={"content-type": "application/json"})
        return connection.getresponse().status < http.client.MULTIPLE_CHOICES
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _alert(log: Watched, notice: Notice) -> dict[str, object]:
    labels = {
        "alertname": notice.alertname,
        "severity": "page",
        "priority": "P1",
        "data": notice.data,
        "service": log.service,
        "request_id": notice.request_id,
        "rule": notice.rule,
        "field": notice.field,
        "tenant": notice.tenant,
        "source_request_id": notice.source_request_id,
    }
    return {
        "status": "firing",
        "labels": {name: value for name, value in labels.items() if value},
        "annotations": {"summary": f"{notice.alertname} in {log.service}"},
        "startsAt": datetime.fromtimestamp(clock.now().wall_s, UTC).isoformat(timespec="microseconds"),
        "generatorURL": "",
    }


def main() -> int:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    settings = msgspec.json.decode(Path(sys.argv[1]).read_bytes(), type=Settings)
    watch = LogWatch(settings)
    while True:
        watch.look()
        clock.sleep(settings.poll_s)


if __name__ == "__main__":
    sys.exit(main())
