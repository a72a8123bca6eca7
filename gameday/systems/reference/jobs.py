"""The jobs beside the reference pipeline and the object store that they upload to: SeaweedFS, a bucket for each job."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec
from attrs import define, field

from gameday.config import BackupsConfig, CiConfig, SinkConfig
from gameday.place import Policy
from gameday.runtime.base import Running, Runtime
from gameday.servers.seaweedfs import SeaweedFS, kept_client
from gameday.systems.reference.job_files import RUN_ID, BackupSettings, Bucket, CiSettings
from gameday.systems.reference.settings import write_atomically

if TYPE_CHECKING:
    from botocore.client import BaseClient  # type: ignore[import-untyped,unused-ignore]

ARTIFACTS, BACKUPS, SNAPSHOTS, CAPTURE = "ci/artifacts", "backups/objects", "backups/snapshots", "capture/files"
_ARTIFACTS_BUCKET: Final = "ci-artifacts"
_BACKUPS_BUCKET: Final = "backups"
_BUCKETS: Final = (_ARTIFACTS_BUCKET, _BACKUPS_BUCKET)
_DEBUG: Final = "debug-capture"
_PRIVATE: Final = 0o600
NOT_EXERCISED: Final = (
    "the object store's disk: what was deleted there stays until it vacuums, which no runbook waits for",
)


@define
class Jobs:
    """`root` is the stack's folder: it holds the jobs' settings, what of them was approved, and the store's keys (mode 0600)."""

    root: Path
    server: SeaweedFS = field(factory=SeaweedFS)
    url: str = field(default="", init=False)  # known once it is up

    @property
    def watched(self) -> list[dict[str, str | int]]:
        """A watcher may start before the store: it looks there as soon as the file with its address and keys is written."""
        return [
            {
                "path": f"s3://{bucket}",
                "service": place,
                "request_id": "request_id",
                "kind": "s3",
                "env": str(self._env),
            }
            for bucket, place in ((_ARTIFACTS_BUCKET, ARTIFACTS), (_BACKUPS_BUCKET, BACKUPS))
        ]

    @property
    def sinks(self) -> tuple[SinkConfig, ...]:
        # A job ends when its upload was taken, and the store gives back what it took: nothing is late, no sentinel is needed.
        return (
            SinkConfig(
                place=ARTIFACTS,
                kind="s3-objects",
                url=self.url,
                bucket=_ARTIFACTS_BUCKET,
                credentials=self._credentials,
                policy=Policy.NOTHING,
                settle="10ms",
                request_id=f"metadata.{RUN_ID}",
                is_long_term=True,
                unit="object",
            ),
            SinkConfig(
                place=BACKUPS,
                kind="s3-versions",
                url=self.url,
                bucket=_BACKUPS_BUCKET,
                credentials=self._credentials,
                policy=Policy.NOTHING,
                settle="10ms",
                is_long_term=True,
                unit="object",
            ),
            SinkConfig(
                place=SNAPSHOTS,
                kind="folder",
                path=str(self._snapshots),
                policy=Policy.NOTHING,
                settle="10ms",
                is_long_term=True,
            ),
            SinkConfig(
                place=CAPTURE, kind="folder", path=str(self._volume / _DEBUG), policy=Policy.FULL, settle="10ms"
            ),
        )

    @property
    def ci(self) -> CiConfig:
        return CiConfig(settings=str(self.root / "ci.json"), place=ARTIFACTS)

    @property
    def backups(self) -> BackupsConfig:
        return BackupsConfig(settings=str(self.root / "backup.json"), objects=BACKUPS, snapshots=SNAPSHOTS)

    def approved(self, settings: str) -> str:
        return f"{settings}.approved"

    def in_bucket(self, place: str) -> tuple[str, ...]:
        """How the bucket of a place is named to the steps of a runbook."""
        sink = next(sink for sink in self.sinks if sink.place == place)
        return ("--url", sink.url, "--bucket", sink.bucket, "--credentials", self._credentials)

    def start(self, runtime: Runtime, *, on_ready: Callable[[Running], None]) -> None:
        running = runtime.start(self.server)
        env = self.server.env(running)
        self.url = env["AWS_ENDPOINT_URL"]
        _write_private(self.root / "store.key", f"{self.server.access_key}:{self.server.secret_key}".encode())
        client = self._client()
        for bucket in _BUCKETS:
            client.create_bucket(Bucket=bucket)
            client.put_object(Bucket=bucket, Key="first", Body=b"1")  # makes its volume, which takes most of a second
            client.delete_object(Bucket=bucket, Key="first")
        client.put_bucket_versioning(Bucket=_BACKUPS_BUCKET, VersioningConfiguration={"Status": "Enabled"})
        self._volume.mkdir(mode=0o700)
        (self._volume / "README").write_text("What the pipeline keeps, and is backed up.")
        self._make_folders()
        _write_private(self._env, msgspec.json.encode(env))
        self._write_settings()
        on_ready(running)

    def reset(self) -> None:
        """Shipped settings, an empty capture, no snapshots, empty buckets."""
        self._write_settings()
        for folder in self._folders:
            shutil.rmtree(folder)
        self._make_folders()
        client = self._client()
        for bucket in _BUCKETS:
            for page in client.get_paginator("list_object_versions").paginate(Bucket=bucket):
                for one in (*page.get("Versions", ()), *page.get("DeleteMarkers", ())):
                    client.delete_object(Bucket=bucket, Key=one["Key"], VersionId=one["VersionId"])

    def _write_settings(self) -> None:
        artifacts = Bucket(url=self.url, name=_ARTIFACTS_BUCKET, credentials=self._credentials)
        self._write(self.ci.settings, CiSettings(workspace=str(self.root / "ci-workspace"), artifacts=artifacts))
        backups = Bucket(url=self.url, name=_BACKUPS_BUCKET, credentials=self._credentials)
        self._write(
            self.backups.settings,
            BackupSettings(
                source=str(self._volume), snapshots=str(self._snapshots), backups=backups, debug_folders=(_DEBUG,)
            ),
        )

    def _write(self, settings: str, content: msgspec.Struct) -> None:
        shipped = msgspec.json.format(msgspec.json.encode(content))
        for path in (settings, self.approved(settings)):
            write_atomically(Path(path), shipped)

    @property
    def _volume(self) -> Path:
        return self.root / "volume"

    @property
    def _snapshots(self) -> Path:
        return self.root / "snapshots"

    @property
    def _folders(self) -> tuple[Path, Path]:
        return self._volume / _DEBUG, self._snapshots

    def _make_folders(self) -> None:
        for folder in self._folders:
            folder.mkdir(mode=0o700)

    @property
    def _env(self) -> Path:
        return self.root / "store.json"

    @property
    def _credentials(self) -> str:
        return f"file:{self.root / 'store.key'}"

    def _client(self) -> "BaseClient":
        return kept_client(self.url, f"{self.server.access_key}:{self.server.secret_key}")


def _write_private(path: Path, content: bytes) -> None:
    """Whole at once, so that who waits for it reads all of it."""
    draft = path.with_name(f".{path.name}.draft")
    draft.touch(mode=_PRIVATE)
    draft.write_bytes(content)
    draft.replace(path)
