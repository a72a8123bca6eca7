"""A delay that is put into the detector comes back in M2, in the hop where it was put."""

import pytest

from gameday.clock import Interval
from gameday.metrics.incidents import incidents
from gameday.timeline import Alerted, Delivered
from tests.plugin.playing import F1, Player


@pytest.mark.parametrize("delay_s", [0.2, 2.0])
def test_a_slow_detector_is_measured_as_slow_as_it_is(player: Player, delay_s: float) -> None:
    pipeline = player.pipeline(detector={"delay_s": delay_s})
    played = player.play(F1, arguments=("--pipeline", pipeline, "--watch", "20"))
    (incident,) = incidents(played.timeline)
    delivered = next(event for event in played.timeline.of(Delivered) if event.names == incident.request)
    alerted = next(event for event in played.timeline.of(Alerted) if event.alert == delivered.alert)
    assert played.exit_code == 0
    assert incident.persisted is not None
    noticing, delivering = alerted.at.since(incident.persisted), delivered.at.since(alerted.at)
    total = delivered.at.since(incident.persisted)
    slack_s = max(0.05, delay_s / 100)
    assert _is_near(noticing, delay_s, slack_s)
    assert _is_near(total, delay_s, slack_s)
    assert delivering.latest_s < slack_s


def _is_near(measured: Interval, delay_s: float, slack_s: float) -> bool:
    """The interval lies between the delay and the delay plus what the way itself takes, at most the slack."""
    return measured.latest_s >= delay_s and measured.earliest_s <= delay_s + slack_s and measured.width_s < slack_s
