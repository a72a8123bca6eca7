"""Jaeger: the traces. Takes OTLP over HTTP, keeps them in memory, and gives all of them back."""

from collections.abc import Mapping
from typing import Final, TypeVar

import httpx
import msgspec
import yaml
from attrs import field, frozen

from gameday.errors import SystemUnreachable
from gameday.runtime.base import Layout, OnPath, Running
from gameday.servers.otlp import NOTHING, client, send_traces

T = TypeVar("T")

MAX_TRACES: Final = 50_000
ANSWER_WITHIN_S: Final = 10.0
_LOOK_WITHIN_S: Final = 0.3  # three calls
_OK: Final = 200
_NONE: Final = 404
_TOO_MANY: Final = 500
_NONE_SAID: Final = "No traces found"  # else an address where nothing is would look like a store that is empty
_NO_TRACE: Final = "0" * 32
_ALL_TIMES: Final = {
    "query.start_time_min": "1970-01-01T00:00:00Z",
    "query.start_time_max": "2200-01-01T00:00:00Z",
}


@frozen(kw_only=True)
class Jaeger:
    """Takes spans at its port "otlp", answers questions at "query". It forgets the oldest trace once it has `max_traces`."""

    name: str = "jaeger"
    image: str = "jaegertracing/jaeger:2.13.0"
    program: OnPath = field(default=OnPath(("jaeger",), in_image="/cmd/jaeger/jaeger-linux"))
    ports: tuple[str, ...] = ("otlp", "query", "query-grpc", "health")
    max_traces: int = MAX_TRACES

    def files(self, layout: Layout) -> Mapping[str, bytes]:
        return {"jaeger.yaml": yaml.safe_dump(config(layout, max_traces=self.max_traces), sort_keys=False).encode()}

    def command(self, layout: Layout) -> tuple[str, ...]:
        return ("--config", f"{layout.folder}/jaeger.yaml")

    def is_ready(self, running: Running) -> bool:
        health = f"http://{running.addresses['health']}/status"
        try:
            response = client().get(health, timeout=_LOOK_WITHIN_S)
            if response.status_code != _OK:
                return False
            # It takes an export without a span, and keeps nothing of it.
            send_traces(running.addresses["otlp"], NOTHING, within_s=_LOOK_WITHIN_S)
            services(running.addresses["query"], within_s=_LOOK_WITHIN_S)
        except (httpx.HTTPError, SystemUnreachable):
            return False
        return True


def config(layout: Layout, *, max_traces: int = MAX_TRACES) -> dict[str, object]:
    at = {name: {"endpoint": f"{layout.bind}:{number}"} for name, number in layout.ports.items()}
    return {
        "service": {
            "extensions": ["jaeger_storage", "jaeger_query", "healthcheckv2"],
            # Without a batch processor: what was exported is readable when the export is answered.
            "pipelines": {"traces": {"receivers": ["otlp"], "exporters": ["jaeger_storage_exporter"]}},
            "telemetry": {"metrics": {"level": "none"}, "logs": {"level": "error"}},
        },
        "extensions": {
            "healthcheckv2": {"use_v2": True, "http": at["health"]},
            "jaeger_storage": {"backends": {"main": {"memory": {"max_traces": max_traces}}}},
            "jaeger_query": {
                "storage": {"traces": "main"},
                "http": at["query"],
                "grpc": at["query-grpc"],
                "enable_tracing": False,  # else it tells whoever listens at port 4317 of each question, and takes 10 s to end
            },
        },
        "receivers": {"otlp": {"protocols": {"http": at["otlp"]}}},
        "exporters": {"jaeger_storage_exporter": {"trace_storage": "main"}},
    }


class _Traces(msgspec.Struct):
    groups: list[msgspec.Raw] = msgspec.field(name="resourceSpans", default_factory=list)


class _Found(msgspec.Struct):
    result: _Traces


class _Error(msgspec.Struct):
    message: str


class _Missing(msgspec.Struct):
    error: _Error


class _Services(msgspec.Struct):
    services: list[str] | None = None


def services(address: str, *, within_s: float = ANSWER_WITHIN_S) -> tuple[str, ...]:
    """The names of the services that it has heard of, those included of which it keeps no span any more."""
    status, body = _get(address, "services", within_s=within_s)
    if status != _OK:
        raise _refused(address, status)
    return tuple(_decoded(address, body, _Services).services or ())


def all_spans(address: str, *, max_traces: int) -> dict[str, object]:
    """Every span of every service, as OTLP's JSON; empty where there is none. Raises SystemUnreachable as `span_groups` does."""
    groups = span_groups(address, max_traces=max_traces)
    return {"resourceSpans": [msgspec.json.decode(group) for group in groups]} if groups else {}


def span_groups(address: str, *, max_traces: int) -> list[msgspec.Raw]:
    """All that it has: the `resourceSpans` of OTLP's JSON, one by one and not decoded, which is cheap to ask for again and again.

    `address` is "HOST:PORT", or a URL, of its query port. Asks for times and a number only: nothing that is looked for stands in the
    question. Raises SystemUnreachable also where a search would stop early: it goes from the newest to the oldest, and ends at a
    span without a trace id.
    """
    status, body = _search(address, max_traces)
    if not _is_none(address, *_get(address, f"traces/{_NO_TRACE}")):
        raise SystemUnreachable(
            f"Jaeger at {address} holds a span without a trace id, which hides every trace before it from searches. "
            "Read those by their ids, then restart it."
        )
    if _is_none(address, status, body):
        return []
    if status != _OK:
        hint = f" It may keep fewer than {max_traces} traces: set limit to its max_traces."
        raise _refused(address, status, hint=hint)
    return _decoded(address, body, _Found).result.groups


def keeps_at_most(address: str, max_traces: int) -> bool:
    """Whether it refuses to search through more traces, so that this is all it has room for. Asked seldom: it logs its refusal."""
    return _search(address, max_traces + 1)[0] == _TOO_MANY


def _search(address: str, max_traces: int) -> tuple[int, bytes]:
    return _get(address, "traces", {**_ALL_TIMES, "query.num_traces": str(max_traces)})


def _is_none(address: str, status: int, body: bytes) -> bool:
    return status == _NONE and _decoded(address, body, _Missing).error.message == _NONE_SAID


def _get(
    address: str, path: str, parameters: Mapping[str, str] | None = None, *, within_s: float = ANSWER_WITHIN_S
) -> tuple[int, bytes]:
    base = address.rstrip("/") if "://" in address else f"http://{address}"
    try:
        response = client().get(f"{base}/api/v3/{path}", params=parameters, timeout=within_s)
    except httpx.HTTPError as error:
        raise SystemUnreachable(f"Jaeger's query API at {address} does not answer: {type(error).__name__}") from error
    return response.status_code, response.content


def _decoded(address: str, body: bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise SystemUnreachable(f"what answers at {address} is not Jaeger's query API") from error


def _refused(address: str, status: int, *, hint: str = "") -> SystemUnreachable:
    return SystemUnreachable(f"Jaeger's query API at {address} answered {status}.{hint}")
