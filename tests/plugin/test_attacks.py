"""The gate is attacked on purpose: each layer is broken once, and the game day must not pass."""

from gameday.timeline import ArmEnded, Contained, Delivered, Look, Outcome, Uncovered, Watched
from tests.plugin.playing import F1, F2, Player

SHORT_BARRIER = """
from gameday.scenario.oracle import Oracle
initialise = Oracle.__init__
Oracle.__init__ = lambda self, **rest: initialise(self, **{**rest, "barrier_within_s": 0.3})
"""


def test_a_sound_system_passes_and_its_release_gate_says_what_is_missing(player: Player) -> None:
    played = player.play(F1, F2)
    assert played.exit_code == 0
    assert "verdict: PASS" in played.output.splitlines()[-1]
    assert "of 29,956 needed" in played.output


def test_a_deaf_detector_does_not_pass(player: Player) -> None:
    pipeline = player.pipeline(detector={"is_deaf": True})
    played = player.play(F1, arguments=("--pipeline", pipeline, "--watch", "1"))
    assert played.exit_code in {1, 2}
    assert not any(watched.noticed for watched in played.timeline.of(Watched))
    assert "nobody noticed" in played.output


def test_a_sink_that_yields_nothing_does_not_pass(player: Player) -> None:
    sabotage = SHORT_BARRIER + (
        "from gameday.sinks.file import FileSink\nFileSink.records = lambda self, *, after=None: iter(())\n"
    )
    played = player.play(F1, sabotage=sabotage)
    assert played.exit_code in {1, 2}
    assert any(not look.behind_barrier for look in played.timeline.of(Look))


def test_a_sink_that_cannot_look_does_not_pass(player: Player) -> None:
    sabotage = """
from gameday.errors import SinkUnreadable
from gameday.sinks.file import FileSink
def records(self, *, after=None):
    raise SinkUnreadable(self.name, "permission denied")
    yield
FileSink.records = records
"""
    played = player.play(F2, sabotage=sabotage)
    assert played.exit_code in {1, 2}
    assert any(not look.is_complete for look in played.timeline.of(Look))


def test_a_sink_that_drops_the_field_with_the_leak_does_not_pass(player: Player) -> None:
    sabotage = """
import attrs
from gameday.sinks.file import FileSink
real = FileSink.records
def records(self, *, after=None):
    for record in real(self, after=after):
        yield attrs.evolve(record, body=record.body.split(b'"req_body"')[0])
FileSink.records = records
"""
    played = player.play(F1, sabotage=sabotage)
    assert played.exit_code in {1, 2}
    assert "no leak where one was expected" in played.output


def test_an_undo_that_does_nothing_does_not_pass(player: Player) -> None:
    scenario = player.tmp_path / "test_without_runbook.py"
    scenario.write_text("""
import pytest
from gameday import CloudKeyPrompt, RequestBodyLogging
@pytest.mark.gameday(failure_mode="F1", layers=("L1",), severity="P1")
def test_body_logging_is_noticed(gameday, gameday_pipeline):
    fault = RequestBodyLogging(gameday_pipeline.ingress)
    with gameday.inject(fault):
        sent = gameday.send(CloudKeyPrompt, to=gameday_pipeline, tenant="acme")
        gameday.expect_leak(sent, at=fault.origin)
""")
    sabotage = "import gameday.scenario.script as script\nscript.undo = lambda settings, plan: True\n"
    played = player.play(str(scenario), sabotage=sabotage)
    assert played.exit_code in {1, 2}
    assert "is still active after its undo" in played.output


def test_a_fault_that_was_not_injected_does_not_pass(player: Player) -> None:
    sabotage = """
from gameday import clock
from gameday.faults import RequestBodyLogging
RequestBodyLogging.inject = lambda self: clock.point(clock.now())
"""
    played = player.play(F1, sabotage=sabotage)
    assert played.exit_code in {1, 2}
    assert "is not active: nothing was tried" in played.output


def test_a_scenario_that_was_skipped_does_not_pass(player: Player) -> None:
    sabotage = """
import pytest
def pytest_collection_modifyitems(items):
    for item in items:
        if "f2" in item.nodeid:
            item.add_marker(pytest.mark.skip(reason="flaky on Mondays"))
"""
    played = player.play(F1, F2, sabotage=sabotage)
    assert played.exit_code == 2
    assert {ended.outcome for ended in played.timeline.of(ArmEnded)} == {Outcome.HELD, Outcome.UNKNOWN}


def test_a_scenario_that_was_left_out_does_not_pass(player: Player) -> None:
    sabotage = """
def pytest_collection_modifyitems(config, items):
    gone = [item for item in items if "f2" in item.nodeid]
    items[:] = [item for item in items if item not in gone]
    config.hook.pytest_deselected(items=gone)
"""
    played = player.play(F1, F2, sabotage=sabotage)
    assert played.exit_code == 2
    assert "was planned and did not end" in played.output


def test_a_clock_that_stands_still_does_not_pass(player: Player) -> None:
    sabotage = """
from gameday import clock
from gameday.scenario.playing import Playing
real = Playing.script
def script(self, item):
    still = clock.now()
    clock.now = lambda: still
    return real(self, item)
Playing.script = script
"""
    played = player.play(F1, sabotage=sabotage)
    assert played.exit_code in {1, 2}
    assert "clock" in played.output


def test_a_log_that_is_flushed_late_is_unknown_and_never_clean(player: Player) -> None:
    sabotage = (
        SHORT_BARRIER
        + """
from gameday import clock
from gameday.sinks.file import FileSink
real = FileSink.records
def records(self, *, after=None):
    for record in real(self, after=after):
        if clock.now().wall_s - (record.stamp_s or 0) < 2:
            return
        yield record
FileSink.records = records
"""
    )
    played = player.play(F2, sabotage=sabotage)
    assert played.exit_code in {1, 2}
    late = [look for look in played.timeline.of(Look) if not look.behind_barrier]
    assert {look.place for look in late} >= {"gateway/log"}
    assert all(look.why for look in late)


