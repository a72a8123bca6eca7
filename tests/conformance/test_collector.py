"""What the OpenTelemetry Collector does for gameday, on both runtimes: it masks, hands on, is changed live; and its two faults."""

import gzip
import json
import signal
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Final, Self

import httpx
import msgspec
import pytest
import yaml
from attrs import frozen
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from gameday import clock
from gameday.config import SinkConfig
from gameday.errors import ConfigError, HarnessError, SystemUnreachable
from gameday.faults import CollectorDebugExporter, CollectorRedactionRemoved, undo
from gameday.place import Place
from gameday.runtime.base import Layout, Running, Runtime
from gameday.runtime.processes import send_signal
from gameday.servers.collector import Collector, own_log, settings_of
from gameday.servers.collector_settings import CollectorSettings
from gameday.servers.loki import Loki, url_of
from gameday.shipped import shipped
from gameday.sighting import Record
from gameday.sinks import SINKS
from gameday.systems import base
from gameday.systems.powers import settings_from_ref
from gameday.wait import poll_until
from tests.conformance.conftest import require_servers

TEMPLATE: Final = shipped("fixtures/pipeline") / "otel-collector.yaml"
PROCESSORS: Final = "service.pipelines.traces.processors"
TEXT: Final = "planted, and harmless"
# None of these is anybody's: they only have the shape.
VALUES: Final = {
    "aws_access_key": "AKIA" + "QWERTYUIOPASDFGH",
    "aws_secret_key": "wJalrXUtnFEMI/K7MDENG/bPxRfiCY" + "EXAMPLEKEY",
    "github_token": "ghp_" + "a1B2" * 9,
    "card": "4111 1111 1111 1111",
    "email": "jo.doe@mail.example.com",
    "iban": "DE89 3704 0044 0532 0130 00",
}


class Backend:
    """Takes OTLP over HTTP and keeps it, on every address that servers of a runtime call."""

    def __init__(self, addresses: tuple[str, ...]) -> None:
        self.bodies: list[bytes] = []
        bodies = self.bodies

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                bodies.append(gzip.decompress(body) if self.headers.get("Content-Encoding") == "gzip" else body)
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name in the standard library
                """Says nothing."""

        first = ThreadingHTTPServer((addresses[0], 0), Handler)
        self.port: int = first.server_address[1]
        self._servers = [first] + [ThreadingHTTPServer((address, self.port), Handler) for address in addresses[1:]]

    def __enter__(self) -> Self:
        for server in self._servers:
            threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        for server in self._servers:
            server.shutdown()
            server.server_close()

    def spans(self) -> list[Span]:
        exports = [ExportTraceServiceRequest.FromString(body) for body in list(self.bodies)]
        return [
            span
            for export in exports
            for resource in export.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]

    def span(self, span_id: str) -> Span:
        def look() -> Span | None:
            return next((span for span in self.spans() if span.span_id.hex() == span_id), None)

        return poll_until(look, what=f"span {span_id}", every_s=0.01, within_s=10).value


@frozen(kw_only=True)
class Hop:
    """A collector between us, a Loki and a stand-in for a trace store."""

    runtime: Runtime
    running: Running
    backend: Backend
    loki: Running
    log: Path

    @property
    def settings(self) -> CollectorSettings:
        return settings_of(self.runtime, self.running)

    @property
    def described(self) -> base.Collector:
        return base.Collector(settings=self.settings, spans=Place(name="traces"), own_log=Place(name="collector/log"))

    def send(self, signal_name: str, body: object) -> None:
        url = f"http://{self.running.addresses['http']}/v1/{signal_name}"
        assert httpx.post(url, json=body, trust_env=False).status_code == 200

    def span(self, number: int, **fields: object) -> str:
        """Sends one, and gives its id."""
        at = str(now_ns())
        span = {"traceId": "ab" * 16, "spanId": f"{number:016x}", "name": "chat", "startTimeUnixNano": at, **fields}
        self.send("traces", {"resourceSpans": [{"scopeSpans": [{"spans": [span | {"endTimeUnixNano": at}]}]}]})
        return f"{number:016x}"

    def logged(self) -> list[Record]:
        config = SinkConfig(place="logs", kind="loki", url=url_of(self.loki), request_id="request_id")
        return list(SINKS["loki"](config).records())

    def logged_of(self, request_id: str) -> Record:
        def look() -> Record | None:
            return next((record for record in self.logged() if record.request_id == request_id), None)

        return poll_until(look, what=f"{request_id} in Loki", every_s=0.02, within_s=10).value


