"""Incidents: requests that leaked under a fault, and what became of each."""

from collections.abc import Iterable

from attrs import frozen

from gameday.clock import Interval
from gameday.metrics.phases import holding_in, is_counted, runs_of
from gameday.timeline import Arm, Contained, Delivered, Planned, Sent, Sighted, Stopped, Timeline, Verified, Watched

_STORY = (Delivered, Watched, Stopped, Verified, Contained)


@frozen(kw_only=True)
class Incident:
    """One request of a fault phase that was seen where it must not be.

    `run` holds what the run in which it happened says of incidents; `ended_s` is when that run's last event was over.
    """

    sent: Sent
    sightings: tuple[Sighted, ...]
    severity: str
    run: Timeline
    ended_s: float

    @property
    def request(self) -> str:
        return self.sent.request

    @property
    def places(self) -> frozenset[str]:
        return frozenset(sighted.place for sighted in self.sightings)

    @property
    def persisted(self) -> Interval:
        """When the first part of it came to rest anywhere it must not."""
        return first(sighted.persisted for sighted in self.sightings)

    @property
    def delivered(self) -> Interval | None:
        """When the first alert that names it was delivered. An alert from before the request cannot name it."""
        alerts = [
            event.at
            for event in self.run.of(Delivered)
            if event.names == self.request and not event.is_ambiguous and event.at.latest_s >= self.sent.at.earliest_s
        ]
        return first(alerts) if alerts else None

    @property
    def watched(self) -> Interval | None:
        """From when to when somebody waited for an alert that names it."""
        waits = [event.at for event in self.run.of(Watched) if event.request == self.request]
        return Interval(waits[0].earliest_s, max(wait.latest_s for wait in waits)) if waits else None

    @property
    def state(self) -> str:
        """What was last said of it (see Contained); "" where nothing was."""
        states = [event.state for event in self.run.of(Contained) if event.request == self.request]
        return states[-1] if states else ""

    @property
    def stopped(self) -> Interval | None:
        """When its source was stopped for good: it did not come back after."""
        back_s = self._back_s()
        stops = [event.at for event in self.run.of(Stopped) if event.request == self.request]
        return next((at for at in stops if at.latest_s >= back_s), None)

    @property
    def verified(self) -> Interval | None:
        """When it had been seen to be gone from the last of its places; None unless it stands as contained."""
        if self.state != "contained":
            return None
        gone = [self._gone_from(place) for place in self.places]
        known = [at for at in gone if at is not None]
        return last(known) if known and len(known) == len(gone) else None

    def _gone_from(self, place: str) -> Interval | None:
        seen_s = max(sighted.at.latest_s for sighted in self.sightings if sighted.place == place)
        since_s = max(seen_s, self._back_s())
        looks = [event.at for event in self.run.of(Verified) if (event.request, event.place) == (self.request, place)]
        return next((at for at in looks if at.latest_s >= since_s), None)

    def _back_s(self) -> float:
        """When it last came back; what was proven before that does not hold."""
        returns = (
            event.at.latest_s
            for event in self.run.of(Contained)
            if event.request == self.request and event.state == "came back"
        )
        return max(returns, default=float("-inf"))


def incidents(timeline: Timeline) -> tuple[Incident, ...]:
    return tuple(incident for run in runs_of(timeline) for incident in _incidents_of(run))


def first(times: Iterable[Interval]) -> Interval:
    """When the first of several things happened, of each of which only an interval is known."""
    every = tuple(times)
    return Interval(min(at.earliest_s for at in every), min(at.latest_s for at in every))


def last(times: Iterable[Interval]) -> Interval:
    every = tuple(times)
    return Interval(max(at.earliest_s for at in every), max(at.latest_s for at in every))


def _incidents_of(run: Timeline) -> Iterable[Incident]:
    holding = holding_in(run)
    leaks: dict[str, list[Sighted]] = {}
    for sighted in run.of(Sighted):
        if sighted.is_forbidden:
            leaks.setdefault(sighted.request, []).append(sighted)
    story = Timeline(event for event in run.events if isinstance(event, _STORY))
    ended_s = max((event.at.latest_s for event in run.events), default=0.0)
    severities = {plan.scenario: plan.severity for plan in run.of(Planned) if plan.arm is not Arm.CONTROL}
    for sent in run.of(Sent):
        if sent.request in leaks and not is_counted(sent, holding=holding):
            yield Incident(
                sent=sent,
                sightings=tuple(leaks[sent.request]),
                severity=severities.get(sent.scenario, ""),
                run=story,
                ended_s=ended_s,
            )
