"""Both runtimes, for the contracts that hold on each."""

import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from attrs import frozen

from gameday.errors import RuntimeMissing
from gameday.runtime.base import Running, Runtime, Server
from gameday.runtime.daemon import Daemon
from gameday.runtime.docker import DockerRuntime
from gameday.runtime.embedded import EmbeddedRuntime, find_binary
from gameday.runtime.watchdog import Watchdog
from gameday.servers.caddy import Caddy
from gameday.servers.seaweedfs import SeaweedFS, connect, left_sockets
from gameday.servers.valkey import Valkey

# A folder with servers that no wheel ships, for these tests only: what a user would have on PATH.
if servers_at := os.environ.get("GAMEDAY_SERVERS"):
    os.environ["PATH"] = f"{servers_at}{os.pathsep}{os.environ['PATH']}"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "on" in metafunc.fixturenames:
        metafunc.parametrize("on", ["embedded", "docker"], scope="module")


def require_docker(*more: str) -> None:
    """Skips with the reason where Docker cannot start the servers; fails if GAMEDAY_REQUIRE_DOCKER=1. `more` are images."""
    try:
        with Daemon.reach() as daemon:
            missing = daemon.missing([Caddy(1).image, Valkey().image, *more])
        reason = f"Docker has no image {', '.join(missing)}" if missing else ""
    except RuntimeMissing as error:
        reason = str(error)
    if reason and os.environ.get("GAMEDAY_REQUIRE_DOCKER") == "1":
        pytest.fail(f"GAMEDAY_REQUIRE_DOCKER=1, but {reason}")
    if reason:
        pytest.skip(reason)


@pytest.fixture(scope="session")
def watchdog() -> Iterator[Watchdog]:
    with Watchdog.start() as watchdog:
        yield watchdog


@pytest.fixture(scope="module")
def new_runtime(on: str, watchdog: Watchdog) -> Iterator[Callable[[], Runtime]]:
    """Makes runtimes of the kind `on`, each with an empty folder."""
    if on == "docker":
        require_docker()
    made: list[Runtime] = []

    with tempfile.TemporaryDirectory() as folder:

        def new() -> Runtime:
            root = Path(folder) / str(len(made))
            kind = DockerRuntime if on == "docker" else EmbeddedRuntime
            made.append(kind(watchdog=watchdog, root=root))
            return made[-1]

        yield new
        for runtime in made:
            runtime.close()


@pytest.fixture
def runtime(new_runtime: Callable[[], Runtime]) -> Iterator[Runtime]:
    with new_runtime() as runtime:
        yield runtime


@frozen
class Store:
    """An object store that runs."""

    server: SeaweedFS
    running: Running

    @property
    def env(self) -> dict[str, str]:
        return self.server.env(self.running)

    def client(self) -> Any:
        return connect(self.env)


@pytest.fixture(scope="module")
def store(on: str, new_runtime: Callable[[], Runtime]) -> Iterator[Store]:
    pytest.importorskip("botocore")
    server = SeaweedFS()
    if on == "docker":
        require_docker(server.image)
    with new_runtime() as runtime:
        running = runtime.start(server)
        yield Store(server, running)
    for socket in left_sockets(running) if on == "embedded" else ():
        socket.unlink(missing_ok=True)


def require_servers(on: str, *servers: Server) -> None:
    """Skips with the reason where this runtime cannot start the servers.

    Fails instead if it must be able to: GAMEDAY_REQUIRE_DOCKER=1, or a program that GAMEDAY_REQUIRE_SERVERS names.
    """
    if on == "docker":
        require_docker(*(server.image for server in servers))
        return
    required = os.environ.get("GAMEDAY_REQUIRE_SERVERS", "").split()
    for server in servers:
        try:
            find_binary(server.program)
        except RuntimeMissing as error:
            if server.program.name in required:
                pytest.fail(f"GAMEDAY_REQUIRE_SERVERS names it, but {error}")
            pytest.skip(str(error))
