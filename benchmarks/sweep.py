"""How fast a folder of JSON logs is swept: GB/s of one worker and of two, the peak memory of each, and Dask workers killed.

Run: python benchmarks/sweep.py [GB] [kill]. Fewer than 256 MB are on disk: the folder is hard links to one file, which the
page cache holds, so that the search is measured and not the disk. `kill` instead sweeps with a Dask cluster of two workers
that are killed one by one, and compares the results. It asserts nothing about time.
"""

import json
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing import active_children
from pathlib import Path
from typing import Any, Final, cast

from attrs import define, field, frozen

from gameday.canary.key import SiteKey
from gameday.canary.token import TokenId, Tokens
from gameday.sweep.lines import lines
from gameday.sweep.result import Swept
from gameday.sweep.sweeping import Standing, sweep
from gameday.sweep.wanted import FinderSpec

_KEY: Final = SiteKey(b"b" * 32)
_FILE_BYTES: Final = 256_000_000
_BLOCK_BYTES: Final = 16_000_000
_PLANTED: Final = 20
_TEXT: Final = (
    "please summarise the attached contract and tell me whether the customer may cancel within thirty days of delivery "
    "or write a friendly answer that offers a refund for order number with regards from our support team in two lines"
)


@define
class Peaks:
    """The most memory each worker ever held, mapped pages of files included (VmHWM)."""

    by_pid: dict[int, int] = field(factory=dict)

    def __call__(self, _: Standing) -> None:
        for child in active_children():
            with suppress(OSError, IndexError):
                status = Path(f"/proc/{child.pid}/status").read_text()
                self.by_pid[child.pid or 0] = int(status.split("VmHWM:")[1].split()[0]) * 1024

    def __str__(self) -> str:
        return ", ".join(f"{size / 1e6:.0f} MB" for size in self.by_pid.values()) or "none seen"


def fill(folder: Path, *, size_gb: float) -> None:
    """Log lines with a few canaries in them, `size_gb` of them by name."""
    rng, tokens = random.Random(1), Tokens(_KEY)  # noqa: S311 - places of canaries
    block = b"".join(log_line(rng) for _ in range(_BLOCK_BYTES // len(log_line(rng))))
    first = folder / "0000.log"
    with first.open("wb") as file:
        for _ in range(_FILE_BYTES // len(block)):
            file.write(block)
        for serial in range(_PLANTED):
            file.seek(rng.randrange(_FILE_BYTES - _BLOCK_BYTES))
            file.write(tokens.mint(TokenId(day=9, run=1, tenant=0, slot=1, serial=serial)).encode())
    for number in range(1, round(size_gb * 1e9 / first.stat().st_size)):
        (folder / f"{number:04}.log").hardlink_to(first)


def log_line(rng: random.Random) -> bytes:
    """As a gateway writes them."""
    content = " ".join(rng.sample(_TEXT.split(), 35))
    record = {
        "ts": f"2026-03-01T10:00:{rng.random() * 60:09.6f}Z",
        "level": "info",
        "trace_id": f"{rng.getrandbits(128):032x}",
        "path": "/v1/chat/completions",
        "took_ms": rng.randrange(3000),
        "body": json.dumps({"model": "small", "messages": [{"role": "user", "content": content}]}),
    }
    return json.dumps(record).encode() + b"\n"


@frozen
class Timed:
    """`cpu_s` is what the workers used, their beginning included: on a busy machine it says more than `wall_s`."""

    swept: Swept
    wall_s: float
    cpu_s: float
    peaks: Peaks

    def __str__(self) -> str:
        size_gb = self.swept.size_bytes / 1e9
        return (
            f"{size_gb:.2f} GB in {self.wall_s:.2f} s, {size_gb / self.wall_s:.2f} GB/s ({size_gb / self.cpu_s:.2f} GB "
            f"for each second of a core), {len(self.swept.sightings)} sightings, {len(self.swept.unseen)} not looked "
            f"into; peak of each worker: {self.peaks}"
        )


def timed(folder: Path, *, workers: int) -> Timed:
    peaks, start, before = Peaks(), time.perf_counter(), os.times()
    swept = sweep([str(folder)], finder_spec=FinderSpec(keys=(_KEY,)), workers=workers, on_progress=peaks)
    wall_s, after = time.perf_counter() - start, os.times()
    cpu_s = after.children_user + after.children_system - before.children_user - before.children_system
    return Timed(swept, wall_s, cpu_s, peaks)


def measure(folder: Path) -> None:
    one, two = (timed(folder, workers=workers) for workers in (1, 2))
    print(f"1 worker:  {one}\n2 workers: {two}")
    is_same = list(lines(one.swept)) == list(lines(two.swept))
    print(f"two workers are {one.wall_s / two.wall_s:.2f} times as fast; same result: {is_same}")


@contextmanager
def cluster(folder: Path) -> Iterator[str]:
    """A scheduler and two workers, each a process of its own, with all that they begin ended at the end."""
    begun = [_begin("dask_scheduler", "--host", "127.0.0.1", "--port", "0", folder=folder)]
    try:
        log = begun[0].stderr
        address = next(found[0] for line in log or () if (found := re.search(r"tcp://127\.0\.0\.1:\d+", line)))
        begun.append(_begin("dask_worker", address, "--nworkers", "2", "--nthreads", "1", folder=folder))
        yield address
    finally:
        for process in reversed(begun):
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()


def _begin(module: str, *arguments: str, folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", f"distributed.cli.{module}", *arguments, "--no-dashboard"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE if module == "dask_scheduler" else subprocess.DEVNULL,
        text=True,
        start_new_session=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "DASK_TEMPORARY_DIRECTORY": str(folder)},
    )


@define
class Killing:
    """Kills one worker after the other: each a third of the sweep after the one before."""

    doomed: list[int]
    killed: int = 0

    def __call__(self, standing: Standing) -> None:
        if self.doomed and standing.done_bytes * 3 >= (self.killed + 1) * standing.total_bytes:
            os.kill(self.doomed.pop(), signal.SIGKILL)
            self.killed += 1


def kill_workers(folder: Path, *, scratch: Path) -> None:
    from distributed import Client  # noqa: PLC0415

    spec = FinderSpec(keys=(_KEY,))
    here = list(lines(sweep([str(folder)], finder_spec=spec, workers=2)))
    with cluster(scratch) as address:
        with cast("Any", Client)(address, set_as_default=False) as client:
            client.wait_for_workers(2, timeout=30)
            killing = Killing(list(client.run(os.getpid).values()))
        start = time.perf_counter()
        swept = sweep([str(folder)], finder_spec=spec, dask=address, on_progress=killing)
        seconds = time.perf_counter() - start
    print(
        f"dask, {killing.killed} of 2 workers killed on the way: {swept.size_bytes / 1e9:.2f} GB in {seconds:.2f} s, "
        f"{len(swept.sightings)} sightings, {len(swept.unseen)} not looked into; "
        f"same result as on this machine: {list(lines(swept)) == here}"
    )


def main(size_gb: float = 2.0, what: str = "") -> None:
    with tempfile.TemporaryDirectory() as name:
        folder, scratch = Path(name, "logs"), Path(name, "dask")
        folder.mkdir()
        scratch.mkdir()
        fill(folder, size_gb=size_gb)
        if what == "kill":
            kill_workers(folder, scratch=scratch)
        else:
            measure(folder)


if __name__ == "__main__":
    main(*(kind(text) for kind, text in zip((float, str), sys.argv[1:], strict=False)))
