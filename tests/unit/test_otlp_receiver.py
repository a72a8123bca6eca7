"""Our OTLP receiver writes OTLP's JSON, and takes nothing that is too large or cut short."""

import gzip
import json
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from gameday.systems.reference.asgi import Refused
from gameday.systems.reference.otlp_receiver import KINDS, as_json, parsed, unpacked
from tests.unit.exports import Words, logs, metrics, spans, text

LIMIT = 1000


def test_ids_are_hex_enumerations_are_numbers_and_times_are_texts() -> None:
    export = spans(Words("w"))
    span = export.resource_spans[0].scope_spans[0].spans[0]
    found = json.loads(as_json(export))["resourceSpans"][0]["scopeSpans"][0]["spans"][0]
    assert (found["traceId"], found["spanId"]) == (span.trace_id.hex(), span.span_id.hex())
    assert found["links"][0]["traceId"] == span.links[0].trace_id.hex()
    assert (found["kind"], found["status"]["code"]) == (3, 2)
    assert found["endTimeUnixNano"] == str(span.end_time_unix_nano)


def test_an_attribute_that_is_called_like_an_id_is_left_as_it_is() -> None:
    export = spans(Words("w"))
    export.resource_spans[0].resource.attributes.append(text("traceId", "not an id"))
    assert {"key": "traceId", "value": {"stringValue": "not an id"}} in json.loads(as_json(export))["resourceSpans"][0][
        "resource"
    ]["attributes"]


@pytest.mark.parametrize("make", [spans, logs, metrics])
def test_every_slot_of_every_kind_is_written_in_one_line(make: object) -> None:
    word = Words("w")
    assert callable(make)
    line = as_json(make(word))
    assert b"\n" not in line
    assert {slot for slot, said in word.given.items() if said.encode() not in line} == set()


@given(st.text(max_size=50), st.binary(max_size=20))
def test_any_text_is_written_so_that_it_can_be_read_again(said: str, blob: bytes) -> None:
    export = ExportTraceServiceRequest()
    span = export.resource_spans.add().scope_spans.add().spans.add(trace_id=os.urandom(16), name=said)
    span.attributes.append(text("key", said))
    span.attributes.add(key="blob").value.bytes_value = blob
    line = as_json(parsed(ExportTraceServiceRequest, export.SerializeToString()))
    found = json.loads(line)["resourceSpans"][0]["scopeSpans"][0]["spans"][0]
    assert found.get("name", "") == said
    assert found["attributes"][0]["value"]["stringValue"] == said


def test_nothing_is_written_of_an_export_without_anything() -> None:
    assert as_json(ExportTraceServiceRequest()) == b""


@given(st.binary(max_size=200), st.sampled_from(sorted(KINDS)))
def test_what_is_no_export_is_refused_without_being_quoted(body: bytes, path: str) -> None:
    refusals = []
    try:
        as_json(parsed(KINDS[path], body))
    except Refused as refused:
        refusals.append((refused.status, refused.message))
    assert set(refusals) <= {(400, "The body is not an export of this kind.")}


@given(st.binary(max_size=LIMIT))
def test_what_was_packed_is_unpacked(body: bytes) -> None:
    assert unpacked(gzip.compress(body), encoding="gzip", limit=LIMIT) == body
    assert unpacked(body, encoding="", limit=LIMIT) == body


@given(st.binary(max_size=300))
def test_what_is_not_gzip_is_refused(body: bytes) -> None:
    with pytest.raises(Refused):
        unpacked(b"x" + body, encoding="gzip", limit=LIMIT)


@given(st.integers(1, 100))
def test_what_is_cut_short_or_goes_on_is_refused(cut: int) -> None:
    body = gzip.compress(os.urandom(200))
    for wrong in (body[:-cut], body + b"x" * cut):
        with pytest.raises(Refused):
            unpacked(wrong, encoding="gzip", limit=LIMIT)


def test_a_bomb_is_refused_before_it_is_unpacked() -> None:
    with pytest.raises(Refused) as caught:
        unpacked(gzip.compress(bytes(LIMIT + 1)), encoding="gzip", limit=LIMIT)
    assert caught.value.status == 413
