"""The first screen: did it hold, what to do first, what is not proven yet."""

from collections.abc import Iterable, Sequence
from typing import Final

from attrs import frozen

from gameday.gate import Gate
from gameday.report.case import Case
from gameday.report.facts_view import undo_row
from gameday.report.gate_view import gate_name
from gameday.report.incident_view import IncidentView, repeat
from gameday.report.limits_view import Limit
from gameday.report.state import State
from gameday.report.text import counted, ended, listed, number, opened, tied
from gameday.slo import Judgement
from gameday.timeline import Arm, FaultInjected, FaultPlanned, SystemReady, Timeline
from gameday.verdict import Verdict

_MOST_TODO: Final = 3
_MOST_UNPROVEN: Final = 4


@frozen(kw_only=True)
class Todo:
    """`what` in bold, `why` after it; `anchor` and `link` point to where it is told in full, `command` is for copying."""

    what: str
    why: str = ""
    anchor: str = ""
    link: str = ""
    command: str = ""


@frozen(kw_only=True)
class FirstView:
    verdict: Verdict
    sentence: str
    todo: tuple[Todo, ...]
    unproven: tuple[Limit, ...]
    more_unproven: int


def first_view(
    run: Timeline,
    gates: Sequence[Gate],
    *,
    cases: Sequence[Case],
    incidents: Sequence[IncidentView],
    limits: Iterable[Limit],
) -> FirstView:
    every = tuple(limits)
    unproven = [limit for limit in every if limit.shown_first]
    return FirstView(
        verdict=gates[0].verdict if gates else Verdict.INCONCLUSIVE,
        sentence=_sentence(run, cases),
        todo=_todo(run, gates, incidents=incidents),
        unproven=tuple(unproven[:_MOST_UNPROVEN]),
        more_unproven=len(every) - len(unproven[:_MOST_UNPROVEN]),
    )


def _sentence(run: Timeline, cases: Sequence[Case]) -> str:
    cut = "" if run.has_ended else "The run was cut off before its end. "
    if not cases:
        injected = sum(event.arm is Arm.FAULT for event in run.of(FaultInjected))
        none = (
            "No fault was injected"
            if not injected
            else f"No prompt was seen to leak under {counted(injected, 'injected fault')}"
        )
        return f"{cut}{none}, so that nothing is known of how a leak is noticed and stopped."
    total, noticed = len(cases), sum(case.delivered is not None for case in cases)
    clean = sum(case.verified is not None for case in cases)
    leaks = "The one leak that we opened" if total == 1 else f"Of {number(total)} leaks that we opened"
    if total == 1:
        seen = "was noticed" if noticed else "was not noticed"
        return f"{cut}{leaks} {seen}, and {'was stopped and proven clean' if clean else 'was not proven clean'}."
    return f"{cut}{leaks}, {_of(noticed, total)} noticed, and {_of(clean, total)} stopped and proven clean."


def _of(part: int, total: int) -> str:
    if part in {0, total}:
        return ("none was" if total > 2 else "neither was") if part == 0 else ("all were" if total > 2 else "both were")  # noqa: PLR2004
    return f"{number(part)} {'was' if part == 1 else 'were'}"


def _todo(run: Timeline, gates: Sequence[Gate], *, incidents: Sequence[IncidentView]) -> tuple[Todo, ...]:
    """What stands against today's gate, the worst first; once nothing does, what the other gates still lack."""
    found = [*_left_behind(run), *(_reasons(gates[0], incidents=incidents) if gates else [])]
    if not found:
        found = [
            todo for index, gate in enumerate(gates[1:], start=1) for todo in _missing(run, gate, name=gate_name(index))
        ]
    if not found:
        found = [Todo(what="Nothing stands open.", why="Run it again when something changes:", command=repeat(run))]
    return tuple(found[:_MOST_TODO])


def _left_behind(run: Timeline) -> Iterable[Todo]:
    """Before anything else: what still bears our change."""
    left = dict.fromkeys(plan.fault for plan in run.of(FaultPlanned) if undo_row(run, plan).state is not State.PASS)
    if left:
        why = f"Nothing proves that {listed(tuple(left))} {'was' if len(left) == 1 else 'were'} undone:"
        yield Todo(what="Put back what a fault changed.", why=why, command="gameday clean")


def _reasons(gate: Gate, *, incidents: Sequence[IncidentView]) -> Iterable[Todo]:
    titles = {f"{one.objective.metric}: {one.reason}": one for one in gate.judgements if one.reason}
    for reason in gate.reasons:
        if ": the fault " in reason:  # told before, with the command that mends it
            continue
        judged = titles.get(reason)
        what = judged.objective.title if judged else opened(ended(reason))
        why = tied(ended(judged.reason)) if judged else ""
        incident = next((one for one in incidents if _is_about(one, reason)), None)
        yield Todo(
            what=ended(what),
            why=why,
            anchor=incident.anchor if incident else "",
            link=incident.scenario if incident else "",
        )


def _is_about(incident: IncidentView, reason: str) -> bool:
    return bool(incident.scenario) and incident.scenario in reason and incident.state is not State.PASS


def _missing(run: Timeline, gate: Gate, *, name: str) -> Iterable[Todo]:
    lacking = [one for one in gate.judgements if one.verdict is not Verdict.PASS]
    if not lacking:
        return
    what = f"Gather the evidence that the {name.lower()} still lacks"
    runtimes = [ready.runtime for ready in run.of(SystemReady) if ready.runtime != "none"]
    where = f" --on {runtimes[-1]}" if runtimes else ""
    yield Todo(
        what=f"{what}: {', '.join(_lack(one) for one in lacking)}.",
        why="A load run brings hundreds of checks a second, and runs of one kind add up in gameday gate:",
        command=f"gameday load{where}",
    )


def _lack(one: Judgement) -> str:
    checks = f" {counted(one.missing, 'clean check')}" if one.missing else ""
    return f"{one.objective.metric}{checks}"
