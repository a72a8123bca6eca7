"""A sink reads one place. It yields records and never searches, so that no query with a canary in it reaches a server's log."""

from collections.abc import Iterator
from typing import Protocol, runtime_checkable

from gameday.sighting import Record


class Sink(Protocol):
    """Yields what rests at one place, after a cursor that an earlier record gave, or everything.

    An iterator that ended has looked everywhere. Anything that could not be read raises SinkUnreadable.
    """

    @property
    def name(self) -> str: ...
    def records(self, *, after: str | None = None) -> Iterator[Record]: ...


@runtime_checkable
class Plantable(Protocol):
    """A sink whose place takes a harmless sentinel straight from us, so that each look can prove that it sees what is there."""

    def plant(self, sentinel: str) -> None: ...
