"""The end of a run that several processes played: their parts become one journal, which is swept, judged and reported."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from attrs import frozen

from gameday import clock, config
from gameday.canary.find import Finder
from gameday.canary.key import load_or_make
from gameday.canary.token import day_of
from gameday.journal import JOURNAL, PARTS, Journal, part_files, read
from gameday.scenario.closing import Books, Closing, close_books, texts_of
from gameday.scenario.game import Options, sentinel
from gameday.scenario.reminting import Reminted, remint
from gameday.systems.reference.files import TENANTS
from gameday.timeline import AnyEvent, Problem, RunStarted, SystemReady, Timeline


@frozen(kw_only=True)
class Gathering:
    """`problems`: what the controller knows of and no part tells; each keeps the run from passing."""

    options: Options
    folder: Path
    problems: Sequence[str]

    def close(self, *, outputs: Sequence[Path], texts: Sequence[str]) -> Closing:
        """Merges the parts, sweeps `outputs`, `texts` and the run's folder, judges, and writes the report."""
        timeline = read(self.folder)
        own = config.load(self.options.config) if self.options.config else None
        started, key = timeline.of(RunStarted)[0], load_or_make()
        reminted = remint(timeline, key=key, tenants=tuple(own.target.tenants) if own else TENANTS)
        with Journal(self.folder / JOURNAL) as journal:
            self._write(journal, (*timeline.events, *self._problems(timeline, reminted)))
            books = Books(
                folder=self.folder,
                journal=journal,
                options=self.options,
                slo=own.slo if own else config.SloConfig(),
                finder=Finder(key, reminted.canaries),
                planted=texts_of(reminted.canaries),
                sentinel=sentinel(key, run=started.run, seed=started.seed, day=day_of(clock.today())),
            )
            return close_books(books, outputs=outputs, texts=texts)

    def _write(self, journal: Journal, events: Iterable[AnyEvent]) -> None:
        """The parts go when all that they say is on the disk once more."""
        for event in events:
            journal.append(event)
        journal.sync()
        for part in part_files(self.folder, torn=True).values():
            part.unlink()
        (self.folder / PARTS).rmdir()

    def _problems(self, timeline: Timeline, reminted: Reminted) -> Iterator[Problem]:
        at = clock.point(clock.now())
        yield from (Problem(at=at, what="a worker", why=why) for why in self.problems)
        for family in reminted.unknown:
            why = f"the values of family {family} are not gameday's own, and were not searched for: leave -n out"
            yield Problem(at=at, what="the sweep over its outputs", why=why)
        keys = sorted({ready.evidence_key for ready in timeline.of(SystemReady)})
        if len(keys) > 1:
            why = f"their evidence keys are {' and '.join(keys)}: they did not bring up the same system"
            yield Problem(at=at, what="the workers", why=why)
