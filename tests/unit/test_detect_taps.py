"""What the reference detector reads out of an Envoy's tap, and the step that switches one off."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gameday.contain import mesh_tap
from gameday.detect.sources import Watched, source_of
from gameday.detect.taps import tap_line

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["request", "headers", "body", "key"]), inner),
    max_leaves=12,
)


def capture(request_id: str, body: str) -> bytes:
    headers = [{"key": ":path", "value": "/v1"}, {"key": "X-Request-Id", "value": request_id}]
    return json.dumps({"http_buffered_trace": {"request": {"headers": headers, "body": {"as_string": body}}}}).encode()


def test_a_capture_is_one_line_with_its_request_id_and_bodies() -> None:
    line = json.loads(tap_line(capture("r-17", "what went by")))
    assert line == {"request_id": "r-17", "request": "what went by", "response": ""}


@given(JSON)
def test_no_shape_of_a_capture_breaks_the_detector(document: object) -> None:
    line = tap_line(json.dumps({"http_buffered_trace": document}).encode())
    assert line.endswith(b"\n")
    assert b"\n" not in line[:-1]


def test_each_capture_is_given_once_and_only_when_it_is_whole(tmp_path: Path) -> None:
    source = source_of(Watched(path=tmp_path.as_uri(), service="mesh", request_id="request_id", kind="tap"))
    whole = capture("r-17", "text")
    (tmp_path / "tap_1.json").write_bytes(whole)
    (tmp_path / "tap_2.json").write_bytes(whole[:-9])
    first = source.read(0)
    assert list(first.lines) == [tap_line(whole)]
    assert first.position > 0
    object.__setattr__(source, "_due_s", 0.0)
    (tmp_path / "tap_2.json").write_bytes(whole)
    assert list(source.read(first.position).lines) == [tap_line(whole)]


def test_a_folder_that_is_not_there_has_not_been_read(tmp_path: Path) -> None:
    path = (tmp_path / "none").as_uri()
    batch = source_of(Watched(path=path, service="mesh", request_id="request_id", kind="tap")).read(17)
    assert (list(batch.lines), batch.position) == ([], 17)


@pytest.mark.parametrize("check", [(), ("--check",)])
def test_a_mesh_that_does_not_answer_was_not_stopped(monkeypatch: pytest.MonkeyPatch, check: tuple[str, ...]) -> None:
    arguments = ("--mesh", "envoy:http://127.0.0.1:1", "--key", "gameday.tap", *check)
    monkeypatch.setattr("sys.argv", ["mesh_tap", *arguments])
    assert mesh_tap.main() == 2
