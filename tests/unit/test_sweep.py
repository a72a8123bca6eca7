"""A sweep of this machine: the same result whoever searches, nothing skipped in silence, and it goes on where it stopped."""

import itertools
import json
import multiprocessing
import os
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from gameday.errors import HarnessError, UsageError
from gameday.sighting import Sighting
from gameday.sweep import processes
from gameday.sweep.checkpoint import Checkpoint
from gameday.sweep.lines import lines
from gameday.sweep.listing import listed
from gameday.sweep.result import Merging, Swept
from gameday.sweep.sweeping import Standing, sweep
from gameday.sweep.work import WINDOW_BYTES, Answer, Item, Jobs, Reach, Unit, cut
from gameday.wait import poll_until
from tests.unit.sweep_twin import BOMB, KILLS, PACKED, DiesAtOnce, TwinSpec, Unbuildable

TWIN = TwinSpec()


def found(swept: Swept) -> list[tuple[str, int, str]]:
    return [(Path(one.place).name, one.offset, one.canary) for one in swept.sightings]


def sparse(path: Path, *, size: int, marks: dict[int, bytes]) -> None:
    with path.open("wb") as file:
        file.truncate(size)
        for offset, text in marks.items():
            file.seek(offset)
            file.write(text)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Files small and large; marks at the edges of windows."""
    root = tmp_path / "tree"
    (root / "deep" / "er").mkdir(parents=True)
    for number in range(20):
        (root / "deep" / f"{number:02}.log").write_bytes(b"x" * number + b"mark-%04d mark-%04d" % (number, number))
    (root / "deep" / "er" / "empty").touch()
    edges = {WINDOW_BYTES - 4: b"mark-0001", 2 * WINDOW_BYTES: b"mark-0002", 2 * WINDOW_BYTES + 50: b"mark-0001"}
    sparse(root / "large", size=2 * WINDOW_BYTES + 100, marks=edges)
    sparse(
        root / "packed", size=WINDOW_BYTES + 100, marks={0: PACKED, 50: b"mark-0003", WINDOW_BYTES + 9: b"mark-0004"}
    )
    return root


def test_the_result_does_not_depend_on_the_number_of_workers(tree: Path) -> None:
    one, three = (sweep([str(tree)], finder_spec=TWIN, workers=number) for number in (1, 3))
    assert list(lines(one)) == list(lines(three))
    assert one == three
    assert one.files == 23
    assert not one.unseen
    assert len(one.sightings) == 20 + 2 + 2


def test_a_mark_on_the_edge_of_two_windows_is_found_once_where_it_begins(tree: Path) -> None:
    large = sweep([str(tree / "large")], finder_spec=TWIN, workers=2)
    assert found(large) == [("large", WINDOW_BYTES - 4, "0001"), ("large", 2 * WINDOW_BYTES, "0002")]


def test_a_packed_file_is_searched_as_one_piece(tree: Path) -> None:
    packed = sweep([str(tree / "packed")], finder_spec=TWIN, workers=2)
    assert found(packed) == [("packed", 50, "0003"), ("packed", WINDOW_BYTES + 9, "0004")]


def test_a_file_named_twice_is_searched_once(tree: Path) -> None:
    once = sweep([str(tree)], finder_spec=TWIN, workers=1)
    twice = sweep([str(tree), str(tree / "deep"), f"file://{tree}/large"], finder_spec=TWIN, workers=1)
    assert once == twice


def test_clean_found_and_could_not_look_have_their_exit_codes(tmp_path: Path) -> None:
    (tmp_path / "clean").write_bytes(b"nothing")
    (tmp_path / "found").write_bytes(b"mark-0001")
    (tmp_path / "bomb").write_bytes(BOMB)
    code = {
        names: sweep([str(tmp_path / name) for name in names], finder_spec=TWIN, workers=1).exit_code
        for names in [("clean",), ("found",), ("bomb",), ("clean", "gone"), ("found", "bomb")]
    }
    assert list(code.values()) == [0, 1, 2, 2, 1]


def test_nothing_to_search_is_not_clean(tmp_path: Path) -> None:
    assert sweep([str(tmp_path)], finder_spec=TWIN).exit_code == 2


def test_what_the_finder_did_not_look_into_is_told(tmp_path: Path) -> None:
    (tmp_path / "bomb").write_bytes(b"1234" + BOMB)
    [unseen] = sweep([str(tmp_path)], finder_spec=TWIN, workers=1).unseen
    assert (unseen.offset, unseen.form, unseen.why) == (4, ("zip",), "it is a bomb")


def test_pipes_sockets_and_links_that_lead_out_are_told(tmp_path: Path) -> None:
    root, outside = tmp_path / "root", tmp_path / "outside"
    root.mkdir()
    outside.write_bytes(b"mark-0009")
    (root / "file").write_bytes(b"mark-0001")
    (root / "inside").symlink_to(root / "file")
    (root / "loop").symlink_to(root)
    (root / "out").symlink_to(outside)
    (root / "nowhere").symlink_to(root / "gone")
    os.mkfifo(root / "pipe")
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(str(root / "socket"))
        swept = sweep([str(root)], finder_spec=TWIN, workers=1)
    assert found(swept) == [("file", 0, "0001")]
    assert [Path(one.path).name for one in swept.unseen] == ["nowhere", "out", "pipe", "socket"]
    assert not sweep([str(root / "inside")], finder_spec=TWIN, workers=1).unseen


def test_a_link_that_is_named_is_followed(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"mark-0001")
    (tmp_path / "link").symlink_to(tmp_path / "file")
    assert found(sweep([str(tmp_path / "link")], finder_spec=TWIN, workers=1)) == [("link", 0, "0001")]


def test_a_name_that_is_no_text_is_searched_and_shown(tmp_path: Path) -> None:
    (tmp_path / "root").mkdir()
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/root/\xff\xfe")).write_bytes(b"mark-0001")
    swept = sweep([str(tmp_path / "root")], finder_spec=TWIN, workers=1, checkpoint=tmp_path / "checkpoint")
    assert json.loads(next(lines(swept)))["path"].endswith("root/\\xff\\xfe")
    assert sweep([str(tmp_path / "root")], finder_spec=TWIN, checkpoint=tmp_path / "checkpoint") == swept


def test_a_file_of_unknown_size_is_read_to_its_end() -> None:
    """The kernel's own say that they hold 0 bytes."""
    [item] = listed(["/proc/self/status"]).items
    assert item.size == 0
    assert sweep(["/proc/self/status"], finder_spec=TWIN, workers=1).exit_code == 0


