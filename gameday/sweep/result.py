"""What a sweep comes to: the same for the same bytes, whoever searched them in whatever order."""

from collections.abc import Iterable
from typing import Final

from attrs import evolve, frozen

from gameday.sighting import Sighting
from gameday.sweep.listing import LeftOut
from gameday.sweep.work import Answer

CLEAN: Final = 0
FOUND: Final = 1
NOT_EVERYWHERE: Final = 2


@frozen(kw_only=True)
class Unseen:
    """What was not looked into: all of `path` where `offset` is None, else what begins there."""

    path: str
    why: str
    offset: int | None = None
    form: tuple[str, ...] = ()


@frozen(kw_only=True)
class Swept:
    """`sightings` by path (their `place`), offset, canary and form: each canary in each form once a file, where it is first.

    `failed` counts the units that were not searched to their end, which a sweep that goes on tries again.
    """

    sightings: tuple[Sighting, ...]
    unseen: tuple[Unseen, ...]
    files: int
    size_bytes: int
    failed: int = 0

    @property
    def exit_code(self) -> int:
        """What was found counts more than what could not be looked into; nothing looked at is never clean."""
        if self.sightings:
            return FOUND
        return NOT_EVERYWHERE if self.unseen or not self.files else CLEAN


class Merging:
    """Takes answers in any order."""

    def __init__(self, left_out: Iterable[LeftOut] = ()) -> None:
        self._sightings: dict[tuple[str, str, tuple[str, ...]], Sighting] = {}
        self._failed = 0
        self._unseen = dict.fromkeys(Unseen(path=one.path, why=one.why) for one in left_out)

    @property
    def found(self) -> int:
        return len(self._sightings)

    def add(self, answer: Answer) -> None:
        path = answer.unit.item.path
        for sighting in answer.sightings:
            key = (path, sighting.canary, sighting.form)
            one, known = evolve(sighting, place=path), self._sightings.get(key)
            self._sightings[key] = one if known is None else _together(known, one)
        for note in answer.notes:
            self._unseen[Unseen(path=path, offset=note.offset, form=note.form, why=note.why)] = None
        if answer.failed is not None:
            self._failed += 1
            offset = answer.unit.start if answer.unit.is_window else None
            self._unseen[Unseen(path=path, offset=offset, why=answer.failed)] = None

    def swept(self, *, files: int, size_bytes: int) -> Swept:
        return Swept(
            sightings=tuple(
                sorted(self._sightings.values(), key=lambda one: (one.place, one.offset, one.canary, one.form))
            ),
            unseen=tuple(sorted(self._unseen, key=lambda one: (one.path, one.offset or 0, one.form, one.why))),
            files=files,
            size_bytes=size_bytes,
            failed=self._failed,
        )


def _together(known: Sighting, other: Sighting) -> Sighting:
    """Of one canary in one form in one file: the first place; every part; the share of it that some window showed."""
    first = min(known, other, key=lambda one: one.offset)
    shares = [one.share for one in (known, other) if one.share is not None]
    return evolve(first, parts=known.parts | other.parts, share=max(shares, default=None))
