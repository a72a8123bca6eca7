"""A sweep of a real object store, on both runtimes: what was planted is found, and what cannot be looked into is told."""

import base64
import gzip
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from attrs import frozen

from gameday.canary.canaries_file import write
from gameday.canary.key import SiteKey, load_or_make
from gameday.canary.mint import Canary
from gameday.canary.minting import mint
from gameday.sweep.result import Swept
from gameday.sweep.sweeping import sweep
from gameday.sweep.wanted import FinderSpec
from tests.conformance.conftest import Store

s3fs = pytest.importorskip("s3fs")
BUCKET: Final = "archive"
NOTHING: Final = b"2026-01-01 nothing happened\n" * 2000


@frozen
class Planted:
    """Objects with canaries in them, below `BUCKET`/2026, and clean ones below `BUCKET`/clean."""

    store: Store
    key: SiteKey
    key_file: Path
    canaries: tuple[Canary, ...]

    @property
    def spec(self) -> FinderSpec:
        return FinderSpec(keys=(self.key,), canaries=self.canaries)

    def put(self, name: str, body: bytes) -> None:
        self.store.client().put_object(Bucket=BUCKET, Key=name, Body=body)

    def found(self, swept: Swept) -> set[tuple[str, int]]:
        """Of each sighting the object, and the number of the canary."""
        numbers = {canary.id: number for number, canary in enumerate(self.canaries)}
        return {(one.place.removeprefix(f"s3://{BUCKET}/"), numbers[one.canary]) for one in swept.sightings}


@pytest.fixture(scope="module")
def planted(store: Store, tmp_path_factory: pytest.TempPathFactory) -> Planted:
    key_file = tmp_path_factory.mktemp("keys") / "site.key"
    key = load_or_make(key_file)
    canaries = tuple(mint(count=4, key=key, seed=1))
    plain, packed, nested, large = (canary.text.encode() for canary in canaries)
    store.client().create_bucket(Bucket=BUCKET)
    planted = Planted(store, key, key_file, canaries)
    planted.put("2026/plain.log", NOTHING + plain + b"\n")
    planted.put("2026/packed.log.gz", gzip.compress(NOTHING + packed))
    planted.put(
        "2026/deep/nested.json", json.dumps({"a": base64.b64encode(base64.b64encode(nested)).decode()}).encode()
    )
    planted.put("2026/large.log", NOTHING * 120 + large)  # several parts of the store
    planted.put("2026/empty", b"")
    planted.put("2026/nothing.log", NOTHING)
    planted.put("clean/nothing.log", NOTHING)
    planted.put("clean/empty", b"")
    return planted


