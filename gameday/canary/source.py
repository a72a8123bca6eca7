"""What is searched, as the search and the unpackers read it: by offset, from the front, in memory that stays bounded."""

from collections.abc import Callable, Generator, Iterable
from typing import Protocol

from attrs import frozen


class NotThisFormat(Exception):
    """What follows is not what its first bytes promised. To be raised before anything came out."""


class Unread(Exception):
    """It is of this format, but cannot be looked into. `why` says what is in the way and, where there is one, the remedy."""

    def __init__(self, why: str) -> None:
        self.why = why
        super().__init__(why)


class Source(Protocol):
    """Bytes to search. Offsets count from its first byte and are only asked for in rising order, but for a short look back."""

    @property
    def floor(self) -> int:
        """The first offset that can still be read."""
        ...

    def read(self, start: int, size: int) -> memoryview:
        """At most `size` bytes from `start` on; fewer only where the source ends, none beyond its end."""
        ...

    def rest(self, start: int, *, limit: int) -> memoryview:
        """All of it from `start` on. Raises Unread where that is more than `limit` bytes that are not on disk."""
        ...


@frozen
class Member:
    """One thing that was packed: its name within the pack ("" where it has none), and its bytes, in pieces of any size.

    The pieces are to be read to their end before the next member is asked for.
    """

    name: str
    pieces: Iterable[bytes]


Unpack = Callable[[Source, int], Generator[Member, None, int | None]]


@frozen(kw_only=True)
class Unpacker:
    """One format. A file in `unpack/` makes one, and a line in `unpack/__init__.py` lists it.

    `form`: its name in a chain of forms. `magics`: what it begins with; each stands `magic_at` bytes after its beginning.
    `anywhere`: it may begin in the middle of something else (a gzip stream in a log); otherwise only at the first byte of a
    file or of a member. `unpack(source, start)` yields the members of what begins at `start` and returns the offset just
    behind it, or None where the bytes themselves are to be searched as well. It raises NotThisFormat or Unread.
    """

    form: str
    magics: tuple[bytes, ...]
    anywhere: bool
    unpack: Unpack
    magic_at: int = 0


class BytesSource:
    """Bytes in memory."""

    floor = 0

    def __init__(self, data: bytes | memoryview) -> None:
        self._data = memoryview(data)

    def read(self, start: int, size: int) -> memoryview:
        return self._data[start : start + size]

    def rest(self, start: int, *, limit: int) -> memoryview:  # noqa: ARG002 - it is in memory already
        return self._data[start:]
