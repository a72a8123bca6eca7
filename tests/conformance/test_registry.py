"""What an OCI registry does for gameday on both runtimes: takes and gives artifacts; and what the sink sees, shown or not."""

import gzip
import hashlib
import io
import json
import shutil
import socket
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final
from uuid import uuid4

import httpx
import pytest
from attrs import frozen

from gameday.canary.find import Finder
from gameday.canary.key import load_or_make
from gameday.canary.minting import mint
from gameday.config import SinkConfig
from gameday.errors import HarnessError, SinkUnreadable, SystemUnreachable
from gameday.runtime.base import Layout, Running, Runtime
from gameday.servers.registry import INDEX, MANIFEST, Registry, RegistryApi, api, config, storage
from gameday.sighting import Record
from gameday.sinks import SINKS, Sink
from tests.conformance.conftest import require_servers

TEXT: Final = b"planted, and harmless"
TAR: Final = gzip.compress(TEXT)
GONE: Final = "127.0.0.1:1"


@frozen
class Shelf:
    """One repository of a registry that several tests share."""

    running: Running
    repository: str

    @property
    def api(self) -> RegistryApi:
        return api(self.running)

    def sink(self, *, with_disk: bool = False) -> Sink:
        path = str(storage(self.running)) if with_disk else ""
        return registry_sink(self.running.addresses["http"], path)

    def said(self, *, with_disk: bool = False) -> bytes:
        return b"\n".join(record.body for record in self.sink(with_disk=with_disk).records())

    def put_manifest(self, tag: str, document: object, kind: str = MANIFEST) -> str:
        """A manifest of the caller's own making; returns its digest."""
        body = json.dumps(document).encode()
        url = f"http://{self.running.addresses['http']}/v2/{self.repository}/manifests/{tag}"
        answer = httpx.put(url, content=body, headers={"Content-Type": kind}, trust_env=False)
        assert answer.status_code == 201, answer.text
        return f"sha256:{hashlib.sha256(body).hexdigest()}"


def registry_sink(address: str, path: str = "") -> Sink:
    return SINKS["registry"](SinkConfig(place="ci/registry", kind="registry", url=f"http://{address}", path=path))


@pytest.fixture(scope="module")
def running(on: str, new_runtime: Callable[[], Runtime]) -> Iterator[Running]:
    require_servers(on, Registry())
    with new_runtime() as runtime:
        yield runtime.start(Registry())


@pytest.fixture
def shelf(running: Running) -> Shelf:
    return Shelf(running, f"builds/{uuid4().hex[:8]}")


@pytest.fixture
def fresh(on: str, new_runtime: Callable[[], Runtime]) -> Iterator[Shelf]:
    """In a registry of its own."""
    require_servers(on, Registry())
    with new_runtime() as runtime:
        yield Shelf(runtime.start(Registry()), "builds/app")


def test_the_version_is_pinned_and_is_what_runs(running: Running) -> None:
    assert Registry().image == "registry:2.8.2"
    assert "2.8.2" in running.version


def test_an_artifact_is_pushed_listed_pulled_and_deleted(shelf: Shelf) -> None:
    files = {"model.bin": TAR, "eval.jsonl": b"{}\n", "empty": b""}
    digest = shelf.api.push(shelf.repository, "v1", files)
    assert shelf.repository in list(shelf.api.repositories())
    assert shelf.api.tags(shelf.repository) == ["v1"]
    assert shelf.api.pull(shelf.repository, "v1") == shelf.api.pull(shelf.repository, digest) == files
    assert shelf.api.delete(shelf.repository, digest)
    assert not shelf.api.delete(shelf.repository, digest)
    assert shelf.api.tags(shelf.repository) == []
    assert shelf.api.manifest(shelf.repository, "v1") is None
    with pytest.raises(SystemUnreachable, match="no such artifact"):
        shelf.api.pull(shelf.repository, "v1")


def test_a_manifest_is_deleted_by_digest_only(shelf: Shelf) -> None:
    with pytest.raises(HarnessError, match="by its digest"):
        shelf.api.delete(shelf.repository, "v1")


