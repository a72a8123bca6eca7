"""Finds canaries in bytes, in any form that `forms` decodes: tokens by marker and tag, values by their literals."""

import itertools
import threading
from collections.abc import Iterable, Iterator
from typing import Final

from ahocorasick_rs import BytesAhoCorasick
from attrs import define, field, frozen

from gameday.canary.forms import Views
from gameday.canary.key import SiteKey
from gameday.canary.mint import Canary
from gameday.canary.token import SIDE_CHARS, TOKEN_CHARS, TokenId, Tokens
from gameday.sighting import Sighting

_FRESH_MAX: Final = 512  # so many literals, or 1 in 16, are rebuilt at each look after an addition: some 2 ms


@frozen
class Found:
    """`is_complete` is false where a bound of the decoders was reached: then what is missing here is unknown, not absent."""

    sightings: tuple[Sighting, ...]
    is_complete: bool


@frozen
class Span:
    """A token or literal as it stands in one view: from `start` to before `end`."""

    canary: str
    part: str
    start: int
    end: int


class Finder:
    """Knows every canary added to it, and every other token of its site. May be shared by threads."""

    def __init__(self, key: SiteKey, canaries: Iterable[Canary] = ()) -> None:
        self._tokens = Tokens(key)
        self._issued: dict[TokenId, str] = {}
        self._owners: dict[bytes, tuple[tuple[str, str], ...]] = {}
        self._literals = _Literals(_cases(self._tokens.marker))
        for canary in canaries:
            self.add(canary)

    def add(self, canary: Canary) -> None:
        self._issued[canary.token_id] = canary.id
        part = "value" if canary.is_redactable else "prose"
        for value in canary.values:
            self._own(value.encode(), owner=(canary.id, part))

    def _own(self, literal: bytes, *, owner: tuple[str, str]) -> None:
        owners = self._owners.get(literal, ())
        if owner not in owners:
            self._owners[literal] = (*owners, owner)
        if not owners:
            self._literals.add(literal)

    def find(self, body: bytes) -> Found:
        """One sighting for each canary: all parts that any view of the body holds, and form and place of the first."""
        views, hits = Views(body), dict[str, _Hit]()
        for view in views:
            for span in self._spans(view.data):
                hit = hits.get(span.canary)
                if hit is None:
                    hit = hits[span.canary] = _Hit(form=view.form, offset=view.origin(span.start))
                hit.parts.add(span.part)
        sightings = (
            Sighting(canary=canary, parts=frozenset(hit.parts), form=hit.form, offset=hit.offset)
            for canary, hit in hits.items()
        )
        return Found(tuple(sorted(sightings, key=lambda sighting: sighting.offset)), views.is_complete)

    def spans(self, body: bytes) -> list[Span]:
        """What stands in the body as it is, without decoding, in order; spans may overlap."""
        return sorted(self._spans(body), key=lambda span: (span.start, -span.end))

    def resolve(self, token: str) -> TokenId | None:
        """What a token of this site stands for, issued here or in another run; None if it is not one."""
        return self._tokens.check(token)

    def _spans(self, data: bytes) -> Iterator[Span]:
        for literal, start in self._literals.search(data):
            owners = self._owners.get(literal)
            if owners is None:
                yield from self._token_at(data, start - SIDE_CHARS)
                continue
            for canary, part in owners:
                yield Span(canary, part, start, start + len(literal))

    def _token_at(self, data: bytes, start: int) -> Iterator[Span]:
        token_id = self._tokens.check(data[max(start, 0) : start + TOKEN_CHARS].decode("latin-1"))
        if token_id is not None:
            canary = self._issued.get(token_id) or f"foreign:{token_id.run:03x}"
            yield Span(canary, "token", start, start + TOKEN_CHARS)


@define
class _Hit:
    form: tuple[str, ...]
    offset: int
    parts: set[str] = field(factory=set)


class _Literals:
    """Searches many byte strings at once. The latest stand in an automaton of their own, so that adding stays cheap."""

    def __init__(self, first: Iterable[bytes]) -> None:
        self._settled: list[bytes] = []
        self._fresh = list(first)
        self._automata: list[tuple[list[bytes], BytesAhoCorasick]] = []
        self._is_current = False
        self._lock = threading.Lock()

    def add(self, literal: bytes) -> None:
        with self._lock:
            self._fresh.append(literal)
            self._is_current = False

    def search(self, data: bytes) -> Iterator[tuple[bytes, int]]:
        for literals, automaton in self._built():
            for number, start, _ in automaton.find_matches_as_indexes(data, overlapping=True):
                yield literals[number], start

    def _built(self) -> list[tuple[list[bytes], BytesAhoCorasick]]:
        with self._lock:
            if not self._is_current:
                self._build()
            return self._automata

    def _build(self) -> None:
        kept = self._automata[:1] if self._settled else []
        if len(self._fresh) > max(_FRESH_MAX, len(self._settled) // 16):
            self._settled, self._fresh = self._settled + self._fresh, []
            kept = [(self._settled, BytesAhoCorasick(self._settled))]
        fresh = list(self._fresh)
        self._automata = [*kept, (fresh, BytesAhoCorasick(fresh))] if fresh else kept
        self._is_current = True


def _cases(marker: bytes) -> list[bytes]:
    """The marker with each of its letters in either case."""
    letters = [sorted({char.lower(), char.upper()}) for char in marker.decode()]
    return ["".join(chars).encode() for chars in itertools.product(*letters)]
