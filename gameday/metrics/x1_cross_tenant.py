"""X1: how many values of one tenant rest in another tenant's records."""

from gameday.metrics.catalogue import X1
from gameday.metrics.checks import checks, count, strays
from gameday.metrics.measurement import Measurement, counted, missing
from gameday.metrics.phases import worst_first
from gameday.timeline import Sighted, Timeline


def measure(timeline: Timeline) -> Measurement:
    """Distinct values seen in a record of another tenant, or of none, at a place kept by tenant / those looked for everywhere."""
    by_tenant = {place.name for place in timeline.places.values() if place.by_tenant}
    if not by_tenant:
        return missing(X1, why="no place keeps its records by tenant")

    def breaks(sighted: Sighted) -> bool:
        return sighted.place in by_tenant and sighted.owner != sighted.tenant

    counts = count(checks(timeline, takes=lambda _: True, breaks=breaks))
    return counted(
        X1,
        part=counts.part,
        whole=counts.whole,
        unknown=counts.unknown + strays(timeline, breaks=breaks),
        where=worst_first(counts.where),
        why_none="no value outside a fault was looked for at every place, behind a barrier",
    )
