"""One incident as the page tells it: its clock, its way, its evidence, what was done about it, and how to see it again."""

import shlex
from collections.abc import Iterable, Sequence

from attrs import frozen

from gameday.gate import Gate
from gameday.report.case import Case
from gameday.report.clock_view import Clock, Deadline, clock
from gameday.report.place_view import is_evidence, why_blind
from gameday.report.standing import CONTAIN, NOTICE, Standing, deadline, of_request
from gameday.report.state import State, of
from gameday.report.text import NONE, counted, duration, ended, listed, stopwatch, tied
from gameday.timeline import Arm, Look, Planned, RunStarted, Sighted, StepDone, SystemReady, Timeline
from gameday.verdict import Verdict


@frozen(kw_only=True)
class WayPlace:
    name: str
    state: State
    words: str


@frozen(kw_only=True)
class Evidence:
    place: str
    locator: str
    canary: str
    tenant: str
    parts: str
    form: str
    seen: str


@frozen(kw_only=True)
class StepRow:
    number: str
    step: str
    runbook: str
    before: str
    after: str
    result: str


@frozen(kw_only=True)
class IncidentView:
    anchor: str
    title: str
    scenario: str
    state: State
    failure_mode: str
    layers: str
    severity: str
    request: str
    tenant: str
    standing: str
    standing_why: str
    is_open: bool
    faults: tuple[str, ...]
    reasons: tuple[str, ...]
    clock: Clock
    way: tuple[WayPlace, ...]
    way_words: str
    evidence: tuple[Evidence, ...]
    steps: tuple[StepRow, ...]
    forensic: str
    fresh: str
    command: str


def incident_views(run: Timeline, gates: Sequence[Gate], *, cases: Sequence[Case]) -> tuple[IncidentView, ...]:
    """The worst first; of equals, the one noticed last."""
    standings = {case.request: of_request(gates, request=case.request) for case in cases}
    views = [
        _incident(run, gates, case=case, anchor=f"incident-{index}", standing=standings[case.request])
        for index, case in enumerate(cases, start=1)
    ]
    slowest = {case.request: case.noticed.latest_s if case.noticed else float("inf") for case in cases}
    return tuple(sorted(views, key=lambda view: (view.state.rank, -slowest[view.request])))


def incident_state(case: Case, standing: Standing) -> State:
    """By its latencies under the objectives, and by how it last stood."""
    stood = case.contained.state if case.contained else "unknown"
    by_stand = {"contained": Verdict.PASS, "unknown": Verdict.INCONCLUSIVE}.get(stood, Verdict.FAIL)
    return of((by_stand, *standing.verdicts))


def repeat(run: Timeline, *, node: str = "") -> str:
    """The command that does the same again, "" where the journal does not know it."""
    started, ready = run.of(RunStarted), run.of(SystemReady)
    if not started:
        return ""
    where = f" --on {shlex.quote(ready[-1].runtime)}" if ready else ""
    what = f" {shlex.quote(node)}" if node else ""
    return f"gameday run{what} --seed {started[-1].seed}{where}"


def _incident(run: Timeline, gates: Sequence[Gate], *, case: Case, anchor: str, standing: Standing) -> IncidentView:
    plan = next((one for one in run.of(Planned) if one.scenario == case.scenario and one.arm is Arm.FAULT), None)
    severity = plan.severity if plan else ""
    way = _way(run, case)
    return IncidentView(
        anchor=anchor,
        title=(plan.title if plan else "") or case.scenario,
        scenario=case.scenario,
        state=incident_state(case, standing),
        failure_mode=plan.failure_mode if plan else "",
        layers=", ".join(plan.layers) if plan else "",
        severity=severity,
        request=case.request,
        tenant=case.tenant,
        standing=_stands(case),
        standing_why=case.contained.why if case.contained else "",
        is_open=case.verified is None,
        faults=tuple(fault.summary or fault.fault for fault in case.faults),
        reasons=tuple(tied(ended(reason)) for reason in standing.reasons),
        clock=clock(case, deadlines=_deadlines(gates, case, severity=severity), is_late=standing.has_missed(NOTICE)),
        way=way,
        way_words=_way_words(way),
        evidence=tuple(_evidence(sighted, case) for sighted in case.sightings),
        steps=tuple(_step(step, index) for index, step in enumerate(case.steps, start=1)),
        forensic=_forensic(case),
        fresh=_fresh(case),
        command=repeat(run, node=plan.node if plan else ""),
    )


