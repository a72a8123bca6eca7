"""Reaches a server that some session started, from any process of this host, by a word that a journal can keep.

`pid:NUMBER:STARTED` is a process of this host, by its start in clock ticks, so that a number that was given away anew is noticed;
`container:ID` is a container. Raises SystemUnreachable where it is gone.
"""

import os
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from gameday.errors import RuntimeMissing, SystemUnreachable, UsageError
from gameday.runtime.daemon import Daemon
from gameday.runtime.reaper import start_time
from gameday.runtime.tool import run_command

_PID: Final = "pid"
_CONTAINER: Final = "container"
_END_WITHIN_S: Final = 10.0


def word_of_pid(pid: int) -> str:
    started = start_time(pid)
    if started is None:
        raise SystemUnreachable(f"no process {pid} runs")
    return f"{_PID}:{pid}:{started}"


def word_of_container(container_id: str) -> str:
    return f"{_CONTAINER}:{container_id}"


def send_signal(word: str, number: signal.Signals) -> None:
    """Delivers one signal to the server itself."""
    kind, _, rest = word.partition(":")
    if kind == _CONTAINER:
        try:
            with Daemon.reach() as daemon:
                daemon.signal(rest, number)
        except RuntimeMissing as error:
            raise SystemUnreachable(f"{word} was not signalled: {error}") from error
        return
    fd = _opened(word)
    try:
        signal.pidfd_send_signal(fd, number)
    except OSError as error:
        raise SystemUnreachable(f"{word} was not signalled: {error.strerror}") from error
    finally:
        os.close(fd)


def run_again(word: str, arguments: Sequence[str]) -> tuple[int, str]:
    """Runs the server's own program with other arguments, where it runs: its exit code and the end of what it wrote."""
    kind, _, rest = word.partition(":")
    if kind == _CONTAINER:
        try:
            with Daemon.reach() as daemon:
                return daemon.run_again(rest, arguments)
        except RuntimeMissing as error:
            raise SystemUnreachable(f"nothing can be run in {word}: {error}") from error
    os.close(_opened(word))
    try:
        program = Path(f"/proc/{rest.partition(':')[0]}/exe").readlink()
        done = run_command([str(program), *arguments], within_s=_END_WITHIN_S)
    except (OSError, UsageError) as error:
        raise SystemUnreachable(f"the program of {word} cannot be run: {error}") from error
    if done.exit_code is None:
        raise SystemUnreachable(f"the program of {word} did not end within {_END_WITHIN_S:g} s")
    return done.exit_code, done.output


def _opened(word: str) -> int:
    """A descriptor of the process: from here on its number cannot become another's."""
    kind, _, rest = word.partition(":")
    number, _, started = rest.partition(":")
    if kind != _PID or not number.isdigit():
        raise SystemUnreachable(f"{word!r} names no process. It looks like pid:4711:123456 or container:0123456789ab")
    try:
        fd = os.pidfd_open(int(number))
    except OSError as error:
        raise SystemUnreachable(f"{word} runs no more") from error
    if start_time(int(number)) != started:
        os.close(fd)
        raise SystemUnreachable(f"{word} runs no more; its number is another process's")
    return fd
