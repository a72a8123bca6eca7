"""What the gateway tells of a chat completion: always its shape, its words only where somebody asked for them."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from gameday.errors import ConfigError
from gameday.systems.reference import telemetry as module
from gameday.systems.reference.chat import ChatRequest, Turn
from gameday.systems.reference.telemetry import ChatCall, Telemetry
from gameday.systems.reference.telemetry_settings import Capture, TelemetrySettings
from gameday.systems.reference.watched import parse_as

URL = "http://127.0.0.1:1"
CONTENT = {"gen_ai.system_instructions", "gen_ai.input.messages", "gen_ai.output.messages"}


def asked(question: str) -> ChatRequest:
    return ChatRequest(
        model="m-1", messages=[Turn(role="system", content="Be kind."), Turn(role="user", content=question)]
    )


def call(*, answer: str | None = "an answer", error: str | None = None, cache: str = "miss") -> ChatCall:
    return ChatCall(
        request_id="r-1",
        tenant="acme",
        started_s=100.0,
        ended_s=100.5,
        received=asked("the received words"),
        redacted=asked("the redacted words"),
        answer=answer,
        cache=cache,
        error=error,
    )


Spans = Callable[[TelemetrySettings, ChatCall], list[ReadableSpan]]


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> Spans:
    """The spans of one call, by the real SDK, without a network."""
    kept = InMemorySpanExporter()
    real = module._provider

    def provider(settings: TelemetrySettings) -> TracerProvider:
        made = real(settings)
        made.shutdown()
        local = TracerProvider(sampler=made.sampler, resource=made.resource, shutdown_on_exit=False)
        local.add_span_processor(SimpleSpanProcessor(kept))
        return local

    monkeypatch.setattr(module, "_provider", provider)

    def record(settings: TelemetrySettings, one: ChatCall) -> list[ReadableSpan]:
        kept.clear()
        Telemetry(settings).chat_span(one)
        return list(kept.get_finished_spans())

    return record


def attributes(span: ReadableSpan) -> Mapping[str, object]:
    return dict(span.attributes or {})


def everything(span: ReadableSpan) -> str:
    return str(span.to_json())


def test_a_span_has_the_names_of_the_conventions_and_both_times(spans: Spans) -> None:
    (span,) = spans(TelemetrySettings(url=URL), call())
    assert (span.name, span.kind, span.start_time, span.end_time) == (
        "chat m-1",
        SpanKind.CLIENT,
        100_000_000_000,
        100_500_000_000,
    )
    assert attributes(span) == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "reference",
        "gen_ai.conversation.id": "r-1",
        "gen_ai.request.model": "m-1",
        "gen_ai.request.stream": False,
        "gen_ai.response.id": "chatcmpl-r-1",
        "gen_ai.response.model": "m-1",
        "gen_ai.response.finish_reasons": ("stop",),
        "gen_ai.usage.input_tokens": 5,
        "gen_ai.usage.output_tokens": 2,
        "gateway.request_id": "r-1",
        "gateway.tenant": "acme",
        "gateway.cache": "miss",
    }
    assert "words" not in everything(span)


@pytest.mark.parametrize(
    ("capture", "in_span", "in_event"),
    [
        ("no_content", False, False),
        ("span_only", True, False),
        ("event_only", False, True),
        ("span_and_event", True, True),
    ],
)
@pytest.mark.parametrize("redacted", [True, False])
def test_content_stands_where_it_was_asked_for_and_nowhere_else(
    spans: Spans, capture: Capture, *, in_span: bool, in_event: bool, redacted: bool
) -> None:
    settings = TelemetrySettings(url=URL, capture_content=capture, capture_redacted=redacted)
    (span,) = spans(settings, call())
    assert (attributes(span).keys() >= CONTENT) is in_span
    events = {event.name: set(event.attributes or {}) for event in span.events}
    assert events == ({"gen_ai.client.inference.operation.details": CONTENT} if in_event else {})
    shown, hidden = ("redacted", "received") if redacted else ("received", "redacted")
    assert (f"the {shown} words" in everything(span)) is (in_span or in_event)
    assert f"the {hidden} words" not in everything(span)


def test_messages_have_the_shape_of_the_conventions(spans: Spans) -> None:
    (span,) = spans(TelemetrySettings(url=URL, capture_content="span_only"), call())
    found = {key: json.loads(str(attributes(span)[key])) for key in CONTENT}
    assert found["gen_ai.system_instructions"] == [{"type": "text", "content": "Be kind."}]
    assert found["gen_ai.input.messages"] == [
        {"role": "user", "parts": [{"type": "text", "content": "the redacted words"}]}
    ]
    (said,) = found["gen_ai.output.messages"]
    assert (said["role"], said["finish_reason"]) == ("assistant", "stop")


def test_an_error_says_its_code_and_with_status_text_its_words(spans: Spans) -> None:
    failed = call(answer=None, error="model_unavailable")
    (plain,) = spans(TelemetrySettings(url=URL), failed)
    assert plain.status.status_code is StatusCode.ERROR
    assert attributes(plain)["error.type"] == "model_unavailable"
    assert "words" not in everything(plain)
    (wordy,) = spans(TelemetrySettings(url=URL, status_text=True), failed)
    assert wordy.status.description == "model_unavailable: the received words"


def test_a_cache_miss_is_an_exception_that_quotes_the_question_where_status_text_is_on(spans: Spans) -> None:
    (miss,) = spans(TelemetrySettings(url=URL, status_text=True), call())
    assert [event.name for event in miss.events] == ["exception"]
    assert "the received words" in everything(miss)
    (hit,) = spans(TelemetrySettings(url=URL, status_text=True), call(cache="hit"))
    assert "words" not in everything(hit)


def test_sampling_keeps_all_or_none_by_its_ratio(spans: Spans) -> None:
    assert len(spans(TelemetrySettings(url=URL, sample_ratio=1.0), call())) == 1
    assert spans(TelemetrySettings(url=URL, sample_ratio=0.0), call()) == []


def test_without_a_url_nothing_is_recorded(spans: Spans) -> None:
    assert spans(TelemetrySettings(capture_content="span_only"), call()) == []


def test_the_environment_changes_nothing(spans: Spans, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "OTEL_SERVICE_NAME": "other",
        "OTEL_RESOURCE_ATTRIBUTES": "a=b",
        "OTEL_TRACES_SAMPLER": "always_off",
    }.items():
        monkeypatch.setenv(name, value)
    (span,) = spans(TelemetrySettings(url=URL), call())
    assert dict(span.resource.attributes) == {"service.name": "gateway"}


def test_a_change_of_capture_keeps_the_exporter_and_a_change_of_url_does_not() -> None:
    telemetry = Telemetry(TelemetrySettings(url=URL))
    first = telemetry._provider
    telemetry.configure(TelemetrySettings(url=URL, capture_content="span_only"))
    assert telemetry._provider is first
    telemetry.configure(TelemetrySettings())
    assert telemetry._provider is None
    telemetry.close()


@pytest.mark.parametrize(
    "wrong", ['{"url": "ftp://x"}', '{"sample_ratio": 2}', '{"capture_content": "all"}', '{"x": 1}']
)
def test_a_bad_setting_is_refused(wrong: str) -> None:
    with pytest.raises(ConfigError):
        parse_as(TelemetrySettings, file=Path("gateway.json"), content=wrong.encode())
