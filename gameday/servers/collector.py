"""The OpenTelemetry Collector: takes traces and logs, masks what it is told to, and hands them on."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import yaml
from attrs import field, frozen

from gameday.errors import ConfigError, SystemUnreachable
from gameday.runtime.base import Layout, OnPath, Running, Runtime
from gameday.runtime.docker import FOLDER
from gameday.servers.collector_settings import CollectorSettings, up_since
from gameday.servers.http_api import HttpApi

CONFIG: Final = "collector.yaml"
OWN_LOG: Final = "collector.log"
TRACES: Final = "otlp_http/traces"
LOGS: Final = "otlp_http/logs"
FILES: Final = "file_log"
_LOOK_WITHIN_S: Final = 0.4

Address = str | Callable[[], str]  # a URL, or what gives it when the server starts; "" where there is none


@frozen(kw_only=True)
class Collector:
    """Takes OTLP at its port "http"; "health" says whether it serves, "metrics" what it took, sent and refused.

    `template` is its configuration, YAML: addresses are filled in, and what has none is left out of the pipelines. `traces_to` is a base
    URL of OTLP over HTTP, `logs_to` a Loki's. `reads` are log files: in a container it sees those in its own folder only, by paths
    relative to it. What it says of itself goes to OWN_LOG in its folder.
    """

    template: Path
    traces_to: Address = ""
    logs_to: Address = ""
    reads: tuple[str, ...] = ()
    name: str = "otelcol"
    image: str = "otel/opentelemetry-collector-contrib:0.158.0"
    program: OnPath = field(default=OnPath(("otelcol-contrib",), in_image="/otelcol-contrib"))
    ports: tuple[str, ...] = ("http", "health", "metrics")

    def files(self, layout: Layout) -> Mapping[str, bytes]:
        return {CONFIG: yaml.safe_dump(self._config(layout), sort_keys=False).encode()}

    def command(self, layout: Layout) -> tuple[str, ...]:
        return (f"--config={layout.folder}/{CONFIG}",)

    def is_ready(self, running: Running) -> bool:
        """It takes an export without a record, and keeps nothing of it."""
        path = "/v1/traces" if self._to(self.traces_to) else "/v1/logs"
        intake = HttpApi(f"http://{running.addresses['http']}", what="the collector", within_s=_LOOK_WITHIN_S)
        try:
            up_since(health_of(running), within_s=_LOOK_WITHIN_S)
            return intake.call("POST", path, body=b"{}", headers={"Content-Type": "application/json"}).is_ok
        except SystemUnreachable:
            return False

    def _to(self, address: Address) -> str:
        return (address if isinstance(address, str) else address()).rstrip("/")

    def _config(self, layout: Layout) -> dict[str, Any]:
        config = _parsed(self.template)
        _own_side(config, layout)
        traces_to, logs_to = self._to(self.traces_to), self._to(self.logs_to)
        for exporter, endpoint in ((TRACES, traces_to), (LOGS, logs_to and f"{logs_to}/otlp")):
            if endpoint and exporter in config["exporters"]:
                config["exporters"][exporter]["endpoint"] = endpoint
            else:
                config["exporters"].pop(exporter, None)
        if self.reads and FILES in config["receivers"]:
            config["receivers"][FILES]["include"] = [str(Path(layout.folder, path)) for path in self.reads]
        else:
            config["receivers"].pop(FILES, None)
        _leave_out(config)
        return config


def health_of(running: Running) -> str:
    return f"http://{running.addresses['health']}/"


def own_log(running: Running) -> Path:
    return running.folder / OWN_LOG


def settings_of(runtime: Runtime, running: Running) -> CollectorSettings:
    """The power over one that runs."""
    word = runtime.process(running)
    inside = str(running.folder) if word.startswith("pid:") else FOLDER
    return CollectorSettings(
        path=running.folder / CONFIG, inside=f"{inside}/{CONFIG}", process=word, health=health_of(running)
    )


def _parsed(template: Path) -> dict[str, Any]:
    try:
        config = yaml.safe_load(template.read_bytes())
    except (OSError, yaml.YAMLError) as error:
        raise _wrong(template, f"it cannot be read: {type(error).__name__}") from error
    if not isinstance(config, dict) or not all(
        isinstance(config.get(part), dict) for part in ("receivers", "exporters", "service")
    ):
        raise _wrong(template, "it lacks receivers, exporters or service")
    return config


def _wrong(template: Path, problem: str) -> ConfigError:
    return ConfigError(
        file=str(template),
        key="collector",
        value=None,
        problem=problem,
        remedy="Write a configuration of the OpenTelemetry Collector",
    )


def _own_side(config: dict[str, Any], layout: Layout) -> None:
    """Where it listens, and where it speaks of itself."""
    bind, ports = layout.bind, layout.ports
    config["receivers"]["otlp"] = {"protocols": {"http": {"endpoint": f"{bind}:{ports['http']}"}}}
    config.setdefault("extensions", {})["health_check"] = {"endpoint": f"{bind}:{ports['health']}"}
    service = config["service"]
    service["extensions"] = sorted({*service.get("extensions", ()), "health_check"})
    metrics = {"pull": {"exporter": {"prometheus": {"host": bind, "port": ports["metrics"]}}}}
    service["telemetry"] = {
        # Level info, because what the debug exporter prints is of this level. Standard error stays for what ends it.
        "logs": {"level": "info", "output_paths": [f"{layout.folder}/{OWN_LOG}"]},
        "metrics": {"level": "normal", "readers": [metrics]},
    }


def _leave_out(config: dict[str, Any]) -> None:
    """Takes what is not defined out of the pipelines, and pipelines that begin or end nowhere out of the service."""
    pipelines: dict[str, Any] = config["service"]["pipelines"]
    connectors = config.get("connectors") or {}
    for name, pipeline in list(pipelines.items()):
        for part in ("receivers", "exporters"):
            known = {**config[part], **connectors}
            pipeline[part] = [one for one in pipeline.get(part, ()) if one in known]
        if not pipeline["receivers"] or not pipeline["exporters"]:
            del pipelines[name]
