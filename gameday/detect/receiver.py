"""Where alerts arrive: an Alertmanager webhook (version 4), as any receiver of the user's would have it."""

import threading
from collections.abc import Callable
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final

import msgspec

from gameday import clock
from gameday.alert import Alert, Telling
from gameday.clock import Instant, Interval
from gameday.config import DetectorConfig
from gameday.errors import HarnessError

MAX_BODY_BYTES: Final = 16 * 2**20  # Alertmanager tells all of a group each time; what is refused it tells no more
_STAMP_RESOLUTION_S: Final = 0.000_001


class _WebhookAlert(msgspec.Struct, frozen=True):
    """One alert of the payload; keys that are not read here may be anything."""

    status: str
    labels: dict[str, str]
    annotations: dict[str, str] = {}
    startsAt: str = ""  # noqa: N815 - Alertmanager's name
    fingerprint: str = ""


class _Webhook(msgspec.Struct, frozen=True):
    version: str
    alerts: tuple[_WebhookAlert, ...]
    receiver: str = ""


class Receiver:
    """Listens on `config.listen` and hands each firing alert to `on_alert`, stamped when its request had been read."""

    def __init__(
        self, config: DetectorConfig, *, on_alert: Callable[[Alert], None], on_problem: Callable[[str], None]
    ) -> None:
        self._config, self._on_alert, self._on_problem = config, on_alert, on_problem
        self._anchor = clock.now()
        self._received = 0
        host, _, port = config.listen.rpartition(":")
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                arrived = clock.now()
                length = int(self.headers.get("content-length") or 0)
                problem = (
                    "body too large" if length > MAX_BODY_BYTES else receiver.take(self.rfile.read(length), arrived)
                )
                self.send_response(400 if problem else 200)
                body = f"{problem}\n".encode() if problem else b""
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
                """Quiet: what a webhook holds is hostile, and is not printed."""

        try:
            self._server = ThreadingHTTPServer((host, int(port)), Handler)
        except OSError as error:
            raise HarnessError(
                f"cannot listen for alerts on {config.listen}: {error.strerror}. "
                "End what listens there, or choose another detector.listen and tell the detector."
            ) from error
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        host, port = self._server.server_address[:2]
        return f"http://{host!s}:{port}/"

    def take(self, body: bytes, arrived: Instant) -> str | None:
        """Reads one payload; returns what is wrong with it, None if nothing is."""
        try:
            webhook = msgspec.json.decode(body, type=_Webhook)
        except (msgspec.ValidationError, msgspec.DecodeError) as error:
            problem = f"not an Alertmanager webhook (version 4): {error}. Post {{version, alerts: [{{status, labels, startsAt}}]}}."
            self._on_problem(problem)
            return problem
        received = clock.between(arrived, clock.now())
        for alert in webhook.alerts:
            if alert.status == "firing":
                self._received += 1
                self._on_alert(self._alert(alert, receiver=webhook.receiver, received=received))
        return None

    def _alert(self, alert: _WebhookAlert, *, receiver: str, received: Interval) -> Alert:
        return Alert(
            id=f"alert-{self._anchor.wall_s:.0f}-{self._received}",  # no other run's: a vault keeps copies by it
            name=alert.labels.get("alertname", ""),
            severity=alert.labels.get("severity", ""),
            labels=alert.labels,
            annotations=alert.annotations,
            fields={word: _read(alert, where) for word, where in self._config.match.items()},
            received=received,
            posted=self._posted(alert.startsAt, received),
            receiver=receiver,
            telling=Telling.of(receiver=receiver, fingerprint=alert.fingerprint, starts_at=alert.startsAt),
        )

    def _posted(self, starts_at: str, received: Interval) -> Interval | None:
        """The detector's stamp on our axis; a stamp that lies after the delivery is no fact, and is left out."""
        try:
            wall_s = datetime.fromisoformat(starts_at).timestamp()
        except ValueError:
            return None
        posted = clock.from_wall(wall_s, resolution_s=_STAMP_RESOLUTION_S, anchor=self._anchor)
        return posted.narrowed(Interval(float("-inf"), received.latest_s))

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(timeout=2)


def _read(alert: _WebhookAlert, where: str) -> str:
    kind, _, name = where.partition(":")
    return (alert.labels if kind == "label" else alert.annotations).get(name, "")
