"""What lies on a Loki's volume, whether or not a query shows it: tells what was erased from what is only hidden."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from attrs import frozen

from gameday.config import SinkConfig
from gameday.errors import SinkUnreadable
from gameday.sighting import Record

PIECE_BYTES: Final = 8 * 2**20
OVERLAP_BYTES: Final = 2 * 2**20  # a chunk is smaller, and with it each block that is compressed in one go
_WALKS: Final = 20

File = tuple[str, int]  # its path below the folder, and its inode: a file that took another's name is another


@frozen
class LokiFilesSink:
    """Every file below `path`, a Loki's folder: chunks, write-ahead log, index, deletion requests. A state, read whole each time.

    Files come in pieces of PIECE_BYTES that overlap, as they are: blocks of chunks are gzip members, which the finder opens.
    """

    config: SinkConfig

    @property
    def name(self) -> str:
        return "loki files"

    def records(self, *, after: str | None = None) -> Iterator[Record]:  # noqa: ARG002 - a state has no cursor
        root, seen = Path(self.config.path), set[File]()
        try:
            for _ in range(_WALKS):  # Loki moves files while they are read, so what came up since is looked for
                fresh = [file for file in _files(root) if file not in seen]
                if not fresh:
                    return
                seen.update(fresh)
                yield Record(body="\n".join(name for name, _ in fresh).encode(), locator="names", cursor="")
                for name, _ in fresh:
                    yield from _pieces(root / name, name=name)
        except OSError as error:
            raise SinkUnreadable(self.name, f"{root}: {error.strerror or error}") from error
        raise SinkUnreadable(self.name, f"{root} changed faster than it could be read, {_WALKS} times over")


def _files(root: Path) -> Iterator[File]:
    for folder, _, names in os.walk(root, onerror=_unless_gone(root)):
        for path in (Path(folder) / name for name in names):
            try:
                yield path.relative_to(root).as_posix(), path.lstat().st_ino
            except FileNotFoundError:
                continue  # it was moved, and the next walk meets it, or it is gone


def _pieces(path: Path, *, name: str) -> Iterator[Record]:
    try:
        with path.open("rb") as file:
            offset, tail = 0, b""
            while piece := file.read(PIECE_BYTES):
                yield Record(body=tail + piece, locator=f"{name}:{offset - len(tail)}", cursor="")
                offset, tail = offset + len(piece), piece[-OVERLAP_BYTES:]
    except FileNotFoundError:
        return


def _unless_gone(root: Path) -> Callable[[OSError], None]:
    def fail(error: OSError) -> None:
        if not isinstance(error, FileNotFoundError) or Path(error.filename) == root:
            raise error

    return fail
