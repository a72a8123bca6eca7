"""Purge: makes a store of traces forget every span that it has; a sealed copy is kept before.

A file of exports is blanked in place, line by line and at the same length, so that offsets and the writer's open file stay valid.
A Jaeger that keeps its traces in memory has no way to delete one: it is sent as many empty traces as it keeps, but one, which push out all
but the newest. That one stays so that whoever follows the store can tell that nothing was missed; it was written after the stop.
`python -m gameday.contain.purge_spans --file FILE | --jaeger URL --otlp URL --traces N; --request-id ID`.
"""

import argparse
import json
import os
import secrets
import sys
from pathlib import Path
from typing import Final

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from gameday import clock
from gameday.contain.program import run_step
from gameday.errors import HarnessError
from gameday.servers.jaeger import all_spans
from gameday.servers.otlp import send_traces

_BLANK: Final = b"{}"
_AT_ONCE: Final = 1000  # spans of one export


def blanked(data: bytes) -> bytes:
    """Every whole line becomes an export of nothing, padded to its length; a line that is still being written stays."""
    *whole, rest = data.split(b"\n")
    return b"".join(_BLANK.ljust(len(line))[: len(line)] + b"\n" for line in whole) + rest


def _is_safe(options: argparse.Namespace) -> bool:
    if not options.request_id:
        raise HarnessError("the alert names no request, so there is nothing to ask for")
    if options.file:
        return options.request_id.encode() not in Path(options.file).read_bytes()
    return options.request_id not in json.dumps(all_spans(options.jaeger, max_traces=options.traces))


def _act(options: argparse.Namespace) -> None:
    if options.file:
        _blank(Path(options.file))
        return
    count = options.traces - 1
    for first in range(0, count, _AT_ONCE):
        send_traces(options.otlp, _empty_traces(min(_AT_ONCE, count - first)))


def _blank(path: Path) -> None:
    data = path.read_bytes()
    fd = os.open(path, os.O_WRONLY)
    try:
        os.pwrite(fd, blanked(data)[: data.rfind(b"\n") + 1], 0)
        os.fsync(fd)
    finally:
        os.close(fd)


def _empty_traces(count: int) -> ExportTraceServiceRequest:
    export, now_ns = ExportTraceServiceRequest(), int(clock.now().wall_s * 1e9)
    spans = export.resource_spans.add().scope_spans.add().spans
    for _ in range(count):
        spans.add(
            trace_id=secrets.token_bytes(16),
            span_id=secrets.token_bytes(8),
            name="purged",
            start_time_unix_nano=now_ns,
            end_time_unix_nano=now_ns,
        )
    return export


def main() -> int:
    parser = argparse.ArgumentParser(prog="purge_spans", description=__doc__)
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--file", default="")
    where.add_argument("--jaeger", default="")
    parser.add_argument("--otlp", default="")
    parser.add_argument("--traces", type=int, default=0)
    parser.add_argument("--request-id", required=True)
    return run_step(parser, check=_is_safe, act=_act)


if __name__ == "__main__":
    sys.exit(main())
