"""The gateway's traces end to end: the real SDK, over HTTP, to our receiver's file; and one hole for each fault."""

import json
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import msgspec
import pytest
from attrs import frozen

from gameday.config import SinkConfig
from gameday.errors import HarnessError
from gameday.faults import undo
from gameday.faults.full_sampling import FullSampling
from gameday.faults.span_content_capture import SpanContentCapture
from gameday.faults.span_status_text import SpanStatusText
from gameday.place import Place, Policy
from gameday.sighting import Record
from gameday.sinks import SINKS
from gameday.systems.base import Traces
from gameday.systems.gateway_settings import GatewaySettings
from gameday.systems.reference.settings import Addresses, settings_from_template, write_settings
from gameday.wait import poll_until
from tests.conformance.test_reference_pipeline import (
    KEYS,
    SECRETS,
    TEMPLATE,
    body_of,
    started,
    valkey,
    write_model_host,
)

SECRET = SECRETS["aws_access_key"]


@frozen
class Traced:
    """A gateway whose spans come to rest in a file."""

    folder: Path
    url: str
    addresses: Addresses

    @property
    def settings(self) -> GatewaySettings:
        return GatewaySettings(self.folder / "gateway.json", f"{self.url}/healthz")

    @property
    def traces(self) -> Traces:
        return Traces(settings=self.settings, spans=Place(name="traces", policy=Policy.NOTHING))

    def reset(self) -> None:
        write_settings(self.folder / "gateway.json", settings_from_template(TEMPLATE, addresses=self.addresses))
        self.settings.wait_in_force()

    def ask(self, question: str, *, request_id: str, stream: bool = False, key: str = KEYS["acme"][0]) -> int:
        headers = {"authorization": f"Bearer {key}", "x-request-id": request_id}
        answer = httpx.post(
            f"{self.url}/v1/chat/completions",
            json=body_of(question, stream=stream),
            headers=headers,
            trust_env=False,
            timeout=10,
        )
        return answer.status_code

    def spans(self) -> list[Record]:
        path = self.folder / "otlp.jsonl"
        sink = SinkConfig(place="traces", kind="otlp-file", path=str(path), request_id="gateway.request_id")
        return list(SINKS["otlp-file"](sink).records()) if path.exists() else []

    def span(self, request_id: str) -> Record:
        """The one span of a request, once it is there."""

        def look() -> Record | None:
            return next((record for record in self.spans() if record.request_id == request_id), None)

        return poll_until(look, what=f"the span of {request_id}", every_s=0.01, within_s=10).value


@pytest.fixture(scope="module")
def running() -> Iterator[Traced]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        (folder / "redactor.json").write_text("{}")
        (folder / "receiver.json").write_text(json.dumps({"file": str(folder / "otlp.jsonl")}))
        (folder / "keys.json").write_text(json.dumps(KEYS))
        write_model_host(folder, delta_delay_s=0)
        addresses = Addresses(
            log_file=str(folder / "gateway.jsonl"),
            cache_url=stack.enter_context(valkey(folder)),
            redactor_url=stack.enter_context(started("redactor", config=folder / "redactor.json")),
            model_url=stack.enter_context(started("modelhost", config=folder / "modelhost.json")),
            keys_file=str(folder / "keys.json"),
            telemetry_url=stack.enter_context(started("otlp_receiver", config=folder / "receiver.json")),
        )
        write_settings(folder / "gateway.json", settings_from_template(TEMPLATE, addresses=addresses))
        url = stack.enter_context(started("gateway", config=folder / "gateway.json"))
        # The listening socket is there before the program, which takes its time on a busy host.
        httpx.get(f"{url}/healthz", trust_env=False, timeout=30)
        yield Traced(folder, url, addresses)


@pytest.fixture
def traced(running: Traced) -> Traced:
    running.reset()
    return running


def fields(record: Record) -> dict[str, object]:
    span = json.loads(record.body)["resourceSpans"]["scopeSpans"]["spans"]
    return {one["key"]: next(iter(one["value"].values())) for one in span["attributes"]}


@pytest.mark.parametrize("stream", [False, True])
def test_each_chat_completion_has_one_span_with_the_names_of_the_conventions_and_no_content(
    traced: Traced, *, stream: bool
) -> None:
    request_id = f"plain-{stream}"
    assert traced.ask(f"My key is {SECRET}, why {stream}?", request_id=request_id, stream=stream) == 200
    record = traced.span(request_id)
    found = fields(record)
    assert found["gen_ai.operation.name"] == "chat"
    assert found["gen_ai.request.model"] == "reference-1"
    assert found["gen_ai.request.stream"] is stream
    assert found["gateway.tenant"] == "acme"
    assert int(str(found["gen_ai.usage.input_tokens"])) > 0
    assert int(str(found["gen_ai.usage.output_tokens"])) > 0
    assert b"why" not in record.body
    assert SECRET.encode() not in record.body
    assert json.loads(record.body)["resourceSpans"]["scopeSpans"]["spans"]["kind"] == 3
    assert sum(one.request_id == request_id for one in traced.spans()) == 1


