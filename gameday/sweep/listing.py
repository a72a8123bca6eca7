"""What there is to search: every file that is named, or lies below a folder that is, and why any was left out."""

import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from attrs import field, frozen

from gameday.errors import UsageError
from gameday.sweep import remote
from gameday.sweep.searching import STANDARD_INPUT, reason, version_of
from gameday.sweep.work import Item, Reach

_SPECIAL: Final = {
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFBLK: "a device",
    stat.S_IFCHR: "a device",
}


@frozen
class LeftOut:
    """Something that is named and will not be searched."""

    path: str
    why: str


@frozen
class Listing:
    """`items` by path, each once."""

    items: tuple[Item, ...]
    left_out: tuple[LeftOut, ...] = field(default=())


def listed(urls: Sequence[str], *, never: Path | None = None) -> Listing:
    """`never` is a file that is left out in silence: the sweep's own. Raises UsageError where a library is missing."""
    items, left_out = dict[str, Item](), dict[LeftOut, None]()
    own = None if never is None else os.path.realpath(never)
    folders = [os.path.realpath(path) for path in map(_local, urls) if path is not None]
    for url in urls:
        for found in _listed(url, folders=folders):
            if isinstance(found, LeftOut):
                left_out[found] = None
            elif own is None or found.reach is not Reach.FILE or os.path.realpath(found.path) != own:
                items[found.path] = found
    return Listing(tuple(items[path] for path in sorted(items)), tuple(sorted(left_out, key=lambda one: one.path)))


def _listed(url: str, *, folders: list[str]) -> Iterator[Item | LeftOut]:
    path = _local(url)
    try:
        if url == STANDARD_INPUT:
            yield Item(path=STANDARD_INPUT, reach=Reach.HERE)
        elif path is None:
            yield from remote.listed(url)
        else:
            yield from _below(os.path.normpath(path), folders=folders)
    except UsageError:
        raise
    except Exception as error:  # noqa: BLE001 - fsspec's libraries raise what they like; what they could not list is told
        yield LeftOut(url, reason(error))


def _local(url: str) -> str | None:
    """The path that a URL names on this machine, None if it names none."""
    if url.startswith(("file://", "local://")) and "::" not in url:
        parts = urlsplit(url)
        return unquote(parts.netloc + parts.path)
    return None if url == STANDARD_INPUT or remote.is_remote(url) else url


def _below(path: str, *, folders: list[str]) -> Iterator[Item | LeftOut]:
    """A path that the user names is followed where it leads; links below it are not."""
    mode = os.stat(path).st_mode  # noqa: PTH116 - a path may hold bytes that are no text, which Path would keep as well
    if not stat.S_ISDIR(mode):
        yield _file(path)
        return
    todo = [path]
    while todo:
        folder = todo.pop()
        try:
            with os.scandir(folder) as entries:
                found = sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            yield LeftOut(folder, reason(error))
            continue
        todo += [entry.path for entry in found if entry.is_dir(follow_symlinks=False)]
        for entry in found:
            if entry.is_symlink():
                yield from _link(entry.path, folders=folders)
            elif not entry.is_dir(follow_symlinks=False):
                yield _file(entry.path)


def _file(path: str) -> Item | LeftOut:
    try:
        state = os.stat(path)  # noqa: PTH116
    except OSError as error:
        return LeftOut(path, reason(error))
    if not stat.S_ISREG(state.st_mode):
        return LeftOut(path, f"it is {_SPECIAL.get(stat.S_IFMT(state.st_mode), 'something special')}, not a file")
    return Item(path=path, reach=Reach.FILE, size=state.st_size, version=version_of(state))


def _link(path: str, *, folders: list[str]) -> Iterator[LeftOut]:
    """What it leads to is searched under its own name if it lies in what is swept."""
    target = os.path.realpath(path)
    if not os.path.exists(target):  # noqa: PTH110
        yield LeftOut(path, "it is a link that leads nowhere")
    elif not any(os.path.commonpath([target, folder]) == folder for folder in folders):
        yield LeftOut(path, "it is a link that leads out of what is swept; name what it leads to as well")
