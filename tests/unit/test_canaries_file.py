"""A file of canaries: whole or not there, its owner's alone, and strict about every line."""

import gc
import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from attrs import fields
from hypothesis import given
from hypothesis import strategies as st

from gameday import clock
from gameday.canary import canaries_file
from gameday.canary.canaries_file import read, read_header, write
from gameday.canary.key import SiteKey
from gameday.canary.mint import Canary
from gameday.canary.token import DAY_BITS, RUN_BITS, SERIAL_BITS, SLOT_BITS, TENANT_BITS, TokenId, Tokens
from gameday.errors import ConfigError, UsageError

KEY: Final = SiteKey(b"k" * 32)
TOKENS: Final = Tokens(KEY)
SECRET: Final = "zq-not-to-be-shown"
NAMES: Final = st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=20)
TEXTS: Final = st.text(st.characters(exclude_categories=["Cs"]), max_size=50)
NUMBERS: Final = st.builds(
    TokenId,
    day=st.integers(0, (1 << DAY_BITS) - 1),
    run=st.integers(0, (1 << RUN_BITS) - 1),
    tenant=st.integers(0, (1 << TENANT_BITS) - 1),
    slot=st.integers(0, (1 << SLOT_BITS) - 1),
    serial=st.integers(0, (1 << SERIAL_BITS) - 1),
)


@st.composite
def _any_canary(draw: st.DrawFn) -> Canary:
    token_id = draw(NUMBERS)
    return Canary(
        id=TOKENS.canary_id(token_id),
        family=draw(NAMES),
        locale=draw(st.sampled_from(["", "de_DE", "ja_JP"])),
        tenant=draw(NAMES),
        slot=draw(NAMES),
        serial=token_id.serial,
        token_id=token_id,
        is_secret=draw(st.booleans()),
        is_redactable=draw(st.booleans()),
        fingerprint=KEY.digest(b"", purpose=b"test", size=4).hex(),
        token=TOKENS.mint(token_id),
        values=tuple(draw(st.lists(TEXTS, max_size=3))),
        anchors=tuple(draw(st.lists(NAMES, max_size=3))),
        text=draw(TEXTS),
    )


CANARIES: Final = st.lists(_any_canary(), max_size=5, unique_by=lambda canary: canary.id)


def _canary(serial: int) -> Canary:
    token_id = TokenId(day=1, run=2, tenant=3, slot=4, serial=serial)
    return Canary(
        id=TOKENS.canary_id(token_id),
        family="card",
        locale="de_DE",
        tenant="acme",
        slot="rag",
        serial=serial,
        token_id=token_id,
        is_secret=True,
        is_redactable=True,
        fingerprint="0123abcd",
        token=TOKENS.mint(token_id),
        values=(SECRET,),
        anchors=(SECRET[:8],),
        text=f"some {SECRET} text",
    )


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "canaries.jsonl"
    write(path, map(_canary, range(3)), key=KEY, run="night")
    return path


def _replaced(file: Path, text: bytes) -> Path:
    file.write_bytes(text)
    return file


def _with(file: Path, *, line: int, key: str, value: object) -> Path:
    """The file with one value changed; `key` may lead into an object."""
    lines = file.read_bytes().splitlines()
    record = json.loads(lines[line - 1])
    inner = record
    *path, last = key.split(".")
    for name in path:
        inner = inner[name]
    inner[last] = value
    lines[line - 1] = json.dumps(record).encode()
    return _replaced(file, b"\n".join(lines) + b"\n")


@given(canaries=CANARIES, run=NAMES)
def test_what_is_written_is_read_again(canaries: list[Canary], run: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "canaries"
        assert write(path, iter(canaries), key=KEY, run=run) == len(canaries)
        is_same = read(path) == canaries
        assert is_same
        header = read_header(path)
        assert (header.key, header.run, header.minted) == (KEY.key_id, run, clock.today())


def test_every_field_of_a_canary_has_a_place_in_the_file() -> None:
    assert list(canaries_file._Line.__struct_fields__) == [field.name for field in fields(Canary)]
    assert list(canaries_file._TokenId.__struct_fields__) == [field.name for field in fields(TokenId)]


def test_only_its_owner_may_read_it_whatever_the_umask_is(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        write(tmp_path / "canaries", [_canary(1)], key=KEY, run="r")
    finally:
        os.umask(before)
    assert (tmp_path / "canaries").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("name", ["-", "/dev/stdout", "/dev/stderr", "/dev/null", "/dev/tty", "/proc/self/fd/1"])
def test_canaries_never_go_to_what_is_no_new_file(name: str) -> None:
    with pytest.raises(UsageError, match=r"never to a terminal|exists already"):
        write(Path(name), [_canary(1)], key=KEY, run="r")


def test_a_file_that_is_there_is_left_as_it_is(file: Path) -> None:
    before = file.read_bytes()
    with pytest.raises(UsageError, match=r"exists already.*Name another file"):
        write(file, [_canary(9)], key=KEY, run="r")
    assert file.read_bytes() == before


def test_a_link_that_leads_nowhere_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UsageError, match="exists already"):
        write(tmp_path / "link", [_canary(9)], key=KEY, run="r")
    assert not (tmp_path / "elsewhere").exists()


def test_a_file_that_came_in_the_meantime_is_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "canaries"

    def slowly() -> Iterator[Canary]:
        yield _canary(1)
        path.write_text("mine")

    with pytest.raises(UsageError, match="exists already"):
        write(path, slowly(), key=KEY, run="r")
    assert [(each.name, each.read_text()) for each in tmp_path.iterdir()] == [("canaries", "mine")]


def test_nothing_is_left_where_the_minting_fails(tmp_path: Path) -> None:
    def failing() -> Iterator[Canary]:
        yield _canary(1)
        raise UsageError("no more serials")

    with pytest.raises(UsageError, match="no more serials"):
        write(tmp_path / "canaries", failing(), key=KEY, run="r")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"cannot be written.*folder of your own"):
        write(tmp_path / "none" / "canaries", [_canary(1)], key=KEY, run="r")
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="cannot be written"):
        write(tmp_path / "file" / "canaries", [_canary(1)], key=KEY, run="r")
    with pytest.raises(UsageError, match="cannot be read"):
        read(tmp_path / "none")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o622, 0o666])
