"""Programs of this host: ours that stay (the gateway), and a user's runbook commands that end."""

import contextlib
import os
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Final, Self, TypedDict

from attrs import frozen

from gameday import clock
from gameday.clock import Interval
from gameday.errors import HarnessError, ServerFailed, UsageError
from gameday.runtime.watchdog import Watchdog

STOP_WITHIN_S: Final = 3.0
OUTPUT_CAP_BYTES: Final = 4096
_TAIL_BYTES: Final = 65536
_LAST_PORT: Final = 65535


class Program:
    """A child process that leads its own group and writes to `log`."""

    def __init__(
        self,
        name: str,
        *,
        process: "subprocess.Popen[bytes]",
        log: Path,
        watchdog: Watchdog,
        stop_signal: signal.Signals = signal.SIGTERM,
    ) -> None:
        self.name, self.log, self._process, self._watchdog = name, log, process, watchdog
        self._stop_signal = stop_signal

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """None while it runs; minus the signal's number where a signal ended it."""
        return _exit_code(self._process)

    def is_alive(self) -> bool:
        return self.exit_code is None

    def tail(self, lines: int = 20) -> str:
        return tail_of(self.log, lines=lines)

    def stop(self) -> None:
        """Its stop signal to its group, SIGKILL to what is left of it after STOP_WITHIN_S. Works twice."""
        if self._process.returncode is None:
            _signal_group(self.pid, self._stop_signal)
            _has_ended(self.pid, within_s=STOP_WITHIN_S)
            _end_group(self._process)
            self._watchdog.forget_group(self.pid)


def start_program(
    argv: Sequence[str | Path],
    *,
    name: str,
    folder: Path,
    watchdog: Watchdog,
    env: Mapping[str, str],
    pass_fds: Sequence[int] = (),
    log_name: str = "",
    user: int | None = None,
    stop_signal: signal.Signals = signal.SIGTERM,
) -> Program:
    """Starts `argv` in `folder`, watched; `env` is its whole environment. Its output goes to `<folder>/<name>.log`.

    With `user` it runs as that one, with no right of ours.
    """
    log = folder / f"{log_name or name}.log"
    try:
        with log.open("wb") as output:
            log.chmod(0o600)
            process = subprocess.Popen(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=env,
                cwd=folder,
                start_new_session=True,
                pass_fds=pass_fds,
                **_as(user),
            )
    except OSError as error:
        raise ServerFailed(name, f"could not be started from {argv[0]}: {error.strerror}") from error
    program = Program(name, process=process, log=log, watchdog=watchdog, stop_signal=stop_signal)
    try:
        watchdog.watch_group(process.pid)
    except BaseException:
        program.stop()
        raise
    return program


def python_module(module: str, *args: str) -> tuple[str, ...]:
    """The command line that runs a module with this Python; the folder it runs in is not on its import path."""
    return (sys.executable, "-P", "-m", module, *args)


def without_proxies(**extra: str) -> dict[str, str]:
    """This process's environment less its proxy settings, plus `extra`."""
    return {key: value for key, value in os.environ.items() if not key.lower().endswith("_proxy")} | extra


