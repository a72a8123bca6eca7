"""Purge: overwrites one field of every line of a JSON log, in place and at the same length.

Offsets and the writer's open file stay valid, so nobody has to be restarted and no line is lost.
`python -m gameday.contain.scrub_log --log FILE --field NAME`.
"""

import argparse
import json
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from gameday.contain.program import run_step
from gameday.errors import HarnessError

_PURGED: Final = b'"[purged]"'
_STRING: Final = rb'\s*("(?:[^"\\]|\\.)*")'


def spans(data: bytes, field: str) -> Iterator[tuple[int, int]]:
    """Where the string values of this field stand that still hold something, as (start, end) with their quotes."""
    for match in re.finditer(re.escape(json.dumps(field).encode()) + rb"\s*:" + _STRING, data):
        if match[1] not in {_PURGED, b'""'}:
            yield match.span(1)


def scrubbed(value: bytes) -> bytes:
    """A JSON string of the same length that says nothing, padded with blanks behind it."""
    short = _PURGED if len(value) >= len(_PURGED) else b'""'
    return short + b" " * (len(value) - len(short))


def _is_safe(options: argparse.Namespace) -> bool:
    return not any(spans(Path(options.log).read_bytes(), options.field))


def _act(options: argparse.Namespace) -> None:
    if not options.field:
        raise HarnessError("the alert names no field, so there is nothing to purge by")
    path = Path(options.log)
    data = path.read_bytes()
    fd = os.open(path, os.O_WRONLY)
    try:
        for start, end in spans(data, options.field):
            os.pwrite(fd, scrubbed(data[start:end]), start)
        os.fsync(fd)
    finally:
        os.close(fd)


def main() -> int:
    parser = argparse.ArgumentParser(prog="scrub_log", description=__doc__)
    parser.add_argument("--log", required=True)
    parser.add_argument("--field", required=True)
    return run_step(parser, check=_is_safe, act=_act)


if __name__ == "__main__":
    sys.exit(main())
