"""What SeaweedFS does for the framework, on both runtimes."""

import http.client
from typing import Any

import pytest

from gameday.runtime.base import Layout
from gameday.servers.seaweedfs import SeaweedFS, connect
from tests.conformance.conftest import Store

botocore = pytest.importorskip("botocore")


def code_of(error: Any) -> str:
    return str(error.response["Error"]["Code"])


def listed(client: Any, bucket: str) -> list[str]:
    return [one["Key"] for one in client.list_objects_v2(Bucket=bucket).get("Contents", [])]


def buckets(client: Any) -> list[str]:
    return [one["Name"] for one in client.list_buckets()["Buckets"]]


def test_an_object_store_that_is_ready_takes_objects_and_keeps_none_of_ours(store: Store) -> None:
    client = store.client()
    assert not [name for name in buckets(client) if name.startswith("gameday")]
    client.create_bucket(Bucket="archive")
    client.put_object(Bucket="archive", Key="2026/a.log", Body=b"in clear" * 1000)
    client.put_object(Bucket="archive", Key="2026/empty", Body=b"")
    assert listed(client, "archive") == ["2026/a.log", "2026/empty"]
    assert client.get_object(Bucket="archive", Key="2026/a.log")["Body"].read() == b"in clear" * 1000


def test_what_was_deleted_is_gone(store: Store) -> None:
    client = store.client()
    client.create_bucket(Bucket="short-lived")
    client.put_object(Bucket="short-lived", Key="a", Body=b"1")
    client.delete_object(Bucket="short-lived", Key="a")
    assert listed(client, "short-lived") == []
    client.delete_bucket(Bucket="short-lived")
    with pytest.raises(client.exceptions.NoSuchBucket):
        listed(client, "short-lived")


def test_another_key_is_refused(store: Store) -> None:
    for wrong in ({"AWS_SECRET_ACCESS_KEY": "wrong"}, {"AWS_ACCESS_KEY_ID": "wrong"}):
        with pytest.raises(botocore.exceptions.ClientError) as caught:
            connect({**store.env, **wrong}).list_buckets()
        assert code_of(caught.value) in {"SignatureDoesNotMatch", "InvalidAccessKeyId"}


def test_a_bucket_that_is_not_there_is_not_made_in_passing(store: Store) -> None:
    client = store.client()
    with pytest.raises(client.exceptions.NoSuchBucket):
        client.put_object(Bucket="nobody-made-it", Key="a", Body=b"1")


@pytest.mark.parametrize(("port", "path"), [("s3", "/side-door/a"), ("filer", "/buckets/side-door/a")])
def test_no_part_gives_an_object_away_without_a_key(store: Store, port: str, path: str) -> None:
    client = store.client()
    if "side-door" not in buckets(client):
        client.create_bucket(Bucket="side-door")
    client.put_object(Bucket="side-door", Key="a", Body=b"1")
    connection = http.client.HTTPConnection(store.running.addresses[port], timeout=5)
    connection.request("GET", path)
    assert connection.getresponse().status in {401, 403}
    connection.close()


def test_what_runs_is_what_is_pinned(store: Store) -> None:
    assert store.running.version == "4.48"
    assert store.running.digest.startswith("sha256:")


def test_it_keeps_to_its_folder_and_tells_nobody_of_itself() -> None:
    ports = {name: 20000 + number for number, name in enumerate(SeaweedFS().ports)}
    layout = Layout(folder="/x", ports=ports, bind="127.0.0.1", host="127.0.0.1")
    command = SeaweedFS().command(layout)
    assert {"-dir=/x/data", "-ip.bind=127.0.0.1", "-master.telemetry=false"} <= set(command)
    assert {"-s3.port=20006", "-s3.port.grpc=20007", "-admin.port.grpc=20009"} <= set(command)
    assert {file for file in SeaweedFS().files(layout) if f"/x/{file}" in " ".join(command)} == {"s3.json"}


def test_each_has_a_key_of_its_own_that_is_not_shown() -> None:
    one, other = SeaweedFS(), SeaweedFS()
    assert one.access_key != other.access_key
    assert one.secret_key != other.secret_key
    assert one.secret_key not in repr(one)