def test_a_worker_that_is_killed_once_costs_nothing(tree: Path, tmp_path: Path) -> None:
    plain = sweep([str(tree)], finder_spec=TWIN, workers=2)
    (tree / "deep" / "99.log").write_bytes(KILLS + os.fsencode(tmp_path / "once") + b"\nmark-0099")
    swept = sweep([str(tree)], finder_spec=TWIN, workers=2)
    assert (tmp_path / "once").exists()
    assert not swept.unseen
    assert [one for one in found(swept) if one[2] != "0099"] == found(plain)
    assert len(swept.sightings) == len(plain.sightings) + 1


def test_a_file_that_kills_every_worker_is_told_and_the_rest_is_searched(tree: Path, tmp_path: Path) -> None:
    (tree / "deep" / "10.log").write_bytes(KILLS + os.fsencode(tmp_path / "never") + b"\nmark-0010")
    swept = sweep([str(tree)], finder_spec=TWIN, workers=2)
    assert [Path(one.path).name for one in swept.unseen] == ["10.log"]
    assert swept.unseen[0].why == processes.DIED
    assert len(swept.sightings) == 19 + 2 + 2
    assert swept.failed == 1


def test_workers_that_cannot_begin_are_the_harness_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x")
    with pytest.raises(HarnessError, match="died as they began"):
        sweep([str(tmp_path)], finder_spec=DiesAtOnce(), workers=2)
    with pytest.raises(HarnessError, match=r"could not begin: it failed \(ValueError\)"):
        sweep([str(tmp_path)], finder_spec=Unbuildable(), workers=2)


def test_no_worker_is_left_behind(tree: Path) -> None:
    with pytest.raises(RuntimeError, match="stop"):
        sweep([str(tree)], finder_spec=TWIN, workers=2, on_progress=_stop_after(1))
    assert not multiprocessing.active_children()


def _stop_after(calls: int):  # type: ignore[no-untyped-def] # noqa: ANN202
    count = itertools.count()

    def stop(_: Standing) -> None:
        if next(count) == calls:
            raise RuntimeError("stop")

    return stop


