"""What a running Alertmanager is told and asked, by its API, version 2."""

import re
from collections.abc import Sequence
from typing import Final, Self, TypeVar

import msgspec
from attrs import field, frozen

from gameday.alert import Telling
from gameday.errors import ConfigError, SystemUnreachable
from gameday.runtime.base import Running
from gameday.servers.http_api import ANSWER_WITHIN_S, Answer, HttpApi
from gameday.servers.redirect import redirect

ALERTS: Final = "/api/v2/alerts"
SILENCES: Final = "/api/v2/silences"
_TOOK_ALERTS: Final = re.compile(rb"^alertmanager_alerts_(received|invalid)_total\{[^}]*\} (?!0$)", re.MULTILINE)
T = TypeVar("T")


class Posted(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An alert as a detector posts it; `startsAt` is RFC 3339, "" for now."""

    labels: dict[str, str]
    annotations: dict[str, str] = {}
    startsAt: str = ""  # noqa: N815 - Alertmanager's name
    endsAt: str = ""  # noqa: N815


class _Name(msgspec.Struct, frozen=True):
    name: str


class _Status(msgspec.Struct, frozen=True):
    silencedBy: tuple[str, ...] | None = None  # noqa: N815
    inhibitedBy: tuple[str, ...] | None = None  # noqa: N815
    mutedBy: tuple[str, ...] | None = None  # noqa: N815


class Held(msgspec.Struct, frozen=True):
    """An alert that Alertmanager holds; `receivers` are those that its routes name, told or not."""

    labels: dict[str, str]
    fingerprint: str
    startsAt: str  # noqa: N815
    receivers: tuple[_Name, ...]
    status: _Status

    @property
    def is_kept_back(self) -> bool:
        """Silenced or inhibited. An alert that an interval mutes is called active here; only its group knows better."""
        return bool(self.status.silencedBy or self.status.inhibitedBy or self.status.mutedBy)

    def told(self, receiver: str) -> Telling | None:
        return Telling.of(receiver=receiver, fingerprint=self.fingerprint, starts_at=self.startsAt)


class _Group(msgspec.Struct, frozen=True):
    receiver: _Name
    alerts: tuple[Held, ...]


class _Config(msgspec.Struct, frozen=True):
    original: str


class _State(msgspec.Struct, frozen=True):
    config: _Config


def _bare(url: str) -> str:
    return url.rstrip("/")


@frozen
class AlertmanagerAPI:
    """Tries once, and waits `within_s` at most. Raises SystemUnreachable."""

    url: str = field(converter=_bare)
    within_s: float = field(default=ANSWER_WITHIN_S, kw_only=True)

    @classmethod
    def of(cls, running: Running, *, within_s: float = ANSWER_WITHIN_S) -> Self:
        return cls(f"http://{running.addresses['http']}", within_s=within_s)

    def is_ready(self) -> bool:
        return self._call("GET", "/-/ready").is_ok

    def reload(self) -> None:
        """Takes its file over again and builds all groups anew. An unfit file is refused: the last good one stays in force."""
        self._call("POST", "/-/reload")

    def post(self, alerts: Sequence[Posted]) -> None:
        """Where one of them is refused, Alertmanager has taken the others."""
        self._call("POST", ALERTS, content=msgspec.json.encode(alerts))

    def alerts(self) -> tuple[Held, ...]:
        """All that have not ended, kept back or not."""
        return self._read(ALERTS, schema=tuple[Held, ...])

    def config(self) -> str:
        """The settings in force, as Alertmanager understood them, without secrets."""
        return self._read("/api/v2/status", schema=_State).config.original

    def remembers_anything(self) -> bool:
        """Whether any alert came since it started, or a silence lies in its memory."""
        return (
            bool(_TOOK_ALERTS.search(self._call("GET", "/metrics").body))
            or self._call("GET", SILENCES).body.strip() != b"[]"
        )

    def owed(self) -> frozenset[Telling]:
        """Which alert it tells whom, at once or when its group is due, by its routes.

        Left out is what is silenced, inhibited or muted, and a receiver that tells nobody.
        """
        due = [alert for alert in self.alerts() if not alert.is_kept_back]
        if not due:
            return frozenset()
        mute = self._mute_receivers()
        told = (alert.told(one.name) for alert in due for one in alert.receivers if one.name not in mute)
        return frozenset(telling for telling in told if telling is not None) - self._muted()

    def _muted(self) -> frozenset[Telling]:
        groups = self._read(f"{ALERTS}/groups", schema=tuple[_Group, ...])
        told = (alert.told(group.receiver.name) for group in groups for alert in group.alerts if alert.is_kept_back)
        return frozenset(telling for telling in told if telling is not None)

    def _mute_receivers(self) -> frozenset[str]:
        try:
            receivers = redirect(self.config(), url=self.url, file=self.url).receivers
        except ConfigError as error:
            raise SystemUnreachable(
                f"what answers at {self.url} is not Alertmanager (API version 2): its configuration {error.problem}"
            ) from error
        return frozenset(name for name, integrations in receivers.items() if not integrations)

    def _read(self, path: str, *, schema: type[T]) -> T:
        return self._http.parsed(self._call("GET", path), type=schema)

    def _call(self, method: str, path: str, *, content: bytes | None = None) -> Answer:
        headers = {} if content is None else {"content-type": "application/json"}
        answer = self._http.call(method, path, body=content, headers=headers)
        if not answer.is_ok:
            raise self._http.refused(method, path, answer)
        return answer

    @property
    def _http(self) -> HttpApi:
        return HttpApi(self.url, what="Alertmanager", within_s=self.within_s)
