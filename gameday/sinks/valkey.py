"""What a Valkey holds: its values, and its keys. Both are states, so that every look reads all of it."""

import hashlib
from collections.abc import Iterator
from typing import Final

import msgspec
import redis
from attrs import frozen

from gameday.config import SinkConfig
from gameday.errors import SinkUnreadable
from gameday.servers.valkey import connect
from gameday.sighting import Record

SENTINEL_PREFIX: Final = "gameday:sentinel:"
_SENTINEL_TTL_S: Final = 60
_BATCH: Final = 500


@frozen
class ValkeySink:
    """`of` is "values" or "keys". A key's part number `owner_part`, between colons, is the tenant the entry is kept for."""

    config: SinkConfig
    of: str

    @property
    def name(self) -> str:
        return f"valkey {self.of}"

    def plant(self, sentinel: str) -> None:
        try:
            with connect(self.config.url) as client:
                client.set(f"{SENTINEL_PREFIX}{sentinel}", sentinel, ex=_SENTINEL_TTL_S)
        except redis.RedisError as error:
            raise SinkUnreadable(self.name, f"it takes no sentinel: {error}") from error

    def records(self, *, after: str | None = None) -> Iterator[Record]:  # noqa: ARG002 - a state has no cursor
        try:
            with connect(self.config.url) as client:
                for key in client.scan_iter(count=_BATCH):
                    yield from self._entry(client, key if isinstance(key, bytes) else key.encode())
        except redis.RedisError as error:
            raise SinkUnreadable(self.name, str(error)) from error

    def _entry(self, client: "redis.Redis", key: bytes) -> Iterator[Record]:
        if self.of == "keys":
            yield self._record(key, key, None)
            return
        body = _dump(client, key)
        if body is not None:
            yield self._record(key, body, _metadata(body))

    def _record(self, key: bytes, body: bytes, metadata: "_Entry | None") -> Record:
        digest = hashlib.sha256(key).hexdigest()[:16]
        return Record(
            body=body,
            locator=f"{self.of}:{digest}",
            cursor="",
            stamp_s=metadata.stored_at if metadata else None,
            resolution_s=0.001,
            request_id=metadata.request_id if metadata else None,
            owner=self._owner(key),
        )

    def _owner(self, key: bytes) -> str | None:
        parts = key.decode("utf-8", "replace").split(":")
        wanted = self.config.owner_part
        return parts[wanted] if wanted is not None and wanted < len(parts) else None


class _Entry(msgspec.Struct):
    """What the gateway writes beside an answer; an entry that is not one of these is searched all the same."""

    request_id: str
    stored_at: float


def _metadata(body: bytes) -> _Entry | None:
    try:
        return msgspec.json.decode(body, type=_Entry)
    except (msgspec.DecodeError, msgspec.ValidationError):
        return None


# How each type of value is read in full; parsed replies, flattened to bytes.
_READ: Final[dict[bytes, tuple[str | int, ...]]] = {
    b"string": ("GET",),
    b"hash": ("HGETALL",),
    b"list": ("LRANGE", 0, -1),
    b"set": ("SMEMBERS",),
    b"zset": ("ZRANGE", 0, -1),
    b"stream": ("XRANGE", "-", "+"),
}


def _dump(client: "redis.Redis", key: bytes) -> bytes | None:
    """A value of any type, in full; None where the key expired since it was listed."""
    kind = client.type(key)
    if kind == b"none":
        return None
    read = _READ.get(bytes(kind)) if isinstance(kind, bytes) else None
    if read is None:
        raise SinkUnreadable("valkey values", f"a key has the type {kind!r}, which this sink cannot read")
    command, *arguments = read
    return b"\n".join(_flat(_call(client, command, key, *arguments)))


def _call(client: "redis.Redis", *command: bytes | str | int) -> object:
    return client.execute_command(*command)  # type: ignore[no-untyped-call]  # the client leaves it untyped


def _flat(reply: object) -> Iterator[bytes]:
    if isinstance(reply, bytes):
        yield reply
    elif isinstance(reply, dict):
        for pair in reply.items():
            yield from _flat(pair)
    elif isinstance(reply, list | tuple | set):
        for part in reply:
            yield from _flat(part)
