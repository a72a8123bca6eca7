"""A game day that several workers play (pytest -n): the same verdicts as in one process, and unknown where a worker died."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest

from gameday import journal
from gameday.canary.key import load_or_make
from gameday.journal import PARTS
from gameday.metrics import measure_all
from gameday.scenario.closing import texts_of
from gameday.scenario.reminting import remint
from gameday.systems.reference.files import TENANTS
from gameday.timeline import (
    Arm,
    ArmEnded,
    ArmStarted,
    FaultPlanned,
    FaultUndone,
    Planned,
    Problem,
    RunStarted,
    Sent,
    Swept,
    SystemReady,
    Timeline,
)
from gameday.wait import poll_until
from tests.plugin.playing import F1, F2, Player

TWO: Final = ("-n", "2")
HEAD: Final = """
import os, signal
import pytest
from gameday import CloudKeyPrompt, RequestBodyLogging
@pytest.mark.gameday(failure_mode="F1", layers=("L1",), severity="P1")
"""


def figures(timeline: Timeline) -> dict[str, tuple[object, ...]]:
    """All that does not depend on how long things took."""
    return {
        name: (measured.part, measured.whole, measured.unknown, len(measured.latencies), measured.where)
        for name, measured in measure_all(timeline).items()
    }


def outcomes(timeline: Timeline) -> dict[tuple[str, Arm | None], str]:
    return {(event.scenario, event.arm): event.outcome for event in timeline.of(ArmEnded)}


def test_two_workers_come_to_what_one_process_comes_to(player: Player) -> None:
    one, two = player.play(F1, F2), player.play(F1, F2, arguments=TWO)
    assert (one.exit_code, two.exit_code) == (0, 0), two.output
    assert two.output.splitlines()[-1] == "verdict: PASS"
    alone, shared = one.timeline, two.timeline
    assert figures(shared) == figures(alone)
    assert outcomes(shared) == outcomes(alone)
    assert {ready.evidence_key for ready in (*alone.of(SystemReady), *shared.of(SystemReady))} == {
        alone.of(SystemReady)[0].evidence_key
    }
    check_merged(shared)
    check_nothing_leaked(player, two.folder, shared, two.output)


def check_merged(shared: Timeline) -> None:
    """One run; each worker's stack by its name; both arms of a scenario on one worker, the control first."""
    assert (len(shared.of(RunStarted)), len(shared.of(Planned)), len(shared.of(Swept))) == (1, 4, 1)
    assert {ready.worker for ready in shared.of(SystemReady)} == {"gw0", "gw1"}
    played: dict[str, list[tuple[str, Arm | None]]] = {}
    for event in shared.of(ArmStarted):
        played.setdefault(event.scenario, []).append((event.worker, event.arm))
    assert all([arm for _, arm in arms] == [Arm.CONTROL, Arm.FAULT] for arms in played.values())
    assert sorted(worker for arms in played.values() for worker, _ in set(arms)) == ["gw0", "gw0", "gw1", "gw1"]
    requests = [event.request for event in shared.of(Sent)]
    canaries = [planted.canary for event in shared.of(Sent) for planted in event.planted]
    assert len(set(requests)) == len(requests)
    assert len(set(canaries)) == len(canaries)


def check_nothing_leaked(player: Player, folder: Path, shared: Timeline, output: str) -> None:
    minted = remint(shared, key=load_or_make(player.tmp_path / "site.key"), tenants=TENANTS).canaries
    texts = texts_of(minted)
    outputs = [path.read_bytes() for path in folder.rglob("*") if path.is_file()] + [output.encode()]
    assert {path.name for path in folder.iterdir()} == {"journal.jsonl", "index.html"}
    assert len(texts) >= 20
    assert not any(text in written for text in texts for written in outputs)


