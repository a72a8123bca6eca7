"""How fast canaries are found in ordinary JSON log lines: MB/s, and against a plain search for the same literals.

Run: python benchmarks/find.py [MB] [canaries]. It asserts nothing about time.
"""

import json
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from gameday.canary.families import FAMILIES
from gameday.canary.find import Finder
from gameday.canary.key import SiteKey
from gameday.canary.mint import SLOTS, Canary, Mint


def log_lines(size_bytes: int) -> bytes:
    rng, lines, length = random.Random(1), list[bytes](), 0  # noqa: S311 - noise
    while length < size_bytes:
        lines.append(_log_line(rng))
        length += len(lines[-1])
    return b"".join(lines)


def _log_line(rng: random.Random) -> bytes:
    message = {"model": "small", "messages": [{"role": "user", "content": f"hello friend {rng.randrange(99999)}"}]}
    record = {
        "ts": f"2026-03-01T10:00:{rng.random() * 60:09.6f}Z",
        "level": "info",
        "trace_id": f"{rng.getrandbits(128):032x}",
        "path": "/v1/chat/completions?next=%2Fhome" if rng.random() < 0.1 else "/v1/chat/completions",  # noqa: PLR2004
        "request_id": f"req-{rng.getrandbits(64):016x}",
        "took_ms": rng.randrange(3000),
        "body": json.dumps(message),
    }
    return json.dumps(record).encode() + b"\n"


def minted(count: int) -> list[Canary]:
    mint = Mint(SiteKey(b"b" * 32), run="benchmark", seed=1, tenants=("acme", "globex"))
    places = [(tenant, slot) for tenant in ("acme", "globex") for slot in SLOTS]
    chosen = (places[number % len(places)] for number in range(count))
    return [
        mint.canary(FAMILIES[number % len(FAMILIES)], tenant=tenant, slot=slot)
        for number, (tenant, slot) in enumerate(chosen)
    ]


def seconds(work: Callable[[], object], *, rounds: int = 3) -> float:
    best = float("inf")
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - start)
    return best


def plain_search(body: bytes, *, literals: list[str]) -> tuple[str, float]:
    """The same literals, raw form only."""
    ripgrep = shutil.which("rg")
    if not ripgrep:
        some = [literal.encode() for literal in literals[:50]]
        return "bytes.find (from 50 literals)", seconds(lambda: [body.find(one) for one in some]) * len(literals) / 50
    with tempfile.TemporaryDirectory() as folder:
        log, patterns = Path(folder, "log"), Path(folder, "patterns")
        log.write_bytes(body)
        patterns.write_text("\n".join(literals))
        command = [ripgrep, "-F", "-c", "-f", str(patterns), str(log)]
        return "rg -F", seconds(lambda: subprocess.run(command, check=False, capture_output=True))


def main(size_mb: int = 10, count: int = 5000) -> None:
    body, start = log_lines(size_mb * 1_000_000), time.perf_counter()
    canaries = minted(count)
    print(f"mint: {count} canaries in {time.perf_counter() - start:.2f} s")
    finder = Finder(SiteKey(b"b" * 32), canaries)
    print(f"build: {seconds(lambda: finder.find(b''), rounds=1):.3f} s")
    planted = body + canaries[-1].text.encode()
    found = finder.find(planted)
    took_s = seconds(lambda: finder.find(planted))
    print(f"find: {len(body) / 1e6 / took_s:.1f} MB/s ({took_s:.2f} s), {len(found.sightings)} found of 1 planted")
    name, plain_s = plain_search(planted, literals=[text for one in canaries for text in (one.token, *one.values)])
    print(
        f"{name}, raw form only: {len(body) / 1e6 / plain_s:.1f} MB/s; find takes {took_s / plain_s:.2f} times as long"
    )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