def test_a_stopped_sweep_goes_on_after_what_is_done(tree: Path, tmp_path: Path) -> None:
    checkpoint, whole = tmp_path / "checkpoint", sweep([str(tree)], finder_spec=TWIN, workers=1)
    with pytest.raises(RuntimeError, match="stop"):
        sweep([str(tree)], finder_spec=TWIN, workers=1, checkpoint=checkpoint, on_progress=_stop_after(3))
    standings = list[Standing]()
    resumed = sweep([str(tree)], finder_spec=TWIN, workers=2, checkpoint=checkpoint, on_progress=standings.append)
    assert resumed == whole
    assert 0 < standings[0].done_bytes < standings[0].total_bytes
    assert standings[-1].done_bytes == standings[-1].total_bytes == whole.size_bytes


def test_a_changed_file_is_searched_again(tree: Path, tmp_path: Path) -> None:
    checkpoint = tmp_path / "checkpoint"
    sweep([str(tree)], finder_spec=TWIN, workers=1, checkpoint=checkpoint)
    (tree / "deep" / "03.log").write_bytes(b"xxxmark-0303 mark-0303")
    again = sweep([str(tree)], finder_spec=TWIN, workers=1, checkpoint=checkpoint)
    assert again == sweep([str(tree)], finder_spec=TWIN, workers=1)
    assert "0303" in [one.canary for one in again.sightings]


def test_what_failed_is_tried_again(tmp_path: Path) -> None:
    root, checkpoint = tmp_path / "root", tmp_path / "checkpoint"
    root.mkdir()
    (root / "file").write_bytes(KILLS + os.fsencode(tmp_path / "never") + b"\nmark-0010")
    assert sweep([str(root)], finder_spec=TWIN, workers=1, checkpoint=checkpoint).exit_code == 2
    (tmp_path / "never").touch()
    assert sweep([str(root)], finder_spec=TWIN, workers=1, checkpoint=checkpoint).exit_code == 1


@given(cut_at=st.integers(0, 2000))
def test_a_torn_checkpoint_is_gone_on_with(tmp_path_factory: pytest.TempPathFactory, cut_at: int) -> None:
    checkpoint = tmp_path_factory.mktemp("torn") / "checkpoint"
    units = [Unit(item=Item(path=f"file-{n}", reach=Reach.FILE, size=n, version="1")) for n in range(8)]
    sighting = Sighting(canary="0001", parts=frozenset({"token"}), form=("zip",), offset=3, slot="user", share=0.5)
    answers = [Answer(unit=unit, sightings=(sighting,)) for unit in units]
    with Checkpoint(checkpoint, digest="d") as kept:
        kept.add(answers)
    whole = checkpoint.read_bytes()
    checkpoint.write_bytes(whole[:cut_at])
    with Checkpoint(checkpoint, digest="d") as kept:
        known = [kept.known(unit) for unit in units]
        done = max(whole[:cut_at].count(b"\n") - 1, 0)
        assert known == [*answers[:done], *[None] * (8 - done)]
        kept.add(answers[done:])
    assert checkpoint.read_bytes() == whole


@pytest.mark.parametrize(
    "body", [b"my notes", b"my notes\n", b'{"a": 1}\n', b'{"gameday sweep": 1, "digest": "other"}\n']
)
def test_a_file_that_is_no_checkpoint_of_this_sweep_is_left_alone(tmp_path: Path, body: bytes) -> None:
    path = tmp_path / "notes"
    path.write_bytes(body)
    with pytest.raises(UsageError, match="Name another file with --resume"):
        Checkpoint(path, digest="d")
    assert path.read_bytes() == body


def test_two_sweeps_never_share_a_checkpoint(tmp_path: Path) -> None:
    with (
        Checkpoint(tmp_path / "checkpoint", digest="d"),
        pytest.raises(UsageError, match="another sweep writes"),
    ):
        Checkpoint(tmp_path / "checkpoint", digest="d")


def test_a_sweep_never_searches_its_own_checkpoint(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x")
    for _ in range(2):
        swept = sweep([str(tmp_path)], finder_spec=TWIN, workers=1, checkpoint=tmp_path / "checkpoint")
        assert swept.files == 1


def test_a_file_that_shrinks_while_it_is_swept_is_not_clean(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"long enough")

    def shrink(_: Standing) -> None:
        (tmp_path / "a").write_bytes(b"short")

    [unseen] = sweep([str(tmp_path)], finder_spec=TWIN, workers=1, on_progress=shrink).unseen
    assert unseen.why == "it changed while it was swept"


def test_a_log_that_grows_while_it_is_swept_is_swept_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"mark-0001")

    def grow(_: Standing) -> None:
        with (tmp_path / "a").open("ab") as file:
            file.write(b"\nmore")

    assert not sweep([str(tmp_path)], finder_spec=TWIN, workers=1, on_progress=grow).unseen


