"""The lines of a log file. A cursor is a byte offset; a line that is still being written is left for the next look."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from attrs import frozen

from gameday.config import SinkConfig, seconds
from gameday.errors import SinkUnreadable
from gameday.sighting import Record
from gameday.sinks.fields import number_at, parsed, text_at

MAX_LINE_BYTES: Final = 16 * 2**20


@frozen
class FileSink:
    """`path` must exist: a log that is not there could not be looked at."""

    config: SinkConfig

    @property
    def name(self) -> str:
        return f"file {Path(self.config.path).name}"

    def records(self, *, after: str | None = None) -> Iterator[Record]:
        start = int(after or 0)
        try:
            with Path(self.config.path).open("rb") as file:
                size = file.seek(0, 2)
                if size < start:
                    raise SinkUnreadable(
                        self.name, f"it shrank from {start} to {size} bytes; what it held is gone unseen"
                    )
                file.seek(start)
                yield from self._lines(file.readline, start)
        except OSError as error:
            raise SinkUnreadable(self.name, f"{error.strerror or error}") from error

    def _lines(self, readline: Callable[[int], bytes], offset: int) -> Iterator[Record]:
        while line := readline(MAX_LINE_BYTES):
            if not line.endswith(b"\n"):
                if len(line) == MAX_LINE_BYTES:
                    raise SinkUnreadable(self.name, f"a line of over {MAX_LINE_BYTES} bytes begins at {offset}")
                return
            yield self._record(line, offset)
            offset += len(line)

    def _record(self, line: bytes, offset: int) -> Record:
        return line_record(
            line, config=self.config, locator=f"{Path(self.config.path).name}:{offset}", cursor=str(offset + len(line))
        )


def line_record(line: bytes, *, config: SinkConfig, locator: str, cursor: str) -> Record:
    """A line of a log, with what it says of itself where it is JSON."""
    fields = parsed(line)
    return Record(
        body=line,
        locator=locator,
        cursor=cursor,
        stamp_s=number_at(fields, config.stamp),
        resolution_s=seconds(config.resolution),
        request_id=text_at(fields, config.request_id),
    )
