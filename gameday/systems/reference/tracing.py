"""Traces of the reference pipeline: a real Jaeger where it can be had, else our OTLP receiver, which writes them to disk."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from attrs import frozen

from gameday.config import SinkConfig
from gameday.place import Policy
from gameday.runtime.base import Running, Runtime
from gameday.servers.jaeger import Jaeger
from gameday.systems.reference.programs import Programs
from gameday.systems.reference.telemetry import REQUEST_ID

SPANS: Final = "traces/spans"
KEPT_TRACES: Final = 500  # some ten times what one arm writes; every look reads all of them


@frozen(kw_only=True)
class Tracing:
    """`url` is where OTLP over HTTP is taken; `sink` reads the spans and `watched` is what the detector follows.

    `seal` and `purge` are what the steps of a runbook are told of the store.
    """

    url: str
    sink: SinkConfig
    watched: dict[str, str | int]
    seal: tuple[str, ...]
    purge: tuple[str, ...]
    not_exercised: tuple[str, ...] = ()


def start_tracing(
    runtime: Runtime, *, programs: Programs, root: Path, on_ready: Callable[[Running], None], keep: int = KEPT_TRACES
) -> Tracing:
    """A Jaeger keeps the newest `keep` traces."""
    server = Jaeger(max_traces=keep)
    why = runtime.lacks(server)
    if why:
        return _on_disk(root / "spans.jsonl", programs=programs, why=why)
    running = runtime.start(server)
    on_ready(running)
    query, otlp = (f"http://{running.addresses[port]}" for port in ("query", "otlp"))
    return _in_jaeger(query=query, otlp=otlp, keep=keep)


def _in_jaeger(*, query: str, otlp: str, keep: int) -> Tracing:
    store = ("--jaeger", query, "--traces", str(keep))
    return Tracing(
        url=otlp,
        sink=_sink("jaeger", url=query, limit=keep),
        watched={**_watched("jaeger", query), "limit": keep},
        seal=store,
        purge=(*store, "--otlp", otlp),
    )


def _on_disk(file: Path, *, programs: Programs, why: str) -> Tracing:
    file.touch(mode=0o600)
    url = programs.start("otlp_receiver", {"file": str(file)})
    return Tracing(
        url=url,
        sink=_sink("otlp-file", path=str(file)),
        watched=_watched("otlp", str(file)),
        seal=("--log", str(file)),
        purge=("--file", str(file)),
        not_exercised=(f"a tracing backend: spans go to our OTLP receiver, which writes them to disk: {why}",),
    )


def _sink(kind: str, *, path: str = "", url: str = "", limit: int | None = None) -> SinkConfig:
    # No sentinel is planted: it would overtake what the gateway has yet to export. The harmless request's own span is the barrier.
    return SinkConfig(
        place=SPANS,
        kind=kind,  # type: ignore[arg-type]  # one of the two that are written above
        path=path,
        url=url,
        limit=limit,
        policy=Policy.NOTHING,
        resolution="100ms",  # a span is stamped when it ends, and exported up to so much later
        request_id=REQUEST_ID,
        unit="span",
    )


def _watched(kind: str, path: str) -> dict[str, str | int]:
    return {"path": path, "service": SPANS, "request_id": REQUEST_ID, "kind": kind}
