"""X2: whether each scenario came out as it must, with its fault (it leaks where it should) and without (silence)."""

from gameday.metrics.catalogue import X2
from gameday.metrics.measurement import Measurement, counted
from gameday.metrics.phases import runs_of
from gameday.timeline import Arm, ArmEnded, Outcome, Planned, Timeline

_RANK = {Outcome.HELD: 0, Outcome.UNKNOWN: 1, Outcome.BROKE: 2}


def measure(timeline: Timeline) -> Measurement:
    """Scenario arms that broke / all that were planned or run; one that did not end, or could not look, is unknown."""
    outcomes = [item for run in runs_of(timeline) for item in outcomes_of(run).items()]
    broke = [arm for arm, outcome in outcomes if outcome is Outcome.BROKE]
    return counted(
        X2,
        part=len(broke),
        whole=len(outcomes),
        unknown=sum(outcome is Outcome.UNKNOWN for _, outcome in outcomes),
        where=(),
        why_none="no scenario was planned",
        note="; ".join(f"{scenario} ({arm}) broke" for scenario, arm in broke),
    )


def outcomes_of(run: Timeline) -> dict[tuple[str, Arm | None], Outcome]:
    """By scenario and arm, the worst outcome of one run; UNKNOWN where it owes one."""
    outcomes: dict[tuple[str, Arm | None], Outcome] = {}
    for ended in run.of(ArmEnded):
        key = (ended.scenario, ended.arm)
        outcomes[key] = max(outcomes.get(key, Outcome.HELD), ended.outcome, key=_RANK.__getitem__)
    for planned in run.of(Planned):
        outcomes.setdefault((planned.scenario, planned.arm), Outcome.UNKNOWN)
    return outcomes
