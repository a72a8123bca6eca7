"""What a run does not prove, and why: everything that was not measured, not looked at, not exercised, or stood in for."""

from collections.abc import Iterable, Sequence
from typing import Final

from attrs import frozen

from gameday.gate import Gate
from gameday.metrics.catalogue import CATALOGUE
from gameday.report.place_view import PlaceRow
from gameday.report.scenario_view import ScenarioRow
from gameday.report.state import State
from gameday.report.text import counted, ended, listed, tied
from gameday.slo import Judgement, LeftOut
from gameday.timeline import Problem, ServerUp, Sighted, SystemReady, Timeline, Uncovered
from gameday.verdict import Verdict

_SHOWN: Final = 8  # the journal has all


@frozen(kw_only=True)
class Limit:
    """`what` is not proven, `why` not. A limit that is `shown_first` stands on the first screen too."""

    what: str
    why: str
    state: State
    shown_first: bool = False


def limits(
    run: Timeline, gates: Sequence[Gate], *, scenarios: Sequence[ScenarioRow], places: Sequence[PlaceRow]
) -> tuple[Limit, ...]:
    found = [
        *_unended(run),
        *_unproven(gates),
        *_not_exercised(run),
        *_left_out(gates),
        *_unseen(places),
        *_uncovered(run),
        *_untried(scenarios),
        *_problems(run),
        *_unmeasured(gates),
        *_stand_ins(run),
        *_skewed(run),
    ]
    return tuple({(limit.what, limit.why): limit for limit in found}.values())


def _unended(run: Timeline) -> Iterable[Limit]:
    if not run.has_ended:
        why = "the journal has no end: what came after its last line is not known"
        yield Limit(what="That the run came to its end", why=ended(why), state=State.INCONCLUSIVE, shown_first=True)


def _unproven(gates: Sequence[Gate]) -> Iterable[Limit]:
    for index, gate in enumerate(gates):
        for one in gate.judgements:
            if one.verdict is Verdict.INCONCLUSIVE:
                yield Limit(
                    what=f"{one.objective.title} ({one.objective.metric}, {_target(one)})",
                    why=tied(ended(one.reason)),
                    state=State.INCONCLUSIVE,
                    shown_first=index > 0,
                )


def _target(one: Judgement | LeftOut) -> str:
    return tied(one.objective.limit_text.replace("<=", "\u2264"))


def _not_exercised(run: Timeline) -> Iterable[Limit]:
    for ready in run.of(SystemReady):
        for words in ready.not_exercised:
            what, colon, why = words.partition(": ")
            why = ended(why) if colon else "Not exercised in this run."
            yield Limit(what=what, why=why, state=State.NOT_EXERCISED, shown_first=True)


def _left_out(gates: Sequence[Gate]) -> Iterable[Limit]:
    for gate in gates:
        for one in gate.left_out:
            what = f"{one.objective.title} ({one.objective.metric}, {_target(one)})"
            yield Limit(what=what, why=f"not judged: {ended(one.why)}", state=State.NOT_EXERCISED)


def _uncovered(run: Timeline) -> Iterable[Limit]:
    names: dict[str, dict[str, None]] = {}
    for event in run.of(Uncovered):
        names.setdefault(event.kind, {})[event.name] = None
    for kind, found in names.items():
        what = f"{counted(len(found), kind)} that appeared in the course of the run, and that no place covers"
        yield Limit(
            what=what, why=ended(listed(tuple(found), most=_SHOWN)), state=State.NOT_EXERCISED, shown_first=True
        )


def _unseen(places: Iterable[PlaceRow]) -> Iterable[Limit]:
    for place in places:
        if place.why:
            why = f"nobody could look: {ended(place.why)}"
            yield Limit(what=place.name, why=why, state=State.NOT_EXERCISED, shown_first=True)


def _untried(scenarios: Iterable[ScenarioRow]) -> Iterable[Limit]:
    for row in scenarios:
        if row.state is State.NOT_EXERCISED:
            yield Limit(what=row.title, why=ended(row.why or "planned, and never begun"), state=State.NOT_EXERCISED)


def _problems(run: Timeline) -> Iterable[Limit]:
    for problem in run.of(Problem):
        why = ended(f"gameday itself could not do it: {problem.why}")
        yield Limit(what=problem.what, why=why, state=State.INCONCLUSIVE)


def _unmeasured(gates: Sequence[Gate]) -> Iterable[Limit]:
    judged = {one.objective.metric for gate in gates for one in gate.judgements}
    judged |= {one.objective.metric for gate in gates for one in gate.left_out}
    missing = tuple(f"{metric.id} {metric.title}" for metric in CATALOGUE.values() if metric.id not in judged)
    if missing:
        what = f"{counted(len(missing), 'metric')} that no objective of these gates is about"
        yield Limit(what=what, why=ended("; ".join(missing)), state=State.NOT_EXERCISED)


def _stand_ins(run: Timeline) -> Iterable[Limit]:
    servers = tuple(server.server for server in run.of(ServerUp) if server.stand_in)
    if servers:
        what = f"That {listed(servers)} {'is' if len(servers) == 1 else 'are'} like the image of that name"
        why = "its image bears the label gameday.stand-in: the real program, but not the image that its makers publish."
        yield Limit(what=what, why=why, state=State.NOT_EXERCISED)


def _skewed(run: Timeline) -> Iterable[Limit]:
    places = tuple(dict.fromkeys(sighted.place for sighted in run.of(Sighted) if sighted.is_skewed))
    if places:
        why = "stamps of its records lie outside what is possible, and were not used; times there are as wide as the looks."
        yield Limit(what=f"The clock of {listed(places)}", why=why, state=State.INCONCLUSIVE)
