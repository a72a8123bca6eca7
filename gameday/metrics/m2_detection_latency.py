"""M2: how long a leak rests unnoticed: from the first byte at rest to the first delivered alert that names it."""

from gameday.metrics.catalogue import M2
from gameday.metrics.incidents import Incident, incidents
from gameday.metrics.measurement import Latency, Measurement, missing, timed
from gameday.timeline import Timeline

CLOCK_STOOD = "the clock stood still while requests were sent, so that nothing was timed"


def measure(timeline: Timeline) -> Measurement:
    """A latency for each incident that somebody watched for an alert; without an alert it is open, from below."""
    if not timeline.clock_ran:
        return missing(M2, why=CLOCK_STOOD)
    every = incidents(timeline)
    watched = [incident for incident in every if incident.watched is not None]
    unnoticed = {place for incident in watched if incident.delivered is None for place in incident.places}
    unwatched = len(every) - len(watched)
    return timed(
        M2,
        latencies=tuple(_latency(incident) for incident in watched),
        unknown=0,
        where=tuple(sorted(unnoticed)),
        note=f"{unwatched} leaking requests were not watched for an alert" if unwatched else "",
        why_none="no leak was watched for an alert",
    )


def _latency(incident: Incident) -> Latency:
    delivered, watched, persisted = incident.delivered, incident.watched, incident.persisted
    open_s = None if delivered or watched is None else max(watched.latest_s - persisted.latest_s, 0.0)
    return Latency(
        of=incident.request,
        what="detected",
        interval=delivered.since(persisted) if delivered else None,
        at_least_s=open_s,
        scenario=incident.sent.scenario,
        severity=incident.severity,
    )
