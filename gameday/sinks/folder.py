"""Every file below a folder: artifacts, volumes, snapshots, temporary files, core dumps. Hidden ones too, and names as well.

A later look reads what is new or changed by path, inode, size, mtime and ctime. Nobody can set a ctime, so that a file that was
replaced by one with an older mtime is read again, and one that was moved here is new by its path. A write through a memory map
may show no change for as long as the kernel holds it back (half a minute).
"""

import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from attrs import evolve, frozen

from gameday import clock
from gameday.config import SinkConfig, seconds
from gameday.errors import SinkUnreadable
from gameday.sighting import Record
from gameday.sinks.fields import parsed, text_at
from gameday.sinks.pieces import TEXT, pieces
from gameday.sinks.remembered import Remembered, print_of

SETTLED_S: Final = 2.0  # coarser than the clock of any file system that keeps a ctime
_OPEN: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_MTIME: Final = "mtime"


@frozen
class _Entry:
    """One entry of a directory; `path` is below the folder."""

    path: Path
    found: os.stat_result

    @property
    def locator(self) -> str:
        return hashlib.sha256(os.fsencode(self.path)).hexdigest()[:16]

    @property
    def identity(self) -> str:
        found = self.found
        changes = (found.st_size, found.st_mtime_ns, found.st_ctime_ns) if not stat.S_ISDIR(found.st_mode) else ()
        return print_of(self.path, found.st_dev, found.st_ino, found.st_mode, *changes)


@frozen
class FolderSink:
    """`path` must be a folder. Links in it are read as text and never followed. A file that vanished meanwhile is not there.

    A record has a stamp only with `stamp = "mtime"`, which is true of files that are written in one go.
    """

    config: SinkConfig

    @property
    def name(self) -> str:
        return f"folder {Path(self.config.path).name}"

    def records(self, *, after: str | None = None) -> Iterator[Record]:
        remembered = Remembered.parse(after)
        try:
            yield from remembered.with_cursors(self._changed(remembered))
        except OSError as error:
            raise SinkUnreadable(self.name, error.strerror or type(error).__name__) from None  # it would tell the path

    def _changed(self, remembered: Remembered) -> Iterator[Record]:
        root = Path(self.config.path).expanduser().resolve()
        before = root.stat()
        for entry in _below(root):
            is_settled = abs(clock.now().wall_s - entry.found.st_ctime_ns / 1e9) > SETTLED_S
            if remembered.is_new(entry.identity, is_settled=is_settled):
                yield from self._entry(root / entry.path, entry)
        now = root.stat()
        if (now.st_dev, now.st_ino) != (before.st_dev, before.st_ino):
            raise SinkUnreadable(self.name, "the folder was replaced by another while it was read")

    def _entry(self, path: Path, entry: _Entry) -> Iterator[Record]:
        yield self._record(b"\n".join((os.fsencode(entry.path), *_said_beside(path))), entry, what="name")
        if stat.S_ISREG(entry.found.st_mode):
            yield from self._content(path, entry)

    def _content(self, path: Path, entry: _Entry) -> Iterator[Record]:
        try:
            fd = os.open(path, _OPEN)
        except FileNotFoundError:
            return
        with os.fdopen(fd, "rb", buffering=0) as file:
            if not stat.S_ISREG(os.fstat(fd).st_mode):
                return  # it was replaced since it was listed, so that the next look finds it changed
            for offset, piece in pieces(lambda size: file.read(size) or b""):
                yield self._record(piece, entry, what=str(offset))

    def _record(self, body: bytes, entry: _Entry, *, what: str) -> Record:
        record = Record(body=body, locator=f"{entry.locator}:{what}", cursor="", request_id=self._request_id(body))
        if self.config.stamp != _MTIME:
            return record
        return evolve(record, stamp_s=entry.found.st_mtime_ns / 1e9, resolution_s=seconds(self.config.resolution))

    def _request_id(self, body: bytes) -> str | None:
        if not self.config.request_id or len(body) > TEXT.size:
            return None
        return text_at(parsed(body), self.config.request_id)


def _below(root: Path) -> Iterator[_Entry]:
    """Every entry below the root. What vanished meanwhile is not there, but for the root itself."""
    folders = [Path()]
    while folders:
        folder = folders.pop()
        try:
            listed = _listed(root / folder)
        except (FileNotFoundError, NotADirectoryError):
            if folder == Path():
                raise
            continue
        for name, found in listed:
            entry = _Entry(folder / name, found)
            yield entry
            if stat.S_ISDIR(found.st_mode):
                folders.append(entry.path)


def _listed(folder: Path) -> list[tuple[str, os.stat_result]]:
    listed = []
    with os.scandir(folder) as scan:
        for one in scan:
            with suppress(FileNotFoundError):
                listed.append((one.name, one.stat(follow_symlinks=False)))
    return sorted(listed, key=lambda one: one[0])


def _said_beside(path: Path) -> Iterator[bytes]:
    """What else of an entry can hold text: where a link leads, and its extended attributes."""
    with suppress(OSError):  # it is no link
        yield os.fsencode(path.readlink())
    for name in _attributes(path):
        with suppress(OSError):  # it was taken away since
            yield os.fsencode(name) + b"\n" + os.getxattr(path, name, follow_symlinks=False)


def _attributes(path: Path) -> list[str]:
    try:
        return [name for name in os.listxattr(path, follow_symlinks=False) if name.startswith("user.")]
    except (OSError, AttributeError):  # this file system, or this system, has none
        return []
