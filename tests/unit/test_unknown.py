"""What appeared beside the places is named, and its name quotes nothing."""

from pathlib import Path

import pytest

from gameday.config import SinkConfig
from gameday.scenario.unknown import covered_by, named, snapshot, uncovered


def nothing(_: bytes) -> bool:
    return False


def written(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("x")
    return path


def names(root: Path, before: frozenset[str], *sinks: SinkConfig) -> list[str]:
    return [one.name for one in uncovered(root, before=before, covered=covered_by(sinks), holds=nothing)]


def test_a_file_that_appeared_and_that_no_sink_reads_is_named(tmp_path: Path) -> None:
    written(tmp_path / "was" / "there.log")
    before = snapshot(tmp_path)
    written(tmp_path / "valkey" / "temp-17.rdb")
    written(tmp_path / "was" / "there.log")
    assert names(tmp_path, before) == ["valkey/temp-17.rdb"]


def test_what_a_sink_reads_is_covered_by_file_by_folder_and_by_pattern(tmp_path: Path) -> None:
    sinks = (
        SinkConfig(place="a", kind="file", path=str(written(tmp_path / "access.log"))),
        SinkConfig(place="b", kind="folder", path=str(tmp_path / "store")),
        SinkConfig(place="c", kind="log-files", path=str(tmp_path / "gw.log*")),
    )
    for name in ("store/deep/object", "gw.log", "gw.log.1", "store2", "crash"):
        written(tmp_path / name)
    assert names(tmp_path, frozenset(), *sinks) == ["crash", "store2"]


def test_a_folder_that_is_not_there_holds_nothing(tmp_path: Path) -> None:
    assert snapshot(tmp_path / "none") == frozenset()


@pytest.mark.parametrize("part", ["a b", "x" * 41, "sk%2Fsecret", "naïve", "line\nbreak", "\udcff"])
def test_a_name_that_is_not_plain_is_shown_as_its_digest(part: str) -> None:
    shown = named(f"store/{part}/object", holds=nothing)
    assert part not in shown
    assert shown.startswith("store/[name ")
    assert shown.endswith("/object")


def test_a_name_that_may_hold_a_canary_is_a_digest_as_a_whole() -> None:
    assert named("a/canary/b", holds=lambda body: b"canary" in body).startswith("[name ")
    assert named("a/can/ary", holds=lambda body: b"canary" in body).startswith("[name ")
