"""The gate: one verdict on a run under one file of objectives, and in plain words what stands against PASS."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import PurePath
from typing import Final

from attrs import frozen

from gameday.errors import UsageError
from gameday.metrics import measure_all
from gameday.metrics.phases import exposures, runs_of, stacks_of
from gameday.metrics.x2_controls import outcomes_of
from gameday.slo import Judgement, LeftOut, Objective, judge_all, left_out
from gameday.timeline import (
    Arm,
    ArmEnded,
    Delivered,
    FaultInjected,
    FaultPlanned,
    FaultUndone,
    Look,
    Outcome,
    Problem,
    RunStarted,
    Sent,
    Sighted,
    Swept,
    SystemReady,
    Timeline,
)
from gameday.verdict import Verdict, worst

_SHOWN: Final = 5  # of a long list, a person reads the first few


@frozen(kw_only=True)
class Gate:
    """`reasons`: why it is not PASS, FAIL first; each names the scenario, place or metric. `name` is that of the file.

    `left_out`: objectives that are not required, and that had nothing to judge. They neither pass nor fail.
    """

    name: str
    file: str
    verdict: Verdict
    judgements: tuple[Judgement, ...]
    reasons: tuple[str, ...]
    left_out: tuple[LeftOut, ...] = ()


@frozen
class Finding:
    verdict: Verdict
    reason: str


def decide(timeline: Timeline, objectives: Iterable[Objective], *, file: str) -> Gate:
    """PASS only if every objective passes and nothing makes the run itself untrustworthy."""
    wanted, measured = tuple(objectives), measure_all(timeline)
    judgements = judge_all(measured, wanted)
    findings = [finding for run in runs_of(timeline) for check in CHECKS for finding in check(run)]
    findings += _exposed(timeline, is_judged=any(judged.objective.metric == "M1" for judged in judgements))
    findings += _judged(judgements)
    fails = [finding.reason for finding in findings if finding.verdict is Verdict.FAIL]
    others = [finding.reason for finding in findings if finding.verdict is not Verdict.FAIL]
    return Gate(
        name=PurePath(file).stem,
        file=file,
        verdict=worst([*(judged.verdict for judged in judgements), *(finding.verdict for finding in findings)]),
        judgements=judgements,
        reasons=tuple(dict.fromkeys([*fails, *others])),
        left_out=left_out(measured, wanted),
    )


def pooled(timelines: Sequence[Timeline]) -> Timeline:
    """Several runs as one body of evidence; raises UsageError unless they are different runs of the same thing."""
    if not timelines:
        raise UsageError("there is no run to judge. Name the folder of a run, such as reports/20261123-0600.")
    names: set[str] = set()
    for timeline in timelines:
        for name in (started.run for started in timeline.of(RunStarted)):
            if name in names:
                raise UsageError(f"run {name} is given twice: its evidence would count twice. Name each run once.")
            names.add(name)
    if len(timelines) > 1:
        _check_keys(timelines)
    return Timeline(event for timeline in timelines for event in timeline.events)


def _check_keys(timelines: Sequence[Timeline]) -> None:
    wanted = ""
    for timeline in timelines:
        run = ", ".join(started.run for started in timeline.of(RunStarted)) or "without a name"
        keys = {ready.evidence_key for ready in timeline.of(SystemReady)} or {""}
        wanted = wanted or min(keys)
        if keys != {wanted} or not wanted:
            raise UsageError(
                f"run {run} has the evidence key {' and '.join(sorted(keys)) or '(none)'}, not {wanted or 'one'}: something that "
                "matters (redactor, configuration, images, runtime, traffic) differs. Judge it by itself."
            )


def _ended(run: Timeline) -> Iterable[Finding]:
    if not run.has_ended:
        yield _unknown("the run was cut off: its journal has no end")


def _owed(run: Timeline) -> Iterable[Finding]:
    ended = {(event.scenario, event.arm): event.why for event in run.of(ArmEnded)}
    for (scenario, arm), outcome in outcomes_of(run).items():
        why = ended.get((scenario, arm), "")
        said = f": {why}" if why else ""
        if (scenario, arm) not in ended:
            yield _unknown(f"{scenario} ({arm}) was planned and did not end")
        elif outcome is Outcome.UNKNOWN:
            yield _unknown(f"{scenario} ({arm}) could not be settled{said}")
        elif outcome is Outcome.BROKE:
            yield _unknown(f"{scenario} ({arm}) did not come out as it must{said}")


def _problems(run: Timeline) -> Iterable[Finding]:
    for problem in run.of(Problem):
        scenario = f"{problem.scenario}: " if problem.scenario else ""
        yield _unknown(f"{scenario}gameday had a problem with {problem.what}: {problem.why}")


def _clock(run: Timeline) -> Iterable[Finding]:
    if not run.clock_ran:
        yield _unknown("the clock stood still while requests were sent")


def _swept(run: Timeline) -> Iterable[Finding]:
    sweeps = run.of(Swept)
    for sweep in sweeps:
        if sweep.by_finder or sweep.by_bytes:
            hits = f"{sweep.by_finder:,} by the finder, {sweep.by_bytes:,} by the byte search"
            yield Finding(Verdict.FAIL, f"gameday's own outputs hold canary text: {hits}")
        if not sweep.finder_works or not sweep.bytes_work:
            yield _unknown(
                "a sweep over gameday's own outputs did not find its own sentinel, so that it proves nothing"
            )
        if not sweep.files:
            yield _unknown("the sweep over gameday's own outputs read no file")
    if not sweeps:
        yield _unknown("gameday's own outputs were not swept for canary text")


def _undone(run: Timeline) -> Iterable[Finding]:
    left: dict[tuple[str, str], FaultPlanned | FaultUndone] = {}
    for event in run.events:
        if isinstance(event, FaultPlanned | FaultUndone):
            left[event.scenario, event.fault] = event
    for (scenario, fault), event in left.items():
        if isinstance(event, FaultPlanned):
            yield _unknown(f"{scenario}: the fault {fault} was planned, and nothing says that it was undone")
        elif event.is_active:
            yield Finding(Verdict.FAIL, f"{scenario}: the fault {fault} was left active")


def _injected(run: Timeline) -> Iterable[Finding]:
    for event in run.of(FaultInjected):
        if event.arm is Arm.FAULT and not event.is_active:
            yield _unknown(f"{event.scenario}: the fault {event.fault} was injected and did not become active")


def _looked(run: Timeline) -> Iterable[Finding]:
    """Every place needs one look that is evidence, on every stack. What the last look said is the best account of why there is none."""
    for stack in stacks_of(run):
        yield from _looked_at(stack)


def _looked_at(run: Timeline) -> Iterable[Finding]:
    looks = run.of(Look)
    good = {look.place for look in looks if look.is_complete and look.behind_barrier}
    if not good:
        yield _unknown("no place was looked at completely, behind a barrier")
        return
    why = {look.place: look.why for look in looks if look.why}
    for place in run.places:
        if place not in good:
            said = f": {why[place]}" if place in why else ""
            yield _unknown(f"{place} was never looked at completely, behind a barrier{said}")


def _ambiguous(run: Timeline) -> Iterable[Finding]:
    for alert in run.of(Delivered):
        if alert.is_ambiguous:
            scenario = f"{alert.scenario}: " if alert.scenario else ""
            yield _unknown(f"{scenario}alert {alert.alertname} fits several open leaks, so that it names none")


def _unrecorded(run: Timeline) -> Iterable[Finding]:
    sent = {event.request for event in run.of(Sent)}
    for place in dict.fromkeys(event.place for event in run.of(Sighted) if event.request not in sent):
        yield _unknown(f"{place} held a canary of a request that the journal does not know")


CHECKS: Final[tuple[Callable[[Timeline], Iterable[Finding]], ...]] = (
    _ended,
    _owed,
    _problems,
    _clock,
    _swept,
    _undone,
    _injected,
    _looked,
    _ambiguous,
    _unrecorded,
)


def _exposed(timeline: Timeline, *, is_judged: bool) -> Iterable[Finding]:
    """A leak that no fault made fails the gate, unless M1 is judged, which says how many are too many."""
    by_place: dict[str, dict[str, None]] = {}
    for sighted in exposures(timeline):
        by_place.setdefault(sighted.place, {})[sighted.request] = None
    for place, requests in sorted(by_place.items(), key=lambda item: (-len(item[1]), item[0])):
        first = ", ".join(list(requests)[:_SHOWN]) + (", ..." if len(requests) > _SHOWN else "")
        prompts = "1 prompt" if len(requests) == 1 else f"{len(requests):,} prompts"
        reason = f"{place} held {prompts} that nobody put there: {first}"
        yield Finding(Verdict.PASS if is_judged else Verdict.FAIL, reason)


def _judged(judgements: Sequence[Judgement]) -> Iterable[Finding]:
    for judged in judgements:
        if judged.verdict is not Verdict.PASS:
            yield Finding(judged.verdict, f"{judged.objective.metric}: {judged.reason}")
    if not judgements:
        yield _unknown("no objective was judged")


def _unknown(reason: str) -> Finding:
    return Finding(Verdict.INCONCLUSIVE, reason)
