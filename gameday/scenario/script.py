"""What a scenario is written against. The same steps run twice: as control, where nothing is injected, and with the fault."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

import msgspec
from attrs import frozen

from gameday import clock
from gameday.alert import Alert
from gameday.canary.families import Family
from gameday.errors import ExpectationFailed, HarnessError, UndoFailed, UsageError
from gameday.faults.base import Fault, Undo, undo
from gameday.place import Place
from gameday.scenario.containment import CAME_BACK, CONTAINED, Containment
from gameday.scenario.game import Game
from gameday.scenario.hardening import harden
from gameday.scenario.jobs import back_up_capture, replay_in_ci
from gameday.scenario.naming import OpenLeak, name
from gameday.scenario.oracle import Finding
from gameday.scenario.traffic import Move, Sent
from gameday.systems.base import System
from gameday.timeline import (
    ATTEMPTS,
    UNLOGGED,
    Alerted,
    AnyEvent,
    Arm,
    Contained,
    Delivered,
    FaultInjected,
    FaultPlanned,
    FaultUndone,
    Phase,
    Tally,
    Watched,
)
from gameday.wait import NotInTime, poll_until

EVERY_S: Final = 0.005
DEFAULT_ASK: Final = "Can you help me with this?"
Job = Callable[[System, Sent], None]


@frozen(kw_only=True)
class Meta:
    """Which arm of which scenario. `expect_no_leak`: the defence must hold although the fault is there."""

    scenario: str
    arm: Arm
    expect_no_leak: bool = False


class Script:
    """The `gameday` fixture: one arm of one scenario."""

    def __init__(self, game: Game, meta: Meta) -> None:
        self._game, self.meta = game, meta
        self._phase = Phase.BASELINE
        self._sent: dict[str, tuple[Sent, Phase]] = {}
        self._moves: list[Move] = []
        self._jobs: list[tuple[Move, Job]] = []
        self._findings: list[Finding] = []
        self._leaks_to: tuple[str, ...] = ()
        self._unnamed: list[Alert] = []
        self._named: dict[str, Alert] = {}
        self._contained: list[OpenLeak] = []
        game.inbox.clear()
        game.oracle.enter(meta.scenario, meta.arm)

    @property
    def is_control(self) -> bool:
        return self.meta.arm is Arm.CONTROL

    def harden(self, pattern: str) -> None:
        """Puts a pattern of fixtures/patterns into force, in both arms, until the pipeline is put back to its shipped settings."""
        harden(self._game.system, pattern)

    @contextmanager
    def inject(self, fault: Fault) -> Iterator[None]:
        """Opens the fault's hole for the block, and proves at its end that it is closed. In the control nothing is opened."""
        if self.is_control:
            yield
            return
        self._leaks_to = fault.leaks_to
        plan = fault.plan()
        self.record(_planned(fault, plan))
        self._game.sync()
        try:
            self._open(fault)
            yield
        finally:
            self._close(fault, plan)

    def send(
        self,
        family: Family,
        *,
        to: System,
        tenant: str,
        slot: str = "user",
        ask: str = DEFAULT_ASK,
        stream: bool = False,
        with_value: bool = True,
        malformed: bool = False,
    ) -> Sent:
        """Sends one prompt of this family with a fresh canary in this slot; `malformed`: in a request that the API refuses."""
        if to is not self._game.system:
            raise UsageError("send: `to` must be the system of this run, the fixture gameday_pipeline")
        move = Move(
            family=family, tenant=tenant, slot=slot, ask=ask, stream=stream, with_value=with_value, malformed=malformed
        )
        self._moves.append(move)
        return self._dispatch(move)

    def run_ci(self, sent: Sent) -> None:
        """The CI job replays the recorded exchange in a test that fails, and uploads its artifacts; again whenever it is sent again."""
        self._run_job(replay_in_ci, sent)

    def back_up(self, sent: Sent) -> None:
        """The debug capture keeps the recorded exchange, and the backup job runs; again whenever it is sent again."""
        self._run_job(back_up_capture, sent)

    def expect_leak(self, sent: Sent, *, at: Place, within_s: float = 10.0) -> None:
        """With the fault: the prompt comes to rest at this place. In the control: nowhere, and that is proven."""
        if self.is_control:
            self.expect_silence()
            return

        def look() -> bool | None:
            self._findings += self._game.oracle.glance()
            return True if any(f.canary == sent.id and f.place == at.name for f in self._forbidden()) else None

        try:
            poll_until(look, what=f"canary {sent.id} at {at.name}", every_s=EVERY_S, within_s=within_s)
        except NotInTime as error:
            raise ExpectationFailed(f"no leak where one was expected: {error}") from error

    def expect_silence(self) -> None:
        """Nothing of this arm rests where it may not; proven behind the barrier. The fault's own leak is not counted.

        Raises HarnessError where a place could not be looked at: that is unknown, not silence.
        """
        self._look_behind()
        bad = [finding for finding in self._forbidden() if not self._belongs_to_fault(finding)]
        if bad:
            raise ExpectationFailed(leaks_in_words(bad))
        if not self._game.last_look_is_evidence:
            raise HarnessError(
                "silence could not be proven: a place was not read up to the barrier. The report says which."
            )

    def expect_alert(self, sent: Sent, *, severity: str = "page", within_s: float | None = None) -> Alert | None:
        """With the fault: an alert of this severity names the leak of `sent`. In the control: none comes; returns None."""
        if self.is_control:
            self._expect_no_alert()
            return None
        alert = self._watch(sent, within_s=self._game.options.watch_s if within_s is None else within_s)
        if alert.severity != severity:
            raise ExpectationFailed(f"{alert.name} came with severity {alert.severity!r}, not {severity!r}")
        return alert

    def contain(self, alert: Alert | None, *, runbook: str) -> None:
        """Hands the alert to the runbook and proves what it did. In the control there is no alert, and nothing to do."""
        if self.is_control or alert is None:
            return
        self._contained = self._open_leaks()
        containment = Containment(
            game=self._game,
            record=self.record,
            alert=alert,
            runbook=runbook,
            leaks=self._contained,
            replay=self._replay,
        )
        state = containment.run()
        if state != CONTAINED:
            raise ExpectationFailed(f"the runbook {runbook!r} left the incident {state}")

    def tally(self, what: str, *, part: int, whole: int, place: Place, is_complete: bool = True) -> None:
        """Writes down `part` bad ones of `whole` things that no single prompt yields, in the phase that the arm is in.

        `is_complete`: all of them could be looked at. Figures that are not a part and a whole raise UsageError.
        """
        if not 0 <= part <= whole:
            raise UsageError(f"tally: {part} of {whole} {what} at {place.name} is not a part of a whole")
        at = clock.point(clock.now())
        self.record(
            Tally(
                at=at,
                place=place.name,
                what=what,
                part=part,
                whole=whole,
                is_complete=is_complete,
                phase=self._phase,
            )
        )

    def attempts(self, whole: int, *, at: Place, succeeded: int, logged: int | None) -> None:
        """Attempts to get at a prompt store: how many got in, and how many its audit log shows; None: it could not be read."""
        self.tally(ATTEMPTS, part=succeeded, whole=whole, place=at)
        missed = 0 if logged is None else max(whole - logged, 0)
        self.tally(UNLOGGED, part=missed, whole=whole, place=at, is_complete=logged is not None)

    def finish(self) -> None:
        """Closes the arm: the same prompts once more without the fault, silence, and every alert accounted for."""
        if self._leaks_to:
            self._replay(Phase.AFTER)
        self.expect_silence()
        self._expect_gone()
        if self.is_control:
            self._expect_no_alert()
        else:
            self._game.wait_for_detectors()  # a late alert belongs to this arm, not to the next one

    def account_for_alerts(self) -> None:
        """Writes down what arrived and names no leak: false alarms. Owed however the arm ended."""
        self._match()
        leaks = self._open_leaks()
        for alert in self._unnamed:
            self._deliver(alert, names="", how="", is_ambiguous=name(alert, leaks).is_ambiguous)
        self._unnamed.clear()

    def record(self, event: AnyEvent) -> None:
        self._game.record(msgspec.structs.replace(event, scenario=self.meta.scenario, arm=self.meta.arm))

    def _expect_gone(self) -> None:
        """What was contained has not come back since. Raises HarnessError where a place could not be looked at."""
        leaks = {leak.canary: leak for leak in self._contained}
        if not leaks:
            return
        places = self._game.oracle.read_again()
        again = [finding for findings in places.values() for finding in findings or ()]
        back = [
            f for f in again if f.is_forbidden and f.canary in leaks and not self._game.system.place(f.place).is_final
        ]
        for canary in {finding.canary for finding in back}:
            self.record(Contained(at=clock.point(clock.now()), request=leaks[canary].request, state=CAME_BACK))
        if back:
            raise ExpectationFailed(f"what was contained came back: {leaks_in_words(back)}")
        if unread := sorted(place for place, findings in places.items() if findings is None):
            raise HarnessError(f"whether the leak came back is unknown: {', '.join(unread)} could not be read again")

    # -- the fault

    def _open(self, fault: Fault) -> None:
        at = fault.inject()
        is_active = fault.is_active()
        self.record(FaultInjected(at=at, fault=fault.name, is_active=is_active))
        if not is_active:
            raise ExpectationFailed(f"{fault.name} was injected and is not active: nothing was tried")
        self._phase = Phase.FAULT

    def _close(self, fault: Fault, plan: Undo) -> None:
        start = clock.now()
        changed = undo(fault.settings, plan)
        is_active = fault.is_active()
        at = clock.between(start, clock.now())
        self.record(FaultUndone(at=at, fault=fault.name, is_active=is_active, already=not changed))
        self._game.sync()
        self._phase = Phase.AFTER
        if is_active:
            raise UndoFailed(
                f"{fault.name} is still active after its undo. 'gameday clean' tries again; look at {plan.ref}"
            )

    # -- the traffic

    def _dispatch(self, move: Move) -> Sent:
        sent = self._game.traffic.send(move, scenario=self.meta.scenario, arm=self.meta.arm, phase=self._phase)
        self._sent[sent.request_id] = (sent, self._phase)
        return sent

    def _replay(self, phase: Phase) -> list[Sent]:
        """Every prompt of this arm once more, each with a fresh canary, and the jobs that ran behind it."""
        self._phase = phase
        replayed = [self._dispatch(move) for move in self._moves]
        for sent in replayed:
            for move, job in self._jobs:
                if move is sent.move:
                    job(self._game.system, sent)
        return replayed

    def _run_job(self, job: Job, sent: Sent) -> None:
        self._jobs.append((sent.move, job))
        job(self._game.system, sent)

    def _look_behind(self) -> None:
        findings = self._game.look_behind(tenants=self._tenants())
        self._findings += findings

    def _tenants(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(move.tenant for move in self._moves)) or self._game.tenants[:1]

    # -- leaks and alerts

    def _forbidden(self) -> list[Finding]:
        return [finding for finding in self._findings if finding.is_forbidden and finding.request in self._sent]

    def _belongs_to_fault(self, finding: Finding) -> bool:
        """What the fault was opened for. Under `expect_no_leak` there is no such thing."""
        phase = self._sent[finding.request][1]
        return phase is Phase.FAULT and finding.place in self._leaks_to and not self.meta.expect_no_leak

    def _open_leaks(self) -> list[OpenLeak]:
        found: dict[str, list[Finding]] = {}
        for finding in self._forbidden():
            found.setdefault(finding.request, []).append(finding)
        return [self._leak(request, findings) for request, findings in found.items()]

    def _leak(self, request: str, findings: list[Finding]) -> OpenLeak:
        sent = self._sent[request][0]
        at = clock.between(sent.started, sent.completed)
        return OpenLeak(request=request, canary=sent.id, tenant=sent.tenant, sent=at, findings=tuple(findings))

    def _watch(self, sent: Sent, *, within_s: float) -> Alert:
        start = clock.now()

        due = 1

        def look() -> Alert | None:
            nonlocal due
            waited_s = clock.now().mono_s - start.mono_s
            if waited_s >= due:
                self._game.say(f"waiting for an alert: {due} s of {within_s:g} s")
                due += 1
            self._match()
            return self._named.get(sent.request_id)

        what = f"an alert that names request {sent.request_id}"
        noticed = False
        try:
            alert = poll_until(look, what=what, every_s=EVERY_S, within_s=within_s).value
            noticed = True
        except NotInTime as error:
            raise ExpectationFailed(f"nobody noticed: {error}") from error
        finally:
            self.record(Watched(at=clock.between(start, clock.now()), request=sent.request_id, noticed=noticed))
        return alert

    def _match(self) -> None:
        """Names what arrived; what names nothing yet may do so when the oracle has seen more."""
        self._unnamed += self._game.inbox.take()
        leaks = self._open_leaks()
        for alert in list(self._unnamed):
            naming = name(alert, leaks)
            if naming.request:
                self._unnamed.remove(alert)
                self._named.setdefault(naming.request, alert)
                self._deliver(alert, names=naming.request, how=naming.how)

    def _expect_no_alert(self) -> None:
        self._game.wait_for_detectors()
        self._match()
        arrived = [alert.name for alert in [*self._unnamed, *self._named.values()]]
        if arrived:
            raise ExpectationFailed(f"no alert was due, and there came {', '.join(sorted(arrived))}")

    def _deliver(self, alert: Alert, *, names: str, how: str, is_ambiguous: bool = False) -> None:
        if alert.posted is not None:
            self.record(Alerted(at=alert.posted, alert=alert.id))
        self.record(
            Delivered(
                at=alert.received,
                alert=alert.id,
                alertname=alert.name,
                severity=alert.severity,
                names=names,
                how=how,
                place=alert.fields.get("place", ""),
                is_ambiguous=is_ambiguous,
            )
        )


def _planned(fault: Fault, plan: Undo) -> FaultPlanned:
    return FaultPlanned(
        at=clock.point(clock.now()),
        fault=fault.name,
        summary=(type(fault).__doc__ or "").strip().split("\n")[0],
        origin=fault.origin.name,
        leaks_to=fault.leaks_to,
        undo=msgspec.json.encode(plan).decode(),
    )


def leaks_in_words(findings: list[Finding]) -> str:
    """Names places and canaries, never what they hold."""
    places: dict[str, set[str]] = {}
    for finding in findings:
        places.setdefault(finding.place, set()).add(finding.canary)
    held = "; ".join(f"{place} held {', '.join(sorted(canaries))}" for place, canaries in sorted(places.items()))
    return f"prompts rest where they must not: {held}"
