"""A journal: written as it happens, readable next year, torn at most in its last line."""

from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gameday import clock, journal
from gameday.clock import Interval
from gameday.errors import JournalBroken, JournalInUse, UsageError
from gameday.journal import Journal
from gameday.timeline import AnyEvent, Planned, Problem, RunStarted, Timeline

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


def part(*, worker: str, times: list[tuple[float, float]]) -> Timeline:
    """A worker's part: its start, what was planned, and things that took from one time to another."""
    events: list[AnyEvent] = [
        msgspec.structs.replace(STARTED, at=Interval(0, 0)),
        Planned(at=Interval(1, 1), failure_mode="F1", layers=(), severity="P1", node="n", title="t", scenario="s"),
    ]
    for number, (start, took) in enumerate(times):
        events.append(Problem(at=Interval(start, start + took), what=worker, why=str(number)))
    return Timeline(events)


TIMES = st.lists(st.tuples(st.floats(2, 100), st.floats(0, 100)), max_size=12)


@given(parts=st.dictionaries(st.sampled_from(["gw0", "gw1", "gw2"]), TIMES, min_size=1))
def test_merged_parts_hold_every_event_once_and_keep_each_parts_order(
    parts: dict[str, list[tuple[float, float]]],
) -> None:
    written = {worker: part(worker=worker, times=times) for worker, times in parts.items()}
    merged = journal.merge(written)
    assert isinstance(merged.events[0], RunStarted)
    assert (len(merged.of(RunStarted)), len(merged.of(Planned))) == (1, 1)
    for worker, timeline in written.items():
        kept = [event for event in merged.of(Problem) if event.worker == worker]
        assert [msgspec.structs.replace(event, worker="") for event in kept] == list(timeline.of(Problem))
    assert len(merged.of(Problem)) == sum(map(len, parts.values()))


def test_merged_parts_tell_what_happened_in_the_order_in_which_it_became_known() -> None:
    parts = {
        "gw0": part(worker="gw0", times=[(2, 0), (9, 0)]),
        "gw1": part(worker="gw1", times=[(5, 0), (3, 0), (10, 0)]),
    }
    told = [(event.worker, event.why) for event in journal.merge(parts).of(Problem)]
    assert told == [("gw0", "0"), ("gw1", "0"), ("gw1", "1"), ("gw0", "1"), ("gw1", "2")]


def test_parts_that_nobody_merged_are_read_as_one_run_that_was_cut_off(tmp_path: Path) -> None:
    for worker in ("gw0", "gw1"):
        file = journal.part_file(tmp_path, worker)
        file.parent.mkdir(exist_ok=True)
        with Journal(file) as written:
            for event in part(worker=worker, times=[(2, 1)]).events:
                written.append(event)
    journal.part_file(tmp_path, "gw2").write_bytes(b'{"event":"run_sta')
    read = journal.read(tmp_path)
    assert {event.worker for event in read.of(Problem)} == {"gw0", "gw1"}
    assert not read.has_ended
    assert set(journal.part_files(tmp_path)) == {"gw0", "gw1"}
    assert set(journal.part_files(tmp_path, torn=True)) == {"gw0", "gw1", "gw2"}
