"""What Jaeger and our OTLP receiver do for the framework, and the sinks that read them, on both runtimes."""

import gzip
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from gameday.config import SinkConfig
from gameday.errors import SinkUnreadable, SystemUnreachable
from gameday.runtime.base import Layout, Running, Runtime
from gameday.servers.jaeger import Jaeger, all_spans, services
from gameday.servers.otlp import SERVICE, send_traces
from gameday.sighting import Record
from gameday.sinks import SINKS, Plantable, Sink
from tests.conformance.conftest import require_servers
from tests.conformance.test_reference_pipeline import started
from tests.unit.exports import AT_NS, Words, packed, spans


@pytest.fixture(scope="module")
def start_jaeger(on: str, new_runtime: Callable[[], Runtime]) -> Iterator[Callable[[Jaeger], Running]]:
    require_servers(on, Jaeger())
    with ExitStack() as stack:
        yield lambda server: stack.enter_context(new_runtime()).start(server)


@pytest.fixture(scope="module")
def jaeger(start_jaeger: Callable[[Jaeger], Running]) -> Running:
    return start_jaeger(Jaeger())


def sink_of(running: Running, *, limit: int | None = None, otlp: bool = True) -> Sink:
    return SINKS["jaeger"](
        SinkConfig(
            place="traces",
            kind="jaeger",
            url=f"http://{running.addresses['query']}",
            otlp=f"http://{running.addresses['otlp']}" if otlp else "",
            request_id="request_id",
            limit=limit,
        )
    )


def send(running: Running, export: ExportTraceServiceRequest) -> None:
    send_traces(running.addresses["otlp"], export)


def records_with(sink: Sink, word: str, *, after: str | None = None) -> list[Record]:
    return [record for record in sink.records(after=after) if word.encode() in record.body]


def test_a_span_can_be_read_as_soon_as_its_export_was_answered(jaeger: Running) -> None:
    send(jaeger, spans(Words("at-once"), service="answered"))
    assert "answered" in services(jaeger.addresses["query"])
    assert records_with(sink_of(jaeger), "at-once-span-value")


def test_what_runs_is_what_is_pinned(jaeger: Running, on: str) -> None:
    assert "2.13.0" in jaeger.version
    assert jaeger.digest.startswith("sha256:")


def test_it_keeps_to_its_folder_and_ports_and_tells_nothing() -> None:
    ports = {name: 20000 + number for number, name in enumerate(Jaeger().ports)}
    layout = Layout(folder="/x", ports=ports, bind="127.0.0.1", host="127.0.0.1")
    written = Jaeger().files(layout)["jaeger.yaml"].decode()
    assert Jaeger().command(layout) == ("--config", "/x/jaeger.yaml")
    assert all(f"127.0.0.1:{number}" in written for number in ports.values())
    assert "level: none" in written
    assert "enable_tracing: false" in written
    assert "0.0.0.0" not in written  # noqa: S104 - it must not be there


def test_it_writes_nothing_of_what_it_is_sent(jaeger: Running) -> None:
    send(jaeger, spans(Words("quiet")))
    list(sink_of(jaeger).records())
    written = [path for path in jaeger.folder.rglob("*") if path.is_file()]
    assert not [path for path in written if b"quiet-" in path.read_bytes()]


def test_every_slot_of_a_span_is_in_its_record(jaeger: Running) -> None:
    word = Words("slot")
    send(jaeger, spans(word))
    (record,) = records_with(sink_of(jaeger), "slot-")
    assert {slot for slot, text in word.given.items() if text.encode() not in record.body} == set()


def test_a_record_has_the_spans_end_its_request_and_a_locator_of_ids(jaeger: Running) -> None:
    export = spans(Words("fields"))
    send(jaeger, export)
    (record,) = records_with(sink_of(jaeger), "fields-")
    span = export.resource_spans[0].scope_spans[0].spans[0]
    assert record.stamp_s == pytest.approx(AT_NS / 1e9)
    assert record.request_id == "r-1"
    assert record.locator == f"{span.trace_id.hex()}/{span.span_id.hex()}"


