"""What lies on a Postgres's disk, whether or not a query shows it: deleted rows, the write-ahead log, temporary files, its log.

What it has compressed (long values whose column is not `storage external`), and what is only in its memory, is not seen.
A value of over 2 kB is kept there in parts of about 2 kB, between which other bytes stand.
"""

import hashlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from attrs import frozen

from gameday.config import SinkConfig
from gameday.errors import SinkUnreadable
from gameday.sighting import Record
from gameday.sinks.pieces import TEXT, pieces

_MARK: Final = "PG_VERSION"
_LOOKS: Final = 20
_OPEN: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


@frozen
class PostgresFilesSink:
    """`path` is a data directory. A state, read whole at each look; a file that was renamed meanwhile is read by its new name."""

    config: SinkConfig

    @property
    def _root(self) -> Path:
        return Path(self.config.path).expanduser()

    @property
    def name(self) -> str:
        return f"postgres files of {self.config.place}"

    def records(self, *, after: str | None = None) -> Iterator[Record]:  # noqa: ARG002 - a state has no cursor
        if not (self._root / _MARK).is_file():
            raise SinkUnreadable(self.name, f"it is no data directory, or not readable: there is no {_MARK} in it")
        seen: set[tuple[str, int]] = set()
        try:
            for _ in range(_LOOKS):
                new = [path for path in _below(self._root) if _known_as(path) not in seen]
                if not new:
                    return
                for path in new:
                    yield from self._file(path, seen)
        except OSError as error:
            raise SinkUnreadable(self.name, error.strerror or type(error).__name__) from None  # it would tell the path
        raise SinkUnreadable(self.name, f"its files were renamed faster than they could be read, {_LOOKS} times")

    def _file(self, path: Path, seen: set[tuple[str, int]]) -> Iterator[Record]:
        try:
            fd = os.open(path, _OPEN)
        except FileNotFoundError:
            return
        with os.fdopen(fd, "rb", buffering=0) as file:
            found = os.fstat(fd)
            seen.add((str(path), found.st_ino))
            if stat.S_ISREG(found.st_mode):
                below = path.relative_to(self._root)
                yield self._record(os.fsencode(below), below, "name")
                for offset, piece in pieces(lambda size: file.read(size) or b"", text=TEXT, packed=TEXT):
                    yield self._record(piece, below, str(offset))

    def _record(self, body: bytes, below: Path, what: str) -> Record:
        digest = hashlib.sha256(os.fsencode(below)).hexdigest()[:16]
        return Record(body=body, locator=f"{below.parts[0]}/{digest}:{what}", cursor="")


def _known_as(path: Path) -> tuple[str, int]:
    try:
        return str(path), path.lstat().st_ino
    except FileNotFoundError:
        return str(path), 0


def _below(root: Path) -> list[Path]:
    """Every regular file; tablespaces, which are links in pg_tblspc, are followed, other links are not."""

    def unreadable(error: OSError) -> None:
        if not isinstance(error, FileNotFoundError):
            raise error

    tops = [root, *(link for link in (root / "pg_tblspc").iterdir() if link.is_symlink())]
    walks = (os.walk(top, onerror=unreadable) for top in tops)
    return sorted(
        Path(folder, name) for walk in walks for folder, _, names in walk for name in names if _is_regular(folder, name)
    )


def _is_regular(folder: str, name: str) -> bool:
    try:
        return stat.S_ISREG(Path(folder, name).lstat().st_mode)
    except FileNotFoundError:
        return False
