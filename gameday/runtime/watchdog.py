"""One child process for each session that cleans up when the session ends in any way, `kill -9` included."""

import contextlib
import os
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from gameday.errors import HarnessError
from gameday.runtime import reaper

CLEAN_UP_WITHIN_S: Final = 30.0


class Watchdog:
    """Holds the only write end of a pipe to its child. What is still watched when the pipe closes is ended and removed:
    process groups, then containers and networks with a label, then folders.
    """

    def __init__(self, child: "subprocess.Popen[bytes]") -> None:
        self._child = child

    @classmethod
    def start(cls) -> Self:
        # -P: the script's own folder stays off the import path, where `docker` would be a file of gameday.
        # Popen makes the pipe close-on-exec, so that nothing else that is started here holds it open.
        argv = [sys.executable, "-P", reaper.__file__]
        return cls(
            subprocess.Popen(
                argv,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
                cwd="/",
            )
        )

    @property
    def pid(self) -> int:
        return self._child.pid

    def watch_group(self, pid: int) -> None:
        """`pid` leads a process group."""
        if started := reaper.start_time(pid):
            self._tell(f"group {pid} {started}")

    def forget_group(self, pid: int) -> None:
        self._take_back(f"ungroup {pid}")

    def watch_label(self, label: str, *, daemon: str = "") -> None:
        """`label` is KEY=VALUE on containers and networks; `daemon` is the URL of the daemon that has them."""
        if daemon:
            self._tell(f"daemon {daemon}")
        self._tell(f"label {label}")

    def forget_label(self, label: str) -> None:
        self._take_back(f"unlabel {label}")

    def watch_folder(self, folder: Path) -> None:
        """The folder and all in it will be deleted."""
        self._tell(f"folder {folder.absolute()}")

    def forget_folder(self, folder: Path) -> None:
        self._take_back(f"unfolder {folder.absolute()}")

    def close(self) -> None:
        """Returns when all that was still watched is gone. Works twice."""
        if self._child.stdin and not self._child.stdin.closed:
            with contextlib.suppress(OSError):
                self._child.stdin.close()
        try:
            self._child.wait(CLEAN_UP_WITHIN_S)
        except subprocess.TimeoutExpired as error:
            raise HarnessError(
                f"the watchdog (pid {self.pid}) did not finish cleaning up within {CLEAN_UP_WITHIN_S:g} s; "
                "run 'gameday clean' to remove what is left"
            ) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _tell(self, line: str) -> None:
        if "\n" in line:
            raise HarnessError(f"the watchdog cannot watch a name with a line break: {line!r}")
        if self._child.stdin is None or self._child.stdin.closed:
            raise HarnessError("the watchdog is closed already")
        try:
            os.write(self._child.stdin.fileno(), f"{line}\n".encode())  # one write, so that threads do not mix lines
        except OSError as error:
            raise HarnessError(
                f"the watchdog (pid {self.pid}) is gone: {error.strerror}; without it nothing cleans up after a crash. "
                "Start the run again"
            ) from error

    def _take_back(self, line: str) -> None:
        with contextlib.suppress(HarnessError):  # where nobody watches there is nothing to take back
            self._tell(line)
