"""The end of a run: swept, judged, reported. The report is refused where canary text would reach it."""

from collections.abc import Sequence
from pathlib import Path

from attrs import frozen

from gameday import clock
from gameday.errors import DirtyOutput
from gameday.gate import Gate, decide
from gameday.report.render import render, write
from gameday.report.summary import terminal_summary
from gameday.report.view import view
from gameday.scenario.game import Game
from gameday.shipped import shipped
from gameday.slo import load
from gameday.sweep.outputs import Search, holds_bytes, sweep
from gameday.timeline import RunEnded, Swept, Timeline
from gameday.verdict import Verdict


@frozen(kw_only=True)
class Closing:
    """What a run came to: today's verdict, the lines for the terminal, and where the report lies (None where it was refused)."""

    verdict: Verdict
    lines: tuple[str, ...]
    report: Path | None


def gates(timeline: Timeline, *, run: Path | None, release: Path | None) -> tuple[Gate, Gate]:
    """Today's gate and the release gate; None takes the shipped objectives."""
    files = (run or shipped("fixtures/slo/run.yaml"), release or shipped("fixtures/slo/release.yaml"))
    today, then = (decide(timeline, load(file), file=_short(file)) for file in files)
    return today, then


def close(game: Game, *, outputs: Sequence[Path] = (), texts: Sequence[str] = ()) -> Closing:
    """Sweeps `outputs`, `texts` and the run's folder, judges, and writes the report."""
    _sweep(game, outputs=outputs, texts=texts)
    now = clock.now()
    game.record(RunEnded(at=clock.point(now), wall=now))
    game.sync()
    timeline = game.journal.timeline
    slo = game.system.config.slo
    both = gates(
        timeline,
        run=game.options.slo_run or _named(slo.run),
        release=game.options.slo_release or _named(slo.release),
    )
    html = render(view(timeline, both))
    path = game.folder / "index.html"
    lines = terminal_summary(timeline, both, path)
    if any(search(text.encode()) for search in _searches(game) for text in (html, *lines)):
        raise DirtyOutput(
            f"the report would have held canary text, and was not written. The journal is {game.journal.path}"
        )
    write(path, html)
    return Closing(verdict=both[0].verdict, lines=tuple(lines), report=path)


def _named(file: str | None) -> Path | None:
    return None if file is None else Path(file)


def _sweep(game: Game, *, outputs: Sequence[Path], texts: Sequence[str]) -> None:
    finder, plain = _searches(game)
    sentinel = game.sentinel()
    paths = (game.folder, *outputs)
    by_finder = sweep(paths, finder, sentinel=sentinel)
    by_bytes = sweep(paths, plain, sentinel=sentinel)
    game.record(
        Swept(
            at=clock.point(clock.now()),
            files=by_finder.files + len(texts),
            by_finder=len(by_finder.dirty) + sum(finder(text.encode()) for text in texts),
            by_bytes=len(by_bytes.dirty) + sum(plain(text.encode()) for text in texts),
            finder_works=by_finder.works,
            bytes_work=by_bytes.works,
        )
    )


def _searches(game: Game) -> tuple[Search, Search]:
    planted = [text.encode() for known in game.ledger.all() for text in (known.canary.token, *known.canary.values)]
    return game.holds, holds_bytes([*planted, game.sentinel()])


def _short(file: Path) -> str:
    """As a reader would name it: below the working folder, or its last two parts."""
    try:
        return str(file.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(Path(*file.parts[-2:]))
