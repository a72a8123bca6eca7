"""A sweep of the unknown: files that appeared below a folder in the course of a run, and that no place covers.

A sink reads what it was told of. What a server wrote beside it (a dump, a rotated log, a crash file) rests there unseen, so that
it is named in the report. A name can hold text itself: whatever is not plain is shown as its digest.
"""

import hashlib
import os
import re
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Final, Self

from attrs import frozen

from gameday import clock
from gameday.config import Config, SinkConfig
from gameday.timeline import Uncovered

_PLAIN: Final = re.compile(r"[A-Za-z0-9_.+@-]{1,40}")
Holds = Callable[[bytes], bool]


@frozen(kw_only=True)
class Beneath:
    """A folder whose new files are to be accounted for, and what lay in it before."""

    root: Path
    before: frozenset[str]

    @classmethod
    def of(cls, root: Path) -> Self:
        return cls(root=root, before=snapshot(root))

    def uncovered(self, config: Config, *, holds: Holds) -> tuple[Uncovered, ...]:
        """What no sink reads; a runbook's vault, where sealed copies belong, is left out."""
        vaults = frozenset(Path(book.vault).resolve() for book in config.runbook.values() if book.vault)
        return uncovered(self.root, before=self.before, covered=covered_by(config.sink) | vaults, holds=holds)


def snapshot(root: Path) -> frozenset[str]:
    """Every file below `root` now, links unfollowed; nothing where there is no such folder."""
    return frozenset(_files(root))


def covered_by(sinks: Collection[SinkConfig]) -> frozenset[Path]:
    """Files, and folders with all that is in them, that these sinks read; a pattern covers what matches it now."""
    found: set[Path] = set()
    for path in (Path(sink.path) for sink in sinks if sink.path):
        is_pattern = any(sign in path.name for sign in "*?[")
        found.update(path.parent.glob(path.name) if is_pattern else (path,))
    return frozenset(path.resolve() for path in found)


def uncovered(root: Path, *, before: frozenset[str], covered: Collection[Path], holds: Holds) -> tuple[Uncovered, ...]:
    """Files that are below `root` and were not, and that lie in none of `covered`. `holds`: whether bytes may hold a canary."""
    at = clock.point(clock.now())
    fresh = sorted(snapshot(root) - before)
    names = (named(path, holds=holds) for path in fresh if not _is_covered(root / path, covered))
    return tuple(Uncovered(at=at, kind="file", name=name) for name in dict.fromkeys(names))


def named(path: str, *, holds: Holds) -> str:
    """A relative path whose parts are plain and short, or the digests of those that are not; all of it one, if it `holds`."""
    parts = [part if _PLAIN.fullmatch(part) else _digest(part) for part in path.split("/")]
    shown = "/".join(parts)
    whole = os.fsencode(path)
    return _digest(path) if holds(whole) or holds(whole.replace(b"/", b"")) else shown


def _is_covered(path: Path, covered: Collection[Path]) -> bool:
    whole = path.resolve()
    return any(whole == one or one in whole.parents for one in covered)


def _files(root: Path) -> Iterator[str]:
    for folder, _, names in os.walk(root):
        yield from (os.path.relpath(os.path.join(folder, name), root) for name in names)  # noqa: PTH118 - many of them


def _digest(text: str) -> str:
    return f"[name {hashlib.sha256(os.fsencode(text)).hexdigest()[:16]}]"