def now_ns() -> int:
    return int(clock.now().wall_s * 10**9)


def text(key: str, value: str) -> dict[str, object]:
    return {"key": key, "value": {"stringValue": value}}


def server(**changes: object) -> Collector:
    return Collector(template=TEMPLATE, **changes)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def hop(on: str, new_runtime: Callable[[], Runtime]) -> Iterator[Hop]:
    require_servers(on, server(), Loki())
    with new_runtime() as runtime, Backend(runtime.host_addresses) as backend:
        loki = runtime.start(Loki())
        traces_to = f"http://{runtime.host_for_servers}:{backend.port}"
        logs_to = f"http://{loki.for_servers['http']}"
        running = runtime.start(server(traces_to=lambda: traces_to, logs_to=logs_to, reads=("gateway.log",)))
        log = running.folder / "gateway.log"
        yield Hop(runtime=runtime, running=running, backend=backend, loki=loki, log=log)


@pytest.fixture
def clean(hop: Hop) -> Iterator[Hop]:
    """Put back as it was, whatever a test did to it."""
    was = {key: hop.settings.get(key) for key in (PROCESSORS, "service.pipelines.traces.exporters")}
    yield hop
    for key, value in was.items():
        if value is not None and hop.settings.get(key) != value:
            hop.settings.set(key, value)


def test_the_pinned_version_runs_in_its_own_folder_and_opens_its_own_ports(hop: Hop) -> None:
    assert "0.158.0" in hop.running.image + hop.running.version
    assert own_log(hop.running).is_file()
    metrics = httpx.get(f"http://{hop.running.addresses['metrics']}/metrics", trust_env=False)
    assert "otelcol_process_uptime" in metrics.text


@pytest.mark.parametrize("family", json.loads((TEMPLATE.parent / "redactor.json").read_text())["families"])
def test_every_family_of_the_redactor_is_masked_in_spans_and_lines(hop: Hop, family: str) -> None:
    value = VALUES[family]
    said = f"aws secret {value} please"
    number = 0x100 + sorted(VALUES).index(family)
    nested = {"key": "list", "value": {"arrayValue": {"values": [{"stringValue": said}]}}}
    event = {"name": f"said {value}", "timeUnixNano": str(now_ns()), "attributes": [text("b", said)]}
    attributes = [text("a", said), text(f"key {value}", "x"), nested]
    span_id = hop.span(number, name=said, attributes=attributes, events=[event], status={"code": 2, "message": said})
    record = {"timeUnixNano": str(now_ns()), "body": {"stringValue": said}, "attributes": [text("request_id", family)]}
    hop.send("logs", {"resourceLogs": [{"scopeLogs": [{"logRecords": [record]}]}]})
    line = hop.logged_of(family)
    assert "****" in hop.backend.span(span_id).name
    assert not [body for body in hop.backend.bodies if value.encode() in body]
    assert value.encode() not in line.body
    assert b"please" in line.body


def test_a_request_id_is_not_taken_for_a_card(hop: Hop) -> None:
    request_id = "4111111111111111-a"
    span_id = hop.span(0x200, attributes=[text("gateway.request_id", request_id)])
    assert hop.backend.span(span_id).attributes[0].value.string_value == request_id


def test_a_span_with_links_is_dropped_because_nothing_cleans_them(hop: Hop) -> None:
    dropped = hop.span(0x300, links=[{"traceId": "cc" * 16, "spanId": "dd" * 8, "attributes": [text("a", TEXT)]}])
    hop.backend.span(hop.span(0x301))
    assert dropped not in {span.span_id.hex() for span in hop.backend.spans()}


