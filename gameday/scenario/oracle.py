"""The ground truth: reads every place, searches what it read, and knows when absence counts."""

from collections.abc import Callable, Mapping
from typing import Final

from attrs import define, field, frozen

from gameday import clock
from gameday.canary.find import Finder
from gameday.clock import Instant, Interval
from gameday.errors import SinkUnreadable
from gameday.place import Place
from gameday.scenario.ages import Age, expired, since, unread
from gameday.scenario.ledger import Known, Ledger
from gameday.scenario.spans import Spans
from gameday.sighting import Record, Sighting
from gameday.sinks.base import Plantable, Sink
from gameday.timeline import AnyEvent, Arm, Look, Sighted
from gameday.wait import NotInTime, poll_until

EVERY_S: Final = 0.01
_READABLE: Final = frozenset({"value", "prose"})  # a token alone tells nobody what the prompt said


@frozen(kw_only=True)
class Finding:
    """One of our canaries in one record of one place."""

    place: str
    canary: str
    request: str
    owner: str | None
    record_request: str | None
    locator: str
    is_forbidden: bool


@frozen(kw_only=True)
class Barrier:
    """A harmless request that was sent after the traffic, and ended at `completed`; it is looked for as `marker`."""

    marker: str
    completed: Instant


@define
class _Place:
    """What the oracle remembers of one place."""

    place: Place
    sink: Sink
    cursor: str | None = None
    clear_until_s: float = float("-inf")
    seen: set[tuple[str, frozenset[str], str | None, bool]] = field(factory=set)
    spans: Spans = field(factory=Spans)
    ages: dict[str, Age] = field(factory=dict)  # by canary, where the place has a time to live


@define
class _Glance:
    """One pass over what is new at a place."""

    records: int = 0
    saw_marker: bool = False
    gaps: int = 0
    foreign: int = 0
    findings: list[Finding] = field(factory=list)


@frozen(kw_only=True)
class _Again:
    """What a place holds when it is read from its beginning."""

    findings: list[Finding]
    ages: Mapping[str, Age]


