"""A file of OTLP exports: one record for each span, log record and data point, and no word of it lost."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from google.protobuf.message import Message
from hypothesis import given
from hypothesis import strategies as st

from gameday.config import SinkConfig
from gameday.errors import SinkUnreadable
from gameday.sighting import Record
from gameday.sinks import SINKS, Plantable, Sink
from gameday.sinks.otlp import leaves
from gameday.systems.reference.otlp_receiver import as_json
from tests.unit.exports import AT_NS, Words, logs, metrics, spans

LEVELS = (
    "resourceSpans",
    "scopeSpans",
    "spans",
    "resourceLogs",
    "scopeLogs",
    "logRecords",
    "resourceMetrics",
    "scopeMetrics",
    "metrics",
    "sum",
    "gauge",
    "dataPoints",
    "resource",
    "attributes",
)
texts = st.text(max_size=8)
documents = st.recursive(
    texts | st.integers(-9, 9) | st.none() | st.booleans(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(LEVELS) | texts, inner, max_size=4),
    max_leaves=25,
)


def sink_of(path: Path, *, otlp: str = "") -> Sink:
    config = SinkConfig(place="traces", kind="otlp-file", path=str(path), request_id="request_id", otlp=otlp)
    return SINKS["otlp-file"](config)


def written(path: Path, *exports: Message) -> Path:
    path.write_bytes(b"".join(as_json(export) + b"\n" for export in exports))
    return path


def said(value: object) -> Iterator[str]:
    """Every text and key."""
    if isinstance(value, dict):
        for key, one in value.items():
            yield str(key)
            yield from said(one)
    elif isinstance(value, list):
        for one in value:
            yield from said(one)
    elif isinstance(value, str):
        yield value


def bodies(records: list[Record]) -> bytes:
    return b"\n".join(record.body for record in records)


@pytest.mark.parametrize(("make", "count"), [(spans, 1), (logs, 1), (metrics, 3)])
def test_every_slot_is_in_a_record_with_its_stamp_and_request(tmp_path: Path, make: object, count: int) -> None:
    word = Words("slot")
    assert callable(make)
    records = list(sink_of(written(tmp_path / "otlp.jsonl", make(word))).records())
    assert len(records) == count
    assert {slot for slot, text in word.given.items() if text.encode() not in bodies(records)} == set()
    assert {record.request_id for record in records} == {"r-1"}
    assert records[0].stamp_s == pytest.approx(AT_NS / 1e9)


def test_a_span_is_named_by_its_ids_and_anything_else_by_its_place_in_the_file(tmp_path: Path) -> None:
    export = spans(Words("s"))
    span = export.resource_spans[0].scope_spans[0].spans[0]
    found = list(sink_of(written(tmp_path / "otlp.jsonl", export, logs(Words("l")))).records())
    assert found[0].locator == f"{span.trace_id.hex()}/{span.span_id.hex()}"
    assert found[1].locator.startswith("otlp.jsonl:")


def test_the_words_of_one_data_point_are_not_in_the_record_of_another(tmp_path: Path) -> None:
    first, second, _ = sink_of(written(tmp_path / "otlp.jsonl", metrics(Words("m")))).records()
    assert b"m-point0-value" in first.body
    assert b"m-point0-value" not in second.body


@given(documents)
def test_no_text_of_an_export_is_lost_however_odd_it_is(document: object) -> None:
    found = [text for leaf in leaves(document) for text in said(leaf.document)]
    assert set(said(document)) <= set(found)


@given(st.dictionaries(st.sampled_from(LEVELS), documents, max_size=3))
def test_whatever_a_leaf_holds_its_fields_can_be_asked_for(document: object) -> None:
    for leaf in leaves(document):
        assert leaf.stamp_s is None or leaf.stamp_s > 0
        assert isinstance(leaf.attribute("request_id"), str | None)
        assert isinstance(leaf.span, str)


def test_a_later_look_goes_on_after_any_record_also_in_the_middle_of_a_line(tmp_path: Path) -> None:
    path = written(tmp_path / "otlp.jsonl", metrics(Words("a")), spans(Words("b")), metrics(Words("c")))
    everything = list(sink_of(path).records())
    assert len(everything) == 7
    for number, record in enumerate(everything, start=1):
        assert list(sink_of(path).records(after=record.cursor)) == everything[number:]


def test_a_line_that_is_being_written_is_left_for_the_next_look(tmp_path: Path) -> None:
    path = written(tmp_path / "otlp.jsonl", spans(Words("a")))
    whole = as_json(spans(Words("b")))
    with path.open("ab") as file:
        file.write(whole[:50])
    (record,) = sink_of(path).records()
    with path.open("ab") as file:
        file.write(whole[50:] + b"\n")
    (later,) = sink_of(path).records(after=record.cursor)
    assert b"b-span-value" in later.body


@pytest.mark.parametrize("line", [b"not json", b'"text"', b"[1]", b"\xff\xfe", b"[" * 5000, b'{"other": "planted"}'])
def test_a_line_that_is_no_export_is_a_record_as_it_is(tmp_path: Path, line: bytes) -> None:
    (tmp_path / "otlp.jsonl").write_bytes(line + b"\n")
    (record,) = sink_of(tmp_path / "otlp.jsonl").records()
    assert record.body.replace(b" ", b"").strip() == line.replace(b" ", b"")
    assert record.locator == "otlp.jsonl:0" or line.startswith(b"{")


def test_a_resource_that_holds_no_span_is_a_record(tmp_path: Path) -> None:
    export = {"resourceSpans": [{"resource": {"attributes": [{"key": "k", "value": {"stringValue": "alone"}}]}}]}
    (tmp_path / "otlp.jsonl").write_text(json.dumps(export) + "\n")
    (record,) = sink_of(tmp_path / "otlp.jsonl").records()
    assert b"alone" in record.body


def test_a_file_that_is_not_there_or_shrank_could_not_be_looked_at(tmp_path: Path) -> None:
    with pytest.raises(SinkUnreadable):
        list(sink_of(tmp_path / "nowhere").records())
    with pytest.raises(SinkUnreadable, match="shrank"):
        list(sink_of(written(tmp_path / "otlp.jsonl", spans(Words("a")))).records(after="99999:0"))


def test_an_empty_file_holds_nothing(tmp_path: Path) -> None:
    (tmp_path / "otlp.jsonl").write_bytes(b"")
    assert list(sink_of(tmp_path / "otlp.jsonl").records()) == []


def test_it_takes_a_sentinel_only_where_it_knows_whither(tmp_path: Path) -> None:
    assert not isinstance(sink_of(tmp_path / "otlp.jsonl"), Plantable)
    sink = sink_of(tmp_path / "otlp.jsonl", otlp="http://127.0.0.1:1")
    assert isinstance(sink, Plantable)
    with pytest.raises(SinkUnreadable, match="sentinel"):
        sink.plant("a-sentinel")
