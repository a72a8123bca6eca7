"""The object sinks against a real store, on both runtimes: what was planted is read, what changed is read again, and no more."""

import os
import uuid
from typing import Any, Literal

import pytest

from gameday.canary.find import Finder
from gameday.canary.key import load_or_make
from gameday.canary.minting import mint
from gameday.config import SinkConfig
from gameday.errors import SinkUnreadable
from gameday.sighting import Record
from gameday.sinks import SINKS, Plantable, Sink, object_listing
from gameday.sinks.pieces import TEXT as CUT
from tests.conformance.conftest import Store

pytest.importorskip("botocore")
TEXT = b"planted, and harmless"
Kind = Literal["s3-objects", "s3-versions"]
KINDS: tuple[Kind, ...] = ("s3-objects", "s3-versions")
both = pytest.mark.parametrize("kind", KINDS)


@pytest.fixture(autouse=True)
def _settles_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(object_listing, "SETTLED_S", -3600.0)


@pytest.fixture
def bucket(store: Store) -> str:
    name = f"b-{uuid.uuid4().hex[:12]}"
    store.client().create_bucket(Bucket=name)
    return name


@pytest.fixture
def credentials(store: Store, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("OBJECTS_KEY", f"{store.server.access_key}:{store.server.secret_key}")
    return "env:OBJECTS_KEY"


def sink_of(store: Store, credentials: str | None, kind: Kind = "s3-objects", **more: Any) -> Sink:
    url = store.env["AWS_ENDPOINT_URL"]
    return SINKS[kind](SinkConfig(place="archive", kind=kind, url=url, credentials=credentials, **more))


def bodies(records: list[Record]) -> list[bytes]:
    return [record.body for record in records if record.locator.rpartition(":")[2].isdigit()]


def keep_versions(client: Any, bucket: str) -> None:
    client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})


@both
def test_bodies_keys_metadata_tags_and_headers_are_read(
    store: Store, bucket: str, credentials: str, kind: Kind
) -> None:
    store.client().put_object(
        Bucket=bucket,
        Key="acme/a-key",
        Body=TEXT,
        Metadata={"request-id": "r-1", "note": "a-note"},
        Tagging="a-tag=its-value",
        ContentDisposition="attachment; filename=a-file",
    )
    records = list(
        sink_of(store, credentials, kind, bucket=bucket, request_id="metadata.request-id", owner_part=0).records()
    )
    assert bodies(records) == [TEXT]
    everything = b"\n".join(record.body for record in records)
    assert all(one in everything for one in (b"acme/a-key", b"a-note", b"a-tag", b"its-value", b"a-file"))
    assert not any("a-key" in record.locator for record in records)
    (body,) = (record for record in records if record.body == TEXT)
    assert (body.request_id, body.owner, body.resolution_s) == ("r-1", "acme", 1.0)
    stamped = store.client().head_object(Bucket=bucket, Key="acme/a-key")["LastModified"].timestamp()
    assert body.stamp_s == stamped


@both
def test_a_bucket_that_is_empty_holds_nothing_and_a_prefix_leaves_the_rest_out(
    store: Store, bucket: str, credentials: str, kind: Kind
) -> None:
    assert list(sink_of(store, credentials, kind, bucket=bucket).records()) == []
    store.client().put_object(Bucket=bucket, Key="in/a", Body=TEXT)
    store.client().put_object(Bucket=bucket, Key="out/a", Body=b"left out")
    assert bodies(list(sink_of(store, credentials, kind, bucket=bucket, path="in/").records())) == [TEXT]


def test_without_a_bucket_every_bucket_is_read(store: Store, bucket: str, credentials: str) -> None:
    store.client().put_object(Bucket=bucket, Key="a", Body=b"only in this bucket")
    assert b"only in this bucket" in bodies(list(sink_of(store, credentials).records()))


