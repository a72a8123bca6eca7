"""What a running Prometheus is asked. Every answer is whole or an error, and no question holds a text that is looked for."""

import re
from collections.abc import Mapping
from typing import Final, Self, TypeVar
from urllib.parse import quote, urlencode

import msgspec
from attrs import field, frozen

from gameday.errors import SystemUnreachable
from gameday.runtime.base import Running
from gameday.servers.http_api import Answer, HttpApi

ANSWER_WITHIN_S: Final = 10.0
ALL: Final = '{__name__=~".+"}'
_FOR_EVER_S: Final = 253_402_300_799  # the last second that it can read
_OLD_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
T = TypeVar("T")
Labels = dict[str, str]


class Exemplar(msgspec.Struct, frozen=True):
    """`timestamp` is in seconds; `labels` are what the program that was scraped gave it."""

    labels: Labels
    timestamp: float
    value: str = ""


class SeriesExemplars(msgspec.Struct, frozen=True):
    seriesLabels: Labels  # noqa: N815 - Prometheus' name
    exemplars: tuple[Exemplar, ...]


class Targets(msgspec.Struct, frozen=True):
    """A target whose answer could not be read keeps a line of it as `lastError`."""

    activeTargets: tuple[dict[str, object], ...]  # noqa: N815
    droppedTargets: tuple[dict[str, object], ...] = ()  # noqa: N815


class RuleGroup(msgspec.Struct, frozen=True):
    """A rule is as Prometheus shows it: name, query, labels, annotations, lastError, and its alerts."""

    name: str
    file: str
    rules: tuple[dict[str, object], ...]


class _Config(msgspec.Struct, frozen=True):
    yaml: str


class _Rules(msgspec.Struct, frozen=True):
    groups: tuple[RuleGroup, ...]


class _Answer(msgspec.Struct, frozen=True):
    status: str
    data: msgspec.Raw = msgspec.Raw(b"null")
    warnings: tuple[str, ...] | None = None


@frozen
class PrometheusAPI:
    """Tries once, and waits `within_s` at most. Raises SystemUnreachable, also where an answer is not all that there is."""

    url: str
    within_s: float = field(default=ANSWER_WITHIN_S, kw_only=True)

    @classmethod
    def of(cls, running: Running, *, within_s: float = ANSWER_WITHIN_S) -> Self:
        return cls(f"http://{running.addresses['http']}", within_s=within_s)

    def is_ready(self) -> bool:
        return self._call("GET", "/-/ready").is_ok

    def series(self) -> tuple[Labels, ...]:
        """Of every series that has a name, from first to last."""
        return self._read("/api/v1/series", schema=tuple[Labels, ...], parameters={"match[]": ALL})

    def label_names(self) -> tuple[str, ...]:
        return self._read("/api/v1/labels", schema=tuple[str, ...])

    def label_values(self, name: str) -> tuple[str, ...]:
        """Those of deleted series too, as long as a block or the head still has them."""
        return self._read(f"/api/v1/label/{quote(_in_path(name), safe='')}/values", schema=tuple[str, ...])

    def metadata(self) -> dict[str, tuple[dict[str, str], ...]]:
        """By metric: type, help and unit, as the targets gave them last."""
        return self._read("/api/v1/metadata", schema=dict[str, tuple[dict[str, str], ...]])

    def exemplars(self) -> tuple[SeriesExemplars, ...]:
        """Those that it still holds: a ring, whose oldest go first."""
        span = {"query": ALL, "start": "0", "end": str(_FOR_EVER_S)}
        return self._read("/api/v1/query_exemplars", schema=tuple[SeriesExemplars, ...], parameters=span)

    def targets(self) -> Targets:
        return self._read("/api/v1/targets", schema=Targets)

    def rules(self) -> tuple[RuleGroup, ...]:
        return self._read("/api/v1/rules", schema=_Rules).groups

    def config(self) -> str:
        """The settings in force, its secrets left out."""
        return self._read("/api/v1/status/config", schema=_Config).yaml

    def delete(self, selector: str) -> None:
        """Deletes series, such as `{job="gateway"}`, and clears what they leave on disk.

        Exemplars and help texts stay, label values stay readable until a restart without the WAL, and a block keeps its symbols.
        """
        self._call("POST", "/api/v1/admin/tsdb/delete_series", parameters={"match[]": selector})
        self._call("POST", "/api/v1/admin/tsdb/clean_tombstones")

    def _read(self, path: str, *, schema: type[T], parameters: Mapping[str, str] | None = None) -> T:
        answer = self._http.parsed(self._call("GET", path, parameters=parameters), type=_Answer)
        if answer.status != "success" or answer.warnings:
            raise SystemUnreachable(f"Prometheus at {self.url} did not answer in full")
        try:
            return msgspec.json.decode(answer.data, type=schema)
        except msgspec.ValidationError as error:
            raise SystemUnreachable(f"what answers at {self.url} is not Prometheus: {error}") from error

    def _call(self, method: str, path: str, *, parameters: Mapping[str, str] | None = None) -> Answer:
        answer = self._http.call(method, f"{path}?{urlencode(parameters)}" if parameters else path)
        if not answer.is_ok:
            raise self._http.refused(method, path, answer)
        return answer

    @property
    def _http(self) -> HttpApi:
        return HttpApi(self.url, what="Prometheus", within_s=self.within_s)


def _in_path(name: str) -> str:
    """As Prometheus wants a name in a path, where it is not one of the old kind."""
    if _OLD_NAME.fullmatch(name) and not name.startswith("U__"):
        return name
    return "U__" + "".join(_escaped(letter) for letter in name)


def _escaped(letter: str) -> str:
    if letter == "_":
        return "__"
    return letter if letter.isascii() and letter.isalnum() else f"_{ord(letter):x}_"