def test_a_log_file_arrives_with_its_own_stamp_and_request_id_and_once_though_the_collector_reloads(clean: Hop) -> None:
    stamp = round(clock.now().wall_s, 6)
    with clean.log.open("a") as file:
        file.write(json.dumps({"ts": stamp, "request_id": "of-a-file", "prompt": TEXT}) + "\n")
    record = clean.logged_of("of-a-file")
    assert abs((record.stamp_s or 0) - stamp) < 1e-5
    assert TEXT.encode() in record.body
    clean.settings.set(PROCESSORS, b'["redaction"]')
    with clean.log.open("a") as file:
        file.write(json.dumps({"ts": stamp + 1e-3, "request_id": "after-it", "prompt": TEXT}) + "\n")
    clean.logged_of("after-it")
    assert len([one for one in clean.logged() if one.request_id == "of-a-file"]) == 1


def test_what_passes_is_not_in_its_own_log(hop: Hop) -> None:
    hop.backend.span(hop.span(0x400, attributes=[text("a", TEXT)]))
    assert TEXT not in own_log(hop.running).read_text()
    assert TEXT not in hop.runtime.tail(hop.running, 1000)


def test_a_change_is_in_force_when_set_returns_and_the_process_stays(clean: Hop) -> None:
    was = clean.settings.get(PROCESSORS)
    assert was is not None
    before = clean.runtime.process(clean.running)
    assert clean.settings.set(PROCESSORS, b'["redaction"]').width_s >= 0
    assert clean.settings.get(PROCESSORS) == b'["redaction"]'
    linked = clean.span(0x500, links=[{"traceId": "cc" * 16, "spanId": "dd" * 8}])
    clean.backend.span(linked)  # without the filter it passes
    assert clean.runtime.process(clean.running) == before
    assert clean.settings.get("service.pipelines.nowhere") is None


@pytest.mark.parametrize(
    ("key", "value"), [(PROCESSORS, b'["nobody-defined-it"]'), ("processors.redaction.blocked_values", b'["("]')]
)
def test_a_file_that_would_end_it_is_refused_and_nothing_changes(hop: Hop, key: str, value: bytes) -> None:
    was = hop.settings.get(key)
    with pytest.raises(SystemUnreachable, match="refuses"):
        hop.settings.set(key, value)
    assert hop.settings.get(key) == was
    hop.backend.span(hop.span(0x600 + len(value)))
    assert not list(hop.running.folder.glob("*.next"))


def test_a_key_below_nothing_cannot_be_set(hop: Hop) -> None:
    with pytest.raises(SystemUnreachable, match="nothing at"):
        hop.settings.set("service.nowhere.at_all", b"1")


def test_redaction_is_off_then_on_then_off_again_by_a_stranger_and_its_spans_leak_only_meanwhile(clean: Hop) -> None:
    fault, value = CollectorRedactionRemoved(clean.described), VALUES["card"]
    said = [text("a", f"{TEXT} {value}")]
    assert not fault.is_active()
    written = msgspec.json.encode(fault.plan())
    before = clean.backend.span(clean.span(0x700, attributes=said))
    fault.inject()
    assert fault.is_active()
    during = clean.backend.span(clean.span(0x701, attributes=said))
    plan = msgspec.json.decode(written, type=type(fault.plan()))
    assert undo(settings_from_ref(plan.ref), plan)
    assert not undo(settings_from_ref(plan.ref), plan)
    assert not fault.is_active()
    after = clean.backend.span(clean.span(0x702, attributes=said))
    shown = [value in span.attributes[0].value.string_value for span in (before, during, after)]
    assert shown == [False, True, False]
    assert fault.leaks_to == ("traces",)


def test_without_redaction_of_spans_lines_are_masked_as_ever(clean: Hop) -> None:
    CollectorRedactionRemoved(clean.described).inject()
    record = {"body": {"stringValue": VALUES["card"]}, "attributes": [text("request_id", "still-masked")]}
    clean.send("logs", {"resourceLogs": [{"scopeLogs": [{"logRecords": [record]}]}]})
    assert VALUES["card"].encode() not in clean.logged_of("still-masked").body


