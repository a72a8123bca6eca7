"""What the jobs beside the pipeline read: their settings, strict, and the exchanges that a CI run replays. Jobs read them at each run."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import msgspec

from gameday.config import secret
from gameday.errors import SystemUnreachable
from gameday.servers.seaweedfs import kept_client
from gameday.systems.reference.watched import bad_value, parse_as

if TYPE_CHECKING:
    from botocore.client import BaseClient  # type: ignore[import-untyped,unused-ignore]


class Bucket(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`credentials` is `env:NAME` or `file:PATH`, behind which lies `ACCESS_KEY:SECRET_KEY`."""

    url: Annotated[str, msgspec.Meta(pattern=r"^https?://")]
    name: str
    credentials: Annotated[str, msgspec.Meta(pattern=r"^(env|file):")]

    def client(self) -> "BaseClient":
        return kept_client(self.url, secret(self.credentials, key="credentials"))


class CiSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="job", tag="ci"):
    """`mask`: the summary says which tests failed and not how. `record_real_headers`: the cassette's filter is off.

    `upload_on_failure_raw`: the report and the output of tests that failed are uploaded as they are.
    """

    workspace: str
    artifacts: Bucket
    mask: bool = True
    record_real_headers: bool = False
    upload_on_failure_raw: bool = False


class BackupSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="job", tag="backup"):
    """`source` is copied, less `debug_folders` (names below it) unless the copy is to include them."""

    source: str
    snapshots: str
    backups: Bucket
    debug_folders: tuple[str, ...] = ("debug-capture",)
    backup_includes_debug: bool = False
    snapshot_includes_debug: bool = False
    ttl_days: Annotated[int, msgspec.Meta(ge=1)] = 30


class Exchange(msgspec.Struct, frozen=True, kw_only=True):
    """One request and its answer, as a client saw them, and what a test expects in the answer."""

    request_id: str
    url: str
    status: int
    request_body: str
    response_body: str
    method: str = "POST"
    request_headers: dict[str, str] = {}
    response_headers: dict[str, str] = {}
    expected: str = ""


JobSettings = CiSettings | BackupSettings
RUN_ID: Final = "request-ids"
_METADATA_CHARS: Final = 1500


def parse_job(path: Path, content: bytes) -> JobSettings:
    settings: JobSettings = parse_as(JobSettings, file=path, content=content)  # type: ignore[arg-type]  # a union is no type
    return settings


def read_ci(path: Path) -> CiSettings:
    settings = parse_job(path, path.read_bytes())
    if not isinstance(settings, CiSettings):
        raise bad_value(path, "these are settings of another job - at `$.job`")
    return settings


def read_backup(path: Path) -> BackupSettings:
    settings = parse_job(path, path.read_bytes())
    if not isinstance(settings, BackupSettings):
        raise bad_value(path, "these are settings of another job - at `$.job`")
    return settings


def upload(bucket: Bucket, key: str, body: bytes, *, request_ids: tuple[str, ...] = ()) -> str:
    """Puts one object and returns its key; its metadata says which requests it belongs to, as far as there is room."""
    from botocore.exceptions import (  # type: ignore[import-untyped,unused-ignore] # noqa: PLC0415 - slow to import
        BotoCoreError,
        ClientError,
    )

    metadata = {RUN_ID: ",".join(request_ids)[:_METADATA_CHARS]} if request_ids else {}
    try:
        bucket.client().put_object(Bucket=bucket.name, Key=key, Body=body, Metadata=metadata)
    except (BotoCoreError, ClientError) as error:
        raise SystemUnreachable(f"the bucket {bucket.name} at {bucket.url}: {type(error).__name__}") from error
    return key
