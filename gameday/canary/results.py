"""What a search has found so far: each canary in each form once, with all that was seen of it; and what was not looked into."""

from collections.abc import Iterable
from typing import Final

from attrs import define, evolve, field, frozen

from gameday.canary.exposure import Exposure
from gameday.sighting import Note, Sighting

_NOTES_MAX: Final = 1000  # further ones are counted only


@frozen
class Found:
    """`is_complete` is false where something was not looked into: then what is missing here is unknown, not absent."""

    sightings: tuple[Sighting, ...]
    notes: tuple[Note, ...] = ()

    @property
    def is_complete(self) -> bool:
        return not self.notes


@define
class _Hit:
    slot: str
    offset: int
    exposure: Exposure | None
    parts: set[str] = field(factory=set)


class Results:
    """To be filled by a search, at any depth of nesting; offsets are those of the outermost bytes."""

    def __init__(self) -> None:
        self._hits: dict[tuple[str, tuple[str, ...]], _Hit] = {}
        self._notes: dict[Note, None] = {}
        self._unlisted = 0

    def hit(self, canary: str, *, form: tuple[str, ...], slot: str, offset: int, words: list[str] | None) -> _Hit:
        """The canary's one hit in this form, which the caller adds to. `words`: those of its text, None if not known."""
        hit = self._hits.get((canary, form))
        if hit is None:
            exposure = None if words is None else Exposure(words)
            hit = self._hits[canary, form] = _Hit(slot=slot, offset=offset, exposure=exposure)
        return hit

    def note(self, why: str, *, form: tuple[str, ...], offset: int) -> None:
        if len(self._notes) < _NOTES_MAX:
            self._notes[Note(offset=offset, form=form, why=why)] = None
        else:
            self._unlisted += 1

    def by_form(self) -> Found:
        """A sighting for each canary and form, by offset."""
        return Found(_sorted(_sighting(*key, hit) for key, hit in self._hits.items()), self._all_notes())

    def by_canary(self) -> Found:
        """One sighting for each canary: every part that was seen of it, and the first place and form."""
        first: dict[str, Sighting] = {}
        for one in self.by_form().sightings:
            known = first.get(one.canary)
            first[one.canary] = one if known is None else _together(known, one)
        return Found(_sorted(first.values()), self._all_notes())

    def _all_notes(self) -> tuple[Note, ...]:
        more = (Note(offset=0, form=(), why=f"{self._unlisted} more"),) if self._unlisted else ()
        return (*sorted(self._notes, key=lambda note: (note.offset, note.form, note.why)), *more)


def _sighting(canary: str, form: tuple[str, ...], hit: _Hit) -> Sighting:
    return Sighting(
        canary=canary,
        parts=frozenset(hit.parts),
        form=form,
        offset=hit.offset,
        slot=hit.slot,
        share=None if hit.exposure is None else round(hit.exposure.share, 3),
    )


def _together(first: Sighting, other: Sighting) -> Sighting:
    share = None if first.share is None or other.share is None else max(first.share, other.share)
    return evolve(first, parts=first.parts | other.parts, share=share)


def _sorted(sightings: Iterable[Sighting]) -> tuple[Sighting, ...]:
    return tuple(sorted(sightings, key=lambda one: (one.offset, one.canary, one.form)))
