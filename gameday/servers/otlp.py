"""A sender of OTLP over HTTP, for the one harmless span by which a place proves that it shows what is there."""

import functools
import secrets
from typing import Final

import httpx
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

from gameday import clock
from gameday.errors import SystemUnreachable

SERVICE: Final = "gameday-sentinel"
ATTRIBUTE: Final = "gameday.sentinel"
ANSWER_WITHIN_S: Final = 5.0
NOTHING: Final = ExportTraceServiceRequest()
_OK: Final = 200
_HEADERS: Final = {"Content-Type": "application/x-protobuf"}


@functools.cache
def client() -> httpx.Client:
    """One for all: to make one costs more than a look. It keeps no connection: some servers wait for an idle one before they end."""
    return httpx.Client(trust_env=False, headers={"Connection": "close"})


def send_traces(address: str, export: ExportTraceServiceRequest, *, within_s: float = ANSWER_WITHIN_S) -> None:
    """Sends an export to "HOST:PORT" or to a URL without its path. Raises SystemUnreachable where it is not taken."""
    base = address.rstrip("/") if "://" in address else f"http://{address}"
    try:
        response = client().post(
            f"{base}/v1/traces",
            content=export.SerializeToString(),
            headers=_HEADERS,
            timeout=within_s,
        )
    except httpx.HTTPError as error:
        raise SystemUnreachable(f"OTLP over HTTP at {address} does not answer: {type(error).__name__}") from error
    if response.status_code != _OK:
        raise SystemUnreachable(f"OTLP over HTTP at {address} refused a trace: {response.status_code}")


def sentinel_span(sentinel: str) -> ExportTraceServiceRequest:
    """One span, in a trace of its own, that says `sentinel` and nothing else."""
    export, now_ns = ExportTraceServiceRequest(), int(clock.now().wall_s * 1e9)
    spans = export.resource_spans.add()
    spans.resource.attributes.append(_attribute("service.name", SERVICE))
    spans.scope_spans.add().spans.add(
        trace_id=secrets.token_bytes(16),
        span_id=secrets.token_bytes(8),
        name=SERVICE,
        kind=1,
        start_time_unix_nano=now_ns,
        end_time_unix_nano=now_ns,
        attributes=[_attribute(ATTRIBUTE, sentinel)],
    )
    return export


def _attribute(key: str, value: str) -> KeyValue:
    return KeyValue(key=key, value=AnyValue(string_value=value))