def test_a_file_that_others_may_read_or_write_is_refused_with_the_remedy(file: Path, mode: int) -> None:
    file.chmod(mode)
    for reading in (read, read_header):
        with pytest.raises(ConfigError, match=f"others may read it .*chmod 600 {file}"):
            reading(file)


def test_a_pipe_or_a_folder_is_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe", 0o600)
    for path in (tmp_path / "pipe", tmp_path):
        with pytest.raises(UsageError):
            read(path)


WRONG: Final = [
    (1, "format", "other", "format"),
    (1, "version", 2, "version"),
    (1, "version", "1", "version"),
    (1, "key", SECRET, "key"),
    (1, "minted", SECRET, "minted"),
    (1, "run", "night\x1b[2J", "run"),
    (1, SECRET, SECRET, "header"),
    (2, "id", "", "id"),
    (3, "id", f"c\n{SECRET}", "id"),
    (3, "tenant", f"\x1b]0;{SECRET}\x07", "tenant"),
    (3, "serial", -1, "serial"),
    (3, "token", SECRET, "token"),
    (3, "token", "\N{BULLET}" * 19, "token"),
    (3, "values", SECRET, "values"),
    (3, "values", [SECRET, 7], "values"),
    (3, "text", None, "text"),
    (3, "is_secret", SECRET, "is_secret"),
    (3, "is_secret", 1, "is_secret"),
    (3, SECRET, SECRET, "line"),
    (3, "token_id", SECRET, "token_id"),
    (3, "token_id.day", 1 << DAY_BITS, "day"),
    (3, "token_id.slot", -1, "slot"),
    (3, f"token_id.{SECRET}", 1, "token_id"),
]


@pytest.mark.parametrize(("line", "key", "value", "named"), WRONG, ids=map(str, range(len(WRONG))))
def test_a_wrong_value_is_told_by_line_and_key_and_not_quoted(
    file: Path, line: int, key: str, value: object, named: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        read(_with(file, line=line, key=key, value=value))
    assert (caught.value.line, caught.value.key, caught.value.value) == (line, named, None)
    is_quoted = SECRET in str(caught.value) or "\x1b" in str(caught.value)
    assert not is_quoted
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


@pytest.mark.parametrize("key", [*canaries_file._Line.__struct_fields__])
def test_a_missing_field_is_named(file: Path, key: str) -> None:
    header, record, *rest = file.read_bytes().splitlines()
    shorter = {name: value for name, value in json.loads(record).items() if name != key}
    with pytest.raises(ConfigError, match=f":2: {key}: is missing"):
        read(_replaced(file, b"\n".join([header, json.dumps(shorter).encode(), *rest, b""])))


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text[:-20],
        lambda text: text + b"\n",
        lambda text: text + b"\x00" * 100,
        lambda text: text + b"\xff\xfe\n",
        lambda text: text + b"[" * 100_000 + b"\n",
        lambda text: text + b'{"id":' * 5_000 + b"\n",
        lambda text: text + b'{"text": "\xff"}\n',
        lambda text: text + text.splitlines()[0] + b"\n",
    ],
    ids=["torn", "blank line", "zeros", "no text", "deep", "deep objects", "bad utf-8", "second header"],
)
def test_a_damaged_line_is_told_by_its_number(file: Path, damage: object) -> None:
    assert callable(damage)
    text = file.read_bytes()
    with pytest.raises(ConfigError) as caught:
        read(_replaced(file, damage(text)))
    assert caught.value.line == (4 if len(damage(text)) < len(text) else 5)


def test_a_file_without_a_header_is_refused(file: Path) -> None:
    without = b"".join(file.read_bytes().splitlines(keepends=True)[1:])
    for text in (b"", without):
        for reading in (read, read_header):
            with pytest.raises(ConfigError) as caught:
                reading(_replaced(file, text))
            assert (caught.value.line, caught.value.key) == (1, "header")


def test_a_canary_that_stands_there_twice_is_refused(file: Path) -> None:
    text = file.read_bytes()
    with pytest.raises(ConfigError, match=":5: id: stands in an earlier line"):
        read(_replaced(file, text + text.splitlines(keepends=True)[1]))


@given(text=st.binary(max_size=300), at=st.integers(0, 2000))
def test_no_bytes_at_all_do_anything_but_read_or_be_refused(text: bytes, at: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "canaries"
        write(path, map(_canary, range(3)), key=KEY, run="night")
        whole = path.read_bytes()
        path.write_bytes(whole[:at] + text + whole[at + len(text) :])
        try:
            read(path)
        except ConfigError as error:
            is_quoted = SECRET in str(error)
            assert not is_quoted


def test_a_file_written_by_another_program_in_another_spelling_is_read(file: Path) -> None:
    before = read(file)
    lines = [json.dumps(json.loads(line), indent=None, sort_keys=True) for line in file.read_text().splitlines()]
    is_same = read(_replaced(file, "\r\n".join(lines).encode())) == before
    assert is_same


def test_reading_leaves_the_garbage_collector_as_it_was(file: Path) -> None:
    assert gc.isenabled()
    read(file)
    assert gc.isenabled()
    with pytest.raises(ConfigError):
        read(_replaced(file, b"x"))
    assert gc.isenabled()
