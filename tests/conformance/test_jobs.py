"""The CI job, the backup job and a bucket against a real store: safe as shipped, and each fault leaks what it says, where it says."""

import io
import tarfile
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from attrs import frozen

from gameday.config import SinkConfig
from gameday.errors import ConfigError, HarnessError, SystemUnreachable
from gameday.faults import Fault, undo
from gameday.faults.artifacts_uploaded_on_failure import ArtifactsUploadedOnFailure
from gameday.faults.backup_copies_debug_capture import BackupCopiesDebugCapture
from gameday.faults.cassette_with_real_headers import CassetteWithRealHeaders
from gameday.faults.lifecycle_rule_off import LifecycleRuleOff
from gameday.faults.public_bucket import PublicBucket
from gameday.faults.snapshot_with_debug_capture import SnapshotWithDebugCapture
from gameday.place import Place
from gameday.servers.bucket_settings import LIFECYCLE, BucketSettings
from gameday.sinks import SINKS
from gameday.systems.base import Backups, Bucket, Ci
from gameday.systems.job_settings import JobSettingsFile
from gameday.systems.powers import settings_from_ref
from gameday.systems.reference import job_files
from gameday.systems.reference.backup import back_up, lifecycle, snapshot
from gameday.systems.reference.ci_job import run_ci
from gameday.systems.reference.job_files import BackupSettings, CiSettings, Exchange
from tests.conformance.conftest import Store

pytest.importorskip("botocore")
PROMPT = "a prompt, harmless"
KEY = "a-real-api-key"
ARTIFACTS, ARCHIVE, SNAPSHOTS, ANYONE = (Place(name=name) for name in ("ci", "backups", "snapshots", "anyone"))
FAILS = Exchange(
    request_id="req-1",
    url="http://127.0.0.1/v1/chat",
    status=200,
    request_body=PROMPT,
    response_body="an answer",
    request_headers={"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"},
    expected="another answer",
)


@frozen
class Jobs:
    """Both jobs and the bucket, with a folder that holds a log and a debug capture."""

    store: Store
    bucket: str
    folder: Path

    @property
    def ci(self) -> Ci:
        return Ci(settings=JobSettingsFile(self.folder / "ci.json"), artifacts=ARTIFACTS)

    @property
    def backups(self) -> Backups:
        return Backups(settings=JobSettingsFile(self.folder / "backup.json"), objects=ARCHIVE, snapshots=SNAPSHOTS)

    @property
    def public(self) -> Bucket:
        return Bucket(settings=self.bucket_settings, name=self.bucket, objects=ARCHIVE, by_anyone=ANYONE)

    @property
    def bucket_settings(self) -> BucketSettings:
        return BucketSettings(url=self.store.env["AWS_ENDPOINT_URL"], bucket=self.bucket, credentials="env:JOBS_KEY")

    def run_ci(self, *exchanges: Exchange) -> dict[str, bytes]:
        done = run_ci(self.folder / "ci.json", exchanges or (FAILS,), run=uuid.uuid4().hex)
        return {key.rpartition("/")[2]: self.body(key) for key in done.keys}

    def body(self, key: str) -> bytes:
        return bytes(self.store.client().get_object(Bucket=self.bucket, Key=key)["Body"].read())

    def backed_up(self) -> list[str]:
        packed = self.body(back_up(self.folder / "backup.json", run=uuid.uuid4().hex))
        with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
            return sorted(Path(name).name for name in archive.getnames())

    def snapped(self) -> list[str]:
        copied = snapshot(self.folder / "backup.json", run=uuid.uuid4().hex)
        return sorted(path.name for path in copied.rglob("*"))

    def seen_by_anyone(self) -> list[bytes]:
        config = SinkConfig(
            place="anyone",
            kind="s3-public",
            url=self.store.env["AWS_ENDPOINT_URL"],
            bucket=self.bucket,
            credentials="env:JOBS_KEY",
            settle="1s",
        )
        return [record.body for record in SINKS["s3-public"](config).records()]


