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
from gameday.config import seconds
from gameday.detect.positions import Positions
from gameday.errors import HarnessError
from gameday.journal import Journal
from gameday.scenario.inbox import Inbox
from gameday.scenario.ledger import Ledger
from gameday.scenario.oracle import Finding, Oracle
from gameday.scenario.traffic import Traffic
from gameday.systems.base import System
from gameday.timeline import AnyEvent, Problem
from gameday.wait import poll_until


@frozen(kw_only=True)
class Options:
    """What the command line asked for. `config` is a gameday.toml, None for the reference pipeline with the settings in `pipeline`.

    `traffic` names the mix of requests: evidence is pooled only over the same mix.
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
    last_look_is_evidence: bool = field(default=False, init=False)

    @property
    def tenants(self) -> tuple[str, ...]:
        return tuple(self.system.config.target.tenants)

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
        if not self.system.config.detector:
            raise HarnessError(
                "nobody listens for alerts, so silence says nothing. Add a [[detector]] to gameday.toml."
            )
        for detector in self.system.config.detector:
            if detector.positions is not None:
                self._wait_for_positions(Positions(Path(detector.positions)), within_s=within_s)
            elif detector.settle is not None:
                clock.sleep(seconds(detector.settle))
            else:
                raise HarnessError(
                    f"the silence of the detector at {detector.listen} cannot be judged. "
                    "Give it `positions` (a file with its read offsets) or `settle` (how long it may take) in gameday.toml."
                )

    def _wait_for_positions(self, positions: Positions, *, within_s: float) -> None:
        sizes = {path: Path(path).stat().st_size for path in positions.read() if Path(path).exists()}
        poll_until(
            lambda: True if positions.has_passed(sizes) else None,
            what="the detector has read the logs up to here",
            every_s=0.005,
            within_s=within_s,
            seen=lambda: f"offsets {sorted(positions.read().values())} of sizes {sorted(sizes.values())}",
        )

    def holds(self, body: bytes) -> bool:
        """Whether the finder finds anything in it, or cannot tell."""
        found = self.finder.find(body, chains=True)
        return bool(found.sightings) or not found.is_complete

    def sentinel(self) -> bytes:
        """A canary that is never sent: what a search must find before its silence counts."""
        canary = Mint(self.key, run=f"{self.run} sentinel", seed=self.seed, day=self.day, tenants=("nobody",)).canary(
            GitHubTokenPrompt, tenant="nobody"
        )
        return canary.token.encode()

    def problem(self, what: str, why: str) -> None:
        self.record(Problem(at=clock.point(clock.now()), what=what, why=self.scrubber.scrub(why)))
