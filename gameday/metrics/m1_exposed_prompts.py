"""M1: how many of a million prompts come to rest where they must not."""

from collections import Counter

from gameday.metrics.catalogue import M1
from gameday.metrics.measurement import Measurement, counted
from gameday.metrics.phases import Counts, counting, exposures, tallied, worst_first
from gameday.timeline import Timeline


def measure(timeline: Timeline) -> Measurement:
    """Requests that count with a forbidden sighting / those that were looked at everywhere, or seen to leak."""
    counts = _requests(timeline).plus(tallied(timeline, what="requests"))
    return counted(
        M1,
        part=counts.part,
        whole=counts.whole,
        unknown=counts.unknown,
        where=worst_first(counts.where),
        why_none="no request outside a fault was looked for at every place, behind a barrier",
    )


def _requests(timeline: Timeline) -> Counts:
    requests = counting(timeline)
    found = exposures(timeline)
    leaked = {sighted.request for sighted in found}
    # A request without a canary could not be seen anywhere, so that it proves nothing.
    visible = {name for name, sent in requests.sent.items() if sent.planted} | leaked
    settled = (visible & requests.looked) | leaked
    return Counts(
        part=len(leaked),
        whole=len(settled),
        unknown=len(visible - settled),
        where=Counter(place for place, _ in {(sighted.place, sighted.request) for sighted in found}),
    )