def test_a_debug_exporter_that_is_left_on_writes_spans_into_the_collectors_own_log(clean: Hop) -> None:
    fault = CollectorDebugExporter(clean.described)
    lines = SINKS["file"](SinkConfig(place="collector/log", kind="file", path=str(own_log(clean.running))))

    def shows(what: str) -> bool:
        return any(what.encode() in record.body for record in lines.records())

    assert not fault.is_active()
    plan = fault.plan()
    clean.backend.span(clean.span(0x800, attributes=[text("a", "said before")]))
    fault.inject()
    assert fault.is_active()
    clean.backend.span(clean.span(0x801, attributes=[text("a", "said meanwhile")]))
    poll_until(lambda: shows("said meanwhile") or None, what="the span in its log", every_s=0.02, within_s=5)
    assert undo(settings_from_ref(plan.ref), plan)
    assert not undo(fault.settings, plan)
    assert not fault.is_active()
    clean.backend.span(clean.span(0x802, attributes=[text("a", "said after")]))
    assert [shows("said before"), shows("said after")] == [False, False]
    assert fault.leaks_to == ("collector/log",)


def test_a_debug_exporter_that_the_file_does_not_define_as_detailed_is_not_switched_on(clean: Hop) -> None:
    clean.settings.set("exporters.debug.verbosity", b'"basic"')
    fault = CollectorDebugExporter(clean.described)
    with pytest.raises(HarnessError, match="detailed"):
        fault.inject()
    assert not fault.is_active()
    clean.settings.set("exporters.debug.verbosity", b'"detailed"')


def test_one_that_is_gone_is_unreachable_and_its_word_reaches_nobody_else(on: str, hop: Hop, tmp_path: Path) -> None:
    running = hop.runtime.start(server(name="short-lived", logs_to=f"http://{hop.loki.for_servers['http']}"))
    settings = settings_of(hop.runtime, running)
    assert settings_from_ref(settings.ref) == settings
    hop.runtime.stop(running)
    with pytest.raises(SystemUnreachable):
        settings.set("processors.redaction.summary", b'"info"')
    with pytest.raises(SystemUnreachable):
        send_signal(settings.process, signal.SIGHUP)
    with pytest.raises(HarnessError):
        hop.runtime.process(running)


@pytest.mark.parametrize("ref", ["collector:", "collector:{}", 'collector:{"path":1}'])
def test_a_ref_that_is_none_is_refused(on: str, ref: str) -> None:
    with pytest.raises(SystemUnreachable):
        settings_from_ref(ref)


@pytest.mark.parametrize("word", ["", "pid:1", "pid:x:1", "pid:1:1", "pid:999999999:1", "other:1"])
def test_a_word_that_names_no_process_signals_nothing(word: str) -> None:
    with pytest.raises(SystemUnreachable):
        send_signal(word, signal.SIGHUP)


INSIDE: Final = Layout(
    folder="/gameday", ports={"http": 1, "health": 2, "metrics": 3}, bind="127.0.0.1", host="127.0.0.1"
)


def test_what_has_no_address_is_left_out(tmp_path: Path) -> None:
    config = yaml.safe_load(server(traces_to="http://127.0.0.1:4/").files(INSIDE)["collector.yaml"])
    assert set(config["service"]["pipelines"]) == {"traces"}
    assert config["exporters"]["otlp_http/traces"]["endpoint"] == "http://127.0.0.1:4"
    assert "file_log" not in config["receivers"]
    config = yaml.safe_load(server(logs_to="http://127.0.0.1:5", reads=("a.log",)).files(INSIDE)["collector.yaml"])
    assert set(config["service"]["pipelines"]) == {"logs"}
    assert config["exporters"]["otlp_http/logs"]["endpoint"] == "http://127.0.0.1:5/otlp"
    assert config["receivers"]["file_log"]["include"] == ["/gameday/a.log"]
    assert not any("batch" in name for name in config["processors"])


@pytest.mark.parametrize("content", [None, "- a", "receivers: {}", "a: ["])
def test_a_template_that_is_none_is_refused(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "otel.yaml"
    if content is not None:
        path.write_text(content)
    with pytest.raises(ConfigError):
        Collector(template=path).files(INSIDE)
