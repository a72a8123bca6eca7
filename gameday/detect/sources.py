"""What the reference detector follows: log files, exported spans, a Jaeger, a mesh's tap, a bucket; as JSON lines and a position."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final, Literal, Protocol
from urllib.parse import urlsplit

import msgspec
from attrs import define, field, frozen

from gameday import clock
from gameday.detect.objects import NewObjects
from gameday.detect.spans import span_lines
from gameday.detect.taps import tap_line
from gameday.errors import SystemUnreachable
from gameday.servers.jaeger import all_spans

_STORE_EVERY_S: Final = 0.1
_FOLDER_EVERY_S: Final = 0.05
_READ_BYTES: Final = 2**20


class Watched(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`path` is a log file, a Jaeger's query URL, a tap's folder as a file:// URL, or s3://BUCKET; `service` is who writes it.

    `request_id` is where in a line that stands. `env` is a file with the variables by which AWS's tools find a bucket's store.
    """

    path: str
    service: str
    request_id: str
    kind: Literal["lines", "otlp", "jaeger", "tap", "s3"] = "lines"
    limit: int = 0
    env: str = ""


@frozen(kw_only=True)
class Batch:
    """What is new, and the position after it: bytes of a file, microseconds since the epoch of a store."""

    lines: Sequence[bytes]
    position: int


class Source(Protocol):
    def read(self, after: int) -> Batch: ...


def source_of(watched: Watched) -> Source:
    match watched.kind:
        case "jaeger":
            return JaegerSource(watched)
        case "tap":
            return TapSource(watched)
        case "s3":
            return BucketSource(NewObjects(urlsplit(watched.path).netloc, Path(watched.env)))
        case _:
            return FileSource(watched)


@frozen
class FileSource:
    """Whole lines only: one that is still being written is left for the next look."""

    watched: Watched

    def read(self, after: int) -> Batch:
        lines = self._lines(after)
        position = after + sum(map(len, lines))
        if self.watched.kind == "otlp":
            return Batch(lines=[span for line in lines for span in span_lines(line)], position=position)
        return Batch(lines=lines, position=position)

    def _lines(self, after: int) -> list[bytes]:
        try:
            with Path(self.watched.path).open("rb") as file:
                file.seek(after)
                lines = file.read(_READ_BYTES).splitlines(keepends=True)
        except FileNotFoundError:
            return []
        return lines if not lines or lines[-1].endswith(b"\n") else lines[:-1]


@define
class JaegerSource:
    """Asks a Jaeger for all it has, ten times a second, and gives each span once; the position is when it was last asked."""

    watched: Watched
    _due_s: float = field(default=0.0, init=False)
    _seen: set[bytes] = field(factory=set, init=False)

    def read(self, after: int) -> Batch:
        now = clock.now()
        if now.mono_s < self._due_s:
            return Batch(lines=(), position=after)
        self._due_s = now.mono_s + _STORE_EVERY_S
        try:
            found = all_spans(self.watched.path, max_traces=self.watched.limit)
        except SystemUnreachable:
            return Batch(lines=(), position=after)  # asked again next time: it has not been read up to here
        lines = list(span_lines(msgspec.json.encode(found)))
        fresh = [line for line in lines if line not in self._seen]
        self._seen = set(lines)
        return Batch(lines=fresh, position=int(now.wall_s * 1e6))


@define
class TapSource:
    """Each file of a folder once, when it is whole; the position is when the folder was last listed."""

    watched: Watched
    _due_s: float = field(default=0.0, init=False)
    _seen: set[str] = field(factory=set, init=False)

    def read(self, after: int) -> Batch:
        now = clock.now()
        if now.mono_s < self._due_s:
            return Batch(lines=(), position=after)
        self._due_s = now.mono_s + _FOLDER_EVERY_S
        try:
            files = sorted(Path(urlsplit(self.watched.path).path).iterdir())
        except OSError:
            return Batch(lines=(), position=after)
        lines = [line for path in files if path.name not in self._seen for line in self._whole(path)]
        return Batch(lines=lines, position=int(now.wall_s * 1e6))

    def _whole(self, path: Path) -> list[bytes]:
        """A capture is written in one go, and ends its outermost object; until then it is left for the next look."""
        try:
            captured = path.read_bytes()
        except OSError:
            return []
        if not captured.rstrip().endswith(b"}"):
            return []
        self._seen.add(path.name)
        return [tap_line(captured)]


@define
class BucketSource:
    """Lists a bucket ten times a second, and gives each object once; the position is when it was last listed."""

    objects: NewObjects
    _due_s: float = field(default=0.0, init=False)

    def read(self, after: int) -> Batch:
        now = clock.now()
        if now.mono_s < self._due_s:
            return Batch(lines=(), position=after)
        self._due_s = now.mono_s + _STORE_EVERY_S
        lines = self.objects.lines()
        return Batch(lines=(), position=after) if lines is None else Batch(lines=lines, position=int(now.wall_s * 1e6))
