"""The gateway's traces: one CLIENT span for each chat completion, by OpenTelemetry's GenAI conventions, through its SDK."""

import logging
import threading
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

import msgspec
from attrs import frozen

from gameday.systems.reference.chat import ChatRequest, Turn, completion_id
from gameday.systems.reference.telemetry_settings import TelemetrySettings

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Span

SERVICE: Final = "gateway"
REQUEST_ID: Final = "gateway.request_id"
TENANT: Final = "gateway.tenant"
EXPORT_EVERY_MS: Final = 20.0
EXPORT_WITHIN_S: Final = 2.0
_QUEUE: Final = 8192
_BATCH: Final = 256
_DETAILS: Final = "gen_ai.client.inference.operation.details"
_SYSTEM_ROLES: Final = {"system", "developer"}
Attributes = dict[str, str | int | bool | Sequence[str]]


@frozen(kw_only=True)
class ChatCall:
    """One chat completion, when it is over. `received` came from the client, `redacted` went on; None where it did not get that far.

    `error` is the code of its refusal; times are wall-clock seconds.
    """

    request_id: str
    tenant: str | None
    started_s: float
    ended_s: float
    received: ChatRequest | None = None
    redacted: ChatRequest | None = None
    answer: str | None = None
    cache: str = "off"
    error: str | None = None


class Telemetry:
    """Follows its settings. Exports on a thread of its own: a collector that is slow or gone costs no request anything."""

    def __init__(self, settings: TelemetrySettings) -> None:
        self.settings = TelemetrySettings()
        self._provider: TracerProvider | None = None
        self.configure(settings)

    def configure(self, settings: TelemetrySettings) -> None:
        before, self.settings = self.settings, settings
        if (before.url, before.sample_ratio) == (settings.url, settings.sample_ratio):
            return
        self._retire()
        self._provider = _provider(settings) if settings.url else None

    def chat_span(self, call: ChatCall) -> None:
        """Records one span and returns at once; it is exported within EXPORT_EVERY_MS, if it is sampled and can be."""
        if self._provider is None:
            return
        from opentelemetry.trace import SpanKind  # noqa: PLC0415 - loaded already

        seen = call.redacted if self.settings.capture_redacted else call.received
        model = f" {call.redacted.model}" if call.redacted else ""
        span = self._provider.get_tracer("gameday.gateway").start_span(
            f"chat{model}", kind=SpanKind.CLIENT, attributes=_attributes(call), start_time=_ns(call.started_s)
        )
        if span.is_recording():
            self._add_content(span, seen, call.answer)
            self._add_status(span, call)
        span.end(end_time=_ns(call.ended_s))

    def close(self) -> None:
        """Exports what waits, for EXPORT_WITHIN_S or so."""
        provider, self._provider = self._provider, None
        if provider is not None:
            provider.shutdown()

    def _add_content(self, span: "Span", request: ChatRequest | None, answer: str | None) -> None:
        capture, content = self.settings.capture_content, dict(_content(request, answer))
        if capture in {"span_only", "span_and_event"}:
            span.set_attributes(content)
        if content and capture in {"event_only", "span_and_event"}:
            # An event of the span, not a log record: so it comes to rest where its span does.
            span.add_event(_DETAILS, content)

    def _add_status(self, span: "Span", call: ChatCall) -> None:
        from opentelemetry.trace import StatusCode  # noqa: PLC0415 - loaded already

        words = call.received.question if self.settings.status_text and call.received else None
        if call.error:
            span.set_status(StatusCode.ERROR, f"{call.error}: {words}" if words else None)
        elif words and call.cache != "hit":
            # As an instrumented cache client does, to whom a miss is an exception.
            exception = {"exception.type": "KeyError", "exception.message": f"no cached answer for {words}"}
            span.add_event("exception", exception)

    def _retire(self) -> None:
        """The old one sends what it has in its own time: this may be called between two requests."""
        provider, self._provider = self._provider, None
        if provider is not None:
            threading.Thread(target=provider.shutdown, name="telemetry-end", daemon=True).start()


