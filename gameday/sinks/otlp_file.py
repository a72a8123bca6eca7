"""A file of OTLP exports, one JSON object a line, as the collector's file exporter and our OTLP receiver write it.

A cursor is the byte offset of a line, and how many of its records were read.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import msgspec
from attrs import frozen

from gameday.config import SinkConfig, seconds
from gameday.errors import SinkUnreadable
from gameday.sighting import Record
from gameday.sinks.base import Sink
from gameday.sinks.otlp import Leaf, PlantableSink, leaves

MAX_LINE_BYTES: Final = 64 * 2**20


def otlp_file_sink(config: SinkConfig) -> Sink:
    """Plantable where `config.otlp` says whither exports are sent."""
    sink = OtlpFileSink(config)
    return PlantableSink(sink, config.otlp) if config.otlp else sink


@frozen
class OtlpFileSink:
    """`path` must exist: exports that are not there could not be looked at. A line that is no OTLP is a record as it is."""

    config: SinkConfig

    @property
    def name(self) -> str:
        return f"otlp-file {Path(self.config.path).name}"

    def records(self, *, after: str | None = None) -> Iterator[Record]:
        offset, _, number = (after or "0").partition(":")
        try:
            with Path(self.config.path).open("rb") as file:
                yield from self._after(file.seek(0, 2), file.seek, file.readline, int(offset), int(number or 0))
        except OSError as error:
            raise SinkUnreadable(self.name, f"{error.strerror or error}") from error

    def _after(
        self, size: int, seek: Callable[[int], int], readline: Callable[[int], bytes], offset: int, read: int
    ) -> Iterator[Record]:
        if size < offset:
            raise SinkUnreadable(self.name, f"it shrank from {offset} to {size} bytes; what it held is gone unseen")
        seek(offset)
        while line := readline(MAX_LINE_BYTES):
            if not line.endswith(b"\n"):
                if len(line) == MAX_LINE_BYTES:
                    raise SinkUnreadable(self.name, f"a line of over {MAX_LINE_BYTES} bytes begins at {offset}")
                return
            yield from self._records(line, offset, read)
            offset, read = offset + len(line), 0

    def _records(self, line: bytes, offset: int, read: int) -> Iterator[Record]:
        export = _parsed(line)
        if export is None:
            yield self._record(Leaf(document=None, item=None), line, f"{offset}", f"{offset + len(line)}:0")
            return
        found = list(leaves(export))
        for number, leaf in enumerate(found[read:], start=read + 1):
            cursor = f"{offset}:{number}" if number < len(found) else f"{offset + len(line)}:0"
            yield self._record(leaf, leaf.body, f"{offset}#{number}", cursor)

    def _record(self, leaf: Leaf, body: bytes, where: str, cursor: str) -> Record:
        return Record(
            body=body,
            locator=leaf.span or f"{Path(self.config.path).name}:{where}",
            cursor=cursor,
            stamp_s=leaf.stamp_s,
            resolution_s=seconds(self.config.resolution),
            request_id=leaf.attribute(self.config.request_id),
        )


def _parsed(line: bytes) -> dict[str, object] | None:
    try:
        parsed: object = msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return parsed if isinstance(parsed, dict) else None