def _stands(case: Case) -> str:
    if case.contained:
        return case.contained.state
    return "nothing recorded: the run was cut off" if case.is_cut_off else "nothing recorded"


def _deadlines(gates: Sequence[Gate], case: Case, *, severity: str) -> list[Deadline]:
    found = []
    alert_s = deadline(gates, metric=NOTICE, severity=severity)
    if alert_s is not None:
        found.append(Deadline(at_s=alert_s, label=f"alert due, {stopwatch(alert_s)}"))
    clean_s = deadline(gates, metric=CONTAIN, severity=severity, part="verified")
    if clean_s is not None and case.delivered is not None:
        at_s = case.delivered.middle_s - case.persisted.middle_s + clean_s
        found.append(Deadline(at_s=at_s, label=f"clean due, {stopwatch(clean_s)} after the alert"))
    return found


def _way(run: Timeline, case: Case) -> tuple[WayPlace, ...]:
    """First where it was found, in the order in which it came to rest; then the places that are clean; then the unknown."""
    looks: dict[str, list[Look]] = {}
    for look in run.of(Look):
        if look.scenario == case.scenario and look.arm is Arm.FAULT:
            looks.setdefault(look.place, []).append(look)
    found = tuple(_found(case, place) for place in case.places)
    others = [place for place in dict.fromkeys((*run.places, *looks)) if place not in case.places]
    rest = [_not_found(place, looks.get(place, [])) for place in others]
    return (*found, *sorted(rest, key=lambda place: place.state.rank))


def _found(case: Case, place: str) -> WayPlace:
    first = next(sighted.persisted for sighted in case.sightings if sighted.place == place)
    after_s = max(first.middle_s - case.persisted.middle_s, 0.0)
    records = len({sighted.locator for sighted in case.sightings if sighted.place == place})
    when = f"{duration(after_s)} later" if after_s else "first"
    return WayPlace(name=place, state=State.FAIL, words=f"{counted(records, 'record')}, {when}")


def _not_found(place: str, looks: Sequence[Look]) -> WayPlace:
    if looks and is_evidence(looks[-1]):
        return WayPlace(name=place, state=State.PASS, words="clean")
    return WayPlace(name=place, state=State.NOT_EXERCISED, words=f"no look: {why_blind(looks[-1:])}")


def _way_words(way: Iterable[WayPlace]) -> str:
    every = tuple(way)
    found = sum(place.state is State.FAIL for place in every)
    clean = sum(place.state is State.PASS for place in every)
    blind = tuple(place.name for place in every if place.state is State.NOT_EXERCISED)
    unseen = f"; nobody could look in {len(blind)} ({listed(blind, most=3)})" if blind else ""
    return f"Found in {found} of {counted(len(every), 'place')}, clean in {clean}{unseen}."


def _evidence(sighted: Sighted, case: Case) -> Evidence:
    after_s = max(sighted.at.middle_s - case.persisted.middle_s, 0.0)
    elsewhere = sighted.owner and sighted.owner != sighted.tenant
    return Evidence(
        place=sighted.place,
        locator=sighted.locator or NONE,
        canary=sighted.canary,
        tenant=f"{sighted.tenant}, in a record of {sighted.owner}" if elsewhere else sighted.tenant,
        parts=", ".join(sighted.parts) or NONE,
        form=" > ".join(sighted.form) or "as sent",
        seen=duration(after_s) + (" (stamp not used: skewed)" if sighted.is_skewed else ""),
    )


def _step(step: StepDone, index: int) -> StepRow:
    result = f"ran for {duration(step.at.width_s)}" if step.exit_code == 0 else f"exit {step.exit_code}"
    return StepRow(
        number=str(index),
        step=step.step,
        runbook=step.runbook,
        before=step.before or NONE,
        after=step.after or NONE,
        result=f"{result}: {step.why}" if step.why else result,
    )


def _forensic(case: Case) -> str:
    if case.sealed is None:
        return "no word of a forensic copy"
    words = "sealed: encrypted, in a vault outside the reports" if case.sealed.is_sealed else "not sealed"
    return f"{words} ({case.sealed.why})" if case.sealed.why else words


def _fresh(case: Case) -> str:
    return (
        ""
        if case.stopped is None
        else "a fresh canary, sent afterwards on the same path, did not come to rest anywhere"
    )
