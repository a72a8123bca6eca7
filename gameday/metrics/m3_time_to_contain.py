"""M3: how long it takes to stop a leak, and to prove it gone, from the delivered alert on."""

from gameday.clock import Interval
from gameday.metrics.catalogue import M3
from gameday.metrics.incidents import Incident, incidents
from gameday.metrics.m2_detection_latency import CLOCK_STOOD
from gameday.metrics.measurement import Latency, Measurement, missing, timed
from gameday.timeline import Timeline


def measure(timeline: Timeline) -> Measurement:
    """Two latencies for each incident: stopped and verified. One that never came is open, and as old as the run.

    An incident that no alert named has no beginning to time from: it is counted as unknown.
    """
    if not timeline.clock_ran:
        return missing(M3, why=CLOCK_STOOD)
    every = incidents(timeline)
    unnoticed = sum(incident.delivered is None for incident in every)
    lasting = {place for incident in every if incident.verified is None for place in incident.places}
    return timed(
        M3,
        latencies=tuple(latency for incident in every for latency in _latencies(incident)),
        unknown=unnoticed,
        where=tuple(sorted(lasting)),
        note=f"{unnoticed} incidents were named by no alert, so that their time cannot be taken" if unnoticed else "",
        why_none="there was no incident",
    )


def _latencies(incident: Incident) -> tuple[Latency, Latency]:
    return (
        _latency(incident, what="stopped", until=incident.stopped),
        _latency(incident, what="verified", until=incident.verified),
    )


def _latency(incident: Incident, *, what: str, until: Interval | None) -> Latency:
    since = incident.delivered
    return Latency(
        of=incident.request,
        what=what,
        interval=until.since(since) if since and until else None,
        at_least_s=max(incident.ended_s - since.latest_s, 0.0) if since and not until else None,
        scenario=incident.sent.scenario,
        severity=incident.severity,
    )
