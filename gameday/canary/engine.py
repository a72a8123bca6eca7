"""Searches thousands of byte strings at once, at some gigabytes a second: the one door to the matching library.

`pyperscan` (Vectorscan built for every instruction set) where its wheel exists, else `hyperscan` (the same engine, slower).
Between 2,000 and 5,000 literals of three bytes and more the engine is at its fastest; see docs/decisions/0010.
"""

import threading
from collections.abc import Callable, Sequence

from attrs import frozen

from gameday.errors import HarnessError

Match = tuple[int, int]  # the literal's number, and the offset just behind where it stands
Scan = Callable[["bytes | memoryview"], object]


@frozen
class Literal:
    """`once`: report it at most once in each block; for what is so common that once is enough."""

    text: bytes
    caseless: bool = False
    once: bool = False


class Engine:
    """Compiled once; threads share it, each with a scanner of its own."""

    def __init__(self, literals: Sequence[Literal]) -> None:
        self._make = _compiled(literals)
        self._local = threading.local()

    def scan(self, block: bytes | memoryview) -> list[Match]:
        """Every literal that stands in the block, overlapping ones too, by the offset just behind it."""
        local = self._local
        if not hasattr(local, "scan"):
            local.log = []
            local.scan = self._make(local.log)
        log: list[Match] = local.log
        log.clear()
        local.scan(block)
        return log.copy()


def _compiled(literals: Sequence[Literal]) -> Callable[[list[Match]], Scan]:
    try:
        return _by_pyperscan(literals)
    except ImportError:
        pass
    try:
        return _by_hyperscan(literals)
    except ImportError:
        raise HarnessError("neither pyperscan nor hyperscan is installed. Run: pip install hyperscan") from None


def _pattern(literal: Literal) -> bytes:
    return b"".join(b"\\x%02x" % byte for byte in literal.text)  # a NUL would end a literal pattern


def _by_pyperscan(literals: Sequence[Literal]) -> Callable[[list[Match]], Scan]:
    import pyperscan  # noqa: PLC0415 - one of two, whichever is there

    flags = {"caseless": pyperscan.Flag.CASELESS, "once": pyperscan.Flag.SINGLEMATCH}
    patterns = [
        pyperscan.Pattern(_pattern(one), *(flag for name, flag in flags.items() if getattr(one, name)), tag=number)
        for number, one in enumerate(literals)
    ]
    database, go_on = pyperscan.BlockDatabase(*patterns), pyperscan.Scan.Continue

    def make(log: list[Match]) -> Scan:
        def note(_context: None, number: int, _start: int, end: int) -> pyperscan.Scan:
            log.append((number, end))
            return go_on

        scan: Scan = database.build(None, note).scan
        return scan

    return make


def _by_hyperscan(literals: Sequence[Literal]) -> Callable[[list[Match]], Scan]:
    import hyperscan  # noqa: PLC0415 - one of two, whichever is there

    flags = [
        (hyperscan.HS_FLAG_CASELESS if one.caseless else 0) | (hyperscan.HS_FLAG_SINGLEMATCH if one.once else 0)
        for one in literals
    ]
    database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
    database.compile(
        expressions=[_pattern(one) for one in literals],
        ids=list(range(len(literals))),
        elements=len(literals),
        flags=flags,
    )

    def make(log: list[Match]) -> Scan:
        scratch = hyperscan.Scratch(database)

        def note(number: int, _start: int, end: int, _flags: int, _context: object) -> None:
            log.append((number, end))

        def scan(block: bytes | memoryview) -> object:
            return database.scan(block, match_event_handler=note, scratch=scratch)

        return scan

    return make
