"""M4: how many values are readable in long-term storage: object stores, archives, backups, snapshots."""

from gameday.metrics.catalogue import M4
from gameday.metrics.checks import checks, count, strays
from gameday.metrics.measurement import Measurement, counted, missing
from gameday.metrics.phases import worst_first
from gameday.place import Policy
from gameday.timeline import Planted, Sighted, Tally, Timeline


def measure(timeline: Timeline) -> Measurement:
    """Distinct values readable in a long-term place, whatever its policy / those looked for everywhere, or seen."""
    long_term = {place.name for place in timeline.places.values() if place.is_long_term}
    if not long_term:
        return missing(M4, why="no place is declared as long-term storage", is_absent=True)

    def breaks(sighted: Sighted) -> bool:
        return sighted.place in long_term and "value" in sighted.parts

    counts = count(checks(timeline, takes=_has_value, breaks=breaks, also_allowed=True))
    unknown = strays(timeline, breaks=breaks, also_allowed=True) + _only_counted(timeline, long_term)
    return counted(
        M4,
        part=counts.part,
        whole=counts.whole,
        unknown=counts.unknown + unknown,
        where=worst_first(counts.where),
        why_none="no value outside a fault was looked for at every place, behind a barrier",
    )


def _has_value(planted: Planted) -> bool:
    return planted.has_value


def _only_counted(timeline: Timeline, long_term: set[str]) -> int:
    """A load run only counts the sightings that a place allows: how many of them show a value is not known."""
    allowed = {name for name in long_term if timeline.places[name].policy is Policy.FULL}
    return sum(
        tally.whole - tally.part for tally in timeline.of(Tally) if tally.what == "sighted" and tally.place in allowed
    )
