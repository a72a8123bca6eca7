"""Harmless, whatever happens: killed runs, second sweeps, planted texts."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from gameday import journal
from gameday.canary.families import FAMILIES
from gameday.canary.find import Finder
from gameday.canary.key import load_or_make
from gameday.canary.mint import Mint
from gameday.runtime.daemon import Daemon
from gameday.timeline import FaultPlanned, FaultUndone, Phase, RunStarted, Sent, Sighted
from gameday.wait import poll_until
from tests.conformance.conftest import require_docker
from tests.plugin.playing import F1, F2, Player


def planted_texts(player: Player, folder: Path) -> list[bytes]:
    """Every text that the run planted, minted again from its key, name and seed."""
    timeline = journal.read(folder)
    started = timeline.of(RunStarted)[0]
    mint = Mint(
        load_or_make(player.tmp_path / "site.key"), run=started.run, seed=started.seed, tenants=("acme", "globex")
    )
    families = {family.name: family for family in FAMILIES}
    texts: list[bytes] = []
    for sent in timeline.of(Sent):
        for planted in sent.planted:
            canary = mint.canary(families[planted.family], tenant=sent.tenant, slot=planted.slot)
            assert canary.id == planted.canary
            texts += [text.encode() for text in (canary.token, *canary.values)]
    return texts


def test_no_output_of_a_run_holds_a_planted_text(player: Player) -> None:
    junit = player.tmp_path / "junit.xml"
    played = player.play(F1, F2)
    texts = planted_texts(player, played.folder)
    outputs = [path.read_bytes() for path in played.folder.rglob("*") if path.is_file()] + [played.output.encode()]
    assert len(texts) >= 20
    assert len(outputs) >= 3
    assert not any(text in output for text in texts for output in outputs)
    assert not junit.exists()


def test_a_traceback_with_a_canary_in_it_is_cleaned_before_any_reporter(player: Player) -> None:
    scenario = player.tmp_path / "test_careless.py"
    scenario.write_text("""
import pytest
from gameday import GitHubTokenPrompt
@pytest.mark.gameday(failure_mode="F1", layers=("L1",), severity="P1")
def test_a_careless_scenario(gameday, gameday_pipeline):
    sent = gameday.send(GitHubTokenPrompt, to=gameday_pipeline, tenant="acme")
    print(sent.canary.text)
    assert sent.canary.values[0] == "something else"
""")
    command = [
        sys.executable,
        "-m",
        "pytest",
        str(scenario),
        "--gameday-on=embedded",
        "--junitxml=junit.xml",
        "--showlocals",
    ]
    done = subprocess.run(
        command, env=player.env(), capture_output=True, text=True, timeout=60, check=False, cwd=player.tmp_path
    )
    folder = next((player.tmp_path / "reports").glob("*/"))
    texts = planted_texts(player, folder)
    outputs = [done.stdout.encode(), (player.tmp_path / "junit.xml").read_bytes()]
    outputs += [path.read_bytes() for path in folder.rglob("*") if path.is_file()]
    assert done.returncode == 1
    assert "[canary " in done.stdout
    assert not any(text in output for text in texts for output in outputs)


@pytest.mark.parametrize(
    ("how", "on"), [(signal.SIGKILL, "embedded"), (signal.SIGINT, "embedded"), (signal.SIGKILL, "docker")]
)
def test_a_run_that_is_ended_in_mid_scenario_leaves_nothing(player: Player, how: signal.Signals, on: str) -> None:
    if on == "docker":
        require_docker()
    scenario = player.tmp_path / "test_slow.py"
    scenario.write_text("""
import pytest
from gameday import CloudKeyPrompt, RequestBodyLogging
@pytest.mark.gameday(failure_mode="F1", layers=("L1",), severity="P1")
def test_a_leak_that_lasts(gameday, gameday_pipeline):
    fault = RequestBodyLogging(gameday_pipeline.ingress)
    with gameday.inject(fault):
        sent = gameday.send(CloudKeyPrompt, to=gameday_pipeline, tenant="acme")
        gameday.expect_leak(sent, at=fault.origin)
        if not gameday.is_control:
            gameday.expect_leak(sent, at=gameday_pipeline.cache.answers, within_s=60)
