"""What a sweep is made of: items to search, the units they are cut to, jobs for workers, and what comes back."""

from collections import deque
from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import Final, Protocol

from attrs import frozen

from gameday.canary.results import Found
from gameday.canary.source import Source
from gameday.sighting import Note, Sighting

WINDOW_BYTES: Final = 64 << 20  # whatever the number of workers, so that the result does not depend on it
_JOB_UNITS: Final = 256  # small files go to a worker together


class Searcher(Protocol):
    """The finder, as a sweep needs it."""

    def find_in(self, source: Source, *, start: int = 0, end: int | None = None, deep: bool = False) -> Found:
        """Everything that begins in [start, end); what stands at the very start may be a whole-file format."""
        ...

    def is_packed(self, head: bytes) -> bool:
        """Whether a file that begins so must be searched as one."""
        ...


class Wanted(Protocol):
    """What is searched for. Sent to each worker, which makes its finder of it."""

    @property
    def is_deep(self) -> bool: ...

    def finder(self) -> Searcher: ...

    def digest(self) -> str:
        """The same for the same search; safe to publish."""
        ...


class Reach(StrEnum):
    """Who can open an item: a mapping of a local file, any worker through fsspec, or this process alone."""

    FILE = "file"
    ANYWHERE = "anywhere"
    HERE = "here"


@frozen(kw_only=True)
class Item:
    """One thing to search. `size` is None where it is not known; `version` is "" where a change could not be told."""

    path: str
    reach: Reach
    size: int | None = None
    version: str = ""


@frozen(kw_only=True)
class Unit:
    """What begins in [start, end) of an item; `end` None: to its end."""

    item: Item
    start: int = 0
    end: int | None = None

    @property
    def is_window(self) -> bool:
        return self.start > 0 or self.end is not None

    @property
    def size(self) -> int:
        """In bytes; 0 where it is not known."""
        return (self.end if self.end is not None else self.item.size or 0) - self.start


@frozen(kw_only=True)
class Answer:
    """What the search of a unit came to. `failed`: why it was not searched to its end, None if it was."""

    unit: Unit
    sightings: tuple[Sighting, ...] = ()
    notes: tuple[Note, ...] = ()
    failed: str | None = None


@frozen
class Job:
    """What one worker takes at once. `is_retry`: a worker died over it before."""

    units: tuple[Unit, ...]
    is_retry: bool = False


class Jobs:
    """What is still to do. A job whose worker died is done once more, unit by unit; then its unit has failed."""

    def __init__(self, units: Iterable[Unit]) -> None:
        self._todo = deque(Job(units) for units in _together(units))
        self._again = deque[Job]()

    def __len__(self) -> int:
        return len(self._todo) + len(self._again)

    @property
    def is_retrying(self) -> bool:
        """Whether all that is left was lost before."""
        return not self._todo

    def take(self) -> Job | None:
        """What was lost comes last."""
        queue = self._todo or self._again
        return queue.popleft() if queue else None

    def lost(self, job: Job, *, why: str) -> tuple[Answer, ...]:
        """To be told of a dead worker's job; the answers are those of units that are given up."""
        if job.is_retry:
            return tuple(Answer(unit=unit, failed=why) for unit in job.units)
        self._again.extend(Job((unit,), is_retry=True) for unit in job.units)
        return ()


def cut(item: Item) -> Iterator[Unit]:
    """Windows of a large local file; anything else is one unit."""
    if item.reach is not Reach.FILE or item.size is None or item.size <= WINDOW_BYTES:
        yield Unit(item=item)
        return
    for start in range(0, item.size, WINDOW_BYTES):
        yield Unit(item=item, start=start, end=min(start + WINDOW_BYTES, item.size))


def _together(units: Iterable[Unit]) -> Iterator[tuple[Unit, ...]]:
    """Small units by the window; what is of unknown size goes alone."""
    batch, size = list[Unit](), 0
    for unit in units:
        cost = unit.size if unit.item.reach is Reach.FILE else WINDOW_BYTES
        if batch and (size + cost > WINDOW_BYTES or len(batch) == _JOB_UNITS):
            yield tuple(batch)
            batch, size = [], 0
        batch.append(unit)
        size += cost
    if batch:
        yield tuple(batch)
