"""How fast canaries are found, in one run on one machine, beside what else could search the same files.

Run: python -m benchmarks.find [--mb 256] [--quick]. It prints the tables of docs/performance.md, and asserts nothing.
"""

import argparse
import gzip
import io
import mmap
import multiprocessing
import os
import platform
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from attrs import frozen
from backports import zstd

from benchmarks.corpora import CORPORA, MB, corpus, written
from benchmarks.rivals import GITLEAKS, KINGFISHER, Rival, ripgrep
from gameday.canary.families import FAMILIES
from gameday.canary.families.base import Family
from gameday.canary.find import Finder
from gameday.canary.key import SiteKey
from gameday.canary.mint import SLOTS, Canary, Mint
from gameday.canary.spellings import spellings, spelt_out
from gameday.canary.token import Tokens

KEY: Final = SiteKey(b"b" * 32)
TENANTS: Final = tuple(f"tenant-{number}" for number in range(8))
ROUNDS: Final = 4
_SLOW_MB: Final = 16  # for gitleaks: it is given less, and its speed is the same
_START: Final = """
import time
start = time.perf_counter()
from gameday.canary.find import Finder
from gameday.canary.key import SiteKey
Finder((SiteKey(b"b" * 32),)).find(b"first")
print((time.perf_counter() - start) * 1000)
"""


@frozen
class Sizes:
    mb: int
    counts: tuple[int, ...]


def seconds(work: Callable[[], object], *, rounds: int = ROUNDS) -> float:
    """The best of some rounds: what else the machine does only ever adds."""
    best = float("inf")
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - start)
    return best


def gb_s(size_bytes: int, took_s: float) -> float:
    return size_bytes / 1e9 / took_s


def minted(count: int, *, family: Family | None = None, with_value: bool = True) -> Iterator[Canary]:
    mint = Mint(KEY, run="benchmark", seed=1, tenants=TENANTS)
    places = [(tenant, slot) for tenant in TENANTS for slot in SLOTS]
    for number in range(count):
        tenant, slot = places[number % len(places)]
        yield mint.canary(family or FAMILIES[number % len(FAMILIES)], tenant=tenant, slot=slot, with_value=with_value)


@contextmanager
def mapped(path: Path) -> Iterator[memoryview]:
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as whole:
        view = memoryview(whole)
        try:
            yield view
        finally:
            view.release()


def found_at(finder: Finder, path: Path) -> float:
    with mapped(path) as view:
        return gb_s(len(view), seconds(lambda: finder.find(view)))


def literals(folder: Path) -> tuple[Path, Path]:
    """Files for ripgrep: every spelling of the finder's that is plain ASCII in one line, and the marker as it was minted."""
    marker = Tokens(KEY).marker
    plain = {one.literal for one in spelt_out(spellings(marker)) if one.literal.isascii()}
    lines = sorted(literal for literal in plain if not set(literal) & set(b"\n\r\0"))
    same, raw = folder / "same-literals", folder / "raw-marker"
    same.write_bytes(b"\n".join(lines) + b"\n")
    raw.write_bytes(marker + b"\n")
    return same, raw


def rival_speed(rival: Rival, folder: Path, name: str, *, mb: int) -> float | None:
    if not rival.is_here():
        return None
    empty, few = folder / "empty", folder / f"few-{mb}"
    empty.write_bytes(b"nothing\n")
    few.mkdir(exist_ok=True)
    path = written(few, name, size_bytes=mb * MB)
    took = rival.seconds(path, empty=empty)
    return None if took is None else gb_s(path.stat().st_size, took)


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    for row in (head, ["---"] * len(head), *rows):
        print("| " + " | ".join(row) + " |")
    print(flush=True)


def shown(speed: float | None) -> str:
    if speed is None:
        return "not read"
    return f"{speed:.2f}" if speed >= 0.1 else f"{speed:.4f}"  # noqa: PLR2004


def times(ours: float, theirs: float | None) -> str:
    return "-" if theirs is None else f"{ours / theirs:.1f}x"


def corpora_table(finder: Finder, folder: Path, sizes: Sizes) -> None:
    same, raw = literals(folder)
    count = len(same.read_bytes().splitlines())
    rows = []
    for name in CORPORA:
        path = written(folder, name, size_bytes=sizes.mb * MB)
        ours = found_at(finder, path)
        by_rg, by_marker = (_ripgrep_speed(path, each) for each in (same, raw))
        leaks = rival_speed(GITLEAKS, folder, name, mb=min(sizes.mb, _SLOW_MB))
        king = rival_speed(KINGFISHER, folder, name, mb=min(sizes.mb, 8 * _SLOW_MB))
        speeds = [shown(each) for each in (ours, by_rg, by_marker, leaks, king)]
        rows.append([name, *speeds, times(ours, by_rg), times(ours, leaks), times(ours, king)])
    rg = f"rg -F, {count} literals"
    against = ["gameday / rg -F", "gameday / gitleaks", "gameday / kingfisher"]
    table([f"GB/s, {sizes.mb} MB, 1 core", "gameday", rg, "rg -F, marker", "gitleaks", "kingfisher", *against], rows)


