"""The gateway's settings file: strict, atomic, one key at a time, and followed when it changes."""

import json
from pathlib import Path

import pytest

from gameday.errors import ConfigError
from gameday.systems.reference.settings import (
    Addresses,
    Settings,
    change,
    parse_keys,
    parse_settings,
    read_value,
    settings_from_template,
    write_settings,
)
from gameday.systems.reference.watched import WatchedFile

TEMPLATE = Path(__file__).parents[2] / "fixtures/pipeline/gateway.json"
ADDRESSES = Addresses(
    log_file="/logs/gateway.jsonl",
    cache_url="redis://127.0.0.1:6379/0",
    redactor_url="http://127.0.0.1:1",
    model_url="http://127.0.0.1:2",
    keys_file="/keys.json",
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    write_settings(tmp_path / "gateway.json", settings_from_template(TEMPLATE, addresses=ADDRESSES))
    return tmp_path / "gateway.json"


def parsed(path: Path) -> Settings:
    return parse_settings(path, path.read_bytes())


def test_the_shipped_settings_are_the_safe_ones(path: Path) -> None:
    settings = parsed(path)
    assert (settings.log.level, settings.log.bodies) == ("info", False)
    assert settings.redactor.enabled
    assert settings.cache.key_parts == ("tenant", "model", "question")
    assert settings.model.url == ADDRESSES.model_url


def test_one_key_is_changed_and_all_others_stay(path: Path) -> None:
    before = json.loads(path.read_text())
    change(path, "cache.key_parts", ["model", "question"])
    assert read_value(path, "cache.key_parts") == ["model", "question"]
    change(path, "cache.key_parts", before["cache"]["key_parts"])
    assert json.loads(path.read_text()) == before


@pytest.mark.parametrize(
    ("key", "value"), [("cache.ttl_s", 0), ("log.level", "loud"), ("cache.key_parts", ["color"]), ("log.bodies", "yes")]
)
def test_a_bad_value_is_refused_with_its_key_and_changes_nothing(path: Path, key: str, value: str | list[str]) -> None:
    before = path.read_bytes()
    with pytest.raises(ConfigError) as error:
        change(path, key, value)
    assert error.value.key.startswith(key)
    assert path.read_bytes() == before


@pytest.mark.parametrize("key", ["cache.color", "nothing", "keys_file.x", ""])
def test_a_key_that_the_file_does_not_have_is_refused(path: Path, key: str) -> None:
    with pytest.raises(ConfigError):
        change(path, key, "x")
    with pytest.raises(ConfigError):
        read_value(path, key)


def test_an_unknown_key_in_the_file_is_named_with_the_file(path: Path) -> None:
    document = json.loads(path.read_text())
    document["cache"]["color"] = "red"
    with pytest.raises(ConfigError, match=r"gateway\.json: cache: .*color"):
        parse_settings(path, json.dumps(document).encode())


def test_no_draft_is_left_beside_the_file(path: Path) -> None:
    change(path, "log.bodies", value=True)
    assert [one.name for one in path.parent.iterdir()] == ["gateway.json"]


@pytest.mark.parametrize(
    "content", ['{"acme": ["k-1"], "globex": ["k-1"]}', '{"shared": ["k-1"]}', '{"a": [""]}', '{"a": "k-1"}']
)
def test_a_bad_keys_file_is_refused_without_showing_a_key(content: str) -> None:
    with pytest.raises(ConfigError) as error:
        parse_keys(Path("keys.json"), content.encode())
    assert "k-1" not in str(error.value)


def test_a_tenant_may_have_several_keys() -> None:
    assert parse_keys(Path("keys.json"), b'{"acme": ["a", "b"], "globex": ["c"]}') == {
        "a": "acme",
        "b": "acme",
        "c": "globex",
    }


def test_a_bad_new_version_leaves_the_old_one_in_force_and_is_told_once(path: Path) -> None:
    told: list[ConfigError] = []
    watched = WatchedFile(path, parse=parse_settings, on_bad=told.append)
    good, sha256 = watched.value, watched.sha256
    path.write_text("{")
    assert [watched.refresh(), watched.refresh()] == [False, False]
    assert (watched.value, watched.sha256, len(told)) == (good, sha256, 1)
    path.unlink()
    assert not watched.refresh()
    assert len(told) == 2


def test_a_change_is_seen_at_the_next_look(path: Path) -> None:
    watched = WatchedFile(path, parse=parse_settings, on_bad=lambda error: pytest.fail(str(error)))
    assert not watched.refresh()
    change(path, "cache.namespace", "2")
    assert watched.refresh()
    assert watched.value.cache.namespace == "2"
