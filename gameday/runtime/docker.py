"""Servers in Docker containers: published on loopback only, on a network of their own that leads nowhere else."""

import os
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import Any, Final, Self
from uuid import uuid4

from attrs import evolve

from gameday import clock
from gameday.errors import HarnessError, RuntimeMissing, ServerFailed
from gameday.runtime.base import Layout, Running, Server, await_ready, home_env, write_files
from gameday.runtime.daemon import (
    OWNER_LABEL,
    SESSION_LABEL,
    WORK_WITHIN_S,
    Daemon,
    Image,
    docker_errors,
    owner,
    prepare_testcontainers,
)
from gameday.runtime.preparing import PREPARE_WITHIN_S, Unprivileged, give, pending, user_for
from gameday.runtime.processes import word_of_container
from gameday.runtime.watchdog import Watchdog

FOLDER: Final = "/gameday"
_ROOT: Final = "0:0"
_FIRST_PORT: Final = 20000  # above 1024, so that a server needs no right to listen
_LOOK_EVERY_S: Final = 0.03


class DockerRuntime:
    """Starts each server with `root`/<its name> mounted, as this user, so that both read what the other writes.

    Raises RuntimeMissing where no daemon answers. An image that is missing is pulled only if `pull`.
    """

    name: Final = "docker"

    def __init__(self, *, watchdog: Watchdog, root: Path, pull: bool = False, why: str = "docker: as asked") -> None:
        self.why = why
        self._watchdog, self._root, self._pull = watchdog, root, pull
        self._containers: dict[str, Any] = {}
        self._lock = threading.Lock()
        self._daemon = Daemon.reach()
        session = uuid4().hex
        self._labels = {SESSION_LABEL: session, OWNER_LABEL: owner()}
        self._label, self._network, self._is_closed = f"{SESSION_LABEL}={session}", f"gameday-{session[:12]}", False
        try:
            self._user = _ROOT if self._daemon.is_rootless() else f"{os.getuid()}:{os.getgid()}"
            watchdog.watch_label(self._label, daemon=self._daemon.url)
            self.host_for_servers = self._daemon.make_network(self._network, labels=self._labels)
        except BaseException:
            self.close()
            raise
        self.host_addresses = ("127.0.0.1", self.host_for_servers)

    def lacks(self, server: Server) -> str:
        if self._pull or self._daemon.image(server.image):
            return ""
        return f"Docker has no image {server.image}. Fetch it: gameday pull"

    def start(self, server: Server) -> Running:
        began = clock.now()
        image = self._image(server.image)
        folder = (self._root / server.name).absolute()
        ports = {name: _FIRST_PORT + number for number, name in enumerate(server.ports)}
        layout = Layout(folder=FOLDER, ports=ports, bind="0.0.0.0", host=self.host_for_servers)  # noqa: S104 - of the container
        write_files(folder, files=server.files(layout))
        if (user := user_for(server)) is not None:
            give(folder, user=user)
        self._prepare(server, layout=layout, folder=folder)
        container = self._reserve(server, layout=layout, folder=folder)
        try:
            with docker_errors(
                lambda why: ServerFailed(server.name, f"was not started by Docker: {why}", _tail(container))
            ):
                container.start()
                running = _describe(server, container=container, folder=folder, image=image, ports=ports)
            await_ready(
                server, running, death=lambda: _death(container), tail=lambda: _tail(container), every_s=_LOOK_EVERY_S
            )
        except BaseException:
            self._remove(server.name)
            raise
        return evolve(running, took_s=clock.between(began, clock.now()).width_s)

    def stop(self, running: Running) -> None:
        self._remove(running.server)

    def process(self, running: Running) -> str:
        container = self._containers.get(running.server)
        if container is None:
            raise HarnessError(f"no server {running.server!r} runs here")
        return word_of_container(str(container.get_wrapped_container().id))

    def tail(self, running: Running, lines: int = 20) -> str:
        container = self._containers.get(running.server)
        return _tail(container, lines=lines) if container else ""

    def close(self) -> None:
        if self._is_closed:
            return
        self._is_closed = True
        with ThreadPoolExecutor(max_workers=8) as pool:
            for name in tuple(self._containers):
                pool.submit(self._remove, name)
        with suppress(RuntimeMissing):  # what Docker keeps now, the watchdog removes at the session's end
            self._daemon.sweep(self._label)
            if not self._daemon.has_any(self._label):
                self._watchdog.forget_label(self._label)
        self._daemon.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _image(self, name: str) -> Image:
        image = self._daemon.image(name)
        if image is None and self._pull:
            self._daemon.pull(name, on_progress=lambda _: None)
            image = self._daemon.image(name)
        if image is None:
            raise RuntimeMissing(f"Docker has no image {name}. Fetch it: gameday pull")
        return image

    def _reserve(self, server: Server, *, layout: Layout, folder: Path) -> Any:
        with self._lock:
            if server.name in self._containers:
                raise HarnessError(
                    f"a server named {server.name!r} runs already; stop it, or give this one another name"
                )
            with docker_errors(lambda why: RuntimeMissing(f"the Docker daemon does not answer any more: {why}")):
                self._containers[server.name] = container = self._container(server, layout=layout, folder=folder)
        return container

    def _container(self, server: Server, *, layout: Layout, folder: Path) -> Any:
        container = self._bare(server, folder=folder)
        container.with_command(list(server.command(layout)))
        ports: dict[str, Any] = container.ports  # typed too narrowly for an address without a port
        for port in layout.ports.values():
            ports[str(port)] = ("127.0.0.1",)
        return container.with_kwargs(
            entrypoint=[server.program.file],  # an image's own entry point changes users, and then owns our folder
            network=self._network,
            **self._rights(server),
        )

    def _bare(self, server: Server, *, folder: Path) -> Any:
        prepare_testcontainers()
        from testcontainers.core.container import DockerContainer  # noqa: PLC0415 - reads its settings at import

        container = DockerContainer(server.image, docker_client_kw={"timeout": WORK_WITHIN_S})
        container.with_envs(**home_env(FOLDER)).with_volume_mapping(folder, FOLDER, "rw")
        if isinstance(server, Unprivileged):  # these ask for the name of their user, and an image knows only its own
            names = folder.with_name(f"{folder.name}.passwd")
            names.write_text(f"gameday:x:{self._user_of(server)}::{FOLDER}:/bin/false\n")
            names.chmod(0o644)
            container.with_volume_mapping(names, "/etc/passwd", "ro")
        return container

    def _rights(self, server: Server) -> dict[str, Any]:
        return {"labels": self._labels, "user": self._user_of(server), "working_dir": FOLDER}

    def _user_of(self, server: Server) -> str:
        if self._user == _ROOT and isinstance(server, Unprivileged) and os.geteuid() != 0:
            raise RuntimeMissing(
                f"{server.name} does not run as root, and a rootless Docker runs all servers as that. Use --on embedded"
            )
        user = user_for(server)
        return self._user if user is None else f"{user}:{user}"

    def _prepare(self, server: Server, *, layout: Layout, folder: Path) -> None:
        wanted = pending(server, layout=layout, folder=folder)
        if wanted is None:
            return
        program = str(PurePosixPath(server.program.file).with_name(wanted.program))
        container = self._bare(server, folder=folder).with_command(list(wanted.arguments))
        container.with_kwargs(entrypoint=[program], network_mode="none", **self._rights(server))
        try:
            with docker_errors(lambda why: ServerFailed(server.name, f"was not prepared by Docker: {why}")):
                container.start()
                code = container.get_wrapped_container().wait(timeout=PREPARE_WITHIN_S)["StatusCode"]
            if code != 0:
                raise ServerFailed(
                    server.name, f"was not prepared: {wanted.program} ended with {code}", _tail(container)
                )
        finally:
            _discard(container, server.name)

    def _remove(self, name: str) -> None:
        container = self._containers.pop(name, None)
        if container is None:
            return
        _discard(container, name)


