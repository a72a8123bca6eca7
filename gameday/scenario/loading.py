"""`gameday load`: the pipeline, a real locust run against it, one complete look behind it, and the rates that it proves."""

import argparse
import math
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from attrs import define, field

from gameday import config as configuration
from gameday.config import seconds
from gameday.errors import DirtyOutput, ServerFailed, UsageError
from gameday.gate import Gate
from gameday.scenario.closing import Closing, close, gates
from gameday.scenario.game import Game, Options
from gameday.scenario.load_evidence import Evidence, gather
from gameday.scenario.load_process import Load, Stats, check_locust, run_locust
from gameday.scenario.running import config_file
from gameday.scenario.session import open_game
from gameday.scenario.setup import check_setup
from gameday.scenario.undoing import finish_undos
from gameday.shipped import shipped
from gameday.verdict import Verdict

MAX_RUN_S: Final = 240  # the shipped pipeline's cache forgets after 300 s: what rested there must be looked at before
MAX_USERS: Final = 1000
_DURATION: Final = re.compile(r"\d+(\.\d+)?(ms|s|m|h|d)")


def load(options: argparse.Namespace) -> int:
    """Returns 0 pass, 1 fail, 2 inconclusive: how the rates stand under the release objectives."""
    run_time_s, users = _run_time_s(options.run_time), _users(options.users)
    check_locust()
    wanted = _options(options)
    check_setup(wanted.reports)
    say = Say()
    finish_undos(wanted.reports, say=say.line)
    verdict, lines = _play(wanted, users=users, run_time_s=run_time_s, say=say)
    for line in (*lines, f"verdict: {verdict}"):
        say.line(line)
    return verdict.exit_code


@define
class Say:
    """Prints, and keeps what was printed for the sweep."""

    text: list[str] = field(factory=list)

    def progress(self, line: str) -> None:
        self.line(f"gameday: {line}")

    def line(self, line: str) -> None:
        self.text.append(line)
        print(line, flush=True)  # noqa: T201


def _play(wanted: Options, *, users: int, run_time_s: int, say: Say) -> tuple[Verdict, tuple[str, ...]]:
    with open_game(wanted, say=say.progress) as game:
        say.progress(f"locust: {users} users for {run_time_s} s against {game.system.config.target.url}")
        done = run_locust(game, users=users, run_time_s=run_time_s, say=say.progress)
        if not done.lines:
            raise ServerFailed("locust", "sent nothing", game.scrubber.scrub(done.tail))
        say.progress(f"{len(done.lines):,} requests were sent; looking for their values at every place")
        evidence = gather(game, done, say=say.progress)
        say.progress(f"looked for {evidence.looked_for_s:.1f} s; searching gameday's own output")
        figures = tuple(_figures(done, evidence))
        try:
            closing = close(game, texts=("\n".join((*say.text, *figures)),))
        except DirtyOutput as error:
            return Verdict.FAIL, (str(error),)
        return closing.verdict, (*figures, *_judged(game, closing))


def _figures(done: Load, evidence: Evidence) -> Iterator[str]:
    took_s = max(line.completed.mono_s for line in done.lines) - min(line.started.mono_s for line in done.lines)
    yield f"{evidence.requests:,} requests in {took_s:.1f} s, {evidence.requests / took_s:,.0f} a second{_times(done.stats)}"
    if evidence.refused:
        yield f"{evidence.refused:,} of them were refused by the target, and prove nothing"
    values = sum(len(line.planted) for line in done.lines)
    yield f"{values:,} values sent, and looked for at every place in {evidence.looked_for_s:.1f} s"


def _times(stats: Iterable[Stats]) -> str:
    times: dict[int, int] = {}
    for one in stats:
        for time_ms, count in one.response_times.items():
            times[int(float(time_ms))] = times.get(int(float(time_ms)), 0) + count
    if not times:
        return "; locust took no times"
    return f"; p50 {_percentile(times, 0.50)} ms, p99 {_percentile(times, 0.99)} ms"


def _percentile(times: dict[int, int], share: float) -> int:
    """The nearest rank: the least time that `share` of all did not exceed."""
    rank, passed = math.ceil(share * sum(times.values())), 0
    for time_ms in sorted(times):
        passed += times[time_ms]
        if passed >= rank:
            return time_ms
    raise ValueError("no times")


def _judged(game: Game, closing: Closing) -> Iterator[str]:
    gate = gates(game.journal.timeline, run=game.options.slo_run, release=game.options.slo_release)[1]
    yield from _rates(gate)
    yield from (f"  - {reason}" for reason in _others(gate))
    if closing.report is not None:
        yield f"report: {closing.report}"


def _rates(gate: Gate) -> Iterator[str]:
    for judged in gate.judgements:
        where = f", at {', '.join(judged.measurement.where)}" if judged.measurement.where else ""
        said = judged.reason or f"{judged.value_text}; {judged.evidence_text}"
        yield f"{judged.objective.metric}: {said}{where}"


def _others(gate: Gate) -> Iterator[str]:
    said = {f"{judged.objective.metric}: {judged.reason}" for judged in gate.judgements}
    return (reason for reason in gate.reasons if reason not in said)


def _options(options: argparse.Namespace) -> Options:
    path = config_file(options)
    release = shipped("fixtures/slo/release.yaml")
    if path is not None:
        slo = configuration.load(path).slo.release
        release = Path(slo) if slo else release
    return Options(
        reports=Path(options.reports),
        pipeline=Path(options.pipeline) if options.pipeline else shipped("fixtures/pipeline"),
        argv=tuple(sys.argv[1:]),
        on=options.on,
        config=path,
        seed=options.seed,
        traffic="load",
        slo_run=release,  # a load run injects nothing and wakes nobody: only the rates can be judged by it
        slo_release=release,
    )


def _run_time_s(text: str) -> int:
    if not _DURATION.fullmatch(text) or not 1 <= seconds(text) <= MAX_RUN_S:
        raise UsageError(
            f"--run-time {text}: write 1s to {MAX_RUN_S}s, such as 10s or 2m. Evidence of several runs adds up: "
            "gameday gate RUN RUN --slo release.yaml"
        )
    return math.ceil(seconds(text))


def _users(users: int) -> int:
    if not 1 <= users <= MAX_USERS:
        raise UsageError(f"--users {users}: write 1 to {MAX_USERS}")
    return users