def test_a_long_list_is_read_page_by_page(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(3):
        shelf.api.push(f"{shelf.repository}/{number}", "v1", {})
    monkeypatch.setattr("gameday.servers.registry._PAGE", 1)
    mine = [name for name in shelf.api.repositories() if name.startswith(shelf.repository)]
    assert mine == [f"{shelf.repository}/{number}" for number in range(3)]


def test_what_it_keeps_lies_in_its_folder_and_is_readable_here(shelf: Shelf) -> None:
    shelf.api.push(shelf.repository, "v1", {"log": TEXT})
    assert any(path.read_bytes() == TEXT for path in storage(shelf.running).rglob("data") if path.is_file())


def test_a_registry_that_is_not_there_is_unreachable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    nobody = RegistryApi(f"http://127.0.0.1:{port}")
    for call in (lambda: list(nobody.repositories()), lambda: nobody.tags("a"), lambda: nobody.push("a", "b", {})):
        with pytest.raises(SystemUnreachable, match="does not answer"):
            call()


def test_no_message_quotes_a_name_or_an_answer(running: Running) -> None:
    with pytest.raises(SystemUnreachable) as caught:
        api(running).push("planted/NOT-a-name", "v1", {})
    assert "planted" not in str(caught.value)


def test_it_keeps_to_its_folder_and_its_port_and_logs_no_access() -> None:
    inside = Layout(folder="/gameday", ports={"http": 5}, bind="0.0.0.0", host="172.18.0.1")  # noqa: S104 - in a container
    said = json.dumps(config(inside))
    assert '"rootdirectory": "/gameday/data"' in said
    assert '"addr": "0.0.0.0:5"' in said
    assert '"accesslog": {"disabled": true}' in said
    assert '"secret"' not in said


def test_the_program_has_one_name_in_the_official_image_and_another_in_debian() -> None:
    outside = Layout(folder="/x", ports={"http": 5}, bind="127.0.0.1", host="127.0.0.1")
    assert Registry().command(outside) == ("serve", "/x/config.yml")
    assert Registry().program.names == ("docker-registry", "registry")


# ---- the sink


@pytest.mark.parametrize("where", ["file", "tag", "title", "repository"])
def test_text_is_read_wherever_it_was_planted(shelf: Shelf, where: str) -> None:
    planted = f"planted-{uuid4().hex}"
    match where:
        case "file":
            shelf.api.push(shelf.repository, "v1", {"log": planted.encode()})
        case "tag":
            shelf.api.push(shelf.repository, planted, {})
        case "title":
            shelf.api.push(shelf.repository, "v1", {planted: b"x"})
        case _:
            shelf.api.push(f"{shelf.repository}/{planted}", "v1", {})
    assert planted.encode() in shelf.said()
    assert not [record for record in shelf.sink().records() if "planted" in record.locator]


def test_a_packed_layer_is_given_whole_so_that_it_can_be_opened(shelf: Shelf) -> None:
    shelf.api.push(shelf.repository, "v1", {"layer.gz": TAR})
    assert TAR in [record.body for record in shelf.sink().records()]


def test_every_record_can_be_searched_in_full_and_a_prompt_in_a_packed_layer_is_found(
    fresh: Shelf, tmp_path: Path
) -> None:
    key = load_or_make(tmp_path / "site.key")
    (canary,) = mint(count=1, key=key, seed=1)
    finder = Finder(key, [canary])
    fresh.api.push(fresh.repository, "v1", {"layer.tar.gz": tarred("var/log/gw.log", canary.text.encode())})
    fresh.api.begin_upload(fresh.repository, TEXT)
    looks = [finder.find(record.body, chains=True) for record in fresh.sink(with_disk=True).records()]
    assert all(look.is_complete for look in looks)
    assert {sighting.canary for look in looks for sighting in look.sightings} == {canary.id}


def tarred(name: str, content: bytes) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        member = tarfile.TarInfo(name)
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content))
    return packed.getvalue()


def test_an_index_is_followed_to_the_images_that_it_names(shelf: Shelf) -> None:
    planted = uuid4().hex.encode()
    digest = shelf.api.push(shelf.repository, "amd64", {"layer": planted})
    inner = shelf.api.manifest(shelf.repository, digest)
    assert inner is not None
    named = {"mediaType": MANIFEST, "digest": digest, "size": len(inner.body)}
    shelf.put_manifest("v1", {"schemaVersion": 2, "mediaType": INDEX, "manifests": [named]}, INDEX)
    shelf.api.push(shelf.repository, "amd64", {})  # from now on only the index leads to it
    assert planted in shelf.said()


