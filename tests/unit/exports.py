"""OTLP exports with a word in every slot that takes one."""

import os
from typing import Final

from attrs import field, frozen
from google.protobuf.message import Message
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue, KeyValueList
from opentelemetry.proto.trace.v1.trace_pb2 import Status

AT_NS: Final = 1_790_000_000_250_000_000


@frozen
class Words:
    """Gives a word for each slot, and remembers them."""

    prefix: str
    given: dict[str, str] = field(factory=dict)

    def __call__(self, slot: str) -> str:
        return self.given.setdefault(slot, f"{self.prefix}-{slot}")


def text(key: str, value: str) -> KeyValue:
    return KeyValue(key=key, value=AnyValue(string_value=value))


def _every_kind(word: Words, where: str) -> list[KeyValue]:
    array = AnyValue(array_value=ArrayValue(values=[AnyValue(string_value=word(f"{where}-list"))]))
    table = AnyValue(kvlist_value=KeyValueList(values=[text(word(f"{where}-map-key"), word(f"{where}-map-value"))]))
    return [
        text(word(f"{where}-key"), word(f"{where}-value")),
        KeyValue(key="list", value=array),
        KeyValue(key="map", value=table),
    ]


def spans(word: Words, *, service: str = "svc", trace_id: bytes | None = None) -> ExportTraceServiceRequest:
    """One span, of the request r-1."""
    export = ExportTraceServiceRequest()
    around = export.resource_spans.add()
    around.resource.attributes.extend([text("service.name", service), *_every_kind(word, "resource")])
    inside = around.scope_spans.add()
    inside.scope.name, inside.scope.version = word("scope-name"), word("scope-version")
    inside.scope.attributes.extend(_every_kind(word, "scope"))
    span = inside.spans.add(
        trace_id=os.urandom(16) if trace_id is None else trace_id,
        span_id=os.urandom(8),
        name=word("span-name"),
        kind=3,
        start_time_unix_nano=AT_NS - 1_000_000,
        end_time_unix_nano=AT_NS,
        trace_state=f"v={word('tracestate')}",
    )
    span.attributes.extend([text("request_id", "r-1"), *_every_kind(word, "span")])
    span.events.add(time_unix_nano=AT_NS, name=word("event-name")).attributes.extend(_every_kind(word, "event"))
    link = span.links.add(trace_id=os.urandom(16), span_id=os.urandom(8), trace_state=f"l={word('link-tracestate')}")
    link.attributes.extend(_every_kind(word, "link"))
    span.status.code, span.status.message = Status.STATUS_CODE_ERROR, word("status-message")
    return export


def logs(word: Words) -> ExportLogsServiceRequest:
    export = ExportLogsServiceRequest()
    around = export.resource_logs.add(schema_url=word("schema-url"))
    around.resource.attributes.extend(_every_kind(word, "resource"))
    line = around.scope_logs.add().log_records.add(
        time_unix_nano=AT_NS, observed_time_unix_nano=AT_NS, severity_text=word("severity"), trace_id=os.urandom(16)
    )
    line.body.string_value = word("body")
    line.attributes.extend([text("request_id", "r-1"), *_every_kind(word, "log")])
    return export


def metrics(word: Words) -> ExportMetricsServiceRequest:
    export = ExportMetricsServiceRequest()
    around = export.resource_metrics.add()
    around.resource.attributes.extend([text("request_id", "r-1")])
    inside = around.scope_metrics.add()
    counter = inside.metrics.add(name=word("metric-name"), description=word("description"), unit=word("unit"))
    for number in range(2):
        point = counter.sum.data_points.add(time_unix_nano=AT_NS, as_int=number)
        point.attributes.extend(_every_kind(word, f"point{number}"))
        example = point.exemplars.add(time_unix_nano=AT_NS, trace_id=os.urandom(16), as_int=1)
        example.filtered_attributes.extend(_every_kind(word, f"exemplar{number}"))
    inside.metrics.add(name=word("empty-metric")).gauge.SetInParent()
    return export


def packed(export: Message) -> bytes:
    return export.SerializeToString()
