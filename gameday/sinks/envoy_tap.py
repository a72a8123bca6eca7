"""What an Envoy tap captured: a folder with one file for each exchange, in any of the tap's formats.

A body may stand there as base64, and a streamed one in pieces: it is put together and read as well, behind the file as it is.
"""

import base64
import binascii
import hashlib
import json
import os
import re
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from attrs import field, frozen

from gameday import clock
from gameday.config import SinkConfig
from gameday.errors import SinkUnreadable
from gameday.sighting import Record
from gameday.sinks.remembered import Remembered, print_of

MAX_FILE_BYTES: Final = 64 * 2**20
REQUEST_ID: Final = "x-request-id"
_SETTLED_S: Final = 2.0  # a file that changed so lately may change again without showing it
_MTIME_RESOLUTION_S: Final = 0.01  # the kernel stamps files by its tick
_OWN_NAME: Final = re.compile(
    r"[\w-]{0,32}_[0-9]{1,20}\.[a-z_]{1,24}"
)  # as Envoy names them: nothing of a prompt is in it
_DEEPEST: Final = 32
_OPEN: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


@frozen
class EnvoyTapSink:
    """`path` must be the folder that the tap's `path_prefix` leads into. `request_id` names a header, else it is x-request-id.

    Envoy writes an exchange when it ends, or piece by piece (`streaming`); only the former has a stamp.
    """

    config: SinkConfig

    @property
    def name(self) -> str:
        return "envoy tap"

    def records(self, *, after: str | None = None) -> Iterator[Record]:
        remembered = Remembered.parse(after)
        try:
            yield from remembered.with_cursors(self._changed(remembered))
        except OSError as error:
            raise SinkUnreadable(self.name, error.strerror or type(error).__name__) from None  # it would tell the path

    def _changed(self, remembered: Remembered) -> Iterator[Record]:
        for path in sorted(Path(self.config.path).iterdir()):
            try:
                found = path.lstat()
                if not stat.S_ISREG(found.st_mode):
                    raise SinkUnreadable(
                        self.name, f"entry {_locator(path)} is not a file; a tap's folder holds files only"
                    )
                identity = print_of(path.name, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
                is_settled = abs(clock.now().wall_s - found.st_ctime_ns / 1e9) > _SETTLED_S
                if remembered.is_new(identity, is_settled=is_settled):
                    yield self._record(path, found)
            except FileNotFoundError:  # it was removed since it was listed
                continue

    def _record(self, path: Path, found: os.stat_result) -> Record:
        with os.fdopen(os.open(path, _OPEN), "rb") as file:
            raw = file.read(MAX_FILE_BYTES + 1)
        if len(raw) > MAX_FILE_BYTES:
            raise SinkUnreadable(self.name, f"{_locator(path)} holds more than {MAX_FILE_BYTES} bytes")
        exchange = Exchange.read(raw)
        stamp_s = None if exchange.is_streamed else found.st_mtime_ns / 1e9
        return Record(
            body=b"\n".join((raw, *exchange.decoded, os.fsencode(path.name))),
            locator=_locator(path),
            cursor="",
            stamp_s=stamp_s,
            resolution_s=0.0 if stamp_s is None else _MTIME_RESOLUTION_S,
            request_id=exchange.headers.get((self.config.request_id or REQUEST_ID).lower()),
        )


@frozen(kw_only=True)
class Exchange:
    """`decoded` are the bodies that do not stand in the file as they were sent; `headers` those of the request, else of the answer."""

    headers: Mapping[str, str] = field(factory=dict)
    decoded: tuple[bytes, ...] = ()
    is_streamed: bool = False

    @classmethod
    def read(cls, raw: bytes) -> "Exchange":
        """Of what is not JSON, or is not written to its end, it tells what it can."""
        headers: dict[str, str] = {}
        bodies: dict[str, list[bytes]] = {}
        changed = set()
        for document in _documents(raw):
            for at, part in _parts(document, "", depth=0):
                if (text := _text(part, "key")) and (value := _text(part, "value")) is not None:
                    headers.setdefault(text.lower(), value)
                elif (piece := _piece(part)) is not None:
                    bodies.setdefault(at, []).append(piece)
                    if "as_bytes" in part or len(bodies[at]) > 1:
                        changed.add(at)
        decoded = tuple(b"".join(bodies[at]) for at in bodies if at in changed)
        return cls(headers=headers, decoded=decoded, is_streamed=b"_streamed_trace_segment" in raw)


def _documents(raw: bytes) -> Iterator[object]:
    """The JSON documents that stand one after the other, up to the first that is broken."""
    text = raw.decode("utf-8", "replace")
    decoder, at = json.JSONDecoder(), 0
    while (start := text.find("{", at)) >= 0:
        try:
            document, at = decoder.raw_decode(text, start)
        except (ValueError, RecursionError):
            return
        yield document


def _parts(value: object, at: str, *, depth: int) -> Iterator[tuple[str, Mapping[str, object]]]:
    """Every object, with the names that lead to it; places in a list are no names."""
    if depth > _DEEPEST:
        return
    if isinstance(value, dict):
        yield at, value
        for name, inner in value.items():
            yield from _parts(inner, f"{at}.{name}", depth=depth + 1)
    elif isinstance(value, list):
        for inner in value:
            yield from _parts(inner, at, depth=depth + 1)


def _text(part: Mapping[str, object], key: str) -> str | None:
    found = part.get(key)
    return found if isinstance(found, str) else None


def _piece(part: Mapping[str, object]) -> bytes | None:
    """A body, or a piece of one; None where there is none, or it is no base64."""
    text = _text(part, "as_string")
    if text is not None:
        return text.encode("utf-8", "surrogatepass")
    try:
        return base64.b64decode(_text(part, "as_bytes") or "", validate=True) or None
    except (binascii.Error, ValueError):
        return None


def _locator(path: Path) -> str:
    if _OWN_NAME.fullmatch(path.name):
        return path.name
    return hashlib.sha256(os.fsencode(path.name)).hexdigest()[:16]