def _provider(settings: TelemetrySettings) -> "TracerProvider":
    """Overrules OTEL_ variables, which might point elsewhere or cut values short; the SDK heeds OTEL_SDK_DISABLED and headers still."""
    import requests  # noqa: PLC0415 - slow to import, and needed only where telemetry is on
    from opentelemetry.exporter.otlp.proto.http import Compression  # noqa: PLC0415
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415
    from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
    from opentelemetry.sdk.trace import SpanLimits, TracerProvider  # noqa: PLC0415
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415
    from opentelemetry.sdk.trace.sampling import TraceIdRatioBased  # noqa: PLC0415

    # Its complaints quote what the other side answered, and that may quote a span.
    logging.getLogger("opentelemetry").setLevel(logging.CRITICAL + 1)
    session = requests.Session()
    session.trust_env = False
    exporter = OTLPSpanExporter(
        endpoint=f"{settings.url.rstrip('/')}/v1/traces",
        headers={},
        timeout=EXPORT_WITHIN_S,
        compression=Compression.NoCompression,
        session=session,
    )
    unset = SpanLimits.UNSET
    provider = TracerProvider(
        sampler=TraceIdRatioBased(settings.sample_ratio),
        resource=Resource({"service.name": SERVICE}),
        shutdown_on_exit=False,  # it would hold up a gateway whose collector is gone
        span_limits=SpanLimits(unset, unset, unset, unset, unset, unset, unset, unset),
    )
    processor = BatchSpanProcessor(
        exporter,
        max_queue_size=_QUEUE,
        schedule_delay_millis=EXPORT_EVERY_MS,
        max_export_batch_size=_BATCH,
        export_timeout_millis=EXPORT_WITHIN_S * 1000,
    )
    provider.add_span_processor(processor)
    return provider


def _attributes(call: ChatCall) -> Attributes:
    """Names of the GenAI conventions; no word of prompt or answer among the values."""
    attributes: Attributes = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "reference",
        "gen_ai.conversation.id": call.request_id,
        REQUEST_ID: call.request_id,
        "gateway.cache": call.cache,
    }
    if call.tenant:
        attributes[TENANT] = call.tenant
    if call.redacted:
        attributes["gen_ai.request.model"] = call.redacted.model
        attributes["gen_ai.request.stream"] = call.redacted.stream
        attributes["gen_ai.usage.input_tokens"] = sum(len(turn.text.split()) for turn in call.redacted.messages)
    if call.redacted and call.answer is not None:
        attributes["gen_ai.response.id"] = completion_id(call.request_id)
        attributes["gen_ai.response.model"] = call.redacted.model
        attributes["gen_ai.response.finish_reasons"] = ("stop",)
        attributes["gen_ai.usage.output_tokens"] = len(call.answer.split())
    if call.error:
        attributes["error.type"] = call.error
    return attributes


def _content(request: ChatRequest | None, answer: str | None) -> Iterator[tuple[str, str]]:
    """The opt-in attributes, each JSON in a string, as spans carry them."""
    if request is not None:
        system = [_part(turn.text) for turn in request.messages if turn.role in _SYSTEM_ROLES]
        if system:
            yield "gen_ai.system_instructions", _json(system)
        yield (
            "gen_ai.input.messages",
            _json([_message(turn) for turn in request.messages if turn.role not in _SYSTEM_ROLES]),
        )
    if answer is not None:
        yield (
            "gen_ai.output.messages",
            _json([{"role": "assistant", "parts": [_part(answer)], "finish_reason": "stop"}]),
        )


def _message(turn: Turn) -> dict[str, object]:
    return {"role": turn.role, "parts": [_part(turn.text)]}


def _part(text: str) -> dict[str, str]:
    return {"type": "text", "content": text}


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _ns(seconds: float) -> int:
    return int(seconds * 1e9)