@both
def test_a_later_look_reads_the_bodies_of_what_is_new_or_changed_only(
    store: Store, bucket: str, credentials: str, kind: Kind
) -> None:
    client = store.client()
    for name in ("one", "two"):
        client.put_object(Bucket=bucket, Key=name, Body=name.encode())
    sink = sink_of(store, credentials, kind, bucket=bucket)
    cursor = list(sink.records())[-1].cursor
    assert list(sink.records(after=cursor)) == []
    client.put_object(Bucket=bucket, Key="two", Body=b"changed")
    client.put_object(Bucket=bucket, Key="a-key-before-all-others", Body=b"new")
    later = list(sink.records(after=cursor))
    assert sorted(bodies(later)) == [b"changed", b"new"]
    assert list(sink.records(after=later[-1].cursor)) == []


@both
def test_a_tag_that_was_put_later_is_read_without_the_body(
    store: Store, bucket: str, credentials: str, kind: Kind
) -> None:
    client = store.client()
    client.put_object(Bucket=bucket, Key="a", Body=TEXT)
    sink = sink_of(store, credentials, kind, bucket=bucket)
    cursor = list(sink.records())[-1].cursor
    client.put_object_tagging(Bucket=bucket, Key="a", Tagging={"TagSet": [{"Key": "later", "Value": "tagged"}]})
    (record,) = sink.records(after=cursor)
    assert b"tagged" in record.body


