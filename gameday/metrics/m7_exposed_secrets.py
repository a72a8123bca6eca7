"""M7: how many secrets come to rest where they must not."""

from gameday.metrics.catalogue import M7
from gameday.metrics.checks import checks, count, strays
from gameday.metrics.measurement import Measurement, counted
from gameday.metrics.phases import tallied, worst_first
from gameday.timeline import Planted, Sighted, Timeline


def measure(timeline: Timeline) -> Measurement:
    """Distinct secret values seen where they must not be / those that were looked for everywhere, or seen."""
    found = checks(timeline, takes=_is_secret, breaks=_shows_value)
    counts = count(found).plus(tallied(timeline, what="secrets"))
    return counted(
        M7,
        part=counts.part,
        whole=counts.whole,
        unknown=counts.unknown + strays(timeline, breaks=_shows_value),
        where=worst_first(counts.where),
        why_none="no secret outside a fault was looked for at every place, behind a barrier",
    )


def _is_secret(planted: Planted) -> bool:
    return planted.is_secret and planted.has_value


def _shows_value(sighted: Sighted) -> bool:
    return "value" in sighted.parts
