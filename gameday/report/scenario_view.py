"""What was tried: one row a scenario, with both of its arms."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from attrs import frozen

from gameday.gate import Gate
from gameday.metrics.x2_controls import outcomes_of
from gameday.report.case import Case
from gameday.report.standing import CONTAIN, NOTICE, Standing, of_scenario
from gameday.report.state import OF_OUTCOME, State
from gameday.report.text import NONE, duration
from gameday.timeline import Arm, ArmEnded, ArmStarted, Outcome, Planned, Timeline
from gameday.verdict import worst

_ARMS: Final = (Arm.CONTROL, Arm.FAULT)
_WORDS: Final = {Outcome.HELD: "held", Outcome.BROKE: "broke", Outcome.UNKNOWN: "unknown"}


@frozen(kw_only=True)
class ArmView:
    word: str
    state: State
    why: str = ""


@frozen(kw_only=True)
class ScenarioRow:
    """`anchor` is the incident to read, "" where there is none. `is_late`, `is_lasting`: an objective was missed."""

    id: str
    title: str
    anchor: str
    failure_mode: str
    layers: str
    severity: str
    control: ArmView
    fault: ArmView
    noticed: str
    is_late: bool
    clean: str
    is_lasting: bool
    state: State
    why: str


@frozen(kw_only=True)
class Tally:
    state: State
    word: str
    count: int


def scenario_rows(
    run: Timeline,
    gates: Sequence[Gate],
    *,
    cases: Sequence[Case],
    anchors: Mapping[str, str],
    states: Mapping[str, State],
) -> tuple[ScenarioRow, ...]:
    """`anchors` and `states` of incidents are by request."""
    plans: dict[str, dict[Arm | None, Planned]] = {}
    for plan in run.of(Planned):
        plans.setdefault(plan.scenario, {})[plan.arm] = plan
    started = {(event.scenario, event.arm) for event in run.of(ArmStarted)}
    arms = _arms(run, plans=plans, started=started)
    rows = []
    for scenario, by_arm in plans.items():
        mine = [case for case in cases if case.scenario == scenario]
        was_tried = any(name == scenario for name, _ in started)
        state = _state(was_tried, arms[scenario], [states[case.request] for case in mine])
        standing = of_scenario(gates, scenario=scenario)
        plan = by_arm.get(Arm.FAULT) or next(iter(by_arm.values()))
        rows.append(_row(plan, mine, arms=arms[scenario], state=state, standing=standing, anchors=anchors))
    return tuple(sorted(rows, key=lambda row: row.state.rank))


def tally(rows: Iterable[ScenarioRow]) -> tuple[Tally, ...]:
    counts = Counter(row.state for row in rows)
    words = (
        (State.PASS, "held"),
        (State.FAIL, "failed"),
        (State.INCONCLUSIVE, "inconclusive"),
        (State.NOT_EXERCISED, "not exercised"),
    )
    return tuple(Tally(state=state, word=word, count=counts[state]) for state, word in words)


def _row(
    plan: Planned,
    cases: Sequence[Case],
    *,
    arms: Mapping[Arm, ArmView],
    state: State,
    standing: Standing,
    anchors: Mapping[str, str],
) -> ScenarioRow:
    said = standing.reasons if state.value == worst(standing.verdicts) or state is not State.FAIL else ()
    whys = (*(arm.why for arm in arms.values()), *said)
    return ScenarioRow(
        id=plan.scenario,
        title=plan.title or plan.scenario,
        anchor=next((anchors[case.request] for case in cases), ""),
        failure_mode=plan.failure_mode,
        layers=", ".join(plan.layers),
        severity=plan.severity,
        control=arms[Arm.CONTROL],
        fault=arms[Arm.FAULT],
        noticed=_noticed(cases),
        is_late=standing.has_missed(NOTICE),
        clean=_clean(cases),
        is_lasting=standing.has_missed(CONTAIN),
        state=state,
        why="; ".join(dict.fromkeys(why for why in whys if why)),
    )


def _arms(
    run: Timeline, *, plans: Mapping[str, Mapping[Arm | None, Planned]], started: set[tuple[str, Arm | None]]
) -> dict[str, dict[Arm, ArmView]]:
    outcomes = outcomes_of(run)
    whys = {(ended.scenario, ended.arm): ended.why for ended in run.of(ArmEnded)}
    return {
        scenario: {
            arm: _arm(
                outcomes.get((scenario, arm)),
                why=whys.get((scenario, arm)),
                has_started=(scenario, arm) in started,
            )
            for arm in _ARMS
        }
        for scenario in plans
    }


def _arm(outcome: Outcome | None, *, why: str | None, has_started: bool) -> ArmView:
    """`why` is None where the arm never ended."""
    if not has_started:
        return ArmView(word="not run", state=State.NOT_EXERCISED, why=why or "")
    if why is None or outcome is None:
        return ArmView(word="cut off", state=State.INCONCLUSIVE, why="the run was cut off in the middle of it")
    return ArmView(word=_WORDS[outcome], state=State(OF_OUTCOME[outcome].value), why=why)


def _state(was_tried: bool, arms: Mapping[Arm, ArmView], incidents: Sequence[State]) -> State:  # noqa: FBT001 - one of three facts
    """An arm that was never run proves nothing, so that its scenario is inconclusive; with neither, it was not exercised."""
    if not was_tried:
        return State.NOT_EXERCISED
    of_arms = [State.INCONCLUSIVE if arm.state is State.NOT_EXERCISED else arm.state for arm in arms.values()]
    return min((*of_arms, *incidents), key=lambda state: state.rank)


def _noticed(cases: Sequence[Case]) -> str:
    """The slowest, at its worst end."""
    if not cases:
        return NONE
    unnoticed = next((case.unnoticed for case in cases if case.unnoticed), "")
    if unnoticed:
        return unnoticed
    return duration(max(case.noticed.latest_s for case in cases if case.noticed), up=True)


def _clean(cases: Sequence[Case]) -> str:
    if not cases:
        return NONE
    if any(case.cleaned is None for case in cases):
        return "not proven"
    return duration(max(case.cleaned.latest_s for case in cases if case.cleaned), up=True)