def test_within_the_stores_second_an_object_is_read_again(
    store: Store, bucket: str, credentials: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(object_listing, "SETTLED_S", 3600.0)
    store.client().put_object(Bucket=bucket, Key="a", Body=TEXT)
    sink = sink_of(store, credentials, bucket=bucket)
    (*_, last) = sink.records()
    assert bodies(list(sink.records(after=last.cursor or None))) == [TEXT]


def test_what_was_overwritten_or_deleted_is_still_a_version(store: Store, bucket: str, credentials: str) -> None:
    client = store.client()
    keep_versions(client, bucket)
    for body in (b"first", b"second"):
        client.put_object(Bucket=bucket, Key="a", Body=body)
    client.delete_object(Bucket=bucket, Key="a")
    assert bodies(list(sink_of(store, credentials, bucket=bucket).records())) == []
    records = list(sink_of(store, credentials, "s3-versions", bucket=bucket).records())
    assert sorted(bodies(records)) == [b"first", b"second"]
    assert any(record.locator.endswith(":delete marker") for record in records)
    assert len({record.locator for record in records}) == len(records)


def test_the_parts_of_an_unfinished_upload_are_read(store: Store, bucket: str, credentials: str) -> None:
    client = store.client()
    upload = client.create_multipart_upload(Bucket=bucket, Key="big")["UploadId"]
    client.upload_part(Bucket=bucket, Key="big", UploadId=upload, PartNumber=1, Body=TEXT)
    assert bodies(list(sink_of(store, credentials, bucket=bucket).records())) == []
    assert bodies(list(sink_of(store, credentials, "s3-versions", bucket=bucket).records())) == [TEXT]


def test_parts_that_the_store_keeps_to_itself_are_unknown_and_not_clean(
    store: Store, bucket: str, credentials: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = store.client()
    upload = client.create_multipart_upload(Bucket=bucket, Key="big")["UploadId"]
    client.upload_part(Bucket=bucket, Key="big", UploadId=upload, PartNumber=1, Body=TEXT)
    monkeypatch.setattr(object_listing, "_UPLOADS", "where-no-store-keeps-them/")
    with pytest.raises(SinkUnreadable, match="unfinished uploads"):
        list(sink_of(store, credentials, "s3-versions", bucket=bucket).records())
    client.abort_multipart_upload(Bucket=bucket, Key="big", UploadId=upload)
    assert list(sink_of(store, credentials, "s3-versions", bucket=bucket).records()) == []


def test_a_large_text_is_read_in_pieces_and_a_large_pack_in_one(store: Store, bucket: str, credentials: str) -> None:
    text, packed = b"a line of text\n" * 200_000, os.urandom(3 * 2**20)
    for key, body in (("text", text), ("packed", packed)):
        store.client().put_object(Bucket=bucket, Key=key, Body=body)
    whole, *rest = bodies(list(sink_of(store, credentials, bucket=bucket).records()))
    assert whole == packed
    assert max(map(len, rest)) == CUT.size
    assert sum(map(len, rest)) - CUT.overlap * (len(rest) - 1) == len(text)


@both
def test_a_sentinel_is_seen_and_an_old_one_is_taken_away(
    store: Store, bucket: str, credentials: str, kind: Kind, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep_versions(store.client(), bucket)
    sink = sink_of(store, credentials, kind, bucket=bucket)
    assert isinstance(sink, Plantable)
    sink.plant("a-sentinel")
    assert b"a-sentinel" in bodies(list(sink.records()))
    monkeypatch.setattr("gameday.sinks.objects._SENTINEL_TTL_S", -3600.0)
    sink.plant("the-next")
    assert list(sink_of(store, credentials, "s3-versions", bucket=bucket).records()) == []


def test_where_the_user_says_how_long_it_may_take_nothing_is_written(
    store: Store, bucket: str, credentials: str
) -> None:
    assert not isinstance(sink_of(store, credentials, bucket=bucket, settle="1s"), Plantable)


@both
def test_what_cannot_be_looked_at_says_so(
    store: Store, bucket: str, credentials: str, kind: Kind, monkeypatch: pytest.MonkeyPatch
) -> None:
    nowhere = SinkConfig(place="a", kind=kind, url="http://127.0.0.1:1", credentials=credentials, bucket=bucket)
    monkeypatch.setenv("WRONG_KEY", f"{store.server.access_key}:wrong")
    monkeypatch.setenv("NO_KEY", "half")
    for sink in (
        SINKS[kind](nowhere),
        sink_of(store, "env:WRONG_KEY", kind, bucket=bucket),
        sink_of(store, "env:NO_KEY", kind, bucket=bucket),
        sink_of(store, "env:NOT_SET_ANYWHERE", kind, bucket=bucket),
        sink_of(store, None, kind, bucket=bucket),
        sink_of(store, credentials, kind, bucket="no-such-bucket"),
    ):
        with pytest.raises(SinkUnreadable):
            list(sink.records())
        assert isinstance(sink, Plantable)
        with pytest.raises(SinkUnreadable):
            sink.plant("a-sentinel")


def test_an_object_that_was_deleted_while_it_was_listed_is_not_there(
    store: Store, bucket: str, credentials: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = store.client()
    for key in ("a", "b"):
        client.put_object(Bucket=bucket, Key=key, Body=key.encode())
    sink = sink_of(store, credentials, bucket=bucket)
    records = sink.records()
    next(records)
    client.delete_object(Bucket=bucket, Key="b")
    assert bodies(list(records)) == [b"a"]


def test_a_deleted_objects_text_is_found_on_the_stores_own_disk(
    store: Store, bucket: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """SeaweedFS packs what can be packed, so that a search for the text alone would miss it."""
    key = load_or_make(tmp_path_factory.mktemp("key") / "site.key")
    plain, packed = mint(count=2, key=key, seed=1)
    client = store.client()
    client.put_object(Bucket=bucket, Key="short", Body=plain.text.encode())
    client.put_object(Bucket=bucket, Key="long.txt", Body=b"a line of a log\n" * 5000 + packed.text.encode())
    for name in ("short", "long.txt"):
        client.delete_object(Bucket=bucket, Key=name)
    disk = SinkConfig(place="disk", kind="folder", path=str(store.running.folder / "data"))
    finder = Finder(key, [plain, packed])
    found = [one.canary for record in SINKS["folder"](disk).records() for one in finder.find(record.body).sightings]
    assert set(found) == {plain.id, packed.id}