@pytest.fixture(autouse=True)
def _environment(store: Store, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name, value in store.env.items():
        monkeypatch.setenv(name, value)
    s3fs.S3FileSystem.clear_instance_cache()  # it keeps the credentials with which it was made
    yield
    s3fs.S3FileSystem.clear_instance_cache()


EVERYTHING: Final = {
    ("2026/plain.log", 0), ("2026/packed.log.gz", 1), ("2026/deep/nested.json", 2), ("2026/large.log", 3),
}  # fmt: skip


@pytest.mark.parametrize("workers", [1, 2])
def test_exactly_what_was_planted_is_found(planted: Planted, workers: int) -> None:
    swept = sweep([f"s3://{BUCKET}/2026"], finder_spec=planted.spec, workers=workers)
    assert planted.found(swept) == EVERYTHING
    assert (swept.exit_code, swept.files, swept.unseen) == (1, 6, ())
    assert next(one.form for one in swept.sightings if "nested" in one.place)[-2:] == ("base64", "base64")


def test_a_site_key_is_enough_to_find_the_tokens(planted: Planted) -> None:
    swept = sweep([f"s3://{BUCKET}"], finder_spec=FinderSpec(keys=(planted.key,)), workers=1)
    assert planted.found(swept) == EVERYTHING


@pytest.mark.parametrize("pattern", ["20*", "2026/*", "2026/**"])
def test_a_pattern_chooses_prefixes_with_all_below(planted: Planted, pattern: str) -> None:
    swept = sweep([f"s3://{BUCKET}/{pattern}"], finder_spec=planted.spec, workers=1)
    assert (planted.found(swept), swept.files) == (EVERYTHING, 6)


def test_objects_without_canaries_are_clean(planted: Planted) -> None:
    swept = sweep([f"s3://{BUCKET}/clean"], finder_spec=planted.spec, workers=1)
    assert (swept.exit_code, swept.files, swept.unseen) == (0, 2, ())


@pytest.mark.parametrize("url", ["s3://nobody-made-it", "s3://nobody-made-it/a", "s3://nobody-made-it/*"])
def test_a_bucket_that_is_not_there_is_not_clean(planted: Planted, url: str) -> None:
    swept = sweep([f"s3://{BUCKET}/clean", url], finder_spec=planted.spec, workers=1)
    assert swept.exit_code == 2
    assert [(one.path, one.why) for one in swept.unseen] == [(url, "it is not there")]


@pytest.mark.parametrize("name", ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"])
@pytest.mark.parametrize("url", [f"s3://{BUCKET}", f"s3://{BUCKET}/2026", f"s3://{BUCKET}/2026/*"])
def test_a_wrong_key_sees_nothing_and_says_so(
    planted: Planted, monkeypatch: pytest.MonkeyPatch, name: str, url: str
) -> None:
    monkeypatch.setenv(name, "wrong")
    swept = sweep([url], finder_spec=planted.spec, workers=1)
    assert (swept.exit_code, swept.files) == (2, 0)
    assert [(one.path, one.why) for one in swept.unseen] == [(url, "permission denied")]


def test_an_object_store_that_does_not_answer_is_not_clean(planted: Planted, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    assert sweep([f"s3://{BUCKET}/clean"], finder_spec=planted.spec, workers=1).exit_code == 2


def test_what_comes_after_an_earlier_sweep_is_seen_by_the_next(planted: Planted) -> None:
    urls = [f"s3://{BUCKET}/later/*", f"s3://{BUCKET}/later/first"]
    planted.put("later/first", NOTHING)
    assert sweep(urls, finder_spec=planted.spec, workers=1).exit_code == 0
    planted.put("later/first", NOTHING + planted.canaries[0].text.encode())
    planted.put("later/second", planted.canaries[1].text.encode())
    swept = sweep(urls, finder_spec=planted.spec, workers=1)
    assert planted.found(swept) == {("later/first", 0), ("later/second", 1)}


def test_objects_below_an_object_are_swept_with_it(planted: Planted) -> None:
    planted.put("both", NOTHING)
    planted.put("both/below", planted.canaries[2].text.encode())
    swept = sweep([f"s3://{BUCKET}/both"], finder_spec=planted.spec, workers=1)
    assert (planted.found(swept), swept.files) == ({("both/below", 2)}, 2)


def test_objects_of_odd_names_are_each_found_or_told(planted: Planted) -> None:
    names = ["with space", "star*", "q?x=1&y", "hash#tag", "per%20cent", "[b]", "ü"]
    for name in [*names, "two::colons"]:
        planted.put(f"odd/{name}", planted.canaries[3].text.encode())
    swept = sweep([f"s3://{BUCKET}/odd"], finder_spec=planted.spec, workers=1)
    assert planted.found(swept) == {(f"odd/{name}", 3) for name in names}
    assert [one.path for one in swept.unseen] == [f"s3://{BUCKET}/odd/two::colons"]


@frozen
class Ran:
    code: int
    lines: tuple[dict[str, Any], ...]
    err: str


Command = Callable[..., Ran]


@pytest.fixture
def command(planted: Planted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """`gameday sweep`, in a process and a folder of its own."""
    monkeypatch.setenv("GAMEDAY_KEY_FILE", str(planted.key_file))
    write(tmp_path / "canaries", planted.canaries, key=planted.key, run="sweep of s3")

    def run(*urls: str) -> Ran:
        argv = [sys.executable, "-m", "gameday.cli", "sweep", *urls, "--canaries", "canaries", "--workers", "1"]
        done = subprocess.run(argv, capture_output=True, check=False, cwd=tmp_path, text=True)
        told = f"{done.stdout}{done.stderr}"
        assert not any(canary.token in told for canary in planted.canaries), "canary text was told"
        return Ran(done.returncode, tuple(map(json.loads, done.stdout.splitlines())), done.stderr)

    return run


def test_the_command_says_what_the_call_says(planted: Planted, command: Command) -> None:
    ran = command(f"s3://{BUCKET}/2026")
    *found, summary = ran.lines
    swept = sweep([f"s3://{BUCKET}/2026"], finder_spec=planted.spec, workers=1)
    assert ran.code == swept.exit_code == summary["exit_code"] == 1
    assert [(one["path"], one["id"], one["offset"], tuple(one["form"])) for one in found] == [
        (one.place, one.canary, one.offset, one.form) for one in swept.sightings
    ]
    assert (summary["files"], summary["bytes"]) == (swept.files, swept.size_bytes)


def test_the_command_ends_as_the_docs_say(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    assert command(f"s3://{BUCKET}/clean").code == 0
    assert command("s3://nobody-made-it").code == 2
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    ran = command(f"s3://{BUCKET}/clean")
    assert (ran.code, ran.lines[0]["why"]) == (2, "permission denied")


def test_the_endpoint_is_also_taken_from_the_variable_of_fsspec(
    store: Store, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    monkeypatch.setenv("FSSPEC_S3_ENDPOINT_URL", store.env["AWS_ENDPOINT_URL"])
    assert command(f"s3://{BUCKET}/2026").code == 1
