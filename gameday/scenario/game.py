"""One run that is under way: its folder, its journal, its system, and both sides that watch it."""

from collections.abc import Callable
from pathlib import Path
from typing import Literal

from attrs import define, field, frozen

from gameday import clock
from gameday.canary.families import GitHubTokenPrompt
from gameday.canary.find import Finder
from gameday.canary.key import SiteKey
from gameday.canary.mint import Mint
from gameday.canary.scrub import Scrubber
from gameday.journal import Journal
from gameday.scenario.inbox import Inbox
from gameday.scenario.ledger import Ledger
from gameday.scenario.oracle import Finding, Oracle
from gameday.scenario.sharing import Share
from gameday.scenario.silence import wait_for
from gameday.scenario.traffic import Traffic
from gameday.scenario.unknown import Beneath
from gameday.systems.base import System
from gameday.timeline import AnyEvent, Problem


@frozen(kw_only=True)
class Options:
    """What the command line asked for. `config` is a gameday.toml, None for the reference pipeline with the settings in `pipeline`.

    `traffic` names the mix of requests: evidence is pooled only over the same mix. `share`: this process plays a part of the run.
    """

    reports: Path
    pipeline: Path
    argv: tuple[str, ...]
    on: Literal["auto", "docker", "embedded"] = "auto"
    config: Path | None = None
    run: str | None = None
    seed: int | None = None
    watch_s: float = 10.0
    traffic: str = "scenarios"
    slo_run: Path | None = None
    slo_release: Path | None = None
    share: Share | None = None


@define(kw_only=True)
class Game:
    """Everything that a scenario's script needs; made by `session.open_game`."""

    folder: Path
    run: str
    seed: int
    day: int  # as tokens count it
    key: SiteKey
    options: Options
    system: System
    journal: Journal
    oracle: Oracle
    traffic: Traffic
    finder: Finder
    ledger: Ledger
    scrubber: Scrubber
    inbox: Inbox
    say: Callable[[str], None]
    reset: Callable[[], None]
    beneath: Beneath | None = None
    last_look_is_evidence: bool = field(default=False, init=False)

    @property
    def tenants(self) -> tuple[str, ...]:
        return tuple(self.system.config.target.tenants)

    def note_uncovered(self) -> None:
        """Writes down which files appeared below the system's own folder and are covered by no place; owed once, before all is judged."""
        if self.beneath is not None:
            for event in self.beneath.uncovered(self.system.config, holds=self._holds):
                self.record(event)

    def _holds(self, body: bytes) -> bool:
        found = self.finder.find(body, chains=True)
        return bool(found.sightings) or not found.is_complete

    def record(self, event: AnyEvent) -> None:
        self.journal.append(event)

    def sync(self) -> None:
        self.journal.sync()

    def look_behind(self, *, tenants: tuple[str, ...]) -> list[Finding]:
        """Sends the barrier, and looks at every place behind it."""
        self.last_look_is_evidence, findings = self.oracle.look_behind(self.traffic.barrier(tenant=tenants[0]))
        return findings

    def wait_for_detectors(self, *, within_s: float = 10.0) -> None:
        """Returns when every detector has passed what was written until now, so that its silence is an answer."""
        wait_for(self.system.config.detector, inbox=self.inbox, within_s=within_s)

    def sentinel(self) -> bytes:
        return sentinel(self.key, run=self.run, seed=self.seed, day=self.day)

    def problem(self, what: str, why: str) -> None:
        self.record(Problem(at=clock.point(clock.now()), what=what, why=self.scrubber.scrub(why)))


def sentinel(key: SiteKey, *, run: str, seed: int, day: int) -> bytes:
    """A canary that is never sent: what a search must find before its silence counts."""
    mint = Mint(key, run=f"{run} sentinel", seed=seed, day=day, tenants=("nobody",))
    return mint.canary(GitHubTokenPrompt, tenant="nobody").token.encode()