def test_an_answer_from_the_cache_has_a_span_too(traced: Traced) -> None:
    for request_id in ("cache-writer", "cache-reader"):
        traced.ask("Once more, please?", request_id=request_id)
    assert fields(traced.span("cache-reader"))["gateway.cache"] == "hit"


def test_content_that_is_captured_on_purpose_is_the_redacted_one(traced: Traced) -> None:
    settings = traced.traces.settings
    settings.set("telemetry.capture_content", b'"span_and_event"')
    traced.ask(f"My key is {SECRET}, is it good?", request_id="on-purpose")
    record = traced.span("on-purpose")
    assert b"is it good?" in record.body
    assert SECRET.encode() not in record.body
    assert {"gen_ai.system_instructions", "gen_ai.input.messages", "gen_ai.output.messages"} <= fields(record).keys()
    assert b"gen_ai.client.inference.operation.details" in record.body


def test_what_nobody_was_let_in_to_ask_has_no_span(traced: Traced) -> None:
    assert traced.ask(f"{SECRET}?", request_id="stranger", key="wrong") == 401
    traced.ask("And then?", request_id="after-stranger")
    traced.span("after-stranger")
    assert not [record for record in traced.spans() if record.request_id == "stranger"]


@pytest.mark.parametrize("stream", [False, True])
def test_a_refused_request_is_an_error_without_its_words(traced: Traced, *, stream: bool) -> None:
    traced.traces.settings.set("model.url", b'"http://127.0.0.1:1"')
    request_id = f"refused-{stream}"
    assert traced.ask(f"{SECRET} {request_id}?", request_id=request_id, stream=stream) == 502
    record = traced.span(request_id)
    assert fields(record)["error.type"] == "model_unavailable"
    assert SECRET.encode() not in record.body


def content_capture(traces: Traces) -> SpanContentCapture:
    return SpanContentCapture(traces)


def status_text(traces: Traces) -> SpanStatusText:
    return SpanStatusText(traces)


def full_sampling(traces: Traces) -> FullSampling:
    fault = FullSampling(traces)
    fault.prepare()
    return fault


AnyFault = SpanContentCapture | SpanStatusText | FullSampling
MAKERS: list[Callable[[Traces], AnyFault]] = [content_capture, status_text, full_sampling]


@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize("stream", [False, True])
def test_each_fault_leaks_the_received_text_while_it_is_on_and_only_then(
    traced: Traced, make: Callable[[Traces], AnyFault], *, stream: bool
) -> None:
    fault = make(traced.traces)
    names = [f"{make.__name__}-{stream}-{when}" for when in ("before", "on", "after")]
    assert not fault.is_active()
    plan = fault.plan()
    for request_id in names:
        if request_id.endswith("on"):
            fault.inject()
            assert fault.is_active()
        if request_id.endswith("after"):
            assert undo(fault.settings, plan)
            assert not undo(fault.settings, plan)
        traced.ask(f"{SECRET} for {request_id}", request_id=request_id, stream=stream)
    assert not fault.is_active()
    assert SECRET.encode() in traced.span(names[1]).body
    if not isinstance(fault, FullSampling):  # whose other spans are one in a thousand
        assert not [name for name in (names[0], names[2]) if SECRET.encode() in traced.span(name).body]
    assert not [
        record
        for record in traced.spans()
        if record.request_id != names[1]
        and f"for {make.__name__}-{stream}".encode() in record.body
        and SECRET.encode() in record.body
    ]
    assert fault.leaks_to == (fault.origin.name,) == ("traces",)


def test_the_words_of_an_error_are_the_received_ones_where_status_text_is_on(traced: Traced) -> None:
    traced.traces.settings.set("model.url", b'"http://127.0.0.1:1"')
    SpanStatusText(traced.traces).inject()
    traced.ask(f"{SECRET} in a status", request_id="in-status")
    status = json.loads(traced.span("in-status").body)["resourceSpans"]["scopeSpans"]["spans"]["status"]
    assert SECRET in status["message"]


def test_more_sampling_of_spans_without_content_is_no_fault(traced: Traced) -> None:
    fault = FullSampling(traced.traces)
    assert not fault.is_active()
    with pytest.raises(HarnessError, match="prepare"):
        fault.plan()


def test_an_undo_leaves_alone_what_a_runbook_has_put_right(traced: Traced) -> None:
    fault = SpanContentCapture(traced.traces)
    plan = fault.plan()
    fault.inject()
    traced.traces.settings.set("telemetry.capture_content", b'"no_content"')
    assert not undo(fault.settings, plan)
    assert not fault.is_active()
    now = msgspec.json.decode(traced.traces.settings.get("telemetry") or b"{}", type=dict[str, object])
    assert now["capture_content"] == "no_content"


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "http://127.0.0.1:1/nowhere"])
def test_a_collector_that_is_gone_costs_no_request_its_answer(traced: Traced, url: str) -> None:
    traced.traces.settings.set("telemetry.url", json.dumps(url).encode())
    assert [traced.ask(f"Nobody listens {n} {url}?", request_id=f"gone-{n}") for n in range(20)] == [200] * 20
    traced.reset()
    traced.ask("Are you back?", request_id=f"back-{len(url)}")
    assert traced.span(f"back-{len(url)}").body
