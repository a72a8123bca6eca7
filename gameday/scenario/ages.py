"""Since when a prompt rests at a place, and whether it is due to be gone from there."""

from attrs import define

from gameday.clock import Instant, Interval
from gameday.place import Place
from gameday.scenario.ledger import Known
from gameday.timeline import RETENTION, Arm, Expired, Tally

_PATIENCE = 0.25  # a prompt that is overdue is looked for again when it has been so for a quarter longer


@define
class Age:
    """`since` is the earliest of all of its records there: a copy makes no prompt younger."""

    since: Interval
    not_before_s: float = float("-inf")

    def add(self, since: Interval) -> None:
        if since.latest_s < self.since.latest_s:
            self.since = since

    def is_due(self, place: Place, now: Instant) -> bool:
        return now.mono_s >= max(self._due_s(place), self.not_before_s)

    def put_off(self, place: Place, now: Instant) -> None:
        self.not_before_s = now.mono_s + (now.mono_s - self._due_s(place)) * _PATIENCE

    def _due_s(self, place: Place) -> float:
        return float("inf") if place.ttl_s is None else self.since.latest_s + place.ttl_s


def since(persisted: Interval, stamped: Interval | None) -> Interval:
    """A record that is older than it can be was put there with its age: it is taken at its word."""
    return stamped if stamped is not None and stamped.latest_s < persisted.earliest_s else persisted


def expired(place: Place, known: Known, age: Age, *, at: Interval, is_readable: bool) -> Expired:
    return Expired(
        at=at,
        scenario=known.scenario,
        arm=known.arm,
        place=place.name,
        canary=known.canary.id,
        request=known.request,
        phase=known.phase,
        since=age.since,
        is_readable=is_readable,
    )


def unread(place: Place, *, at: Interval, due: int, scenario: str, arm: Arm | None) -> Tally:
    return Tally(
        at=at, scenario=scenario, arm=arm, place=place.name, what=RETENTION, part=0, whole=due, is_complete=False
    )
