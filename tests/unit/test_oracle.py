"""The oracle on places in memory: what it counts at a look, once, and when it looks again for what should be gone."""

from collections.abc import Iterator

import pytest
from attrs import define, evolve, field

from gameday import clock
from gameday.canary.families import CloudKeyPrompt
from gameday.canary.find import Finder
from gameday.canary.key import SiteKey
from gameday.canary.mint import Canary, Mint
from gameday.errors import SinkUnreadable
from gameday.place import Place, Policy
from gameday.scenario.ledger import Known, Ledger
from gameday.scenario.oracle import Barrier, Oracle
from gameday.sighting import Record
from gameday.timeline import RETENTION, SPANS, AnyEvent, Arm, Expired, Phase, Tally

KEY = SiteKey(b"o" * 32)


@define
class Memory:
    """A place in memory. `is_state`: it has no cursor, so that every look reads all of it."""

    name: str = "memory"
    held: list[Record] = field(factory=list)
    is_state: bool = False
    why_blind: str = ""
    is_blind_from_the_beginning: bool = False

    def put(self, body: str, *, locator: str = "", request: str | None = None, stamp_s: float | None = None) -> None:
        cursor = "" if self.is_state else str(len(self.held) + 1)
        self.held.append(
            Record(
                body=body.encode(),
                locator=locator or f"r{len(self.held)}",
                cursor=cursor,
                request_id=request,
                stamp_s=stamp_s,
            )
        )

    def records(self, *, after: str | None = None) -> Iterator[Record]:
        if self.why_blind or (self.is_blind_from_the_beginning and after is None):
            raise SinkUnreadable(self.name, self.why_blind or "503")
        yield from self.held[int(after or 0) :]


class World:
    """One place, what was sent, and what the oracle wrote down."""

    def __init__(self, place: Place, *, is_state: bool = False) -> None:
        self.sink = Memory(is_state=is_state)
        self.ledger, self.finder, self.events = Ledger(), Finder(KEY), list[AnyEvent]()
        self.mint = Mint(KEY, run="r", seed=1, tenants=("acme",))
        self.oracle = Oracle(
            places=(place,),
            sinks={place.name: self.sink},
            finder=self.finder,
            ledger=self.ledger,
            record=self.events.append,
            barrier_within_s=0.05,
        )
        self.oracle.enter("s", Arm.FAULT)
        self.markers = 0

    def sent(self, request: str, *, phase: Phase = Phase.BASELINE) -> Canary:
        canary = self.mint.canary(CloudKeyPrompt, tenant="acme", slot="user")
        self.finder.add(canary)
        now = clock.point(clock.now())
        self.ledger.add(
            Known(canary=canary, request=request, tenant="acme", phase=phase, sent=now, scenario="s", arm=Arm.FAULT)
        )
        return canary

    def look(self) -> bool:
        """A complete look; the marker is a record of its own, which is ours and no span of the system."""
        self.markers += 1
        self.sink.put(f"marker-{self.markers}.")
        barrier = Barrier(marker=f"marker-{self.markers}.", completed=clock.now())
        return self.oracle.look_behind(barrier)[0]

    def tallies(self, what: str = SPANS) -> list[tuple[Phase | None, int, int, bool]]:
        found = [event for event in self.events if isinstance(event, Tally) and event.what == what]
        return [(tally.phase, tally.part, tally.whole, tally.is_complete) for tally in found]

    def expired(self) -> list[tuple[str, bool]]:
        return [(event.request, event.is_readable) for event in self.events if isinstance(event, Expired)]


SPAN_PLACE = Place(name="traces", unit="span")
KEPT = Place(name="store", policy=Policy.FULL, ttl_s=3600.0)


@pytest.mark.parametrize("kind", ["a state", "with a cursor"])
def test_a_span_is_counted_once_however_often_it_is_read(kind: str) -> None:
    world = World(SPAN_PLACE, is_state=kind == "a state")
    world.sink.put(world.sent("r1").text)
    world.sink.put("clean", request="r1")
    assert world.look()
    assert world.tallies() == [(Phase.BASELINE, 1, 2, True)]
    world.oracle.read_again()
    assert world.look()
    assert world.tallies()[1:] == []


