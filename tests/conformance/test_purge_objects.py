"""Purging objects by a request id from a real store, down to its disk."""

import sys
import uuid
from typing import Any

import pytest

from gameday.contain import purge_objects
from tests.conformance.conftest import Store

pytest.importorskip("botocore")
ID = "req-0123456789"


@pytest.fixture
def bucket(store: Store) -> str:
    name = f"p-{uuid.uuid4().hex[:12]}"
    store.client().create_bucket(Bucket=name)
    return name


def run(store: Store, bucket: str, monkeypatch: pytest.MonkeyPatch, *more: str) -> int:
    monkeypatch.setenv("PURGE_KEY", f"{store.server.access_key}:{store.server.secret_key}")
    where = ("--url", store.env["AWS_ENDPOINT_URL"], "--bucket", bucket, "--credentials", "env:PURGE_KEY")
    monkeypatch.setattr(sys, "argv", ["purge_objects", *where, "--request-id", ID, *more])
    return purge_objects.main()


def keys(client: Any, bucket: str) -> list[str]:
    listed = client.list_object_versions(Bucket=bucket)
    return sorted({one["Key"] for kind in ("Versions", "DeleteMarkers") for one in listed.get(kind, ())})


def test_every_version_that_carries_the_id_goes_and_the_rest_stays(
    store: Store, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = store.client()
    client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    client.put_object(Bucket=bucket, Key="by-metadata", Body=b"1", Metadata={"request-id": ID})
    client.delete_object(Bucket=bucket, Key="by-metadata")
    client.put_object(Bucket=bucket, Key="by-tag", Body=b"1", Tagging=f"request-id={ID}")
    client.put_object(Bucket=bucket, Key=f"2026/{ID}.json", Body=b"1")
    client.put_object(Bucket=bucket, Key="another", Body=b"1", Metadata={"request-id": "req-another-one"})
    client.put_object(Bucket=bucket, Key="in-its-body", Body=ID.encode())
    assert run(store, bucket, monkeypatch, "--check") == 1
    assert run(store, bucket, monkeypatch) == 0
    assert run(store, bucket, monkeypatch, "--check") == 0
    assert keys(client, bucket) == ["another", "in-its-body"]
    assert run(store, bucket, monkeypatch, "--bodies", "--check") == 1
    assert run(store, bucket, monkeypatch, "--bodies") == 0
    assert keys(client, bucket) == ["another"]


def test_unfinished_uploads_are_aborted(store: Store, bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    client = store.client()
    for key in (f"up/{ID}", "up/anonymous"):
        upload = client.create_multipart_upload(Bucket=bucket, Key=key)["UploadId"]
        client.upload_part(Bucket=bucket, Key=key, UploadId=upload, PartNumber=1, Body=b"part")
    assert run(store, bucket, monkeypatch, "--check") == 1
    assert run(store, bucket, monkeypatch) == 0
    assert [one["Key"] for one in client.list_multipart_uploads(Bucket=bucket)["Uploads"]] == ["up/anonymous"]
    assert run(store, bucket, monkeypatch, "--uploads") == 0
    assert client.list_multipart_uploads(Bucket=bucket).get("Uploads", []) == []


def test_what_was_deleted_leaves_the_disk_too(store: Store, bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    client = store.client()
    client.put_object(Bucket=bucket, Key="a", Body=b"rests in clear", Metadata={"request-id": ID})
    client.put_object(Bucket=bucket, Key="b", Body=b"somebody else's")

    def on_disk() -> bytes:
        return b"".join(path.read_bytes() for path in (store.running.folder / "data").glob(f"{bucket}_*.dat"))

    assert b"rests in clear" in on_disk()
    assert run(store, bucket, monkeypatch) == 0
    assert b"rests in clear" in on_disk()
    client.put_object(Bucket=bucket, Key="a", Body=b"rests in clear", Metadata={"request-id": ID})
    addresses = {name: f"http://{store.running.addresses[name]}" for name in ("master", "volume")}
    vacuum = ("--master", addresses["master"], "--volume", addresses["volume"])
    assert run(store, bucket, monkeypatch, *vacuum) == 0
    assert run(store, bucket, monkeypatch, *vacuum, "--check") == 0
    assert b"rests in clear" not in on_disk()
    assert b"somebody else's" in on_disk()


def test_a_store_that_does_not_answer_is_no_success(store: Store, bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(store, "no-such-bucket", monkeypatch, "--check") == 2
    assert run(store, bucket, monkeypatch, "--master", "http://127.0.0.1:1", "--volume", "http://127.0.0.1:1") == 2
