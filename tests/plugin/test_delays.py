"""A delay that is put into the detector comes back in M2, in the hop where it was put."""

import dataclasses

import pytest

from gameday.clock import Interval
from gameday.metrics.incidents import incidents
from gameday.timeline import Alerted, Delivered
from tests.plugin.playing import F1, Player

TRIES = 3
SLACK_S = 0.1  # what the way itself takes: 10 to 50 ms on a quiet machine


@pytest.mark.parametrize("delay_s", [0.2, 2.0])
def test_a_slow_detector_is_measured_as_slow_as_it_is(player: Player, delay_s: float) -> None:
    """Every run shows the delay in its hop; a host that stalls may add to a run, so that one of a few must be near."""
    pipeline = player.pipeline(detector={"delay_s": delay_s})
    for _ in range(TRIES):
        hops = _hops(player, pipeline)
        assert hops.noticing.latest_s >= delay_s
        assert hops.total.latest_s >= delay_s
        assert hops.noticing.latest_s > hops.delivering.latest_s, "the delay stands in the hop where it was put"
        if (
            all(_is_near(measured, delay_s) for measured in (hops.noticing, hops.total))
            and hops.delivering.latest_s < SLACK_S
        ):
            return
    pytest.fail(f"no run of {TRIES} measured {delay_s} s within {SLACK_S} s; the last one: {hops}")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Hops:
    """How long one incident took from the first byte at rest to the alert, from there to its delivery, and both together."""

    noticing: Interval
    delivering: Interval
    total: Interval


def _hops(player: Player, pipeline: str) -> Hops:
    played = player.play(F1, arguments=("--pipeline", pipeline, "--watch", "20"))
    (incident,) = incidents(played.timeline)
    delivered = next(event for event in played.timeline.of(Delivered) if event.names == incident.request)
    alerted = next(event for event in played.timeline.of(Alerted) if event.alert == delivered.alert)
    assert played.exit_code == 0
    assert incident.persisted is not None
    return Hops(
        noticing=alerted.at.since(incident.persisted),
        delivering=delivered.at.since(alerted.at),
        total=delivered.at.since(incident.persisted),
    )


def _is_near(measured: Interval, delay_s: float) -> bool:
    """The interval lies between the delay and the delay plus what the way itself takes."""
    return measured.earliest_s <= delay_s + SLACK_S and measured.width_s < SLACK_S
