"""X3: how many incidents were not proven contained."""

from collections import Counter

from gameday.metrics.catalogue import X3
from gameday.metrics.incidents import incidents
from gameday.metrics.measurement import Measurement, counted
from gameday.metrics.phases import worst_first
from gameday.timeline import Timeline


def measure(timeline: Timeline) -> Measurement:
    """Incidents that last stood as anything but contained / all; those of which nothing is known are unknown."""
    every = incidents(timeline)
    left = [incident for incident in every if incident.state not in {"contained", "unknown", ""}]
    return counted(
        X3,
        part=len(left),
        whole=len(every),
        unknown=sum(incident.state in {"unknown", ""} for incident in every),
        where=worst_first(Counter(place for incident in left for place in incident.places)),
        why_none="there was no incident",
        note="; ".join(f"{incident.sent.scenario}: {incident.state}" for incident in left),
    )
