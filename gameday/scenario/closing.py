"""The end of a run: swept, judged, reported. The report is refused where canary text would reach it."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from attrs import field, frozen

from gameday import clock
from gameday.canary.find import Finder
from gameday.canary.mint import Canary
from gameday.config import SloConfig
from gameday.errors import DirtyOutput
from gameday.gate import Gate, decide
from gameday.journal import Journal
from gameday.report.render import render, write
from gameday.report.summary import terminal_summary
from gameday.report.view import view
from gameday.scenario.game import Game, Options
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


@frozen(kw_only=True)
class Books:
    """What a run is closed by, whoever played it. `planted`: the texts that no output may hold, which `finder` knows as well."""

    folder: Path
    journal: Journal
    options: Options
    slo: SloConfig
    finder: Finder = field(repr=False)
    planted: tuple[bytes, ...] = field(repr=False)
    sentinel: bytes = field(repr=False)

    def searches(self) -> tuple[Search, Search]:
        return self._is_found, holds_bytes([*self.planted, self.sentinel])

    def _is_found(self, body: bytes) -> bool:
        """Whether the finder finds anything in it, or cannot tell."""
        found = self.finder.find(body, chains=True)
        return bool(found.sightings) or not found.is_complete


def close(game: Game, *, outputs: Sequence[Path] = (), texts: Sequence[str] = ()) -> Closing:
    """Sweeps `outputs`, `texts` and the run's folder, judges, and writes the report."""
    game.note_uncovered()
    books = Books(
        folder=game.folder,
        journal=game.journal,
        options=game.options,
        slo=game.system.config.slo,
        finder=game.finder,
        planted=texts_of(known.canary for known in game.ledger.all()),
        sentinel=game.sentinel(),
    )
    return close_books(books, outputs=outputs, texts=texts)


def texts_of(canaries: Iterable[Canary]) -> tuple[bytes, ...]:
    return tuple(text.encode() for canary in canaries for text in (canary.token, *canary.values))


def close_books(books: Books, *, outputs: Sequence[Path] = (), texts: Sequence[str] = ()) -> Closing:
    _sweep(books, outputs=outputs, texts=texts)
    now = clock.now()
    books.journal.append(RunEnded(at=clock.point(now), wall=now))
    books.journal.sync()
    timeline = books.journal.timeline
    both = gates(
        timeline,
        run=books.options.slo_run or _named(books.slo.run),
        release=books.options.slo_release or _named(books.slo.release),
    )
    html = render(view(timeline, both))
    path = books.folder / "index.html"
    lines = terminal_summary(timeline, both, path)
    if any(search(text.encode()) for search in books.searches() for text in (html, *lines)):
        raise DirtyOutput(
            f"the report would have held canary text, and was not written. The journal is {books.journal.path}"
        )
    write(path, html)
    return Closing(verdict=both[0].verdict, lines=tuple(lines), report=path)


def _named(file: str | None) -> Path | None:
    return None if file is None else Path(file)


def _sweep(books: Books, *, outputs: Sequence[Path], texts: Sequence[str]) -> None:
    finder, plain = books.searches()
    paths = (books.folder, *outputs)
    by_finder = sweep(paths, finder, sentinel=books.sentinel)
    by_bytes = sweep(paths, plain, sentinel=books.sentinel)
    books.journal.append(
        Swept(
            at=clock.point(clock.now()),
            files=by_finder.files + len(texts),
            by_finder=len(by_finder.dirty) + sum(finder(text.encode()) for text in texts),
            by_bytes=len(by_bytes.dirty) + sum(plain(text.encode()) for text in texts),
            finder_works=by_finder.works,
            bytes_work=by_bytes.works,
        )
    )


def _short(file: Path) -> str:
    """As a reader would name it: below the working folder, or its last two parts."""
    try:
        return str(file.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(Path(*file.parts[-2:]))
