"""Prometheus: what a system counts, with the exemplars that lead back to one request, and the rules that watch it."""

import json
from collections.abc import Callable, Mapping
from typing import Final

from attrs import field, frozen

from gameday.errors import SystemUnreachable
from gameday.runtime.base import Layout, OnPath, Running
from gameday.servers.prometheus_api import PrometheusAPI

MEMORY: Final = "data"  # in its folder: WAL, blocks
_LOOK_WITHIN_S: Final = 0.5
_BODY_LIMIT: Final = "5MB"  # a label value of 17 MB ends the whole server


@frozen(kw_only=True)
class Target:
    """A program of this host that is scraped: its port, or what gives the port when Prometheus starts."""

    job: str
    port: int | Callable[[], int]
    path: str = "/metrics"


@frozen(kw_only=True)
class Prometheus:
    """Scrapes `targets` and evaluates `rules` (the text of a rule file) every `every`, such as "1s".

    `alertmanager` is a HOST:PORT as the server reaches it. Series may be deleted through its admin API. Its one port is "http".
    """

    targets: tuple[Target, ...] = ()
    every: str = "1s"
    rules: str = ""
    alertmanager: str = ""
    name: str = "prometheus"
    image: str = "prom/prometheus:v3.16.0"
    program: OnPath = field(default=OnPath(("prometheus",), in_image="/bin/prometheus"))
    ports: tuple[str, ...] = ("http",)

    def files(self, layout: Layout) -> Mapping[str, bytes]:
        settings = json.dumps(self._settings(layout), indent=1).encode()
        return {"prometheus.yml": settings} | ({"rules.yml": self.rules.encode()} if self.rules else {})

    def command(self, layout: Layout) -> tuple[str, ...]:
        return (
            f"--config.file={layout.folder}/prometheus.yml",
            f"--storage.tsdb.path={layout.folder}/{MEMORY}",
            f"--web.listen-address={layout.bind}:{layout.ports['http']}",
            f"--web.external-url=http://127.0.0.1:{layout.ports['http']}",  # else alerts tell this host's name
            "--web.enable-admin-api",
            "--enable-feature=exemplar-storage",
            "--scrape.discovery-reload-interval=100ms",  # else its first scrape comes 5 s after its start
            "--rules.alert.resend-delay=1s",  # else an Alertmanager that was away is told after a minute
            "--log.level=error",
        )

    def is_ready(self, running: Running) -> bool:
        try:
            return PrometheusAPI.of(running, within_s=_LOOK_WITHIN_S).is_ready()
        except SystemUnreachable:
            return False

    def _settings(self, layout: Layout) -> dict[str, object]:
        every = {"scrape_interval": self.every, "scrape_timeout": self.every, "evaluation_interval": self.every}
        settings: dict[str, object] = {
            "global": {**every, "body_size_limit": _BODY_LIMIT},
            "scrape_configs": [
                {
                    "job_name": target.job,
                    "metrics_path": target.path,
                    "static_configs": [{"targets": [f"{layout.host}:{_port(target)}"]}],
                }
                for target in self.targets
            ],
        }
        if self.rules:
            settings["rule_files"] = [f"{layout.folder}/rules.yml"]
        if self.alertmanager:
            settings["alerting"] = {"alertmanagers": [{"static_configs": [{"targets": [self.alertmanager]}]}]}
        return settings


def _port(target: Target) -> int:
    return target.port if isinstance(target.port, int) else target.port()