def test_an_alert_that_names_another_leak_does_not_pass(player: Player) -> None:
    sabotage = """
import attrs
from gameday.detect.receiver import Receiver
real = Receiver._alert
Receiver._alert = lambda self, alert, **about: attrs.evolve(
    real(self, alert, **about), fields={"request_id": "somebody-elses-request"})
"""
    played = player.play(F1, sabotage=sabotage, arguments=("--watch", "1"))
    assert played.exit_code in {1, 2}
    assert {delivered.names for delivered in played.timeline.of(Delivered)} == {""}


def test_a_runbook_that_does_not_purge_is_not_believed(player: Player) -> None:
    sabotage = """
from gameday.systems.reference import runbooks, stack
import msgspec
real = runbooks.runbooks
stack.runbooks = lambda *a, **k: {name: msgspec.structs.replace(book, purge=("true",), probe=type(book.probe)())
                                  for name, book in real(*a, **k).items()}
"""
    played = player.play(F1, sabotage=sabotage)
    assert played.exit_code == 1
    assert {contained.state for contained in played.timeline.of(Contained)} == {"stopped, not purged"}


def test_a_runbook_that_does_not_stop_the_source_is_not_believed(player: Player) -> None:
    sabotage = """
from gameday.systems.reference import runbooks, stack
import msgspec
real = runbooks.runbooks
stack.runbooks = lambda *a, **k: {name: msgspec.structs.replace(book, stop=("true",), probe=type(book.probe)())
                                  for name, book in real(*a, **k).items()}
"""
    played = player.play(F1, sabotage=sabotage)
    assert played.exit_code == 1
    assert {contained.state for contained in played.timeline.of(Contained)} == {"purged, still leaking"}


def test_a_forensic_copy_in_the_clear_is_not_one(player: Player) -> None:
    sabotage = """
from gameday.systems.reference import runbooks, stack
import msgspec
real = runbooks.runbooks
def plain(files, **rest):
    copy = ("sh", "-c", f"mkdir -p {files.vault} && cp {files.access_log} {files.vault}/copy.age")
    return {name: msgspec.structs.replace(book, seal=copy, probe=type(book.probe)()) for name, book in real(files, **rest).items()}
stack.runbooks = plain
"""
    played = player.play(F1, sabotage=sabotage)
    assert played.exit_code == 1
    assert {contained.state for contained in played.timeline.of(Contained)} == {
        "stopped and purged, without a forensic copy"
    }


def test_a_hole_that_no_scenario_opens_fails_and_is_named(player: Player) -> None:
    pipeline = player.pipeline(gateway={"log.level": "debug", "log.bodies": True})
    played = player.play(F1, F2, arguments=("--pipeline", pipeline))
    assert played.exit_code == 1
    assert "gateway/log" in played.output
    assert "gateway/log" in (played.folder / "index.html").read_text()


def test_a_leak_that_comes_back_after_it_was_contained_is_noticed(player: Player) -> None:
    """A backup job that copies again what was purged (mistake 7), here from before the purge."""
    sabotage = """
from pathlib import Path
from gameday.scenario import script
real = script.Containment.run
def run(self):
    log = Path(next(sink.path for sink in self.game.system.config.sink if sink.place == "ingress/access-log"))
    before = log.read_bytes()
    state = real(self)
    with log.open("ab") as file:
        file.write(before)
    return state
script.Containment.run = run
"""
    played = player.play(F1, sabotage=sabotage)
    assert played.exit_code == 1
    assert [contained.state for contained in played.timeline.of(Contained)] == ["contained", "came back"]


def test_a_redactor_that_forgot_one_family_fails_and_the_places_are_named(player: Player) -> None:
    pipeline = player.pipeline(redactor={"families": ["github_token", "card", "email", "iban"]})
    played = player.play(F1, arguments=("--pipeline", pipeline))
    assert played.exit_code == 1
    assert "gateway/log" in played.output
    assert "model/log" in played.output


def test_a_long_watch_says_how_far_it_is(player: Player) -> None:
    pipeline = player.pipeline(detector={"is_deaf": True})
    played = player.play(F1, arguments=("--pipeline", pipeline, "--watch", "2"))
    assert "waiting for an alert: 1 s of 2 s" in played.output


def test_a_place_that_cannot_be_read_again_is_not_taken_for_clean(player: Player) -> None:
    """The containment was proven; whether the leak came back since is unknown, which is not silence."""
    sabotage = """
from gameday.scenario import script
from gameday.scenario.oracle import Oracle
real = script.Containment.run
def run(self):
    state = real(self)
    Oracle.read_again = lambda self: {name: None for name in self._places}
    return state
script.Containment.run = run
"""
    played = player.play(F1, sabotage=sabotage)
    assert played.exit_code == 2
    assert "whether the leak came back is unknown" in played.output


def test_a_file_that_appears_and_that_no_place_covers_is_listed(player: Player) -> None:
    sabotage = """
from pathlib import Path
from gameday.scenario.playing import Playing
real = Playing.script
def script(self, item):
    Path(self.game.system.config.gateway.settings).with_name("core.4711").write_text("what a crash leaves")
    return real(self, item)
Playing.script = script
"""
    played = player.play(F1, sabotage=sabotage)
    assert played.exit_code == 0
    assert [(event.kind, event.name) for event in played.timeline.of(Uncovered)] == [("file", "core.4711")]
    assert "core.4711" in (played.folder / "index.html").read_text("utf-8")
