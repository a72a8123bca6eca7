"""The site key's file: made once, for its owner only, never shown."""

import multiprocessing
from pathlib import Path

import pytest

from gameday.canary.key import SiteKey, load_or_make
from gameday.errors import ConfigError


def _key_id(path: str) -> str:
    return load_or_make(Path(path)).key_id


def test_the_key_is_made_on_first_use_and_is_the_same_afterwards(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "site.key"
    first = load_or_make(path)
    assert load_or_make(path).key_id == first.key_id
    assert len(first.secret) == 32
    assert path.stat().st_mode & 0o777 == 0o600
    assert [entry.name for entry in path.parent.iterdir()] == ["site.key"]


def test_the_environment_names_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GAMEDAY_KEY_FILE", str(tmp_path / "mine.key"))
    key_id = load_or_make().key_id
    assert load_or_make(tmp_path / "mine.key").key_id == key_id


def test_the_file_is_in_the_home_folder_where_nothing_names_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GAMEDAY_KEY_FILE", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    load_or_make()
    assert (tmp_path / ".config/gameday/site.key").is_file()


def test_processes_that_begin_at_once_end_with_the_same_key(tmp_path: Path) -> None:
    with multiprocessing.get_context("spawn").Pool(4) as pool:
        key_ids = pool.map(_key_id, [str(tmp_path / "site.key")] * 16, chunksize=1)
    assert len(set(key_ids)) == 1


@pytest.mark.parametrize(
    ("text", "problem"),
    [("ab" * 16, "holds 16 bytes"), ("", "holds 0 bytes"), ("zz" * 32, "not hexadecimal"), ("é" * 64, "no text")],
)
def test_a_damaged_key_file_is_refused_with_a_remedy(tmp_path: Path, text: str, problem: str) -> None:
    path = tmp_path / "site.key"
    path.write_text(text, encoding="utf-8")
    path.chmod(0o600)
    with pytest.raises(ConfigError, match=problem) as caught:
        load_or_make(path)
    assert str(path) in str(caught.value)
    assert not text or text not in str(caught.value)


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o602])
def test_a_key_that_others_may_read_or_write_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "site.key"
    load_or_make(path)
    path.chmod(mode)
    with pytest.raises(ConfigError, match="chmod 600"):
        load_or_make(path)


def test_a_key_that_cannot_be_read_or_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for path in (tmp_path, tmp_path / "file" / "site.key"):
        with pytest.raises(ConfigError, match="cannot be read or made"):
            load_or_make(path)


def test_a_key_never_shows_itself() -> None:
    key = SiteKey(bytes(range(32)))
    assert not any(part in repr(key) + str(key) for part in (bytes(range(32)).hex(), "\\x01"))
    assert len(key.key_id) == 8
    assert key.key_id != SiteKey(bytes(32)).key_id
