"""Which requests count towards a rate, and which of those have been completely looked at."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain, pairwise

from attrs import frozen

from gameday.timeline import (
    Arm,
    ArmStarted,
    Expired,
    Look,
    Phase,
    Planned,
    Planted,
    RunStarted,
    Sent,
    Sighted,
    Tally,
    Timeline,
)


@frozen(kw_only=True)
class Counting:
    """The requests that count, by id; `looked`: those of them that every place was completely looked at for, afterwards."""

    sent: Mapping[str, Sent]
    looked: frozenset[str]

    @property
    def unlooked(self) -> int:
        return len(self.sent) - len(self.looked)

    def planted(self) -> Iterable[tuple[Sent, Planted]]:
        return ((sent, planted) for sent in self.sent.values() for planted in sent.planted)


@frozen(kw_only=True)
class Counts:
    """Bad ones, all that could be looked at, and those that could not; `where`: how many bad ones at each place."""

    part: int
    whole: int
    unknown: int
    where: Counter[str]

    def plus(self, other: "Counts") -> "Counts":
        return Counts(
            part=self.part + other.part,
            whole=self.whole + other.whole,
            unknown=self.unknown + other.unknown,
            where=self.where + other.where,
        )


def runs_of(timeline: Timeline) -> tuple[Timeline, ...]:
    """One timeline for each run: the monotonic axes of different runs must not be compared."""
    starts = [index for index, event in enumerate(timeline.events) if isinstance(event, RunStarted)]
    edges = sorted({0, *starts, len(timeline.events)})
    return tuple(Timeline(timeline.events[start:end]) for start, end in pairwise(edges))


def stacks_of(run: Timeline) -> tuple[Timeline, ...]:
    """One timeline for each stack that the run was played on: a look at one says nothing of another.

    What belongs to the run is in each of them. A run of one process has one stack.
    """
    workers = dict.fromkeys(event.worker for event in run.of(ArmStarted)) or {"": None}
    return tuple(Timeline(event for event in run.events if event.worker in {"", worker}) for worker in workers)


def counting(timeline: Timeline) -> Counting:
    """A request sent again in another run counts once, and has been looked at only if it has been in each of them."""
    sent: dict[str, Sent] = {}
    unlooked: set[str] = set()
    for run in chain.from_iterable(map(stacks_of, runs_of(timeline))):
        holding, looked_until_s = holding_in(run), _looked_until_s(run)
        counted = [event for event in run.of(Sent) if is_counted(event, holding=holding)]
        unlooked |= {event.request for event in counted if event.at.latest_s > looked_until_s}
        sent |= {event.request: event for event in counted}
    return Counting(sent=sent, looked=frozenset(sent.keys() - unlooked))


def is_counted(event: Sent | Tally | Expired, *, holding: frozenset[str]) -> bool:
    """`holding`: scenarios whose defence must hold under their fault. In a control arm nothing is injected, so all counts."""
    return event.phase is not Phase.FAULT or event.arm is Arm.CONTROL or event.scenario in holding


def sightings(timeline: Timeline) -> tuple[Sighted, ...]:
    """Sightings, also of what may rest there, of requests that count, and of those that nobody recorded and no fault excuses."""
    found: list[Sighted] = []
    for run in runs_of(timeline):
        holding = holding_in(run)
        excused = {event.request for event in run.of(Sent) if not is_counted(event, holding=holding)}
        counted = {event.request for event in run.of(Sent)} - excused
        found.extend(
            event
            for event in run.of(Sighted)
            if event.request not in excused and (event.request in counted or event.phase is not Phase.FAULT)
        )
    return tuple(found)


def exposures(timeline: Timeline) -> tuple[Sighted, ...]:
    """Forbidden sightings of requests that count, and of requests that nobody recorded and no fault excuses."""
    return tuple(event for event in sightings(timeline) if event.is_forbidden)


def tallied(timeline: Timeline, *, what: str) -> Counts:
    """Things that were counted in bulk. Places of one scenario arm saw the same things: the least of them were seen at all."""
    total = Counts(part=0, whole=0, unknown=0, where=Counter())
    for run in runs_of(timeline):
        groups: dict[tuple[str, Arm | None], list[Tally]] = {}
        for tally in tallies_of(run, what=what):
            groups.setdefault((tally.scenario, tally.arm), []).append(tally)
        for tallies in groups.values():
            total = total.plus(_seen_together(tallies))
    return total


def tallies_of(run: Timeline, *, what: str) -> tuple[Tally, ...]:
    """Those of one kind, of one run, that count."""
    holding = holding_in(run)
    return tuple(tally for tally in run.of(Tally) if tally.what == what and is_counted(tally, holding=holding))


def worst_first(where: Counter[str]) -> tuple[str, ...]:
    """Names by falling count; equal ones in the order of the alphabet."""
    return tuple(name for name, count in sorted(where.items(), key=lambda item: (-item[1], item[0])) if count > 0)


def holding_in(run: Timeline) -> frozenset[str]:
    """Scenarios whose defence must hold under their own fault."""
    return frozenset(plan.scenario for plan in run.of(Planned) if plan.arm is Arm.FAULT and plan.expect_no_leak)


def _looked_until_s(run: Timeline) -> float:
    """Requests that ended by then have been looked for at every place; minus infinity where some place never was."""
    latest = dict.fromkeys(run.places, float("-inf"))
    for look in run.of(Look):
        if look.is_complete and look.behind_barrier and look.place in latest:
            latest[look.place] = max(latest[look.place], look.at.earliest_s)
    return min(latest.values(), default=float("-inf"))


def _seen_together(tallies: Sequence[Tally]) -> Counts:
    parts: Counter[str] = Counter()
    wholes: Counter[str] = Counter()
    seen: Counter[str] = Counter()
    for tally in tallies:
        parts[tally.place] += tally.part
        wholes[tally.place] += tally.whole
        seen[tally.place] += tally.whole if tally.is_complete else min(tally.part, max(tally.whole - 1, 0))
    whole = max(wholes.values())
    part = min(sum(parts.values()), whole)
    looked = max(part, min(seen[place] for place in wholes))
    unknown = max(whole - looked, 0 if all(tally.is_complete for tally in tallies) else 1)
    return Counts(part=part, whole=looked, unknown=unknown, where=parts)
