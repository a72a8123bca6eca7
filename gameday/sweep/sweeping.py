"""The sweep itself: listed, cut to units, searched by workers, merged."""

import os
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import closing, nullcontext
from pathlib import Path

from attrs import frozen

from gameday.sweep.checkpoint import Checkpoint
from gameday.sweep.listing import Listing, listed
from gameday.sweep.result import Merging, Swept
from gameday.sweep.searching import search
from gameday.sweep.work import Answer, Jobs, Reach, Wanted, cut


@frozen(kw_only=True)
class Standing:
    """How far a sweep is. `total_bytes` leaves out what does not tell its size."""

    done_bytes: int
    total_bytes: int
    files: int
    found: int


def sweep(
    urls: Sequence[str],
    *,
    finder_spec: Wanted,
    workers: int | None = None,
    dask: str | None = None,
    checkpoint: Path | None = None,
    on_progress: Callable[[Standing], None] = lambda _: None,
) -> Swept:
    """Searches files, folders, whatever fsspec opens, and standard input ("-").

    `workers` processes of this machine (default: one for each core it may use), or those of the Dask scheduler at the
    address `dask`. The result does not depend on it. `checkpoint`: a file to go on from, and to note in what is done.
    As with any use of multiprocessing, a script that calls it does so below `if __name__ == "__main__":`.
    Raises UsageError for what the caller can put right, HarnessError where no worker can work.
    """
    listing = listed(urls, never=checkpoint)
    digest = finder_spec.digest()
    with nullcontext() if checkpoint is None else Checkpoint(checkpoint, digest=digest) as kept:
        run = _Run(listing, finder_spec, kept=kept, on_progress=on_progress)
        run.recall()
        run.search_here()
        with closing(run.elsewhere(workers=workers, dask=dask)) as answers:
            for some in answers:
                run.take(some)
        return run.swept()


class _Run:
    def __init__(
        self,
        listing: Listing,
        wanted: Wanted,
        *,
        kept: Checkpoint | None,
        on_progress: Callable[[Standing], None],
    ) -> None:
        self._items, self._wanted, self._kept, self._on_progress = listing.items, wanted, kept, on_progress
        self._merging = Merging(listing.left_out)
        self._todo = [unit for item in listing.items for unit in cut(item)]
        self._total_bytes = sum(unit.size for unit in self._todo)
        self._done_bytes = 0

    def recall(self) -> None:
        """What an earlier sweep noted is not searched again."""
        if self._kept is not None:
            answers = [answer for answer in map(self._kept.known, self._todo) if answer is not None]
            known = {answer.unit for answer in answers}
            self._todo = [unit for unit in self._todo if unit not in known]
            self._merge(answers)
        self._tell()

    def search_here(self) -> None:
        here = [unit for unit in self._todo if unit.item.reach is Reach.HERE]
        if here:
            finder = self._wanted.finder()
            for unit in here:
                self.take((search(finder, unit, deep=self._wanted.is_deep),))

    def elsewhere(self, *, workers: int | None, dask: str | None) -> Generator[tuple[Answer, ...], None, None]:
        jobs = Jobs(unit for unit in self._todo if unit.item.reach is not Reach.HERE)
        if not jobs:
            return
        if dask is not None:
            from gameday.sweep.cluster import on_dask  # noqa: PLC0415 - each kind of workers loads what it needs

            yield from on_dask(jobs, self._wanted, address=dask)
        else:
            from gameday.sweep.processes import on_this_machine  # noqa: PLC0415

            yield from on_this_machine(jobs, self._wanted, workers=workers or len(os.sched_getaffinity(0)))

    def take(self, answers: Iterable[Answer]) -> None:
        answers = tuple(answers)
        if self._kept is not None:
            self._kept.add(answers)
        self._merge(answers)
        self._tell()

    def swept(self) -> Swept:
        return self._merging.swept(files=len(self._items), size_bytes=self._total_bytes)

    def _merge(self, answers: Iterable[Answer]) -> None:
        for answer in answers:
            self._merging.add(answer)
            self._done_bytes += answer.unit.size

    def _tell(self) -> None:
        self._on_progress(
            Standing(
                done_bytes=self._done_bytes,
                total_bytes=self._total_bytes,
                files=len(self._items),
                found=self._merging.found,
            )
        )