def test_a_later_look_yields_what_came_since_however_old_its_span_says_it_is(jaeger: Running) -> None:
    sink = sink_of(jaeger)
    send(jaeger, spans(Words("first")))
    cursor = list(sink.records())[-1].cursor
    assert list(sink.records(after=cursor)) == []
    late = spans(Words("late"))
    late.resource_spans[0].scope_spans[0].spans[0].start_time_unix_nano = 1
    send(jaeger, late)
    (record,) = sink.records(after=cursor)
    assert b"late-span-value" in record.body
    assert records_with(sink, "first-", after=None)


def test_the_cursor_of_another_sink_is_none(jaeger: Running) -> None:
    send(jaeger, spans(Words("shared")))
    cursor = list(sink_of(jaeger).records())[-1].cursor
    assert records_with(sink_of(jaeger), "shared-", after=cursor)


def test_what_was_not_sent_is_not_there(jaeger: Running) -> None:
    assert records_with(sink_of(jaeger), "nobody-sent-this") == []


def test_a_sentinel_is_seen_and_is_of_a_service_of_its_own(jaeger: Running) -> None:
    sink = sink_of(jaeger)
    assert isinstance(sink, Plantable)
    sink.plant("a-sentinel")
    (record,) = records_with(sink, "a-sentinel")
    assert SERVICE.encode() in record.body
    assert not isinstance(sink_of(jaeger, otlp=False), Plantable)


def test_a_span_without_a_trace_id_hides_older_ones_and_is_noticed(start_jaeger: Callable[[Jaeger], Running]) -> None:
    running = start_jaeger(Jaeger())
    sink = sink_of(running)
    assert list(sink.records()) == []
    send(running, spans(Words("hidden")))
    assert records_with(sink, "hidden-")
    send(running, spans(Words("poison"), trace_id=bytes(16)))
    send(running, spans(Words("newer")))
    with pytest.raises(SinkUnreadable, match="hides") as caught:
        list(sink.records())
    assert "poison" not in str(caught.value)


def test_a_full_store_is_read_as_long_as_nothing_came_and_went_between_two_looks(
    start_jaeger: Callable[[Jaeger], Running],
) -> None:
    running = start_jaeger(Jaeger(max_traces=5))
    sink, sent = sink_of(running, limit=5), iter(range(100))

    def send_some(count: int) -> None:
        for _ in range(count):
            send(running, spans(Words(f"full{next(sent)}")))

    send_some(4)
    cursor = list(sink.records())[-1].cursor
    send_some(4)
    assert len(list(sink.records(after=cursor))) == 4
    assert len(list(sink.records())) == 5
    send_some(5)
    with pytest.raises(SinkUnreadable, match="forgot"):
        list(sink.records())
    assert len(list(sink.records())) == 5
    with pytest.raises(SinkUnreadable, match="forgot"):
        list(sink_of(running, limit=5).records())
    for wrong in (3, 100):
        with pytest.raises(SinkUnreadable, match="limit"):
            list(sink_of(running, limit=wrong).records())


def test_a_jaeger_that_does_not_answer_could_not_be_looked_at() -> None:
    config = SinkConfig(place="traces", kind="jaeger", url="http://127.0.0.1:1", otlp="http://127.0.0.1:1")
    sink = SINKS["jaeger"](config)
    with pytest.raises(SinkUnreadable):
        list(sink.records())
    assert isinstance(sink, Plantable)
    with pytest.raises(SinkUnreadable):
        sink.plant("a-sentinel")
    with pytest.raises(SystemUnreachable):
        all_spans("127.0.0.1:1", max_traces=1)


