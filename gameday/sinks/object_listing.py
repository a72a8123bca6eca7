"""What S3 lists: current objects, versions with their delete markers, and unfinished uploads with their parts."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Final

from attrs import frozen

from gameday import clock
from gameday.sinks.remembered import print_of

if TYPE_CHECKING:
    from botocore.client import BaseClient  # type: ignore[import-untyped,unused-ignore]

SETTLED_S: Final = 2.0  # S3 tells times in whole seconds
_UPLOADS: Final = ".uploads/"  # where SeaweedFS keeps parts: it lists and gives them to who asks for them by name
_GONE: Final = {"NoSuchKey", "NoSuchVersion", "NoSuchUpload", "404"}


class PartsHidden(Exception):
    """An unfinished upload holds parts that this store does not give back."""


@frozen(kw_only=True)
class Stored:
    """One thing in a bucket. `version` None: the current one. `identity` changes with its body or headers, tags apart.

    `kind` is "object", "part", "delete marker" or "upload"; only the first two have a body, only the first has tags.
    """

    bucket: str
    key: str
    kind: str
    identity: str
    modified_s: float | None
    is_settled: bool
    version: str | None = None

    @property
    def where(self) -> dict[str, str]:
        """The parameters by which S3 finds it."""
        version = {} if self.version is None else {"VersionId": self.version}
        return {"Bucket": self.bucket, "Key": self.key, **version}


def is_gone(error: Exception) -> bool:
    """Whether S3 says that there is no such thing (any more)."""
    return code_of(error) in _GONE


def code_of(error: Exception) -> str:
    """S3's own word for what is wrong; its sentences may quote a key."""
    answer = getattr(error, "response", None) or {}
    return str(answer.get("Error", {}).get("Code", "")) or type(error).__name__


def bucket_names(client: "BaseClient") -> list[str]:
    return [bucket["Name"] for bucket in client.list_buckets().get("Buckets", ())]


def current(client: "BaseClient", *, bucket: str, prefix: str) -> Iterator[Stored]:
    for page in _pages(client, "list_objects_v2", Bucket=bucket, Prefix=prefix):
        yield from (_stored(one, page, bucket=bucket, kind="object") for one in page.get("Contents", ()))


def every_version(client: "BaseClient", *, bucket: str, prefix: str) -> Iterator[Stored]:
    for page in _pages(client, "list_object_versions", Bucket=bucket, Prefix=prefix):
        for kind, group in (("object", "Versions"), ("delete marker", "DeleteMarkers")):
            yield from (_stored(one, page, bucket=bucket, kind=kind) for one in page.get(group, ()))


def unfinished(client: "BaseClient", *, bucket: str, prefix: str) -> Iterator[Stored]:
    """Uploads and their parts; PartsHidden where parts are told that cannot be read. S3 tells no metadata of an upload."""
    for page in _pages(client, "list_multipart_uploads", Bucket=bucket, Prefix=prefix):
        for upload in page.get("Uploads", ()):
            yield _stored(upload, page, bucket=bucket, kind="upload")
            yield from _parts(client, bucket=bucket, key=upload["Key"], upload=upload["UploadId"])


def _parts(client: "BaseClient", *, bucket: str, key: str, upload: str) -> Iterator[Stored]:
    told = _told_parts(client, bucket=bucket, key=key, upload=upload)
    if not told:
        return
    pages = _pages(client, "list_objects_v2", Bucket=bucket, Prefix=f"{_UPLOADS}{upload}/")
    parts = [_stored(one, page, bucket=bucket, kind="part") for page in pages for one in page.get("Contents", ())]
    yield from parts
    if len(parts) < told and _told_parts(client, bucket=bucket, key=key, upload=upload):
        raise PartsHidden


def _told_parts(client: "BaseClient", *, bucket: str, key: str, upload: str) -> int:
    try:
        pages = _pages(client, "list_parts", Bucket=bucket, Key=key, UploadId=upload)
        return sum(len(page.get("Parts", ())) for page in pages)
    except Exception as error:
        if is_gone(error):
            return 0  # it ended meanwhile
        raise


def _pages(client: "BaseClient", operation: str, **where: str) -> Iterator[Mapping[str, Any]]:
    yield from client.get_paginator(operation).paginate(**where)


def _stored(one: Mapping[str, Any], page: Mapping[str, Any], *, bucket: str, kind: str) -> Stored:
    modified: datetime | None = one.get("LastModified") or one.get("Initiated")
    modified_s = None if modified is None else modified.timestamp()
    version = one.get("VersionId")
    said = (one.get("ETag"), one.get("Size"), one.get("UploadId"), modified_s)
    return Stored(
        bucket=bucket,
        key=one["Key"],
        kind=kind,
        identity=print_of(bucket, one["Key"], version, kind, *said),
        modified_s=modified_s,
        is_settled=modified_s is not None and _now_s(page) - modified_s > SETTLED_S,
        version=version,
    )


def _now_s(page: Mapping[str, Any]) -> float:
    """The store's own time: its clock and ours may differ."""
    said = page["ResponseMetadata"].get("HTTPHeaders", {}).get("date")
    return parsedate_to_datetime(said).timestamp() if said else clock.now().wall_s