def _discard(container: Any, name: str) -> None:
    with suppress(ServerFailed), docker_errors(lambda why: ServerFailed(name, f"was not removed: {why}")):
        container.stop()
    container.get_docker_client().client.close()


def _describe(server: Server, *, container: Any, folder: Path, image: Image, ports: Mapping[str, int]) -> Running:
    wrapped = container.get_wrapped_container()
    wrapped.reload()
    if problem := _state_problem(wrapped.attrs["State"]):
        raise ServerFailed(server.name, problem, _tail(container))
    published = wrapped.attrs["NetworkSettings"]["Ports"]
    (network,) = wrapped.attrs["NetworkSettings"]["Networks"].values()
    return Running(
        server=server.name,
        addresses={name: f"127.0.0.1:{published[f'{port}/tcp'][0]['HostPort']}" for name, port in ports.items()},
        for_servers={name: f"{network['IPAddress']}:{port}" for name, port in ports.items()},
        folder=folder,
        image=server.image,
        digest=image.digest,
        version=server.image.rpartition(":")[2],
        stand_in=image.is_stand_in,
    )


def _death(container: Any) -> str | None:
    try:
        with docker_errors(RuntimeMissing):
            container.reload()
    except RuntimeMissing as error:
        return f"cannot be seen in Docker any more: {error}"
    return _state_problem(container.get_wrapped_container().attrs["State"])


def _state_problem(state: Mapping[str, Any]) -> str | None:
    if state["Running"]:
        return None
    memory = " (it was out of memory)" if state.get("OOMKilled") else ""
    return f"exited with code {state['ExitCode']}{memory}"


def _tail(container: Any, *, lines: int = 20) -> str:
    from testcontainers.core.exceptions import ContainerStartException  # noqa: PLC0415 - reads its settings at import

    try:
        with docker_errors(RuntimeMissing):
            logged: bytes = container.get_wrapped_container().logs(tail=lines)
    except (RuntimeMissing, ContainerStartException):
        return ""
    return logged.decode("utf-8", errors="replace").rstrip("\n")
