"""Both searches over what a run wrote."""

from pathlib import Path

from gameday.sweep.outputs import holds_bytes, sweep


def test_a_planted_text_is_found_wherever_it_lies(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "junit.xml").write_bytes(b"<out>before planted-text after</out>")
    (tmp_path / "clean.txt").write_bytes(b"nothing here")
    swept = sweep([tmp_path], holds_bytes([b"planted-text"]), sentinel=b"planted-text")
    assert swept.works
    assert [path.name for path in swept.dirty] == ["junit.xml"]
    assert swept.files == 2


def test_a_search_that_does_not_find_its_sentinel_does_not_work(tmp_path: Path) -> None:
    assert not sweep([tmp_path], lambda _: False, sentinel=b"sentinel").works


def test_a_file_that_cannot_be_read_is_not_clean(tmp_path: Path) -> None:
    (tmp_path / "gone").symlink_to(tmp_path / "nowhere")
    (tmp_path / "file").write_bytes(b"x")

    def search(body: bytes) -> bool:
        if body == b"x":
            raise OSError("the disk went away")
        return b"sentinel" in body

    swept = sweep([tmp_path / "file"], search, sentinel=b"sentinel")
    assert [path.name for path in swept.dirty] == ["file"]


def test_no_planted_text_finds_nothing() -> None:
    assert not holds_bytes([b""])(b"anything")