@pytest.fixture
def jobs(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Jobs:
    monkeypatch.setenv("JOBS_KEY", f"{store.server.access_key}:{store.server.secret_key}")
    name = f"j-{uuid.uuid4().hex[:12]}"
    store.client().create_bucket(Bucket=name)
    bucket = job_files.Bucket(url=store.env["AWS_ENDPOINT_URL"], name=name, credentials="env:JOBS_KEY")
    ci = CiSettings(workspace=str(tmp_path / "ci"), artifacts=bucket)
    (tmp_path / "source" / "debug-capture").mkdir(parents=True)
    (tmp_path / "source" / "gateway.log").write_text("a line")
    (tmp_path / "source" / "debug-capture" / "prompt.json").write_text(PROMPT)
    (tmp_path / "snapshots").mkdir()
    backup = BackupSettings(source=str(tmp_path / "source"), snapshots=str(tmp_path / "snapshots"), backups=bucket)
    (tmp_path / "ci.json").write_bytes(msgspec.json.encode(ci))
    (tmp_path / "backup.json").write_bytes(msgspec.json.encode(backup))
    return Jobs(store, name, tmp_path)


def test_a_ci_run_uploads_a_summary_and_a_filtered_cassette_and_no_prompt(jobs: Jobs) -> None:
    uploaded = jobs.run_ci()
    assert uploaded.keys() == {"summary.json", "cassette.yaml"}
    assert b'"failed"' in uploaded["summary.json"]
    assert not any(text.encode() in body for body in uploaded.values() for text in (PROMPT, KEY, "an answer"))
    assert b"application/json" in uploaded["cassette.yaml"]


def test_an_artifact_says_which_requests_it_belongs_to(jobs: Jobs) -> None:
    done = run_ci(jobs.folder / "ci.json", (FAILS,), run="one")
    about = jobs.store.client().head_object(Bucket=jobs.bucket, Key=done.keys[0])["Metadata"]
    assert about == {"request-ids": "req-1"}
    assert done.failed == 1


def test_without_its_mask_the_summary_tells_how_a_test_failed(jobs: Jobs) -> None:
    jobs.ci.settings.set("mask", b"false")
    assert b"an answer" in jobs.run_ci()["summary.json"]


def test_raw_reports_are_uploaded_only_when_a_test_fails(jobs: Jobs) -> None:
    ArtifactsUploadedOnFailure(jobs.ci).inject()
    assert jobs.run_ci(msgspec.structs.replace(FAILS, expected="answer")).keys() == {"summary.json", "cassette.yaml"}
    uploaded = jobs.run_ci()
    assert PROMPT.encode() in uploaded["junit.xml"]
    assert PROMPT.encode() in uploaded["output.txt"]


def test_a_cassette_with_real_headers_holds_the_key_and_the_prompt(jobs: Jobs) -> None:
    CassetteWithRealHeaders(jobs.ci).inject()
    cassette = jobs.run_ci()["cassette.yaml"]
    assert KEY.encode() in cassette
    assert PROMPT.encode() in cassette


def test_a_backup_leaves_the_debug_capture_out_until_it_does_not(jobs: Jobs) -> None:
    assert jobs.backed_up() == ["gateway.log", "source"]
    BackupCopiesDebugCapture(jobs.backups).inject()
    assert "prompt.json" in jobs.backed_up()
    assert jobs.snapped() == ["gateway.log"]


def test_a_snapshot_leaves_the_debug_capture_out_until_it_does_not(jobs: Jobs) -> None:
    assert jobs.snapped() == ["gateway.log"]
    SnapshotWithDebugCapture(jobs.backups).inject()
    assert "prompt.json" in jobs.snapped()
    assert jobs.backed_up() == ["gateway.log", "source"]


def test_a_public_bucket_shows_everybody_what_a_private_one_does_not(jobs: Jobs) -> None:
    jobs.store.client().put_object(Bucket=jobs.bucket, Key="a-key", Body=PROMPT.encode())
    assert jobs.seen_by_anyone() == []
    fault = PublicBucket(jobs.public)
    plan = fault.plan()
    fault.inject()
    seen = jobs.seen_by_anyone()
    assert PROMPT.encode() in seen
    assert any(b"a-key" in body for body in seen)
    undo(fault.settings, plan)
    assert jobs.seen_by_anyone() == []


def test_a_bucket_without_a_rule_has_none_to_switch_off(jobs: Jobs) -> None:
    with pytest.raises(HarnessError, match="no lifecycle rule"):
        LifecycleRuleOff(jobs.public).inject()


MAKERS: dict[str, Callable[[Jobs], Fault]] = {
    "ArtifactsUploadedOnFailure": lambda jobs: ArtifactsUploadedOnFailure(jobs.ci),
    "BackupCopiesDebugCapture": lambda jobs: BackupCopiesDebugCapture(jobs.backups),
    "CassetteWithRealHeaders": lambda jobs: CassetteWithRealHeaders(jobs.ci),
    "LifecycleRuleOff": lambda jobs: LifecycleRuleOff(jobs.public),
    "PublicBucket": lambda jobs: PublicBucket(jobs.public),
    "SnapshotWithDebugCapture": lambda jobs: SnapshotWithDebugCapture(jobs.backups),
}


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS.keys())
def test_each_fault_is_off_then_on_and_a_stranger_can_undo_it(jobs: Jobs, make: Callable[[Jobs], Fault]) -> None:
    rules: Any = lifecycle(job_files.read_backup(jobs.folder / "backup.json"))
    jobs.bucket_settings.set(LIFECYCLE, msgspec.json.encode(rules))
    fault = make(jobs)
    assert not fault.is_active()
    plan = msgspec.json.decode(msgspec.json.encode(fault.plan()), type=type(fault.plan()))
    before = fault.settings.get(plan.key)
    fault.inject()
    assert fault.is_active()
    assert undo(settings_from_ref(plan.ref), plan)
    assert not fault.is_active()
    assert not undo(fault.settings, plan)
    assert fault.settings.get(plan.key) == before
    assert fault.origin.name in fault.leaks_to


def test_a_value_that_a_job_would_not_accept_changes_nothing(jobs: Jobs) -> None:
    before = (jobs.folder / "ci.json").read_bytes()
    with pytest.raises(ConfigError):
        jobs.ci.settings.set("mask", b'"yes"')
    assert (jobs.folder / "ci.json").read_bytes() == before
    assert jobs.ci.settings.get("no-such-key") is None
    with pytest.raises(ConfigError):
        job_files.read_backup(jobs.folder / "ci.json")


def test_what_does_not_answer_is_told(jobs: Jobs) -> None:
    with pytest.raises(SystemUnreachable):
        JobSettingsFile(jobs.folder / "nowhere.json").get("mask")
    nowhere = BucketSettings(url="http://127.0.0.1:1", bucket="a", credentials="env:JOBS_KEY")
    with pytest.raises(SystemUnreachable):
        nowhere.get("policy")
