"""No scenario passes when its fault was not really injected, and no pattern holds by itself."""

from typing import Final

import pytest

from gameday.shipped import shipped
from gameday.timeline import Arm, ArmEnded, Outcome
from tests.plugin.playing import Player

NOT_INJECTED: Final = """
from gameday import clock
from gameday.faults import FAULTS
for fault in FAULTS:
    fault.inject = lambda self: clock.point(clock.now())
"""
LYING: Final = f"""{NOT_INJECTED}
from gameday.scenario.script import Script
from gameday.faults.base import undo
import gameday.scenario.script as script
for fault in FAULTS:
    fault.is_active = lambda self: script.is_inside
script.is_inside = False
real_open, real_close = Script._open, Script._close
def lie(self, fault):
    script.is_inside = True
    real_open(self, fault)
def stop_lying(self, fault, plan):
    script.is_inside = False
    real_close(self, fault, plan)
Script._open, Script._close = lie, stop_lying
real_leak = Script.expect_leak
Script.expect_leak = lambda self, sent, *, at: real_leak(self, sent, at=at, within_s=0.5)
"""


def leaky_scenarios() -> list[str]:
    """Those whose fault must leak: all but the ones that prove a pattern."""
    found = sorted(shipped("scenarios").glob("test_*.py"))
    return [str(path) for path in found if "expect_no_leak" not in path.read_text()]


@pytest.mark.parametrize("sabotage", [NOT_INJECTED, LYING], ids=["not injected", "not injected, and lying about it"])
def test_no_scenario_passes_whose_fault_was_not_injected(player: Player, sabotage: str) -> None:
    played = player.play(*leaky_scenarios(), sabotage=sabotage)
    ended = list(played.timeline.of(ArmEnded))
    assert played.exit_code in {1, 2}
    assert len(ended) == 2 * len(leaky_scenarios())
    assert all(arm.outcome is not Outcome.HELD for arm in ended if arm.arm is Arm.FAULT)
    assert all(arm.outcome is Outcome.HELD for arm in ended if arm.arm is Arm.CONTROL)


@pytest.mark.parametrize("name", ["test_f1_no_capture.py"])
def test_without_its_pattern_the_same_scenario_leaks(player: Player, name: str) -> None:
    scenario = player.tmp_path / name
    text = shipped(f"scenarios/{name}").read_text()
    assert "    gameday.harden(" in text
    scenario.write_text("\n".join(line for line in text.splitlines() if "gameday.harden(" not in line))
    played = player.play(str(scenario))
    ended = {arm.arm: arm.outcome for arm in played.timeline.of(ArmEnded)}
    assert played.exit_code == 1
    assert ended == {Arm.CONTROL: Outcome.HELD, Arm.FAULT: Outcome.BROKE}
