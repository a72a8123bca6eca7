"""What the reference detector follows: whole lines of files, spans of exports, and a store by the moment it was asked."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gameday.detect.rules import text_at
from gameday.detect.sources import Watched, source_of
from gameday.detect.spans import span_lines
from gameday.scenario.silence import _ends

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


def export(*spans: dict[str, object], **resource: str) -> bytes:
    about = {"attributes": [{"key": key, "value": {"stringValue": value}} for key, value in resource.items()]}
    return json.dumps({"resourceSpans": [{"resource": about, "scopeSpans": [{"spans": list(spans)}]}]}).encode()


def span(name: str, **attributes: str) -> dict[str, object]:
    return {"name": name, "attributes": [{"key": k, "value": {"stringValue": v}} for k, v in attributes.items()]}


def followed(path: Path, *, kind: str = "lines") -> Watched:
    return Watched(path=str(path), service="gateway", request_id="id", kind=kind)  # type: ignore[arg-type]  # one of them


def test_a_line_that_is_still_being_written_is_left_for_the_next_look(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_bytes(b"one\ntwo\nhalf a li")
    source = source_of(followed(log))
    first = source.read(0)
    log.write_bytes(b"one\ntwo\nhalf a line\n")
    assert (list(first.lines), first.position) == ([b"one\n", b"two\n"], 8)
    assert list(source.read(first.position).lines) == [b"half a line\n"]


def test_a_file_that_is_not_there_yet_has_not_been_read(tmp_path: Path) -> None:
    batch = source_of(followed(tmp_path / "later.log")).read(0)
    assert (list(batch.lines), batch.position) == ([], 0)


def test_each_span_of_an_exported_line_is_a_line_with_its_attributes_by_name(tmp_path: Path) -> None:
    log = tmp_path / "spans.jsonl"
    log.write_bytes(export(span("chat", **{"gateway.request_id": "r1"}), span("embed"), host="a") + b"\n")
    batch = source_of(followed(log, kind="otlp")).read(0)
    first, second = (json.loads(line) for line in batch.lines)
    assert (first["name"], first["gateway.request_id"], first["host"]) == ("chat", "r1", "a")
    assert second["name"] == "embed"
    assert batch.position == log.stat().st_size


def test_a_request_id_is_found_under_a_name_with_dots_too() -> None:
    assert text_at({"gateway.request_id": "r1"}, "gateway.request_id") == "r1"
    assert text_at({"gateway": {"request_id": "r1"}}, "gateway.request_id") == "r1"
    assert text_at({"gateway.request_id": 7}, "gateway.request_id") == ""


def test_a_store_that_does_not_answer_has_not_been_read() -> None:
    watched = Watched(path="http://127.0.0.1:1", service="gateway", request_id="id", kind="jaeger", limit=5)
    batch = source_of(watched).read(17)
    assert (list(batch.lines), batch.position) == ([], 17)


def test_a_store_counts_as_read_only_when_it_was_asked_after_now(tmp_path: Path) -> None:
    (tmp_path / "a.log").write_bytes(b"12345")
    ends = dict(_ends([str(tmp_path / "a.log"), str(tmp_path / "none.log"), "http://127.0.0.1:1"]))
    assert ends.pop(str(tmp_path / "a.log")) == 5
    assert [key for key, asked_us in ends.items() if asked_us > 1e15] == ["http://127.0.0.1:1"]


@pytest.mark.parametrize("junk", [b"", b"not json\n", b"[1]\n"])
def test_what_is_no_export_is_still_looked_at(junk: bytes) -> None:
    assert list(span_lines(junk)) == [junk]


@given(JSON)
def test_no_shape_of_an_export_breaks_the_detector(document: object) -> None:
    for line in span_lines(json.dumps({"resourceSpans": document}).encode()):
        assert isinstance(json.loads(line), dict)