def test_spans_of_a_faults_request_are_told_apart_by_canary_and_by_request() -> None:
    world = World(SPAN_PLACE)
    world.sink.put(world.sent("r1", phase=Phase.FAULT).text)
    world.sink.put("clean", request="r1")
    world.sent("r2", phase=Phase.CONTAINED)
    world.sink.put("clean too", request="r2")
    world.look()
    assert sorted(map(str, world.tallies())) == sorted(
        map(
            str,
            [(Phase.FAULT, 1, 2, True), (Phase.CONTAINED, 0, 1, True)],
        )
    )


def test_a_clean_span_of_no_request_of_ours_makes_no_rate_look_small() -> None:
    world = World(SPAN_PLACE)
    world.sink.put(world.sent("r1").text)
    for _ in range(100):
        world.sink.put("purged")
    world.look()
    assert world.tallies() == [(Phase.BASELINE, 1, 1, True)]


def test_a_payload_that_comes_into_a_span_later_is_counted() -> None:
    world = World(SPAN_PLACE)
    world.sink.put("open", locator="t/s")
    world.look()
    world.sink.put(world.sent("r1").text, locator="t/s")
    world.look()
    assert sum(part for _, part, *_ in world.tallies()) == 1


def test_a_span_with_a_prompt_of_another_run_is_none_of_ours() -> None:
    world, other = World(SPAN_PLACE), World(SPAN_PLACE)
    world.sink.put(other.mint.canary(CloudKeyPrompt, tenant="acme", slot="tool").text)
    world.look()
    assert world.tallies() == []


def test_what_came_before_a_look_that_failed_is_counted_at_the_next_one() -> None:
    world = World(SPAN_PLACE)
    world.sink.put(world.sent("r1").text)
    assert not world.oracle.look_behind(None)[0]
    world.sink.why_blind = "503"
    assert not world.look()
    assert world.tallies() == []
    world.sink.why_blind = ""
    assert world.look()
    assert sum(part for _, part, *_ in world.tallies()) == 1


def test_other_places_count_no_spans() -> None:
    world = World(Place(name="log"))
    world.sink.put("a line")
    world.look()
    assert world.tallies() == []


def backdated(world: World, request: str, *, by_s: float) -> None:
    stamp_s = clock.now().wall_s - by_s
    world.sink.put(world.sent(request).text, request=request, stamp_s=stamp_s)


def test_a_prompt_whose_time_is_up_is_looked_for_from_the_beginning() -> None:
    world = World(KEPT)
    backdated(world, "r1", by_s=4000)
    backdated(world, "r2", by_s=1000)
    world.look()
    assert world.expired() == [("r1", True)]
    (event,) = [event for event in world.events if isinstance(event, Expired)]
    assert 3999 < event.at.latest_s - event.since.middle_s < 4100


def test_what_is_gone_is_said_once() -> None:
    world = World(KEPT, is_state=True)
    backdated(world, "r1", by_s=4000)
    world.oracle.glance()
    world.sink.held.clear()
    world.look()
    world.look()
    assert world.expired() == [("r1", False)]


def test_a_copy_makes_no_prompt_younger() -> None:
    world = World(KEPT, is_state=True)
    backdated(world, "r1", by_s=4000)
    (first,) = world.sink.held
    world.oracle.glance()
    world.sink.held[:] = [evolve(first, locator="copy", stamp_s=clock.now().wall_s)]
    world.look()
    assert world.expired() == [("r1", True)]


def test_without_a_stamp_a_prompt_is_as_old_as_its_first_sighting() -> None:
    world = World(Place(name=KEPT.name, policy=Policy.FULL, ttl_s=0.0), is_state=True)
    world.sink.put(world.sent("r1").text)
    world.oracle.glance()
    world.look()
    assert world.expired() == [("r1", True)]


def test_a_place_that_cannot_be_read_from_its_beginning_says_how_much_was_due() -> None:
    world = World(KEPT)
    backdated(world, "r1", by_s=4000)
    world.oracle.glance()
    world.sink.is_blind_from_the_beginning = True
    world.look()
    assert world.expired() == []
    assert world.tallies(RETENTION) == [(None, 0, 1, False)]


def test_a_place_without_a_time_to_live_is_not_read_again() -> None:
    world = World(Place(name="log", policy=Policy.FULL))
    backdated(world, "r1", by_s=4000)
    world.look()
    assert world.expired() == []
