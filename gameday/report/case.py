"""One incident as it is told: what the metrics say of it, and every event about it. Gathered, not judged."""

from collections import defaultdict
from collections.abc import Iterable
from typing import TypeVar

from attrs import frozen

from gameday.clock import Interval
from gameday.metrics.incidents import Incident, incidents
from gameday.timeline import (
    Acknowledged,
    Alerted,
    AnyEvent,
    Arm,
    ArmEnded,
    Contained,
    Delivered,
    FaultPlanned,
    Sealed,
    Sighted,
    StepDone,
    Timeline,
    Verified,
)

T = TypeVar("T")


@frozen(kw_only=True)
class Case:
    """`persisted`, `delivered`, `stopped` and `verified` are those of the metrics, so that no figure is told in two ways.

    `ends_s` is until when anything was seen of it; `is_cut_off`: the run was killed before its arm came to an end.
    """

    request: str
    scenario: str
    tenant: str
    sightings: tuple[Sighted, ...]
    persisted: Interval
    delivered: Interval | None
    stopped: Interval | None
    verified: Interval | None
    watched: Interval | None
    alert: Delivered | None
    raised: Alerted | None
    acknowledged: Acknowledged | None
    steps: tuple[StepDone, ...]
    gone: tuple[Verified, ...]
    sealed: Sealed | None
    contained: Contained | None
    faults: tuple[FaultPlanned, ...]
    ends_s: float
    is_cut_off: bool

    @property
    def places(self) -> tuple[str, ...]:
        """Where it was found, in the order in which it came to rest."""
        return tuple(dict.fromkeys(sighted.place for sighted in self.sightings))

    @property
    def unnoticed(self) -> str:
        """In a few words why no alert names it; "" where one does."""
        if self.delivered is not None:
            return ""
        if self.is_cut_off:
            return "cut off"
        return "not watched" if self.watched is None else "never"

    @property
    def noticed(self) -> Interval | None:
        return None if self.delivered is None else self.delivered.since(self.persisted)

    @property
    def cleaned(self) -> Interval | None:
        """From the delivered alert to the last place verified."""
        return None if self.delivered is None or self.verified is None else self.verified.since(self.delivered)


def cases(run: Timeline) -> tuple[Case, ...]:
    """One for each request of a fault phase that was found where it must not be, in the order in which they were sent."""
    found = incidents(run)
    if not found:
        return ()
    told = _by_request(run)
    arms = {scenario: _arm(run, scenario=scenario) for scenario in {incident.sent.scenario for incident in found}}
    return tuple(_case(one, told=told[one.request], arm=arms[one.sent.scenario]) for one in found)


def _case(incident: Incident, *, told: Timeline, arm: Timeline) -> Case:
    alert = _first(told.of(Delivered), at=incident.delivered)
    return Case(
        request=incident.request,
        scenario=incident.sent.scenario,
        tenant=incident.sent.tenant,
        sightings=tuple(sorted(incident.sightings, key=lambda sighted: sighted.persisted.middle_s)),
        persisted=incident.persisted,
        delivered=incident.delivered,
        stopped=incident.stopped,
        verified=incident.verified,
        watched=incident.watched,
        alert=alert,
        raised=next((event for event in arm.of(Alerted) if alert and event.alert == alert.alert), None),
        acknowledged=next(iter(told.of(Acknowledged)), None),
        steps=told.of(StepDone),
        gone=_gone(told.of(Verified), sightings=incident.sightings),
        sealed=_last(told.of(Sealed)),
        contained=_last(told.of(Contained)),
        faults=arm.of(FaultPlanned),
        ends_s=max((event.at.latest_s for event in arm.events), default=incident.sent.at.latest_s),
        is_cut_off=not arm.of(ArmEnded),
    )


def _by_request(run: Timeline) -> dict[str, Timeline]:
    """A delivery is about the request that it names."""
    told: dict[str, list[AnyEvent]] = defaultdict(list)
    for event in run.events:
        if not isinstance(event, Delivered):
            told[getattr(event, "request", "")].append(event)
        elif not event.is_ambiguous:
            told[event.names].append(event)
    return {request: Timeline(events) for request, events in told.items()}


def _arm(run: Timeline, *, scenario: str) -> Timeline:
    return Timeline(event for event in run.events if event.scenario == scenario and event.arm is Arm.FAULT)


def _first(alerts: Iterable[Delivered], *, at: Interval | None) -> Delivered | None:
    """The alert whose delivery the metrics counted."""
    if at is None:
        return None
    usable = [alert for alert in alerts if alert.at.latest_s >= at.latest_s]
    return min(usable, key=lambda alert: alert.at.latest_s, default=None)


def _gone(verified: Iterable[Verified], *, sightings: Iterable[Sighted]) -> tuple[Verified, ...]:
    """For each place the first look that did not find it any more, and that came after it was last found there."""
    seen_s = {sighted.place: sighted.at.latest_s for sighted in sorted(sightings, key=lambda one: one.at.latest_s)}
    first: dict[str, Verified] = {}
    for event in verified:
        if event.at.latest_s >= seen_s.get(event.place, event.at.latest_s):
            first.setdefault(event.place, event)
    return tuple(first.values())


def _last(events: tuple[T, ...]) -> T | None:
    return events[-1] if events else None
