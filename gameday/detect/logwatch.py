"""The reference detector, a process of its own: follows log files and posts alerts. `python -m gameday.detect.logwatch CONFIG`.

It stands for what a user runs in production. It reads logs and its own settings, and knows nothing of a game day.
"""

import http.client
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from gameday import clock
from gameday.detect.positions import Positions
from gameday.detect.rules import Notice, SecretRule, cross_tenant_notices


class WatchedLog(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One log file, the service that writes it, and where in its JSON lines the request id stands."""

    path: str
    service: str
    request_id: str


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`delay_s` holds every batch back before it is looked at: a slow detector, for rehearsals. `is_deaf`: it looks at nothing."""

    webhook: str
    positions: str
    logs: tuple[WatchedLog, ...]
    poll_s: float = 0.02
    delay_s: float = 0.0
    is_deaf: bool = False


class LogWatch:
    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._positions = Positions(Path(settings.positions))
        self._offsets = {log.path: 0 for log in settings.logs}
        self._due_s: dict[str, float] = {}
        self._posted: set[tuple[str, str, str]] = set()
        self._secrets = SecretRule()
        self._positions.write(self._offsets)

    def look(self) -> None:
        """Reads what is new in every log, posts what it noticed, and only then says how far it has read."""
        for log in self._settings.logs:
            lines = self._new_lines(log.path)
            if lines:
                now_s = clock.now().mono_s
                if now_s < self._due_s.setdefault(log.path, now_s + self._settings.delay_s):
                    continue  # each log is held back by itself, so that one's delay is not added to another's
                del self._due_s[log.path]
                if not self._settings.is_deaf:
                    self._post(log, self._noticed(log, lines))
                self._offsets[log.path] += sum(len(line) for line in lines)
                self._positions.write(self._offsets)

    def _new_lines(self, path: str) -> list[bytes]:
        try:
            with Path(path).open("rb") as file:
                file.seek(self._offsets[path])
                lines = file.read(2**20).splitlines(keepends=True)
        except FileNotFoundError:
            return []
        return lines if not lines or lines[-1].endswith(b"\n") else lines[:-1]

    def _noticed(self, log: WatchedLog, lines: list[bytes]) -> list[Notice]:
        notices = [*self._secrets.notices(lines, request_id_path=log.request_id), *cross_tenant_notices(lines)]
        fresh = {(notice.alertname, log.service, notice.request_id): notice for notice in notices}
        new = {key: notice for key, notice in fresh.items() if key not in self._posted}
        self._posted |= new.keys()
        return list(new.values())

    def _post(self, log: WatchedLog, notices: list[Notice]) -> None:
        if not notices:
            return
        payload = {
            "version": "4",
            "status": "firing",
            "receiver": "page",
            "alerts": [_alert(log, notice) for notice in notices],
        }
        while not _delivered(self._settings.webhook, msgspec.json.encode(payload)):
            clock.sleep(0.2)


def _delivered(url: str, body: bytes) -> bool:
    """Whether the receiver took it; a webhook that is refused or not answered is tried again, as Alertmanager would."""
    address = urlsplit(url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=5)
    try:
        connection.request("POST", address.path or "/", body=body, headers={"content-type": "application/json"})
        return connection.getresponse().status < http.client.MULTIPLE_CHOICES
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _alert(log: WatchedLog, notice: Notice) -> dict[str, object]:
    labels = {
        "alertname": notice.alertname,
        "severity": "page",
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
