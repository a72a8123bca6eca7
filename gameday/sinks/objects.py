"""What an object store holds, by S3: its current objects, or every version and the parts of unfinished uploads too.

Or what of its current objects everybody may read: listed with credentials, and read without.

A later look lists everything again, and reads the bodies of what is new by key, version, ETag, size and time. A time alone would
not do: it has whole seconds, and objects are not listed in its order. Tags are asked for at each look, because a change of them
leaves no trace in a listing.
"""

import hashlib
from collections.abc import Iterator
from contextlib import closing
from typing import TYPE_CHECKING, Any, Final

import msgspec
from attrs import frozen

from gameday import clock
from gameday.config import SinkConfig, seconds, secret
from gameday.errors import ConfigError, SinkUnreadable
from gameday.servers.seaweedfs import kept_client
from gameday.sighting import Record
from gameday.sinks import object_listing as listing
from gameday.sinks.base import Sink
from gameday.sinks.fields import parsed, text_at
from gameday.sinks.object_listing import PartsHidden, Stored
from gameday.sinks.pieces import TEXT, pieces
from gameday.sinks.remembered import Remembered, print_of

if TYPE_CHECKING:
    from botocore.client import BaseClient  # type: ignore[import-untyped,unused-ignore]

SENTINELS: Final = "gameday-sentinel/"
_SENTINEL_TTL_S: Final = 60.0
_NO_TAGS: Final = {"NoSuchTagSet", "NotImplemented", "MethodNotAllowed"}
_HIDDEN: Final = (
    "it holds parts of unfinished uploads, which it does not give back. Abort these uploads, or look at its disk"
)


@frozen
class S3Sink:
    """`of` is "objects", "versions" or "public". `bucket` "" is every bucket; `path` is what keys begin with.

    A key's part number `owner_part`, between slashes, is the tenant it is kept for. `request_id` is a path such as
    `metadata.request-id` or `tags.request-id`, or one into a JSON body. Versions: all but the metadata of an unfinished upload.
    """

    config: SinkConfig
    of: str

    @property
    def name(self) -> str:
        return f"s3 {self.of} of {self.config.bucket or 'every bucket'}"

    def records(self, *, after: str | None = None) -> Iterator[Record]:
        remembered = Remembered.parse(after)
        try:
            yield from remembered.with_cursors(self._changed(self.client(), remembered))
        except PartsHidden:
            raise SinkUnreadable(self.name, _HIDDEN) from None
        except _errors() as error:
            raise self.unreadable(error) from None  # its own text may quote a key

    def unreadable(self, error: Exception) -> SinkUnreadable:
        doing = getattr(error, "operation_name", "")
        return SinkUnreadable(self.name, f"{listing.code_of(error)} {doing}".strip())

    def client(self) -> "BaseClient":
        if self.config.credentials is None:
            return kept_client(self.config.url)
        try:
            keys = secret(self.config.credentials, key="sink.credentials")
        except ConfigError as error:
            raise SinkUnreadable(self.name, str(error)) from error
        if not keys.partition(":")[2]:
            raise SinkUnreadable(self.name, f"behind {self.config.credentials} is no ACCESS_KEY:SECRET_KEY")
        return kept_client(self.config.url, keys)

    def buckets(self, client: "BaseClient") -> list[str]:
        return [self.config.bucket] if self.config.bucket else listing.bucket_names(client)

    def _changed(self, client: "BaseClient", remembered: Remembered) -> Iterator[Record]:
        for bucket in self.buckets(client):
            if self.of == "public":
                yield from self._public(client, bucket)
            else:
                yield from self._kept(client, bucket, remembered)

    def _kept(self, client: "BaseClient", bucket: str, remembered: Remembered) -> Iterator[Record]:
        for stored in self._listed(client, bucket):
            try:
                if remembered.is_new(stored.identity, is_settled=stored.is_settled):
                    yield from self._stored(client, stored)
                yield from self._tags(client, stored, remembered)
            except _errors() as error:
                if not listing.is_gone(error):  # what was deleted since it was listed is not there
                    raise

    def _public(self, client: "BaseClient", bucket: str) -> Iterator[Record]:
        """Read anew at each look: who may read what changes without a trace in the objects."""
        anyone = kept_client(self.config.url)
        for stored in listing.current(client, bucket=bucket, prefix=self.config.path):
            try:
                yield from self._stored(anyone, stored)
            except _errors() as error:
                if not (listing.is_gone(error) or _is_refused(error)):
                    raise
        try:
            for stored in listing.current(anyone, bucket=bucket, prefix=self.config.path):
                yield self._record(stored, _json({"key": stored.key}), what="name", request_id=None)
        except _errors() as error:
            if not _is_refused(error):
                raise

    def _listed(self, client: "BaseClient", bucket: str) -> Iterator[Stored]:
        if self.of == "objects":
            yield from listing.current(client, bucket=bucket, prefix=self.config.path)
            return
        yield from listing.every_version(client, bucket=bucket, prefix=self.config.path)
        yield from listing.unfinished(client, bucket=bucket, prefix=self.config.path)

    def _stored(self, client: "BaseClient", stored: Stored) -> Iterator[Record]:
        about: dict[str, Any] = {"bucket": stored.bucket, "key": stored.key, "kind": stored.kind}
        if stored.kind not in {"object", "part"}:
            yield self._record(stored, _json(about), what=stored.kind, request_id=None)
            return
        answer = client.get_object(**stored.where)
        about |= {"metadata": answer.get("Metadata", {}), "headers": answer["ResponseMetadata"]["HTTPHeaders"]}
        request_id = text_at(about, self.config.request_id)
        yield self._record(stored, _json(about), what="about", request_id=request_id)
        with closing(answer["Body"]) as body:
            for offset, piece in pieces(body.read):
                yield self._record(stored, piece, what=str(offset), request_id=request_id or self._said_in(piece))

    def _tags(self, client: "BaseClient", stored: Stored, remembered: Remembered) -> Iterator[Record]:
        if stored.kind != "object":
            return
        tags = _tags_of(client, stored)
        if tags and remembered.is_new(print_of(stored.identity, sorted(tags.items())), is_settled=True):
            about = {"tags": tags}
            yield self._record(stored, _json(about), what="tags", request_id=text_at(about, self.config.request_id))

    def _said_in(self, piece: bytes) -> str | None:
        if not self.config.request_id or len(piece) > TEXT.size:
            return None
        return text_at(parsed(piece), self.config.request_id)

    def _record(self, stored: Stored, body: bytes, *, what: str, request_id: str | None) -> Record:
        digest = hashlib.sha256(f"{stored.bucket}/{stored.key}".encode()).hexdigest()[:16]
        version = "" if stored.version is None else f"@{stored.version}"
        parts = stored.key.split("/")
        wanted = self.config.owner_part
        return Record(
            body=body,
            locator=f"{digest}{version}:{what}",
            cursor="",
            stamp_s=stored.modified_s,
            resolution_s=max(1.0, seconds(self.config.resolution)),
            request_id=request_id,
            owner=parts[wanted] if wanted is not None and wanted < len(parts) else None,
        )


