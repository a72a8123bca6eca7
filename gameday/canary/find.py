"""Finds canaries in any amount of bytes, in any form of docs/forms.md: which ones, in which form, where, and how much of them."""

import threading
from collections.abc import Iterable
from typing import Final

from gameday.canary.forms import Views
from gameday.canary.key import SiteKey
from gameday.canary.known import Known
from gameday.canary.mint import Canary
from gameday.canary.patterns import Patterns
from gameday.canary.results import Found, Results
from gameday.canary.search import Budget, Search
from gameday.canary.source import BytesSource, Source
from gameday.canary.spans import Span, spans

__all__ = ["Finder", "Found"]

_HEAD_BYTES: Final = 512


class Finder:
    """Knows every token of its sites, and the values and prose of every canary added to it. Threads may share it.

    Its time does not grow with the number of canaries. Without canaries it finds tokens: their ids, slots and places.
    """

    def __init__(self, keys: SiteKey | Iterable[SiteKey], canaries: Iterable[Canary] = ()) -> None:
        self._known = Known((keys,) if isinstance(keys, SiteKey) else tuple(keys))
        self._patterns: Patterns | None = None
        self._lock = threading.Lock()
        for canary in canaries:
            self.add(canary)

    def add(self, canary: Canary) -> None:
        """From the next search on. Those that are given at the start are searched fastest: in one pass instead of two."""
        with self._lock:
            before = len(self._known.anchors)
            self._known.add(canary)
            if len(self._known.anchors) > before and self._patterns is not None:
                self._patterns.grow()

    def find(self, body: bytes | memoryview, *, chains: bool = False, deep: bool = False) -> Found:
        """One sighting for each canary in the body.

        `chains`: also where JSON escapes, percent, base64 and hexadecimal are nested in any order. `deep`: also in the forms
        that only this finds. Both cost time: some megabytes a second are left.
        """
        views = _deep_views() if deep else Views if chains else None
        return self._searched(BytesSource(body), start=0, end=None, views=views).by_canary()

    def find_in(self, source: Source, *, start: int = 0, end: int | None = None, deep: bool = False) -> Found:
        """A sighting for each canary and form in what begins in [start, end) of the source; it reads a little beyond."""
        return self._searched(source, start=start, end=end, views=_deep_views() if deep else None).by_form()

    def spans(self, body: bytes) -> list[Span]:
        """Where tokens and values stand in the body as they are, in order; spans may overlap."""
        return spans(body, patterns=self._ready(), known=self._known)

    def is_packed(self, head: bytes) -> bool:
        """Whether bytes that begin so are of a format that can only be searched as a whole."""
        return bool(self._ready().packed(head[:_HEAD_BYTES]))

    def _searched(self, source: Source, *, start: int, end: int | None, views: type[Views] | None) -> Results:
        results = Results()
        Search(self._ready(), self._known, results, source, budget=Budget(), views=views).run(start, end)
        return results

    def _ready(self) -> Patterns:
        with self._lock:
            if self._patterns is None:
                self._patterns = Patterns(self._known)
            return self._patterns


def _deep_views() -> type[Views]:
    from gameday.canary.deep import DeepViews  # noqa: PLC0415 - tables that only a deep search needs

    return DeepViews
