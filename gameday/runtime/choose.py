"""Which runtime: Docker where it can start every server, else child processes; and why, in one line."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal, TypeAlias

from gameday.errors import RuntimeMissing
from gameday.runtime.base import Runtime, Server
from gameday.runtime.daemon import Daemon
from gameday.runtime.docker import DockerRuntime
from gameday.runtime.embedded import EmbeddedRuntime, find_binary
from gameday.runtime.watchdog import Watchdog

On: TypeAlias = Literal["auto", "docker", "embedded"]


def choose(
    on: On,
    servers: Sequence[Server],
    *,
    optional: Sequence[Server] = (),
    watchdog: Watchdog,
    root: Path,
    pull: bool = False,
) -> Runtime:
    """A runtime that has what the servers need. Raises RuntimeMissing where there is none, or not the one asked for.

    The `optional` ones have no wheel: Docker must have their images too, the embedded runtime may lack them.
    """
    if on == "embedded":
        return _embedded(servers, watchdog=watchdog, root=root, why="embedded: as asked")
    try:
        return _docker((*servers, *optional), watchdog=watchdog, root=root, pull=pull)
    except RuntimeMissing as error:
        if on == "docker":
            raise
        why = f"embedded: {error}; with Docker you would add: the same servers in containers"
    return _embedded(servers, watchdog=watchdog, root=root, why=why)


def _docker(servers: Sequence[Server], *, watchdog: Watchdog, root: Path, pull: bool) -> DockerRuntime:
    images = {server.image for server in servers}
    with Daemon.reach() as daemon:
        missing = daemon.missing(sorted(images))
        for image in missing if pull else ():
            daemon.pull(image, on_progress=lambda _: None)
        if missing and not pull:
            raise RuntimeMissing(f"Docker has no image {' nor '.join(missing)} (fetch with 'gameday pull')")
        why = f"docker: daemon {daemon.version} answers and all {len(images)} images are here"
    return DockerRuntime(watchdog=watchdog, root=root, why=why)


def _embedded(servers: Sequence[Server], *, watchdog: Watchdog, root: Path, why: str) -> EmbeddedRuntime:
    try:
        for server in servers:
            find_binary(server.program)
    except RuntimeMissing as error:
        raise RuntimeMissing(f"{error} ({why})") from error
    return EmbeddedRuntime(watchdog=watchdog, root=root, why=why)