def test_a_digest_in_an_annotation_is_no_layer_and_a_manifest_that_is_too_deep_is_unknown(fresh: Shelf) -> None:
    fresh.api.push(fresh.repository, "v1", {})
    manifest = fresh.api.manifest(fresh.repository, "v1")
    assert manifest is not None
    document = json.loads(manifest.body)
    fresh.put_manifest("v2", {**document, "annotations": {"digest": f"sha256:{'0' * 64}"}})
    assert b"0" * 64 in fresh.said()
    deep = json.dumps(document)[:-1] + ', "more": ' + "[" * 3000 + "]" * 3000 + "}"
    url = f"http://{fresh.running.addresses['http']}/v2/{fresh.repository}/manifests/v3"
    httpx.put(url, content=deep, headers={"Content-Type": MANIFEST}, trust_env=False)
    with pytest.raises(SinkUnreadable, match="not JSON"):
        fresh.said()


def test_an_empty_registry_holds_nothing_shown_or_hidden(fresh: Shelf) -> None:
    assert list(fresh.sink(with_disk=True).records()) == []


def test_what_was_deleted_is_gone_for_the_api_and_still_on_the_disk(fresh: Shelf) -> None:
    digest = fresh.api.push(fresh.repository, "v1", {"log": TEXT})
    fresh.api.delete(fresh.repository, digest)
    assert TEXT not in fresh.said()
    assert TEXT in fresh.said(with_disk=True)


def test_what_lost_its_tag_to_a_newer_build_is_seen_on_the_disk(fresh: Shelf) -> None:
    fresh.api.push(fresh.repository, "latest", {"log": TEXT})
    fresh.api.push(fresh.repository, "latest", {"log": b"clean"})
    assert TEXT not in fresh.said()
    assert TEXT in fresh.said(with_disk=True)


def test_an_upload_that_was_broken_off_is_seen_on_the_disk(fresh: Shelf) -> None:
    fresh.api.begin_upload(fresh.repository, TEXT)
    assert TEXT not in fresh.said()
    assert TEXT in fresh.said(with_disk=True)


def test_what_the_api_shows_is_not_read_again_from_the_disk(fresh: Shelf) -> None:
    fresh.api.push(fresh.repository, "v1", {"log": TEXT})
    assert fresh.said(with_disk=True).count(TEXT) == 1


def test_a_purged_disk_holds_it_no_more(fresh: Shelf) -> None:
    digest = fresh.api.push(fresh.repository, "v1", {"log": TEXT})
    fresh.api.delete(fresh.repository, digest)
    shutil.rmtree(storage(fresh.running) / "docker")
    assert TEXT not in fresh.said(with_disk=True)


def cursor(records: list[Record]) -> str:
    return records[-1].cursor


@pytest.mark.parametrize("with_disk", [False, True])
def test_a_later_look_reads_what_is_new(fresh: Shelf, *, with_disk: bool) -> None:
    fresh.api.push(fresh.repository, "v1", {"log": b"old"})
    first = list(fresh.sink(with_disk=with_disk).records())
    assert list(fresh.sink(with_disk=with_disk).records(after=cursor(first))) == []
    fresh.api.push(fresh.repository, "v2", {"log": TEXT})
    later = [record.body for record in fresh.sink(with_disk=with_disk).records(after=cursor(first))]
    assert TEXT in later
    assert b"old" not in later


def test_what_cannot_be_looked_at_is_unknown(fresh: Shelf, tmp_path: Path) -> None:
    fresh.api.push(fresh.repository, "v1", {"log": TEXT})
    address = fresh.running.addresses["http"]
    for sink, why in (
        (registry_sink(GONE), "does not answer"),
        (registry_sink(address, str(tmp_path / "nowhere")), "no such folder"),
        (registry_sink(address, str(tmp_path)), "not the storage of this registry"),
    ):
        with pytest.raises(SinkUnreadable, match=why):
            list(sink.records())


def test_a_layer_that_the_registry_lost_is_unknown_and_not_clean(fresh: Shelf) -> None:
    fresh.api.push(fresh.repository, "v1", {"log": TEXT})
    digest = hashlib.sha256(TEXT).hexdigest()
    shutil.rmtree(storage(fresh.running) / "docker/registry/v2/blobs/sha256" / digest[:2] / digest)
    with pytest.raises(SinkUnreadable, match="does not give"):
        list(fresh.sink().records())
