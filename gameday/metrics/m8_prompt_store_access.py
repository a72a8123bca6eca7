"""M8: how many attempts to get at prompts got in, or went unlogged."""

from collections import Counter

from attrs import define, field

from gameday.metrics.catalogue import M8
from gameday.metrics.measurement import Measurement, counted, missing
from gameday.metrics.phases import runs_of, tallies_of, worst_first
from gameday.timeline import ATTEMPTS, UNLOGGED, Timeline


def measure(timeline: Timeline) -> Measurement:
    """Attempts that succeeded, and attempts that the audit log missed / attempts. Unknown: those that no log was asked about."""
    tried, logs = _count(timeline, what=ATTEMPTS), _count(timeline, what=UNLOGGED)
    if not tried.every and not logs.every:
        return missing(M8, why="nobody tried to get at a prompt store", is_absent=True)
    every = tried.every | logs.every  # the greater one of each place
    bad = (tried.bad + logs.bad) & every
    seen = tried.seen | bad
    unlogged = every - logs.seen  # a log that was not asked, or could not be read, missed how many?
    return counted(
        M8,
        part=bad.total(),
        whole=seen.total(),
        unknown=(every - seen).total() + unlogged.total(),
        where=worst_first(bad),
        why_none="no attempt outside a fault was seen to its end",
        note=f"{tried.bad.total():,} got in, {logs.bad.total():,} went unlogged" if bad.total() else "",
    )


@define
class _Count:
    """By place: all attempts, those of them that were seen to their end, and the bad ones."""

    every: Counter[str] = field(factory=Counter)
    seen: Counter[str] = field(factory=Counter)
    bad: Counter[str] = field(factory=Counter)


def _count(timeline: Timeline, *, what: str) -> _Count:
    count = _Count()
    for run in runs_of(timeline):
        for tally in tallies_of(run, what=what):
            count.every[tally.place] += tally.whole
            count.seen[tally.place] += tally.whole if tally.is_complete else tally.part
            count.bad[tally.place] += tally.part
    return count
