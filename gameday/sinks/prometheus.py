"""What a Prometheus holds in words: labels, exemplars, help texts, rules and their alerts, targets and their errors."""

import hashlib
from collections.abc import Iterator
from datetime import datetime
from typing import Final

import msgspec
from attrs import frozen

from gameday.config import SinkConfig
from gameday.errors import SinkUnreadable, SystemUnreachable
from gameday.servers.prometheus_api import Labels, PrometheusAPI
from gameday.sighting import Record

_STAMP_RESOLUTION_S: Final = 0.001


@frozen
class PrometheusSink:
    """A state, read whole each time. It knows what was scraped: its `settle` must cover some scrape intervals.

    What lies on its disk, such as label values in the WAL, is another place (kind `folder`).
    """

    config: SinkConfig

    @property
    def name(self) -> str:
        return "prometheus"

    def records(self, *, after: str | None = None) -> Iterator[Record]:  # noqa: ARG002 - a state has no cursor
        api = PrometheusAPI(self.config.url)
        try:
            yield from self._labels(api)
            yield from self._exemplars(api)
            yield from self._rules(api)
            for metric, said in api.metadata().items():
                yield self._record("metadata", {metric: said}, key=metric)
            targets = api.targets()
            for target in (*targets.activeTargets, *targets.droppedTargets):
                yield self._record("target", target, key=msgspec.json.encode(target.get("discoveredLabels")).decode())
            yield self._record("config", api.config(), key="")
        except SystemUnreachable as error:
            raise SinkUnreadable(self.name, str(error)) from error

    def _labels(self, api: PrometheusAPI) -> Iterator[Record]:
        """Each series, and then the label values that stay readable although no series has them any more."""
        seen: set[tuple[str, str]] = set()
        for labels in api.series():
            seen.update(labels.items())
            yield self._record("series", labels, key=_key(labels), labels=labels)
        for name in api.label_names():
            for value in api.label_values(name):
                if (name, value) not in seen:
                    yield self._record("label", {name: value}, key=_key({name: value}))

    def _exemplars(self, api: PrometheusAPI) -> Iterator[Record]:
        for series in api.exemplars():
            for exemplar in series.exemplars:
                yield self._record(
                    "exemplar",
                    exemplar,
                    key=f"{_key(series.seriesLabels)}{_key(exemplar.labels)}{exemplar.timestamp}",
                    labels=series.seriesLabels | exemplar.labels,
                    stamp_s=exemplar.timestamp,
                )

    def _rules(self, api: PrometheusAPI) -> Iterator[Record]:
        for group in api.rules():
            yield self._record("group", group.name, key=f"{group.file}{group.name}")
            for number, rule in enumerate(group.rules):
                alerts = rule.get("alerts")
                key = f"{group.file}{group.name}{number}"
                yield self._record("rule", {name: said for name, said in rule.items() if name != "alerts"}, key=key)
                for alert in alerts if isinstance(alerts, list) else ():
                    yield self._alert(alert, key=key)

    def _alert(self, alert: object, *, key: str) -> Record:
        fields = alert if isinstance(alert, dict) else {}
        labels = fields.get("labels")
        return self._record(
            "alert",
            alert,
            key=f"{key}{msgspec.json.encode(labels).decode()}",
            labels=labels if isinstance(labels, dict) else {},
            stamp_s=_seconds(fields.get("activeAt")),
        )

    def _record(
        self, kind: str, body: object, *, key: str, labels: Labels | None = None, stamp_s: float | None = None
    ) -> Record:
        digest = hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:16]
        return Record(
            body=msgspec.json.encode(body),
            locator=f"{kind}:{digest}",
            cursor="",
            stamp_s=stamp_s,
            resolution_s=_STAMP_RESOLUTION_S,
            request_id=(labels or {}).get(self.config.request_id) if self.config.request_id else None,
        )


def _key(labels: Labels) -> str:
    return msgspec.json.encode(labels, order="sorted").decode()


def _seconds(stamp: object) -> float | None:
    try:
        return datetime.fromisoformat(stamp).timestamp() if isinstance(stamp, str) else None
    except ValueError:
        return None