def test_what_is_no_jaeger_could_not_be_looked_at(jaeger: Running) -> None:
    with pytest.raises(SystemUnreachable):
        all_spans(jaeger.addresses["otlp"], max_traces=1)
    with pytest.raises(SystemUnreachable):
        all_spans(f"{jaeger.addresses['query']}/no/such/path", max_traces=1)


@pytest.fixture(scope="module")
def receiver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    folder = tmp_path_factory.mktemp("receiver")
    settings = {"file": str(folder / "otlp.jsonl"), "max_bytes": 100_000}
    (folder / "receiver.json").write_text(json.dumps(settings))
    with started("otlp_receiver", config=folder / "receiver.json") as url:
        httpx.get(f"{url}/healthz", trust_env=False, timeout=30)
        yield url, folder / "otlp.jsonl"


def file_sink(receiver: tuple[str, Path]) -> Sink:
    url, path = receiver
    return SINKS["otlp-file"](
        SinkConfig(place="traces", kind="otlp-file", path=str(path), otlp=url, request_id="request_id")
    )


def test_our_receiver_has_an_export_on_disk_before_it_answers(receiver: tuple[str, Path]) -> None:
    word = Words("on-disk")
    send_traces(receiver[0], spans(word))
    (record,) = records_with(file_sink(receiver), "on-disk-")
    assert {slot for slot, text in word.given.items() if text.encode() not in record.body} == set()
    assert record.request_id == "r-1"
    assert record.stamp_s == pytest.approx(AT_NS / 1e9)


def test_our_receiver_takes_a_sentinel(receiver: tuple[str, Path]) -> None:
    sink = file_sink(receiver)
    assert isinstance(sink, Plantable)
    sink.plant("a-sentinel")
    assert records_with(sink, "a-sentinel")


def post(url: str, body: bytes, **headers: str) -> int:
    named = {"content-type": "application/x-protobuf"} | {key.replace("_", "-"): one for key, one in headers.items()}
    return httpx.post(f"{url}/v1/traces", content=body, headers=named, trust_env=False).status_code


def test_our_receiver_unpacks_gzip_within_its_limit(receiver: tuple[str, Path]) -> None:
    url, _ = receiver
    assert post(url, gzip.compress(packed(spans(Words("zipped")))), content_encoding="gzip") == 200
    assert records_with(file_sink(receiver), "zipped-")
    assert post(url, gzip.compress(bytes(10_000_000)), content_encoding="gzip") == 413
    assert post(url, bytes(200_000)) == 413


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"\xff\xff", {}, 400),
        (b"not gzip", {"content_encoding": "gzip"}, 400),
        (gzip.compress(b"cut short, in the middle")[:-4], {"content_encoding": "gzip"}, 400),
        (b"", {"content_encoding": "br"}, 415),
        (b"{}", {"content_type": "application/json"}, 415),
    ],
)
def test_our_receiver_refuses_what_it_cannot_read_and_writes_nothing(
    receiver: tuple[str, Path], body: bytes, headers: dict[str, str], status: int
) -> None:
    size = receiver[1].stat().st_size if receiver[1].exists() else 0
    assert post(receiver[0], body, **headers) == status
    assert (receiver[1].stat().st_size if receiver[1].exists() else 0) == size


def test_an_export_that_is_empty_is_taken_and_leaves_no_line(receiver: tuple[str, Path]) -> None:
    size = receiver[1].stat().st_size
    assert post(receiver[0], b"") == 200
    assert receiver[1].stat().st_size == size


def test_a_file_that_cannot_be_written_ends_the_receiver_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "bad.json").write_text(json.dumps({"file": str(tmp_path / "nowhere" / "x")}))
    command = [sys.executable, "-m", "gameday.systems.reference.otlp_receiver", "--config", str(tmp_path / "bad.json")]
    ended = subprocess.run([*command, "--listen", "127.0.0.1:0"], capture_output=True, text=True, check=False)
    assert ended.returncode == 4
    assert "cannot be opened" in ended.stderr
