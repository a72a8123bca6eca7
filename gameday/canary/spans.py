"""Where tokens and values stand in a text as they are, so that they can be taken out."""

import json
from collections.abc import Iterable, Iterator
from typing import Final

from attrs import frozen

from gameday.canary.known import Known
from gameday.canary.mint import Canary
from gameday.canary.patterns import Anchor, Marker, Patterns
from gameday.canary.token import SIDE_CHARS, TOKEN_CHARS
from gameday.canary.unspell import texts, unescaped

_REACH_BYTES: Final = 2000  # no value is longer


@frozen
class Span:
    """From `start` to before `end`."""

    canary: str
    start: int
    end: int


def spans(body: bytes, *, patterns: Patterns, known: Known) -> list[Span]:
    """In order, undecoded, but for values that are base64 themselves; spans may overlap."""
    found = set[Span]()
    for meaning, start, _ in patterns.scan(body):
        if isinstance(meaning, Marker):
            found.update(_token(body, start - SIDE_CHARS, meaning))
        if isinstance(meaning, Marker | Anchor):
            begin = max(start - _REACH_BYTES, 0)
            window = body[begin : start + _REACH_BYTES]
            for text in texts(window, meaning.spelling, at=start - begin):
                found.update(_values(window, begin, _canaries(text, meaning, known)))
    return sorted(found, key=lambda span: (span.start, -span.end, span.canary))


def _token(body: bytes, start: int, marker: Marker) -> Iterator[Span]:
    checked = marker.site.tokens.check(body[max(start, 0) : start + TOKEN_CHARS].decode("latin-1"))
    if checked is not None:
        yield Span(marker.site.tokens.canary_id(checked.token_id), start, start + TOKEN_CHARS)


def _canaries(text: bytes, meaning: Marker | Anchor, known: Known) -> Iterator[Canary]:
    if isinstance(meaning, Anchor):
        yield from known.near_anchor(unescaped(text).decode("utf-8", "ignore"), anchor=meaning.text)
        return
    for spotted in meaning.site.search.whole(text):
        canary = known.get(meaning.site.tokens.canary_id(spotted.checked.token_id))
        if canary is not None:
            yield canary


def _values(window: bytes, begin: int, canaries: Iterable[Canary]) -> Iterator[Span]:
    lower = window.lower()
    for canary in canaries:
        for value in canary.values:
            for written in {value, json.dumps(value)[1:-1]}:
                literal = written.encode().lower()
                start = lower.find(literal)
                if start >= 0:
                    yield Span(canary.id, begin + start, begin + start + len(literal))