def test_a_worker_that_dies_is_unknown_and_the_others_play_on(player: Player) -> None:
    """The arm in which it died is not tried again; its other arm, and its report, are."""
    scenario = player.tmp_path / "test_deadly.py"
    scenario.write_text(
        HEAD
        + """
def test_a_deadly_one(gameday, gameday_pipeline):
    with gameday.inject(RequestBodyLogging(gameday_pipeline.ingress)):
        gameday.send(CloudKeyPrompt, to=gameday_pipeline, tenant="acme")
        if gameday.is_control:
            os.kill(os.getpid(), signal.SIGKILL)
"""
    )
    played = player.play(str(scenario), F2, arguments=TWO)
    timeline = played.timeline
    assert played.exit_code in {1, 2}
    assert played.output.splitlines()[-1] == "verdict: INCONCLUSIVE"
    assert (played.folder / "index.html").exists()
    assert any("died before its time" in problem.why for problem in timeline.of(Problem))
    assert len([event for event in timeline.of(ArmStarted) if event.scenario == "a_deadly_one"]) == 2
    assert ("a_deadly_one", Arm.CONTROL) not in outcomes(timeline)
    assert outcomes(timeline)["an_answer_of_one_tenant_never_reaches_another", Arm.FAULT] == "held"
    assert len({event.worker for event in timeline.of(SystemReady)}) == 3


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_a_controller_that_is_ended_leaves_nothing_and_clean_mends_its_parts(
    player: Player, how: signal.Signals
) -> None:
    scenario = player.tmp_path / "test_slow.py"
    scenario.write_text(
        HEAD
        + """
def test_a_leak_that_lasts(gameday, gameday_pipeline):
    fault = RequestBodyLogging(gameday_pipeline.ingress)
    with gameday.inject(fault):
        sent = gameday.send(CloudKeyPrompt, to=gameday_pipeline, tenant="acme")
        gameday.expect_leak(sent, at=fault.origin)
        if not gameday.is_control:
            gameday.expect_leak(sent, at=gameday_pipeline.cache.answers, within_s=60)
"""
    )
    process = subprocess.Popen(
        [sys.executable, "-m", "pytest", "-q", str(scenario), "--gameday-on=embedded", *TWO],
        env=player.env(), cwd=player.tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        start_new_session=True,
    )  # fmt: skip
    reports = player.tmp_path / "reports"
    folder = poll_until(lambda: _in_mid_leak(reports), what="the leak", every_s=0.05, within_s=60).value
    children = _descendants(process.pid)
    os.kill(process.pid, how)
    process.wait(60)
    poll_until(lambda: True if not _alive(children) else None, what="everything gone", every_s=0.05, within_s=60)
    assert len(children) >= 7
    assert journal.read(folder).of(FaultPlanned)
    assert _gameday("clean", "--reports", str(reports), player=player).returncode == 0
    undone = journal.read(folder).of(FaultUndone)
    assert undone
    assert not any(event.is_active for event in undone)
    assert _gameday("gate", str(folder), player=player).returncode in {1, 2}


def test_what_keeps_the_workers_from_playing_is_told_as_in_one_process(player: Player) -> None:
    sabotage = """
from gameday.errors import HarnessError
from gameday.scenario import session
def no_room(*_, **__):
    raise HarnessError("there is no room for servers")
session._bring_up = no_room
"""
    alone = player.play(F1, F2, sabotage=sabotage)
    shared = player.play(F1, F2, sabotage=sabotage, arguments=TWO)
    assert alone.exit_code == shared.exit_code == 3
    for played in (alone, shared):
        assert "there is no room for servers" in played.output
        assert played.output.splitlines()[-1] == "verdict: INCONCLUSIVE"
        assert not (played.folder / "index.html").exists()


def test_one_system_is_not_played_by_several_workers(player: Player) -> None:
    """Their faults would leak one another's control prompts."""
    config = player.tmp_path / "mine.toml"
    config.write_text("[target]\n")
    command = [sys.executable, "-m", "pytest", F1, F2, "--gameday-config", str(config), *TWO, "-p", "no:cacheprovider"]
    done = subprocess.run(
        command, env=player.env(), cwd=player.tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 4, done.stdout + done.stderr
    assert "leave -n out" in done.stdout
    assert not (player.tmp_path / "reports").exists()


def test_tests_of_others_are_not_touched(player: Player) -> None:
    test = player.tmp_path / "test_plain.py"
    test.write_text("import pytest\n@pytest.mark.parametrize('n', range(4))\ndef test_n(n):\n    assert n < 3\n")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", str(test), *TWO, "-p", "no:cacheprovider"],
        env=player.env(), cwd=player.tmp_path, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "1 failed, 3 passed" in done.stdout
    assert "gameday" not in done.stdout
    assert not (player.tmp_path / "reports").exists()


def _gameday(*words: str, player: Player) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "gameday.cli", *words],
        env=player.env(), capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def _in_mid_leak(reports: Path) -> Path | None:
    for part in reports.glob(f"*/{PARTS}/*.jsonl"):
        events: list[dict[str, Any]] = [json.loads(line) for line in part.read_bytes().split(b"\n")[:-1]]
        if any(event["event"] == "sighted" and event.get("is_forbidden") for event in events):
            return part.parent.parent
    return None


def _descendants(pid: int) -> set[int]:
    found: set[int] = set()
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in task.read_text().split():
            found |= {int(child)} | _descendants(int(child))
    return found


def _alive(pids: set[int]) -> set[int]:
    return {pid for pid in pids if Path(f"/proc/{pid}").exists() and " Z " not in Path(f"/proc/{pid}/stat").read_text()}
