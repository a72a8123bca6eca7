"""M10: how many of the values that redaction must remove it lets through."""

from collections import Counter
from collections.abc import Iterable

from gameday.metrics.catalogue import M10
from gameday.metrics.checks import Check, checks, count, strays
from gameday.metrics.measurement import Measurement, counted, missing
from gameday.metrics.phases import tallied, worst_first
from gameday.place import Policy
from gameday.timeline import Planted, Sighted, Timeline


def measure(timeline: Timeline) -> Measurement:
    """Redactable values seen at a place that must be redacted / those looked for everywhere, or seen; one for each slot."""
    redacted = {place.name for place in timeline.places.values() if place.policy is Policy.REDACTED}
    if not redacted:
        return missing(M10, why="no place has the policy redacted")

    def breaks(sighted: Sighted) -> bool:
        return sighted.place in redacted and "value" in sighted.parts

    found = checks(timeline, takes=_is_redactable, breaks=breaks, by_slot=True)
    counts = count(found).plus(tallied(timeline, what="redaction"))
    return counted(
        M10,
        part=counts.part,
        whole=counts.whole,
        unknown=counts.unknown + strays(timeline, breaks=breaks),
        where=worst_first(counts.where),
        why_none="no redactable value outside a fault was looked for at every place, behind a barrier",
        note=_worst_family(found),
    )


def _is_redactable(planted: Planted) -> bool:
    return planted.has_value and planted.is_redactable


def _worst_family(found: Iterable[Check]) -> str:
    """The worst cell, which a pooled rate hides."""
    settled = [check for check in found if check.is_settled]
    wholes = Counter(check.family for check in settled)
    parts = Counter(check.family for check in settled if check.broken_at)
    if not parts:
        return ""
    worst = max(parts, key=lambda family: (parts[family] / wholes[family], family))
    return f"worst family: {worst}, {parts[worst]} of {wholes[worst]}"
