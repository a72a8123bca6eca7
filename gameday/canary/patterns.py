"""All that one pass looks for at once: spellings of markers and anchors, and what announces something to be unpacked."""

import hashlib
import random
from collections.abc import Iterable, Iterator
from typing import Final

from attrs import frozen

from gameday.canary.engine import Engine, Literal
from gameday.canary.joins import SIGNS
from gameday.canary.known import Known, Site
from gameday.canary.packed_text import PACKED_TEXT
from gameday.canary.source import Unpacker
from gameday.canary.spellings import Spelling, spellings, spelt_out, word_spellings
from gameday.canary.unpack import UNPACKERS, ZLIB

LITERALS_LEAST: Final = 2100
_ANY_MARKER: Final = b"2q3w4"
_ANY_ANCHOR: Final = b"123456"
_PAD_BYTES: Final = 12
_DUMP: Final = (b"\n00000010", b"\n0000020")


@frozen
class Marker:
    """A spelling of a site's marker."""

    site: Site
    spelling: Spelling


@frozen
class Anchor:
    """A spelling of an anchor."""

    text: str
    spelling: Spelling


@frozen
class Announcer:
    """The first bytes of something packed."""

    unpacker: Unpacker


@frozen
class Stream:
    """A sign of an answer that was streamed in pieces."""

    sign: bytes


@frozen
class Dump:
    """A sign of a hexadecimal dump."""


Meaning = Marker | Anchor | Announcer | Stream | Dump


class Patterns:
    """What is looked for, compiled. Anchors that become known later are searched in a second pass, which is quick to compile."""

    def __init__(self, known: Known) -> None:
        self._known = known
        self._main = _Pass(_padded(_rows(known)))
        self._in_main, self._late = set(known.anchors), _Pass(())
        self._zlib = Engine([Literal(magic) for magic in ZLIB.magics])

    def grow(self) -> None:
        """Takes in the anchors that became known since."""
        self._late = _Pass(_anchor_rows(anchor for anchor in self._known.anchors if anchor not in self._in_main))

    def scan(self, block: bytes | memoryview) -> list[tuple[Meaning, int, int]]:
        """All that stands in the block: what it means, where it begins, and where it ends."""
        return self._main.scan(block) + self._late.scan(block)

    def zlib_heads(self, block: bytes | memoryview) -> list[int]:
        """Where a zlib stream may begin; two bytes tell little."""
        return [behind - 2 for _, behind in self._zlib.scan(block)]

    @staticmethod
    def packed(head: bytes) -> list[Unpacker]:
        """The whole-file formats that a file with this beginning may be of."""
        return [
            one for one in UNPACKERS if not one.anywhere and any(head.startswith(m, one.magic_at) for m in one.magics)
        ]


class _Pass:
    """One engine, and what its literals mean."""

    def __init__(self, rows: Iterable[tuple[Literal, Meaning | None]]) -> None:
        chosen = list(rows)
        self._meanings = [(meaning, len(literal.text)) for literal, meaning in chosen]
        self._engine = Engine([literal for literal, _ in chosen]) if chosen else None

    def scan(self, block: bytes | memoryview) -> list[tuple[Meaning, int, int]]:
        if self._engine is None:
            return []
        matches = ((*self._meanings[number], behind) for number, behind in self._engine.scan(block))
        return [(meaning, behind - size, behind) for meaning, size, behind in matches if meaning is not None]


def _rows(known: Known) -> Iterator[tuple[Literal, Meaning]]:
    for site in known.sites:
        for spelling in spelt_out(spellings(site.tokens.marker)):
            yield Literal(spelling.literal, spelling.caseless), Marker(site, spelling)
    yield from _anchor_rows(known.anchors)
    for unpacker in (*UNPACKERS, *PACKED_TEXT):
        if unpacker.anywhere:
            yield from ((Literal(magic), Announcer(unpacker)) for magic in unpacker.magics)
    yield from ((Literal(sign, once=True), Stream(sign)) for sign in SIGNS)
    yield from ((Literal(sign, once=True), Dump()) for sign in _DUMP)


def _padded(rows: Iterable[tuple[Literal, Meaning | None]]) -> Iterator[tuple[Literal, Meaning | None]]:
    """With what stands nowhere: below some 2,000 literals the engine takes longer strides, and stumbles (see 0010)."""
    count = 0
    for count, row in enumerate(rows, 1):  # noqa: B007 - counted while they pass
        yield row
    rng = random.Random(0)  # noqa: S311 - noise
    for _ in range(count, LITERALS_LEAST):
        yield Literal(bytes(rng.choices(range(128, 256), k=_PAD_BYTES))), None


def forms_digest() -> str:
    """Of all that the search can read. Evidence that was gathered with another list of forms is other evidence."""
    told = hashlib.sha256()
    for spelling in (*spellings(_ANY_MARKER), *word_spellings(_ANY_ANCHOR)):
        told.update(repr(spelling).encode())
    told.update(repr([one.form for one in (*UNPACKERS, *PACKED_TEXT)]).encode())
    return told.hexdigest()


def _anchor_rows(anchors: Iterable[str]) -> Iterator[tuple[Literal, Meaning]]:
    for anchor in anchors:
        for spelling in spelt_out(word_spellings(anchor.encode())):
            yield Literal(spelling.literal, spelling.caseless), Anchor(anchor, spelling)
