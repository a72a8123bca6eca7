"""Runs a runbook, and proves what it did: the source stopped, what leaked gone, a sealed copy kept."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from attrs import define

from gameday import clock
from gameday.alert import Alert
from gameday.clock import Instant, Interval
from gameday.contain.runbook import Runbook, StepResult, vault_of
from gameday.errors import SinkUnreadable, UsageError
from gameday.scenario.game import Game
from gameday.scenario.naming import OpenLeak
from gameday.scenario.oracle import Finding
from gameday.scenario.traffic import Sent
from gameday.timeline import Acknowledged, AnyEvent, Contained, Phase, Sealed, StepDone, Stopped, Verified

CONTAINED: Final = "contained"
STILL_LEAKING: Final = "purged, still leaking"
NOT_PURGED: Final = "stopped, not purged"
NO_COPY: Final = "stopped and purged, without a forensic copy"
CAME_BACK: Final = "came back"
UNKNOWN: Final = "unknown"
_AGE_HEADER: Final = b"age-encryption.org/v1"


@define(kw_only=True)
class Containment:
    """One runbook against the leaks that are open. The runbook learns the alert; the leaks are the harness's own knowledge."""

    game: Game
    record: Callable[[AnyEvent], None]
    alert: Alert
    runbook: str
    leaks: list[OpenLeak]
    replay: Callable[[Phase], list[Sent]]

    def run(self) -> str:
        """Runs all steps and returns the state that was proven."""
        began = clock.now()
        runbook = self._runbook()
        self._each(lambda request: Acknowledged(at=clock.point(began), request=request, alert=self.alert.id))
        is_stopped: bool | None = False
        for step in runbook.steps:
            done = self._step(runbook, step)
            if step == "stop":
                is_stopped = self._prove_stop(done)
        is_quiet, is_sealed = self._is_quiet(), self._seal_holds(runbook, began)
        gone = self._verify()
        return self._conclude(has_stopped=_all((is_stopped, is_quiet)), gone=gone, is_sealed=is_sealed)

    def _runbook(self) -> Runbook:
        config = self.game.system.config.runbook.get(self.runbook)
        if config is None:
            known = ", ".join(self.game.system.config.runbook) or "none"
            raise UsageError(f"no runbook {self.runbook!r}; gameday.toml has: {known}. Add [runbook.{self.runbook}].")
        return Runbook(self.runbook, config)

    def _each(self, event: Callable[[str], AnyEvent]) -> None:
        for leak in self.leaks:
            self.record(event(leak.request))

    def _step(self, runbook: Runbook, step: str) -> StepResult:
        done = runbook.run(step, self.alert)
        with suppress(
            SinkUnreadable
        ):  # a place that forgets what is old is followed closely; the proof comes behind the barrier
            self.game.oracle.glance()
        self._each(
            lambda request: StepDone(
                at=done.at,
                request=request,
                runbook=self.runbook,
                step=step,
                exit_code=done.exit_code,
                before=done.before,
                after=done.after,
                why=done.why,
            )
        )
        return done

    def _prove_stop(self, done: StepResult) -> bool | None:
        """The same prompts with fresh canaries: none of them persists, behind the barrier. It stopped before they were sent."""
        fresh = self.replay(Phase.CONTAINED)
        is_quiet = self._stays_quiet(fresh)
        if is_quiet:
            first = min(sent.started.mono_s for sent in fresh)
            at = Interval(min(done.at.latest_s, first), first)
            self._each(lambda request: Stopped(at=at, request=request, fresh=fresh[0].id))
        return is_quiet

    def _is_quiet(self) -> bool | None:
        """Once more when all steps are done: a purge can hide a source that still runs."""
        return self._stays_quiet(self.replay(Phase.CONTAINED))

    def _stays_quiet(self, fresh: list[Sent]) -> bool | None:
        """Whether no fresh prompt, and no old one in a place that cannot be purged, came to rest; None: unknown."""
        tenants = tuple(dict.fromkeys(sent.tenant for sent in fresh))
        findings = self.game.look_behind(tenants=tenants)
        ids = {sent.id for sent in fresh}
        if any(f.is_forbidden and (f.canary in ids or self.game.system.place(f.place).is_final) for f in findings):
            return False
        return True if self.game.last_look_is_evidence else None

    def _verify(self) -> bool | None:
        """Reads every place from its beginning. True: nothing of these leaks is left where it can be purged; None: unknown."""
        start = clock.now()
        again = self.game.oracle.read_again()
        at = clock.between(start, clock.now())
        if any(findings is None for findings in again.values()):
            return None
        states = [self._is_gone(leak, place, again[place] or []) for leak in self.leaks for place in _places(leak)]
        for leak in self.leaks:
            for place in _places(leak):
                if self._is_gone(leak, place, again[place] or []):
                    self.record(Verified(at=at, request=leak.request, place=place))
        return all(states)

    def _is_gone(self, leak: OpenLeak, place: str, findings: list[Finding]) -> bool:
        if self.game.system.place(place).is_final:
            return True
        return not any(finding.canary == leak.canary and finding.is_forbidden for finding in findings)

    def _seal_holds(self, runbook: Runbook, began: Instant) -> bool:
        why = self._seal_problem(vault_of(runbook.config), began)
        at = clock.point(clock.now())
        self._each(lambda request: Sealed(at=at, request=request, is_sealed=not why, why=why))
        return not why

    def _seal_problem(self, vault: Path | None, began: Instant) -> str:
        """What is wrong with the forensic copy; "" where nothing is."""
        if vault is None:
            return "the runbook names no vault"
        if vault.resolve().is_relative_to(self.game.folder.resolve()):
            return "the vault lies inside the reports"
        fresh = [path for path in vault.glob("*") if path.is_file() and path.stat().st_mtime >= began.wall_s - 1]
        if not fresh:
            return "no copy was put into the vault"
        for path in fresh:
            body = path.read_bytes()
            if not body.startswith(_AGE_HEADER) or self.game.finder.find(body, chains=True).sightings:
                return f"{path.name} is not encrypted with age"
        return ""

    def _conclude(self, *, has_stopped: bool | None, gone: bool | None, is_sealed: bool) -> str:
        if has_stopped is False:
            state = STILL_LEAKING
        elif has_stopped is None or gone is None:
            state = UNKNOWN
        elif not gone:
            state = NOT_PURGED
        else:
            state = CONTAINED if is_sealed else NO_COPY
        at = clock.point(clock.now())
        self._each(lambda request: Contained(at=at, request=request, state=state))
        return state


def _all(states: tuple[bool | None, ...]) -> bool | None:
    """False beats unknown beats True."""
    if False in states:
        return False
    return None if None in states else True


def _places(leak: OpenLeak) -> list[str]:
    return sorted({finding.place for finding in leak.findings})
