"""A cursor for places that keep no order: the prints of what was read already.

A print is of an entry's identity: its name, and what changes with its content. An entry that changed so lately that its clock
may not show a further change is not remembered, and read again. The cursor moves when a look is complete, never in its middle.
"""

import base64
import hashlib
from collections.abc import Callable, Iterator
from typing import Final

from attrs import define, evolve, field

from gameday.sighting import Record

_BYTES: Final = 9
_CHARACTERS: Final = 12


def print_of(*identity: object) -> str:
    """Nothing of the identity can be read from it; two identities share one with a probability of 2**-72."""
    text = "\0".join(map(str, identity)).encode("utf-8", "surrogatepass")
    return base64.urlsafe_b64encode(hashlib.blake2b(text, digest_size=_BYTES).digest()).decode()


@define
class Remembered:
    """What earlier looks read, and what this look met."""

    before: str
    _known: frozenset[str]
    _met: list[str] = field(factory=list)

    @classmethod
    def parse(cls, cursor: str | None) -> "Remembered":
        text = cursor or ""
        return cls(text, frozenset(text[at : at + _CHARACTERS] for at in range(0, len(text), _CHARACTERS)))

    def is_new(self, entry: str, *, is_settled: bool) -> bool:
        """Whether the entry is to be read. One that is not settled is to be read again next time."""
        if is_settled:
            self._met.append(entry)
        return entry not in self._known

    def with_cursors(self, records: Iterator[Record]) -> Iterator[Record]:
        yield from with_last_cursor(records, before=self.before, behind=lambda: "".join(self._met))


def with_last_cursor(records: Iterator[Record], *, before: str, behind: Callable[[], str]) -> Iterator[Record]:
    """The records, the last of which bears the cursor behind all of them: a look that was cut short is made again."""
    held: Record | None = None
    for record in records:
        if held is not None:
            yield evolve(held, cursor=before)
        held = record
    if held is not None:
        yield evolve(held, cursor=behind())