def _ripgrep_speed(path: Path, patterns: Path) -> float:
    return gb_s(path.stat().st_size, seconds(lambda: ripgrep(path, literals=patterns)))


def packed_table(finder: Finder, folder: Path, sizes: Sizes) -> None:
    body = corpus("JSON logs", size_bytes=min(sizes.mb, 64) * MB)
    rows = []
    for name, packed in (("gzip", gzip.compress(body, 6)), ("zstd", zstd.compress(body, 3))):
        path = folder / f"logs.{name}"
        path.write_bytes(packed)
        with mapped(path) as view:
            rows.append([name, shown(gb_s(len(body), seconds(lambda view=view: finder.find(view))))])  # type: ignore[misc]
    table(["JSON logs, packed", "GB/s unpacked"], rows)


def hits_table(finder: Finder, canaries: list[Canary], folder: Path, sizes: Sizes) -> None:
    """A canary in one line of 2,000."""
    rng, out, laid = random.Random(3), io.BytesIO(), set[str]()  # noqa: S311 - noise
    for number, line in enumerate(corpus("JSON logs", size_bytes=min(sizes.mb, 64) * MB).splitlines(keepends=True)):
        out.write(line)
        if number % 2000 == 7:  # noqa: PLR2004
            canary = rng.choice(canaries)
            laid.add(canary.id)
            out.write(b'{"msg": "see %s"}\n' % canary.token.encode())
    path = folder / "hits"
    path.write_bytes(out.getvalue())
    speed, found = found_at(finder, path), {each.canary for each in finder.find(out.getvalue()).sightings}
    table(["a canary in 1 line of 2,000", "GB/s"], [[f"{len(found & laid)} of {len(laid)} found", shown(speed)]])


def counts_table(folder: Path, sizes: Sizes) -> None:
    path = written(folder, "JSON logs", size_bytes=sizes.mb * MB)
    prose = next(family for family in FAMILIES if not family.is_redactable)
    rows = []
    for count in sizes.counts:
        start = time.perf_counter()
        tokens = list(minted(count, with_value=False))
        minting = time.perf_counter() - start
        by_token = found_at(Finder((KEY,), tokens), path)
        del tokens
        by_prose = found_at(Finder((KEY,), minted(count, family=prose)), path)
        rows.append([f"{count:,}", shown(by_token), shown(by_prose), f"{minting:.1f}"])
    table(["canaries", "tokens, GB/s", f"prose ({prose.name}), GB/s", "mint of the tokens, s"], rows)


def start_ms() -> float:
    command = [sys.executable, "-c", _START]
    return min(float(subprocess.run(command, capture_output=True, check=True).stdout) for _ in range(5))


_ready: dict[str, Finder] = {}


def _half(job: tuple[Path, int, int]) -> int:
    path, low, high = job
    if "finder" not in _ready:
        _ready["finder"] = Finder((KEY,), minted(1))
    with mapped(path) as view:
        return len(_ready["finder"].find(view[low:high]).sightings)


def workers_ratio(folder: Path, sizes: Sizes) -> float:
    """What two processes reach, in times of what one does, each with sixteen parts of one file."""
    path = written(folder, "JSON logs", size_bytes=sizes.mb * MB)
    step = path.stat().st_size // 16
    jobs = [(path, number * step, (number + 1) * step) for number in range(16)]
    took = []
    for workers in (1, 2):
        with multiprocessing.get_context("spawn").Pool(workers) as pool:
            pool.map(_half, [(path, 0, 10)] * 8 * workers, chunksize=1)  # every worker gets ready
            took.append(seconds(lambda pool=pool: pool.map(_half, jobs, chunksize=1)))  # type: ignore[misc]
    return took[0] / took[1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mb", type=int, default=256, help="size of each corpus (default: 256)")
    parser.add_argument("--quick", action="store_true", help="16 MB, and ten thousand canaries at most")
    options = parser.parse_args()
    sizes = Sizes(16, (1, 10_000)) if options.quick else Sizes(options.mb, (1, 1_000, 1_000_000))
    canaries = list(minted(1000))
    finder = Finder((KEY,), canaries)
    print(
        f"Python {platform.python_version()}, {platform.machine()}, {os.cpu_count()} cores; {len(canaries)} canaries.\n"
    )
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        corpora_table(finder, folder, sizes)
        packed_table(finder, folder, sizes)
        hits_table(finder, canaries, folder, sizes)
        counts_table(folder, sizes)
        ratio = f"{workers_ratio(folder, sizes):.2f}x"
        table(["start and scaling", ""], [["first scan, ms", f"{start_ms():.0f}"], ["two workers", ratio]])


if __name__ == "__main__":
    main()
