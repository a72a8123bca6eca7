"""A journal: written as it happens, readable next year, torn at most in its last line."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gameday import clock, journal
from gameday.errors import JournalBroken, JournalInUse, UsageError
from gameday.journal import Journal
from gameday.timeline import AnyEvent, Problem, RunStarted

NOW = clock.now()
STARTED = RunStarted(
    at=clock.point(NOW),
    format=1,
    run="r",
    wall=NOW,
    seed=1,
    key_id="k",
    argv=("gameday", "run"),
    commit="",
    versions={},
)


def problem(why: str) -> Problem:
    return Problem(at=clock.point(NOW), what="w", why=why)


@given(st.lists(st.text(), max_size=20))
def test_what_was_written_is_read_again(tmp_path_factory: pytest.TempPathFactory, words: list[str]) -> None:
    path = tmp_path_factory.mktemp("journal") / "journal.jsonl"
    events: list[AnyEvent] = [STARTED, *map(problem, words)]
    with Journal(path) as written:
        for event in events:
            written.append(event)
    assert list(journal.read(path).events) == events
    assert list(journal.read(path.parent).events) == events


def test_a_torn_last_line_is_left_out_and_the_next_writer_begins_a_fresh_one(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    with Journal(path) as written:
        written.append(STARTED)
    with path.open("ab") as file:
        file.write(b'{"event":"problem","at":{"earl')
    assert list(journal.read(path).events) == [STARTED]
    with Journal(path) as again:
        again.append(problem("after"))
    assert [type(event) for event in journal.read(path).events] == [RunStarted, Problem]


def test_a_journal_has_one_writer(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    with Journal(path), pytest.raises(JournalInUse, match="another run is writing it"):
        Journal(path)
    Journal(path).close()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "does not begin with the event run_started"),
        (b'{"event":"problem"}\n', ":1: "),
        (b"\xff\xfe\n", ":1: "),
        (b"[]\n", ":1: "),
    ],
)
def test_what_is_no_journal_is_refused_with_file_and_line(tmp_path: Path, content: bytes, says: str) -> None:
    path = tmp_path / "journal.jsonl"
    path.write_bytes(content)
    with pytest.raises(JournalBroken, match=says) as refused:
        journal.read(path)
    assert str(path) in str(refused.value)


def test_a_journal_of_another_format_says_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    with Journal(path) as written:
        written.append(STARTED)
    path.write_bytes(path.read_bytes().replace(b'"format":1', b'"format":9'))
    with pytest.raises(JournalBroken, match="format = 9"):
        journal.read(path)


def test_a_run_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="Name the folder of a run"):
        journal.read(tmp_path / "nowhere")
