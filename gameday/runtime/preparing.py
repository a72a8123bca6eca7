"""What some servers need before they start: a program of theirs that is run to its end, and a user who is not root."""

import os
import shutil
import signal
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Final, Literal, Protocol, runtime_checkable

from attrs import field, frozen

from gameday.errors import RuntimeMissing
from gameday.runtime.base import Layout, Server

NOBODY: Final = 65534  # on every Linux, and in every image
PREPARE_WITHIN_S: Final = 60.0
_OTHERS_SEARCH, _OTHERS_READ = 0o001, 0o005


@frozen(kw_only=True)
class Preparation:
    """`program` lies beside the server's own. It is not run again where `makes` is in the folder already."""

    program: str
    arguments: tuple[str, ...] = field(repr=False)
    makes: str


@runtime_checkable
class Prepared(Protocol):
    """A server whose folder is made ready by another program, after `files` and before `command`."""

    def preparation(self, layout: Layout) -> Preparation: ...


@runtime_checkable
class Unprivileged(Protocol):
    """A server that refuses to run as root. Where gameday is root it runs as `nobody`, to whom its folder is given."""

    @property
    def refuses_root(self) -> Literal[True]: ...


@runtime_checkable
class WaitsForClients(Protocol):
    """A server that SIGTERM asks to wait for its clients; `stop_signal` ends it at once."""

    @property
    def stop_signal(self) -> signal.Signals: ...


def stop_signal_of(server: Server) -> signal.Signals:
    return server.stop_signal if isinstance(server, WaitsForClients) else signal.SIGTERM


def user_for(server: Server) -> int | None:
    """Whom the server is run as; None is who we are."""
    return NOBODY if isinstance(server, Unprivileged) and os.geteuid() == 0 else None


def pending(server: Server, *, layout: Layout, folder: Path) -> Preparation | None:
    """What is still to be run. `folder` is the server's as this host sees it."""
    if not isinstance(server, Prepared):
        return None
    wanted = server.preparation(layout)
    return None if (folder / wanted.makes).exists() else wanted


def give(folder: Path, *, user: int) -> None:
    """Makes the user own the folder and all in it."""
    for place, folders, files in os.walk(folder):
        for path in (place, *(os.path.join(place, name) for name in (*folders, *files))):  # noqa: PTH118 - as os.walk has it
            os.chown(path, user, user, follow_symlinks=False)


def is_open_to_others(path: Path) -> bool:
    """Whether a user who owns nothing can get there and read it."""
    real = path.resolve()
    return bool(real.stat().st_mode & _OTHERS_READ == _OTHERS_READ) and all(
        above.stat().st_mode & _OTHERS_SEARCH for above in real.parents
    )


def open_folder(name: str) -> Path:
    """A new folder that another user can be given: those above it let everybody through. Raises RuntimeMissing."""
    for parent in (Path(tempfile.gettempdir()), Path("/tmp")):  # noqa: S108 - mkdtemp makes names that nobody guesses
        if parent.is_dir() and is_open_to_others(parent):
            return Path(tempfile.mkdtemp(prefix=f"gameday-{name}-", dir=parent)).resolve()
    raise RuntimeMissing(
        f"{name} does not run as root, and no folder for temporary files lets others through; set TMPDIR"
    )


def copied(files: Iterable[tuple[Path, str]], *, to: Path) -> None:
    """Copies each file to its path below `to`, where everybody may read and nobody else may write."""
    for file, relative in files:
        target = (to / relative).resolve()
        if target.is_relative_to(to) and file.is_file():  # a wheel's scripts lie outside of its own folder
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, target)
    for place, _, names in os.walk(to):
        Path(place).chmod(0o755)
        for name in names:
            path = Path(place, name)
            path.chmod(0o755 if os.access(path, os.X_OK) and path.stat().st_mode & 0o100 else 0o644)
