"""Purge: has Loki delete the lines of one request. `python -m gameday.contain.purge_loki --url URL --request-id ID [--volume DIR]`.

The lines are named by their request id, a label or metadata LABEL, because Loki keeps the query of a deletion on its volume. A deletion
hides lines first (within 5 minutes) and erases them later, after a restart of Loki, if ever: "processed" in its list tells neither.
`--check` says which it is: answered (exit 1), hidden (exit 0; with --volume, Loki's folder: exit 1 while they lie there), erased (exit 0).
"""

import argparse
import re
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from gameday import clock
from gameday.contain.program import run_step
from gameday.errors import HarnessError, SystemUnreachable
from gameday.servers.loki import flush, read, request_deletion

_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{3,127}")
_LABEL: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_GZIP: Final = b"\x1f\x8b\x08"
_BACK_S: Final = 30 * 86400  # what Loki lets a query span
_AHEAD_S: Final = 1200
_NS: Final = 10**9
# Loki's own list of deletions names the request, as does the index that it keeps of them.
_LISTS: Final = "delete_requests"


def query_of(options: argparse.Namespace) -> str:
    """Selects the request's lines. Raises HarnessError for an id or a label that could widen the query."""
    if not _ID.fullmatch(options.request_id):
        raise HarnessError(
            f"no request id that can stand in a query: {len(options.request_id)} characters. "
            "It has 4 to 128 letters, digits and _ . : -, and without one nothing is deleted."
        )
    if not _LABEL.fullmatch(options.label):
        raise HarnessError(f"no name of a label: {options.label!r}")
    return f'{options.selector} | {options.label}="{options.request_id}"'


def _is_answered(options: argparse.Namespace) -> bool:
    now_s = int(clock.now().wall_s)
    lines = read(
        options.url, query_of(options), start_ns=(now_s - _BACK_S) * _NS, end_ns=(now_s + _AHEAD_S) * _NS, page_lines=10
    )
    return next(lines, None) is not None


def is_on_volume(folder: Path, text: bytes) -> bool:
    """Whether any file but the list of deletions holds it, as it is or in a gzip member."""
    if not folder.is_dir():
        raise HarnessError(f"{folder} is no folder. --volume is Loki's own, the one that holds chunks and wal.")
    return any(
        text in part
        for path in folder.rglob("*")
        if path.is_file() and _LISTS not in path.parts
        for part in _opened(path)
    )


def _opened(path: Path) -> Iterator[bytes]:
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return  # Loki moved it: what it holds is met under its other name, or by the next check
    yield data
    for member in re.finditer(re.escape(_GZIP), data):
        try:
            yield zlib.decompressobj(wbits=31).decompress(data[member.start() :])
        except zlib.error:
            continue


def _is_safe(options: argparse.Namespace) -> bool:
    if _is_answered(options):
        return _said("answered", is_safe=False)
    if options.volume is None:
        return _said("hidden; whether it is erased is not known without --volume", is_safe=True)
    if is_on_volume(Path(options.volume), options.request_id.encode()):
        return _said("hidden, not erased", is_safe=False)
    return _said("erased", is_safe=True)


def _said(state: str, *, is_safe: bool) -> bool:
    sys.stdout.write(f"{state}\n")
    return is_safe


def _act(options: argparse.Namespace) -> None:
    query = query_of(options)
    try:
        flush(options.url)  # a line that is not on the volume when the deletion comes due is not deleted
    except SystemUnreachable as error:
        sys.stderr.write(f"{error}; what is not flushed in time will be hidden, not erased\n")
    now_s = clock.now().wall_s
    request_deletion(options.url, query, start_s=now_s - _BACK_S, end_s=now_s)
    sys.stdout.write(
        "deletion requested: lines are hidden within 5 minutes, and erased only after Loki was restarted\n"
    )


def main() -> int:
    parser = argparse.ArgumentParser(prog="purge_loki", description=__doc__)
    parser.add_argument("--url", required=True)
    parser.add_argument("--request-id", required=True)
    parser.add_argument("--label", default="request_id")
    parser.add_argument("--selector", default='{service_name=~".+"}', help="of the streams that may hold the lines")
    parser.add_argument(
        "--volume", help="Loki's folder, where it can be read: tells what is erased from what is hidden"
    )
    return run_step(parser, check=_is_safe, act=_act)


if __name__ == "__main__":
    sys.exit(main())
