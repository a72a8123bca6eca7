"""A bucket's policy and lifecycle rules as a power. S3 takes a change over before it answers."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, Self

import msgspec
from attrs import frozen

from gameday import clock
from gameday.clock import Interval
from gameday.config import secret
from gameday.errors import SystemUnreachable
from gameday.servers.seaweedfs import kept_client

if TYPE_CHECKING:
    from botocore.client import BaseClient  # type: ignore[import-untyped,unused-ignore]

POLICY, LIFECYCLE = "policy", "lifecycle"
_REF: Final = "bucket:"
_NONE: Final = {"NoSuchBucketPolicy", "NoSuchLifecycleConfiguration"}


@frozen(kw_only=True)
class BucketSettings:
    """Keys: `policy`, a policy document or null, and `lifecycle`, a list of rules. Raises SystemUnreachable.

    `credentials` is a reference (`env:NAME`, `file:PATH`) to `ACCESS_KEY:SECRET_KEY`, which a later process must find there too.
    """

    url: str
    bucket: str
    credentials: str

    @property
    def ref(self) -> str:
        parts = {"url": self.url, "bucket": self.bucket, "credentials": self.credentials}
        return _REF + msgspec.json.encode(parts).decode()

    @classmethod
    def from_ref(cls, ref: str) -> Self:
        try:
            return cls(**msgspec.json.decode(ref.removeprefix(_REF), type=dict[str, str]))
        except (msgspec.MsgspecError, TypeError) as error:
            raise SystemUnreachable(f"{ref!r} names no bucket") from error

    def get(self, key: str) -> bytes | None:
        with self._asked() as client:
            try:
                return _read(client, key, self.bucket)
            except Exception as error:
                if _code(error) in _NONE:
                    return b"null" if key == POLICY else b"[]"
                raise

    def set(self, key: str, value: bytes) -> Interval:
        start = clock.now()
        with self._asked() as client:
            _write(client, key, self.bucket, msgspec.json.decode(value))
        return clock.between(start, clock.now())

    @contextmanager
    def _asked(self) -> "Iterator[BaseClient]":
        from botocore.exceptions import (  # type: ignore[import-untyped,unused-ignore] # noqa: PLC0415 - slow to import
            BotoCoreError,
            ClientError,
        )

        try:
            yield kept_client(self.url, secret(self.credentials, key="credentials"))
        except (BotoCoreError, ClientError) as error:
            raise SystemUnreachable(f"the bucket {self.bucket} at {self.url}: {_code(error)}") from error


def _read(client: "BaseClient", key: str, bucket: str) -> bytes | None:
    if key == POLICY:
        return str(client.get_bucket_policy(Bucket=bucket)["Policy"]).encode()
    if key == LIFECYCLE:
        return msgspec.json.encode(client.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"])
    return None


def _write(client: "BaseClient", key: str, bucket: str, value: Any) -> None:
    match key, value:
        case "policy", None:
            client.delete_bucket_policy(Bucket=bucket)
        case "policy", _:
            client.put_bucket_policy(Bucket=bucket, Policy=msgspec.json.encode(value).decode())
        case "lifecycle", []:
            client.delete_bucket_lifecycle(Bucket=bucket)
        case "lifecycle", _:
            client.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": value})
        case _:
            raise SystemUnreachable(f"a bucket has no setting {key!r}; it has {POLICY} and {LIFECYCLE}")


def _code(error: Exception) -> str:
    answer: dict[str, Any] = getattr(error, "response", None) or {}
    return str(answer.get("Error", {}).get("Code") or type(error).__name__)