SIGHTINGS = st.builds(
    Sighting,
    canary=st.sampled_from(["c1", "c2"]),
    parts=st.frozensets(st.sampled_from(["token", "value", "prose"]), min_size=1),
    form=st.sampled_from([(), ("zip",), ("zip", "base64")]),
    offset=st.integers(0, 50),
    share=st.none() | st.sampled_from([0.25, 0.5, 1.0]),
)
ANSWERS = st.builds(
    Answer,
    unit=st.builds(Unit, item=st.builds(Item, path=st.sampled_from(["a", "b"]), reach=st.just(Reach.FILE))),
    sightings=st.lists(SIGHTINGS, max_size=5).map(tuple),
    failed=st.none() | st.just("it failed"),
)


@given(answers=st.lists(ANSWERS, max_size=6), order=st.randoms(use_true_random=False))
def test_answers_in_any_order_make_one_result(answers: list[Answer], order: object) -> None:
    shuffled = list(answers)
    order.shuffle(shuffled)  # type: ignore[attr-defined]
    results = []
    for some in (answers, shuffled):
        merging = Merging()
        for answer in some:
            merging.add(answer)
        results.append(merging.swept(files=2, size_bytes=0))
    assert results[0] == results[1]
    places = [(one.place, one.canary, one.form) for one in results[0].sightings]
    assert len(places) == len(set(places))


@given(size=st.integers(0, 5 * WINDOW_BYTES))
def test_windows_cover_a_file_once(size: int) -> None:
    units = list(cut(Item(path="a", reach=Reach.FILE, size=size)))
    ends = [unit.end if unit.end is not None else size for unit in units]
    assert [unit.start for unit in units] == [0, *ends[:-1]]
    assert ends[-1] == size
    assert all(unit.size <= WINDOW_BYTES for unit in units)


def test_a_lost_job_is_done_once_more_unit_by_unit_and_then_given_up() -> None:
    units = [Unit(item=Item(path=str(n), reach=Reach.FILE, size=1)) for n in range(3)]
    jobs = Jobs(units)
    first = jobs.take()
    assert first is not None
    assert not jobs.lost(first, why="died")
    again = [jobs.take() for _ in range(3)]
    assert [job and job.units for job in again] == [(unit,) for unit in units]
    assert again[1] is not None
    assert jobs.lost(again[1], why="died") == (Answer(unit=units[1], failed="died"),)
    assert jobs.take() is None


def test_ctrl_c_ends_a_sweep_at_once_and_keeps_what_is_done(tree: Path, tmp_path: Path) -> None:
    """Sent to the whole group, as a terminal does."""
    program = (
        "import sys; from gameday.sweep.sweeping import sweep; from pathlib import Path\n"
        "from tests.unit.sweep_twin import TwinSpec\n"
        "if __name__ == '__main__':\n"
        "    told = lambda one: print(one.done_bytes, flush=True)\n"
        "    for _ in range(1000):\n"
        "        sweep(sys.argv[1:2], finder_spec=TwinSpec(), workers=2, checkpoint=Path(sys.argv[2]), on_progress=told)\n"
        "        Path(sys.argv[2]).unlink()\n"
    )
    script = tmp_path / "script.py"
    script.write_text(program)
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    arguments = [sys.executable, str(script), str(tree), str(tmp_path / "checkpoint")]
    with subprocess.Popen(
        arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env, start_new_session=True
    ) as process:
        assert process.stdout is not None
        while process.stdout.readline().strip() in ("", "0"):
            pass
        os.killpg(process.pid, signal.SIGINT)
        _, told = process.communicate(timeout=20)
    assert process.returncode == -signal.SIGINT
    assert told.count("KeyboardInterrupt") == 1
    poll_until(lambda: not _alive(process.pid) or None, what="the group has ended", every_s=0.05, within_s=10)


def _alive(group: int) -> list[str]:
    """The processes of a group that still run; a zombie waits for its parent only."""
    states = []
    for file in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            state, _, of = file.read_text().rpartition(")")[2].split()[:3]
            states += [state] if int(of) == group and state != "Z" else []
    return states


def test_the_public_data_is_comparable() -> None:
    swept = Merging().swept(files=0, size_bytes=0)
    assert evolve(swept) == swept