@frozen
class PlantableS3Sink:
    """An S3Sink whose place takes a sentinel: an object below SENTINELS, that a later one takes away again, versions and all."""

    sink: S3Sink

    @property
    def name(self) -> str:
        return self.sink.name

    def records(self, *, after: str | None = None) -> Iterator[Record]:
        yield from self.sink.records(after=after)

    def plant(self, sentinel: str) -> None:
        """Into the one bucket, or the first of all."""
        prefix = f"{self.sink.config.path}{SENTINELS}"
        try:
            client = self.sink.client()
            for bucket in self.sink.buckets(client)[:1]:
                client.put_object(Bucket=bucket, Key=f"{prefix}{sentinel}", Body=sentinel.encode())
                _take_away_old(client, bucket=bucket, prefix=prefix)
        except _errors() as error:
            raise self.sink.unreadable(error) from None


def s3_sink(config: SinkConfig, *, of: str) -> Sink:
    """Where `settle` is given (which "public" needs), gameday only reads.

    Otherwise each look proves by a sentinel that it sees, which has to be written.
    """
    sink = S3Sink(config, of)
    return sink if seconds(config.settle) or of == "public" else PlantableS3Sink(sink)


def _is_refused(error: Exception) -> bool:
    return listing.code_of(error) in {"AccessDenied", "403"}


def _take_away_old(client: "BaseClient", *, bucket: str, prefix: str) -> None:
    for old in listing.every_version(client, bucket=bucket, prefix=prefix):
        if old.modified_s is not None and clock.now().wall_s - old.modified_s > _SENTINEL_TTL_S:
            client.delete_object(**old.where)


def _tags_of(client: "BaseClient", stored: Stored) -> dict[str, str]:
    try:
        return {tag["Key"]: tag["Value"] for tag in client.get_object_tagging(**stored.where)["TagSet"]}
    except _errors() as error:
        if listing.code_of(error) in _NO_TAGS:
            return {}
        raise


def _json(about: dict[str, Any]) -> bytes:
    return msgspec.json.encode(about)


def _errors() -> tuple[type[Exception], ...]:
    from botocore.exceptions import (  # type: ignore[import-untyped,unused-ignore] # noqa: PLC0415 - slow to import
        BotoCoreError,
        ClientError,
    )

    return BotoCoreError, ClientError, OSError
