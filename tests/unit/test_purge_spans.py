"""The purge of a file of exported spans: nothing stays, and no offset moves."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gameday.contain import purge_spans
from gameday.contain.purge_spans import blanked


@given(st.lists(st.binary().map(lambda line: line.replace(b"\n", b"")), max_size=8), st.binary(max_size=20))
def test_every_whole_line_is_emptied_and_keeps_its_length(lines: list[bytes], rest: bytes) -> None:
    rest = rest.replace(b"\n", b"")
    data = b"".join(line + b"\n" for line in lines) + rest
    emptied = blanked(data)
    assert [len(line) for line in emptied.split(b"\n")] == [len(line) for line in data.split(b"\n")]
    assert emptied.endswith(rest)
    assert all(set(line) <= set(b"{} ") for line in emptied.split(b"\n")[:-1])


def test_what_is_left_of_a_line_is_an_export_of_nothing() -> None:
    assert json.loads(blanked(b'{"resourceSpans": []}\n')) == {}


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr("sys.argv", ["purge_spans", *arguments])
    return purge_spans.main()


def test_a_file_is_purged_in_place_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "spans.jsonl"
    file.write_bytes(b'{"resourceSpans": "of request r-17"}\nhalf a li')
    about = ("--file", str(file), "--request-id", "r-17")
    assert run(monkeypatch, *about, "--check") == 1
    assert run(monkeypatch, *about) == 0
    assert run(monkeypatch, *about, "--check") == 0
    assert file.read_bytes().endswith(b"\nhalf a li")


def test_an_alert_without_a_request_cannot_be_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "spans.jsonl").touch()
    assert run(monkeypatch, "--file", str(tmp_path / "spans.jsonl"), "--request-id", "", "--check") == 2


def test_a_jaeger_that_does_not_answer_was_not_purged(monkeypatch: pytest.MonkeyPatch) -> None:
    nowhere = "http://127.0.0.1:1"
    about = ("--jaeger", nowhere, "--otlp", nowhere, "--traces", "5", "--request-id", "r")
    assert run(monkeypatch, *about) == 2
    assert run(monkeypatch, *about, "--check") == 2
