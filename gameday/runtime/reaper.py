"""The watchdog's child: waits until its parent is gone, then ends and removes what the parent left.

It runs as a script, in its own session and on the standard library alone; Docker's client is imported only at the end,
and only if there is a label to look for. Nobody reads what it writes, so it is silent.
"""

import contextlib
import os
import shutil
import signal
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

TERM_TO_KILL_S = 1.0
BETWEEN_SWEEPS_S = 1.0


def start_time(pid: int) -> str | None:
    """When the process started, in clock ticks since boot: with its pid, a name that is never used again."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    return stat.rpartition(")")[2].split()[19]


class Left:
    """What the parent has told about and not taken back."""

    def __init__(self) -> None:
        self.groups: dict[int, str] = {}
        self.labels: dict[str, None] = {}
        self.folders: dict[str, None] = {}
        self.daemon = ""

    def hear(self, line: str) -> None:
        word, _, rest = line.rstrip("\n").partition(" ")
        match word:
            case "group":
                pgid, started = rest.split()
                self.groups[int(pgid)] = started
            case "ungroup":
                self.groups.pop(int(rest), None)
            case "label":
                self.labels[rest] = None
            case "unlabel":
                self.labels.pop(rest, None)
            case "folder":
                self.folders[rest] = None
            case "unfolder":
                self.folders.pop(rest, None)
            case "daemon":
                self.daemon = rest


def end_groups(groups: dict[int, str]) -> None:
    ours = [pgid for pgid, started in groups.items() if start_time(pgid) == started]
    _signal(ours, signal.SIGTERM)
    for _ in range(int(TERM_TO_KILL_S / 0.02)):
        if not _signal(ours, 0):
            return
        time.sleep(0.02)
    _signal(ours, signal.SIGKILL)


def _signal(groups: Iterable[int], number: int) -> int:
    """How many of the groups are still there."""
    reached = 0
    for pgid in groups:
        with contextlib.suppress(OSError):
            os.killpg(pgid, number)
            reached += 1
    return reached


def remove_labelled(labels: Iterable[str], *, daemon: str) -> None:
    import docker  # noqa: PLC0415 - heavy, and not needed while the parent lives

    environment = {**os.environ, **({"DOCKER_HOST": daemon} if daemon else {})}
    client = docker.from_env(timeout=10, environment=environment)
    for label in labels:
        sweep(client, label=label)
    time.sleep(BETWEEN_SWEEPS_S)
    for label in labels:  # once more: a create that was under way lands after the first sweep
        sweep(client, label=label)


def sweep(client: Any, *, label: str) -> list[str]:
    """Removes containers, then networks, that carry the label; the names of those removed."""
    filters, removed = {"label": label}, []
    for container in client.containers.list(all=True, filters=filters, ignore_removed=True):
        with contextlib.suppress(Exception):  # gone already, or next sweep
            container.remove(force=True, v=True)
            removed.append(container.name)
    for network in client.networks.list(filters=filters):
        with contextlib.suppress(Exception):
            network.remove()
            removed.append(network.name)
    return removed


def main() -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    left = Left()
    for line in sys.stdin:  # ends when nobody holds the other end of the pipe any more
        left.hear(line)
    end_groups(left.groups)
    if left.labels:
        with contextlib.suppress(Exception):  # without Docker's client the folders still have to go
            remove_labelled(left.labels, daemon=left.daemon)
    for folder in left.folders:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
