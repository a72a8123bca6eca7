"""The lines of a log file. A cursor is a byte offset; a line that is still being written is left for the next look."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import msgspec
from attrs import frozen

from gameday.config import SinkConfig, seconds
from gameday.errors import SinkUnreadable
from gameday.sighting import Record

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
        fields = _parsed(line)
        stamp = _at(fields, self.config.stamp)
        request_id = _at(fields, self.config.request_id)
        return Record(
            body=line,
            locator=f"{Path(self.config.path).name}:{offset}",
            cursor=str(offset + len(line)),
            stamp_s=float(stamp) if isinstance(stamp, int | float) else None,
            resolution_s=seconds(self.config.resolution),
            request_id=request_id if isinstance(request_id, str) else None,
        )


def _parsed(line: bytes) -> object:
    try:
        return msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def _at(fields: object, path: str) -> object:
    """What stands at a dotted path, such as resp_headers.X-Request-Id.0; None where nothing does."""
    if not path:
        return None
    for key in path.split("."):
        if isinstance(fields, dict):
            fields = fields.get(key)
        elif isinstance(fields, list) and key.isdigit() and int(key) < len(fields):
            fields = fields[int(key)]
        else:
            return None
    return fields