def tail_of(log: Path, *, lines: int) -> str:
    """The last lines of a file, whatever bytes are in it; empty where it cannot be read."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - _TAIL_BYTES))
            text = file.read().decode("utf-8", errors="replace")
    except OSError:
        return ""
    return "\n".join(text.splitlines()[-lines:])


def listening_socket(address: str) -> socket.socket:
    """A socket that listens on `address`, "HOST:PORT"; port 0 takes a free one. Hand its fd to a program by `pass_fds`."""
    host, _, port = address.rpartition(":")
    try:
        number = int(port)
        if not 0 <= number <= _LAST_PORT:
            raise ValueError(f"there is no port {number}")  # noqa: TRY301 - told with the rest
        return socket.create_server((host, number))
    except (OSError, ValueError) as error:
        raise HarnessError(
            f"cannot listen on {address}: {error}. Choose another address, or port 0 for a free one"
        ) from error


@frozen(kw_only=True)
class Finished:
    """`exit_code` is None where the command was killed at its deadline; `output` is the end of what it wrote.

    `at` reaches from just before its start to just after its end was seen.
    """

    exit_code: int | None
    output: str
    timed_out: bool
    at: Interval


def run_command(
    argv: Sequence[str],
    *,
    within_s: float,
    stdin: bytes = b"",
    env: Mapping[str, str] | None = None,
    folder: Path | None = None,
    user: int | None = None,
) -> Finished:
    """Runs a user's command, without a shell, in its own group; no process of that group outlives the call.

    It runs in `folder` and as `user`, which are ours unless they are given. Raises UsageError where there is no such program.
    """
    start = clock.now()
    process = _spawn(argv, env=env, folder=folder, user=user)
    with _Pipes(process, stdin=stdin) as pipes:
        try:
            ended = _has_ended(process.pid, within_s=within_s)
            end = clock.now()
        finally:
            _end_group(process)
    return Finished(
        exit_code=process.returncode if ended else None,
        output=pipes.text(),
        timed_out=not ended,
        at=clock.between(start, end),
    )


class _As(TypedDict, total=False):
    user: int
    group: int
    extra_groups: list[str | int]


def _as(user: int | None) -> _As:
    return {} if user is None else {"user": user, "group": user, "extra_groups": []}


def _spawn(
    argv: Sequence[str], *, env: Mapping[str, str] | None, folder: Path | None, user: int | None
) -> "subprocess.Popen[bytes]":
    try:
        return subprocess.Popen(
            argv,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=env,
            cwd=folder,
            start_new_session=True,
            **_as(user),
        )
    except (OSError, ValueError, IndexError) as error:
        name = argv[0] if argv else ""
        raise UsageError(f"cannot run {name!r}: {error}. A command is a list: a program, then its arguments") from error


class _Pipes:
    """Feeds a process and keeps the end of what it writes, in threads, so that neither blocks the deadline."""

    def __init__(self, process: "subprocess.Popen[bytes]", *, stdin: bytes) -> None:
        self._process, self._kept = process, b""
        self._threads = (
            threading.Thread(target=self._feed, args=(process.stdin, stdin), daemon=True),
            threading.Thread(target=self._read, args=(process.stdout,), daemon=True),
        )

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        # Somebody who left the group may hold the pipe open for ever: then what came so far is all.
        for thread in self._threads:
            thread.join(1.0)

    def text(self) -> str:
        return self._kept.decode("utf-8", errors="replace")

    def _feed(self, pipe: IO[bytes], data: bytes) -> None:
        with contextlib.suppress(OSError), pipe:
            pipe.write(data)

    def _read(self, pipe: IO[bytes]) -> None:
        with contextlib.suppress(OSError), pipe:
            while block := os.read(pipe.fileno(), _TAIL_BYTES):
                self._kept = (self._kept + block)[-OUTPUT_CAP_BYTES:]


def _exit_code(process: "subprocess.Popen[bytes]") -> int | None:
    """Looks without reaping: while a dead leader is not reaped, its number cannot become another process's."""
    if process.returncode is not None:
        return process.returncode
    try:
        result = os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return process.poll()
    if result is None:
        return None
    return result.si_status if result.si_code == os.CLD_EXITED else -result.si_status


def _has_ended(pid: int, *, within_s: float) -> bool:
    """Waits for the end of a child of ours, and does not reap it."""
    fd = os.pidfd_open(pid)
    try:
        poll = select.poll()
        poll.register(fd, select.POLLIN)
        return bool(poll.poll(max(within_s, 0) * 1000))
    finally:
        os.close(fd)


def _end_group(process: "subprocess.Popen[bytes]") -> None:
    _signal_group(process.pid, signal.SIGKILL)
    process.wait()


def _signal_group(pgid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pgid, number)
