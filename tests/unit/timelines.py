"""Small timelines, built by hand: one scenario that leaks at t = 10 s, is noticed, stopped, and proven gone."""

from typing import Final, Self

from gameday.clock import Instant, Interval
from gameday.place import Place, Policy
from gameday.timeline import (
    AnyEvent,
    Arm,
    ArmEnded,
    Contained,
    Delivered,
    FaultInjected,
    FaultPlanned,
    FaultUndone,
    Look,
    Outcome,
    Phase,
    Planned,
    Planted,
    RunEnded,
    RunStarted,
    Sent,
    Sighted,
    Stopped,
    Swept,
    SystemReady,
    Timeline,
    Verified,
    Watched,
)

LOG: Final = Place(name="ingress/log")
GATEWAY: Final = Place(name="gateway/log", policy=Policy.REDACTED)
CACHE: Final = Place(name="cache", policy=Policy.FULL, by_tenant=True)
PLACES: Final = (LOG, GATEWAY, CACHE)
LEAK: Final = "request-bodies"


def at(earliest_s: float, latest_s: float | None = None) -> Interval:
    return Interval(earliest_s, earliest_s if latest_s is None else latest_s)


def secret(canary: str, *, slot: str = "user", is_secret: bool = True, has_value: bool = True) -> Planted:
    family = "cloud-key" if is_secret else "e-mail"
    return Planted(
        canary=canary, family=family, slot=slot, is_secret=is_secret, is_redactable=True, has_value=has_value
    )


class Story:
    """Events in the order in which they are told; each method adds some and returns the story."""

    def __init__(self, *, run: str = "one", places: tuple[Place, ...] = PLACES, key: str = "k") -> None:
        self.places = places
        started = RunStarted(
            at=at(0), format=1, run=run, wall=Instant(0.0, 0.0), seed=1, key_id="id", argv=(), commit="c", versions={}
        )
        ready = SystemReady(
            at=at(1), system="s", runtime="embedded", runtime_why="", took_s=1.0, places=places, evidence_key=key
        )
        self.events: list[AnyEvent] = [started, ready]

    def add(self, *events: AnyEvent) -> Self:
        self.events.extend(events)
        return self

    def planned(self, scenario: str = LEAK, *, severity: str = "P1", holds: bool = False) -> Self:
        for arm in Arm:
            self.add(
                Planned(
                    at=at(2),
                    scenario=scenario,
                    arm=arm,
                    title=scenario,
                    failure_mode="F1",
                    layers=("L1",),
                    severity=severity,
                    node="n",
                    expect_no_leak=holds,
                )
            )
        return self

    def ended(self, scenario: str = LEAK, *, fault: Outcome = Outcome.HELD, control: Outcome = Outcome.HELD) -> Self:
        return self.add(
            ArmEnded(at=at(90), scenario=scenario, arm=Arm.CONTROL, outcome=control),
            ArmEnded(at=at(90), scenario=scenario, arm=Arm.FAULT, outcome=fault),
        )

    def sent(
        self,
        request: str,
        *planted: Planted,
        phase: Phase = Phase.BASELINE,
        when: Interval | None = None,
        arm: Arm = Arm.FAULT,
        scenario: str = LEAK,
    ) -> Self:
        return self.add(
            Sent(
                at=when or at(10, 10.1),
                scenario=scenario,
                arm=arm,
                request=request,
                tenant="acme",
                phase=phase,
                planted=planted or (secret(f"c-{request}"),),
                status=200,
            )
        )

    def seen(
        self,
        request: str,
        *,
        place: str = LOG.name,
        parts: tuple[str, ...] = ("value",),
        phase: Phase = Phase.FAULT,
        persisted: Interval | None = None,
        owner: str = "acme",
        is_forbidden: bool = True,
        canary: str = "",
    ) -> Self:
        return self.add(
            Sighted(
                at=at(11, 12),
                scenario=LEAK,
                arm=Arm.FAULT,
                place=place,
                canary=canary or f"c-{request}",
                request=request,
                tenant="acme",
                phase=phase,
                parts=parts,
                form=(),
                locator="l",
                persisted=persisted or at(10, 12),
                is_forbidden=is_forbidden,
                owner=owner,
            )
        )

    def leaked(self, request: str = "r1", *, place: str = LOG.name) -> Self:
        """A fault-phase request that leaked; the fault is planned and undone around it."""
        return (
            self.fault_planned()
            .sent(request, phase=Phase.FAULT)
            .seen(request, place=place)
            .add(Watched(at=at(10, 60), scenario=LEAK, arm=Arm.FAULT, request=request, noticed=True))
        )

    def fault_planned(self) -> Self:
        return self.add(
            FaultPlanned(
                at=at(5), scenario=LEAK, arm=Arm.FAULT, fault="f", summary="", origin=LOG.name, leaks_to=(), undo="{}"
            ),
            FaultInjected(at=at(6), scenario=LEAK, arm=Arm.FAULT, fault="f", is_active=True),
        )

    def undone(self, *, is_active: bool = False) -> Self:
        return self.add(FaultUndone(at=at(80), scenario=LEAK, arm=Arm.FAULT, fault="f", is_active=is_active))

    def delivered(self, request: str = "r1", *, when: Interval | None = None, is_ambiguous: bool = False) -> Self:
        return self.add(
            Delivered(
                at=when or at(20),
                scenario=LEAK,
                arm=Arm.FAULT,
                alert="a",
                alertname="Leak",
                severity="page",
                names=request,
                is_ambiguous=is_ambiguous,
            )
        )

    def stopped(self, request: str = "r1", *, when: Interval | None = None) -> Self:
        return self.add(Stopped(at=when or at(30), scenario=LEAK, arm=Arm.FAULT, request=request, fresh="c-new"))

    def verified(self, request: str = "r1", *, place: str = LOG.name, when: Interval | None = None) -> Self:
        return self.add(Verified(at=when or at(40), scenario=LEAK, arm=Arm.FAULT, request=request, place=place))

    def contained(self, request: str = "r1", *, state: str = "contained", when: float = 41) -> Self:
        return self.add(Contained(at=at(when), scenario=LEAK, arm=Arm.FAULT, request=request, state=state))

    def looked(self, when: float = 70, *, is_complete: bool = True, behind_barrier: bool = True, but: str = "") -> Self:
        """One look at each place, but for one."""
        for place in self.places:
            if place.name != but:
                self.add(
                    Look(
                        at=at(when, when + 1),
                        place=place.name,
                        sink="s",
                        records=3,
                        is_complete=is_complete,
                        behind_barrier=behind_barrier,
                        why="" if is_complete else "search API answered 503",
                    )
                )
        return self

    def swept(self, *, hits: int = 0, works: bool = True) -> Self:
        return self.add(Swept(at=at(95), files=4, by_finder=hits, by_bytes=hits, finder_works=works, bytes_work=works))

    def over(self) -> Self:
        return self.add(RunEnded(at=at(100), wall=Instant(100.0, 100.0)))

    @property
    def timeline(self) -> Timeline:
        return Timeline(self.events)


def sound(*, run: str = "one") -> Story:
    """A game day that passes: clean by itself; one leak, noticed after 10 s, stopped, proven gone. Not yet closed."""
    return (
        Story(run=run)
        .planned()
        .sent("b1")
        .leaked()
        .delivered()
        .stopped()
        .verified()
        .contained()
        .undone()
        .sent("f1", phase=Phase.AFTER, when=at(50, 50.1))
        .looked()
        .ended()
    )


def closed(story: Story) -> Timeline:
    return story.swept().over().timeline
