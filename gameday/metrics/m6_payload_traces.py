"""M6: how many spans carry a payload, that is, any part of a prompt."""

from collections import Counter
from collections.abc import Sequence

from gameday.metrics.catalogue import M6
from gameday.metrics.measurement import Measurement, counted, missing
from gameday.metrics.phases import Counts, runs_of, stacks_of, tallies_of, worst_first
from gameday.timeline import SPANS, Look, Tally, Timeline


def measure(timeline: Timeline) -> Measurement:
    """Spans with any part of a prompt / spans searched in full, without those of a fault phase.

    Several places may hold the same spans: the most that one of them holds is the whole, and what is bad in any is bad.
    """
    if not any(place.unit == "span" for place in timeline.places.values()):
        return missing(M6, why="no place holds spans", is_absent=True)
    total = Counts(part=0, whole=0, unknown=0, where=Counter())
    for run in runs_of(timeline):
        total = total.plus(_of_run(run))
    return counted(
        M6,
        part=total.part,
        whole=total.whole,
        unknown=total.unknown,
        where=worst_first(total.where),
        why_none="no span outside a fault was searched in full, behind a barrier",
    )


def _of_run(run: Timeline) -> Counts:
    """Each stack has spans of its own."""
    stacks: dict[str, list[Tally]] = {}
    for tally in tallies_of(run, what=SPANS):
        stacks.setdefault(tally.worker, []).append(tally)
    blind = sum(len(_left_blind(stack)) for stack in stacks_of(run))
    total = Counts(part=0, whole=0, unknown=blind, where=Counter())
    for tallies in stacks.values():
        total = total.plus(_of_stack(tallies))
    return total


def _of_stack(tallies: Sequence[Tally]) -> Counts:
    parts: Counter[str] = Counter()
    wholes: Counter[str] = Counter()
    unknown = 0
    for tally in tallies:
        parts[tally.place] += tally.part
        wholes[tally.place] += tally.whole if tally.is_complete else tally.part
        unknown += 0 if tally.is_complete else max(tally.whole - tally.part, 1)
    whole = max(wholes.values())
    return Counts(part=min(sum(parts.values()), whole), whole=whole, unknown=unknown, where=parts)


def _left_blind(stack: Timeline) -> set[str]:
    """Places of spans whose last look was no evidence: what came there since the one before is not counted."""
    last = {look.place: look for look in stack.of(Look)}
    spans = {place.name for place in stack.places.values() if place.unit == "span"}
    return {name for name in spans if name not in last or not (last[name].is_complete and last[name].behind_barrier)}