class Oracle:
    def __init__(
        self,
        *,
        places: tuple[Place, ...],
        sinks: Mapping[str, Sink],
        finder: Finder,
        ledger: Ledger,
        record: Callable[[AnyEvent], None],
        barrier_within_s: float = 5.0,
    ) -> None:
        self._places = {place.name: _Place(place=place, sink=sinks[place.name]) for place in places}
        self._finder, self._ledger, self._record = finder, ledger, record
        self._barrier_within_s = barrier_within_s
        self._scenario = ""
        self._arm: Arm | None = None
        self._anchor = clock.now()

    def enter(self, scenario: str, arm: Arm | None) -> None:
        """Looks from now on are made for this arm."""
        self._scenario, self._arm = scenario, arm

    def glance(self) -> list[Finding]:
        """Looks at what is new in every place, without a barrier: it can find a leak, and never clears one."""
        return [finding for spot in self._places.values() for finding in self._glance(spot, marker=None).findings]

    def look_behind(self, barrier: Barrier | None) -> tuple[bool, list[Finding]]:
        """Looks at every place until it shows the barrier. Returns whether all of them are evidence, and what was found."""
        looks = [self._look_behind(spot, barrier) for spot in self._places.values()]
        return all(is_evidence for is_evidence, _ in looks), [finding for _, findings in looks for finding in findings]

    def read_again(self) -> dict[str, list[Finding] | None]:
        """Reads every place from its beginning; None for a place that could not be looked at in full."""
        again: dict[str, list[Finding] | None] = {}
        for name, spot in self._places.items():
            read = self._from_the_beginning(spot)
            again[name] = None if read is None else read.findings
        return again

    def _from_the_beginning(self, spot: _Place) -> _Again | None:
        """None where it could not be read in full."""
        fresh = _Place(place=spot.place, sink=spot.sink, seen=spot.seen, clear_until_s=spot.clear_until_s)
        try:
            glance = self._glance(fresh, marker=None)
        except SinkUnreadable:
            return None
        return None if glance.gaps else _Again(findings=glance.findings, ages=fresh.ages)

    def _look_behind(self, spot: _Place, barrier: Barrier | None) -> tuple[bool, list[Finding]]:
        total, start = _Glance(), clock.now()
        why, is_complete, behind = "", True, False
        try:
            if barrier is None:
                _add(total, self._glance(spot, marker=None))
                why = "the barrier could not be sent"
            else:
                self._until_barrier(spot, barrier, total)
                behind = True
        except NotInTime:
            why = f"the marker was not read within {self._barrier_within_s:g} s"
        except SinkUnreadable as error:
            is_complete, why = False, error.why
        if total.gaps:
            is_complete, why = False, f"{total.gaps} records could not be searched in full"
        if total.foreign:
            why = f"{why}; {total.foreign} canaries of other runs".removeprefix("; ")
        at = clock.between(start if barrier is None else barrier.completed, clock.now())
        self._record(
            Look(
                at=at,
                scenario=self._scenario,
                arm=self._arm,
                place=spot.place.name,
                sink=spot.sink.name,
                records=total.records,
                is_complete=is_complete,
                behind_barrier=behind,
                why=why,
            )
        )
        if is_complete and behind:
            self._tally(spot, at=at)
            self._look_for_expired(spot)
        return is_complete and behind, total.findings

    def _tally(self, spot: _Place, *, at: Interval) -> None:
        """The spans that came since the last look that was evidence."""
        for tally in spot.spans.take(
            spot.place.name, at=at, scenario=self._scenario, arm=self._arm, ledger=self._ledger
        ):
            self._record(tally)

    def _look_for_expired(self, spot: _Place) -> None:
        """Reads the place from its beginning where something is due to be gone from it."""
        start = clock.now()
        due = [canary for canary, age in spot.ages.items() if age.is_due(spot.place, start)]
        if not due:
            return
        again = self._from_the_beginning(spot)
        at = clock.between(start, clock.now())
        if again is None:
            self._record(unread(spot.place, at=at, due=len(due), scenario=self._scenario, arm=self._arm))
            return
        for canary in due:
            age, known, is_readable = spot.ages[canary], self._ledger.get(canary), canary in again.ages
            if known is not None:
                self._record(expired(spot.place, known, age, at=at, is_readable=is_readable))
            if is_readable:
                age.put_off(spot.place, start)
            else:
                del spot.ages[canary]

    def _until_barrier(self, spot: _Place, barrier: Barrier, total: _Glance) -> None:
        if isinstance(spot.sink, Plantable):
            spot.sink.plant(barrier.marker)
        due_s = barrier.completed.mono_s + spot.place.settle_s
        needs_marker = isinstance(spot.sink, Plantable) or not spot.place.settle_s

        def look() -> bool | None:
            started = clock.now()
            _add(total, self._glance(spot, marker=barrier.marker))
            return True if started.mono_s >= due_s and (total.saw_marker or not needs_marker) else None

        poll_until(look, what=spot.place.name, every_s=EVERY_S, within_s=self._barrier_within_s + spot.place.settle_s)

    def _glance(self, spot: _Place, *, marker: str | None) -> _Glance:
        glance, start = _Glance(), clock.now()
        for record in spot.sink.records(after=spot.cursor):
            glance.records += 1
            spot.cursor = record.cursor or None
            is_marker = marker is not None and _shows(record, marker)
            glance.saw_marker |= is_marker
            found = self._finder.find(record.body, chains=True)
            glance.gaps += not found.is_complete
            if is_marker:
                spot.spans.leave_out(record)
            elif spot.place.unit == "span":
                spot.spans.count(record, found, ledger=self._ledger)
            for sighting in found.sightings:
                known = self._ledger.get(sighting.canary)
                if known is None:
                    glance.foreign += 1
                else:
                    glance.findings.append(self._finding(spot, record, sighting, known, start))
        if not glance.gaps:
            spot.clear_until_s = start.mono_s
        return glance

    def _finding(self, spot: _Place, record: Record, sighting: Sighting, known: Known, start: Instant) -> Finding:
        is_forbidden = not spot.place.allows(parts=sighting.parts, owner=record.owner, tenant=known.tenant)
        if spot.place.ttl_s is not None and sighting.parts & _READABLE:
            rests = self._since(spot, record, known, start)
            spot.ages.setdefault(sighting.canary, Age(rests)).add(rests)
        key = (sighting.canary, sighting.parts, record.owner, is_forbidden)
        if key not in spot.seen:
            spot.seen.add(key)
            self._record(self._sighted(spot, record, sighting, known, start, is_forbidden=is_forbidden))
        return Finding(
            place=spot.place.name,
            canary=sighting.canary,
            request=known.request,
            owner=record.owner,
            record_request=record.request_id,
            locator=record.locator,
            is_forbidden=is_forbidden,
        )

    def _sighted(
        self, spot: _Place, record: Record, sighting: Sighting, known: Known, start: Instant, *, is_forbidden: bool
    ) -> Sighted:
        seen = clock.between(start, clock.now())
        persisted, is_skewed = self._persisted(spot, record, known, seen)
        return Sighted(
            at=seen,
            scenario=known.scenario,
            arm=known.arm,
            place=spot.place.name,
            canary=sighting.canary,
            request=known.request,
            tenant=known.tenant,
            phase=known.phase,
            parts=tuple(sorted(sighting.parts)),
            form=sighting.form,
            locator=record.locator,
            persisted=persisted,
            is_forbidden=is_forbidden,
            record_request=record.request_id or "",
            owner=record.owner or "",
            is_skewed=is_skewed,
        )

    def _persisted(self, spot: _Place, record: Record, known: Known, seen: Interval) -> tuple[Interval, bool]:
        """[the last look without it, or `sent`; this look], narrowed by the record's own stamp where that is possible."""
        possible = Interval(max(known.sent.earliest_s, min(spot.clear_until_s, seen.latest_s)), seen.latest_s)
        stamped = self._stamped(record)
        if stamped is None:
            return possible, False
        narrowed = possible.narrowed(stamped)
        return (possible, True) if narrowed is None else (narrowed, False)

    def _since(self, spot: _Place, record: Record, known: Known, start: Instant) -> Interval:
        """From when on it counts towards the place's time to live."""
        persisted, _ = self._persisted(spot, record, known, clock.between(start, clock.now()))
        return since(persisted, self._stamped(record))

    def _stamped(self, record: Record) -> Interval | None:
        if record.stamp_s is None:
            return None
        return clock.from_wall(record.stamp_s, resolution_s=record.resolution_s, anchor=self._anchor)


def _shows(record: Record, marker: str) -> bool:
    return record.request_id == marker or marker.encode() in record.body


def _add(total: _Glance, glance: _Glance) -> None:
    """A place that is a state is read whole each time: its gaps and records are those of the last pass."""
    total.records = max(total.records, 0) + glance.records
    total.saw_marker |= glance.saw_marker
    total.gaps += glance.gaps
    total.foreign = max(total.foreign, glance.foreign)
    total.findings.extend(glance.findings)