""")
    command = [sys.executable, "-m", "pytest", str(scenario), f"--gameday-on={on}"]
    process = subprocess.Popen(
        command, env=player.env(), cwd=player.tmp_path, stdout=subprocess.DEVNULL, start_new_session=True
    )
    reports = player.tmp_path / "reports"
    folder = poll_until(lambda: _in_mid_leak(reports), what="the leak", every_s=0.05, within_s=40).value
    children = _descendants(process.pid)
    os.kill(process.pid, how)
    process.wait(20)
    poll_until(lambda: True if not _alive(children) else None, what="everything gone", every_s=0.05, within_s=20)
    if on == "docker":
        poll_until(lambda: None if _orphans() else True, what="no container is left", every_s=0.1, within_s=20)
    timeline = journal.read(folder)
    assert timeline.of(FaultPlanned)
    assert (how is signal.SIGINT) == bool(timeline.of(FaultUndone))
    assert len(children) >= (5 if on == "embedded" else 4)
    assert _gameday("report", str(folder), player=player).returncode in {1, 2}
    assert "cut off" in (folder / "index.html").read_text() or how is signal.SIGINT
    assert _gameday("clean", "--reports", str(reports), player=player).returncode == 0
    assert all(not undone.is_active for undone in journal.read(folder).of(FaultUndone))
    assert _gameday("gate", str(folder), player=player).returncode in {1, 2}


def _gameday(*words: str, player: Player) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "gameday.cli", *words],
        env=player.env(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def _orphans() -> set[str]:
    with Daemon.reach() as daemon:
        return set(daemon.orphan_labels())


def _in_mid_leak(reports: Path) -> Path | None:
    for path in reports.glob("*/journal.jsonl"):
        events = [json.loads(line) for line in path.read_bytes().split(b"\n")[:-1]]
        if any(event["event"] == "sighted" and event.get("is_forbidden") for event in events):
            return path.parent
    return None


def _descendants(pid: int) -> set[int]:
    found: set[int] = set()
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in task.read_text().split():
            found |= {int(child)} | _descendants(int(child))
    return found


def _alive(pids: set[int]) -> set[int]:
    return {pid for pid in pids if Path(f"/proc/{pid}").exists() and " Z " not in Path(f"/proc/{pid}/stat").read_text()}


def test_another_site_key_brings_the_same_alerts(player: Player) -> None:
    """Re-key: the defence knows nothing of the marker, so that another key changes nothing for it."""
    first = player.play(F1, F2, arguments=("--seed", "7"))
    (player.tmp_path / "site.key").unlink()
    second = player.play(F1, F2, arguments=("--seed", "7"))
    keys = {timeline.of(RunStarted)[0].key_id for timeline in (first.timeline, second.timeline)}
    assert len(keys) == 2
    assert first.exit_code == second.exit_code == 0
    assert _alerts(first.folder) == _alerts(second.folder)
    assert len(_alerts(first.folder)) == 2


def _alerts(folder: Path) -> list[tuple[str, str, str]]:
    from gameday.timeline import Delivered  # noqa: PLC0415

    return [(event.scenario, event.alertname, event.place) for event in journal.read(folder).of(Delivered)]


def test_tokens_without_values_raise_no_alert(player: Player) -> None:
    """A detector that fires on our marker would be a detector of game days."""
    scenario = player.tmp_path / "test_tokens_alone.py"
    scenario.write_text("""
import pytest
from gameday import CloudKeyPrompt, RequestBodyLogging
@pytest.mark.gameday(failure_mode="F1", layers=("L1",), severity="P1")
def test_tokens_alone(gameday, gameday_pipeline):
    fault = RequestBodyLogging(gameday_pipeline.ingress)
    with gameday.inject(fault):
        sent = gameday.send(CloudKeyPrompt, to=gameday_pipeline, tenant="acme", with_value=False)
        gameday.expect_leak(sent, at=fault.origin)
        gameday.expect_alert(sent, within_s=1)
""")
    played = player.play(str(scenario))
    sighted = [event for event in played.timeline.of(Sighted) if event.phase is Phase.FAULT and event.is_forbidden]
    assert played.exit_code in {1, 2}
    assert {event.parts for event in sighted} == {("token",)}
    assert "nobody noticed" in played.output
    assert not _alerts(played.folder)


def test_the_logs_have_the_same_fields_with_the_fault_and_without(player: Player) -> None:
    """No field is logged only for us: read from the gateway's log, before the run's own folder is taken down."""
    sabotage = f"""
import json
from pathlib import Path
from gameday.scenario.playing import Playing
real = Playing.close
def close(self, exitstatus):
    log = next(sink.path for sink in self.system.config.sink if sink.place == "gateway/log")
    keys = {{tuple(sorted(json.loads(line))) for line in Path(log).read_text().splitlines()}}
    Path({str(player.tmp_path / "fields.json")!r}).write_text(json.dumps(sorted(keys)))
    return real(self, exitstatus)
Playing.close = close
"""
    assert player.play(F1, F2, sabotage=sabotage).exit_code == 0
    assert len(json.loads((player.tmp_path / "fields.json").read_text())) == 1


def test_a_finder_of_the_runs_key_finds_nothing_in_the_report(player: Player) -> None:
    played = player.play(F2)
    finder = Finder(load_or_make(player.tmp_path / "site.key"))
    assert not finder.find((played.folder / "index.html").read_bytes()).sightings
