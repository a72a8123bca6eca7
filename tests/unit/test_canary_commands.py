"""`gameday mint`, `find` and `whois`, as they are typed."""

import gzip
import json
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import gameday
from gameday import cli
from gameday.canary import canaries_file
from gameday.canary.families import FAMILIES
from gameday.canary.key import SiteKey, load_or_make
from gameday.canary.mint import SLOTS, Canary

Run = Callable[..., tuple[int, list[str], str]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Gives exit status, lines of standard output, and standard error."""
    monkeypatch.setenv("GAMEDAY_KEY_FILE", str(tmp_path / "site.key"))
    monkeypatch.chdir(tmp_path)

    def call(*words: str) -> tuple[int, list[str], str]:
        code = cli.main(words)
        shown = capsys.readouterr()
        return code, shown.out.splitlines(), shown.err

    return call


@pytest.fixture
def minted(run: Run) -> list[Canary]:
    assert run("mint", "--out", "canaries.jsonl")[0] == 0
    return canaries_file.read(Path("canaries.jsonl"))


def _json(lines: list[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in lines]


def test_what_is_minted_goes_to_a_file_of_ones_own_and_never_to_the_terminal(run: Run, tmp_path: Path) -> None:
    code, lines, errors = run("mint", "--count", "20", "--seed", "4", "--out", "c.jsonl")
    canaries = canaries_file.read(tmp_path / "c.jsonl")
    assert (code, len(canaries), errors) == (0, 20, "")
    assert stat.S_IMODE((tmp_path / "c.jsonl").stat().st_mode) == 0o600
    assert not any(text in line for line in lines for one in canaries for text in (one.token, *one.values))


def test_every_family_and_every_slot_has_its_turn(minted: list[Canary]) -> None:
    assert [one.family for one in minted] == [family.name for family in FAMILIES]
    assert {one.slot for one in minted} == set(SLOTS)


def test_the_same_seed_mints_the_same_and_without_one_no_two_are(run: Run, tmp_path: Path) -> None:
    for name, seed in (("a", ["--seed", "4"]), ("b", ["--seed", "4"]), ("c", []), ("d", [])):
        run("mint", *seed, "--out", name)
    first, again, other, another = ({one.id for one in canaries_file.read(tmp_path / name)} for name in "abcd")
    assert (first == again, first & other, other & another) == (True, set(), set())


def test_a_family_and_a_locale_can_be_chosen(run: Run, tmp_path: Path) -> None:
    run("mint", "--family", "address", "--locale", "ja_JP", "--count", "3", "--out", "c.jsonl")
    assert [(one.family, one.locale) for one in canaries_file.read(tmp_path / "c.jsonl")] == [("address", "ja_JP")] * 3


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--family", "fax"), "no family 'fax'. There are: address"),
        (("--locale", "xx_XX"), "no family has a locale 'xx_XX'"),
        (("--family", "card", "--locale", "de_DE"), ""),
        (("--slot", "attic"), "slots system"),
        (("--count", "0"), "at least one canary"),
    ],
)
def test_a_name_that_does_not_exist_is_answered_with_those_that_do(run: Run, words: tuple[str, ...], told: str) -> None:
    code, _, errors = run("mint", *words, "--out", "c.jsonl")
    assert (code, told in errors, "Traceback" in errors) == (4 if told else 0, True, False)


def test_a_file_that_is_there_is_never_replaced(run: Run, minted: list[Canary]) -> None:
    code, _, errors = run("mint", "--out", "canaries.jsonl")
    assert (code, "canaries.jsonl" in errors, len(minted)) == (4, True, len(FAMILIES))


def test_what_was_minted_is_found_again_and_told_by_canary_and_file(
    run: Run, minted: list[Canary], tmp_path: Path
) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "a.log").write_text(f"{minted[0].text}\n" + json.dumps(minted[0].text))
    (tmp_path / "logs" / "b.gz").write_bytes(gzip.compress(minted[1].text.encode()))
    code, lines, _ = run("find", "--canaries", "canaries.jsonl", "logs")
    found = {one["id"]: one for one in _json(lines)}
    assert (code, set(found)) == (1, {minted[0].id, minted[1].id})
    assert found[minted[1].id]["forms"][0][0] == "gzip"
    assert found[minted[1].id] | {"forms": None} == {
        "id": minted[1].id,
        "slot": minted[1].slot,
        "parts": ["token", "value"],
        "forms": None,
        "path": "logs/b.gz",
        "offset": 0,
        "share": 1.0,
    }


def test_what_is_clean_ends_with_0_and_what_is_cut_short_with_2(run: Run, minted: list[Canary], tmp_path: Path) -> None:
    (tmp_path / "clean").write_text("nothing of ours")
    assert run("find", "--canaries", "canaries.jsonl", "clean") == (
        0,
        [],
        run("find", "--canaries", "canaries.jsonl", "clean")[2],
    )
    (tmp_path / "cut.gz").write_bytes(gzip.compress(bytes(range(256)) * 400)[:-40])
    code, lines, _ = run("find", "--canaries", "canaries.jsonl", "cut.gz")
    assert (code, [one["not_looked_into"] for one in _json(lines)], len(minted)) == (2, ["cut.gz"], len(FAMILIES))


def test_standard_input_is_searched(minted: list[Canary]) -> None:
    command = [sys.executable, "-m", "gameday.cli", "find", "--canaries", "canaries.jsonl", "-"]
    done = subprocess.run(command, input=minted[2].text.encode(), capture_output=True, check=False)
    assert (done.returncode, [one["id"] for one in _json(done.stdout.decode().splitlines())]) == (1, [minted[2].id])


def test_canaries_of_another_key_are_refused_instead_of_never_found(
    run: Run, minted: list[Canary], tmp_path: Path
) -> None:
    (tmp_path / "site.key").rename(tmp_path / "old.key")
    load_or_make(tmp_path / "site.key")
    code, _, errors = run("find", "--canaries", "canaries.jsonl", "canaries.jsonl")
    assert (code, "--key-file" in errors) == (4, True)
    assert run("find", "--canaries", "canaries.jsonl", "--key-file", "old.key", "canaries.jsonl")[0] == 1
    assert minted


def test_without_a_key_nothing_is_called_clean(run: Run, minted: list[Canary], tmp_path: Path) -> None:
    (tmp_path / "site.key").unlink()
    code, _, errors = run("find", "--canaries", "canaries.jsonl", "canaries.jsonl")
    assert (code, "there is no such key" in errors, (tmp_path / "site.key").exists(), bool(minted)) == (
        4,
        True,
        False,
        True,
    )


def test_whois_tells_a_token_of_ours_from_a_forged_one_and_a_fragment(run: Run, minted: list[Canary]) -> None:
    token = minted[0].token
    code, lines, _ = run("whois", token)
    assert (code, minted[0].id in lines[0], minted[0].slot in lines[0], token in lines[0]) == (0, True, True, False)
    forged = token[:-1] + ("0" if token[-1] != "0" else "1")
    assert run("whois", forged)[0] == 1
    code, lines, _ = run("whois", token[3:15], "--canaries", "canaries.jsonl")
    assert (code, minted[0].id in lines[0]) == (0, True)
    assert run("whois", "short")[0] == 4


def test_whois_reads_a_file_too(run: Run, minted: list[Canary], tmp_path: Path) -> None:
    (tmp_path / "seen.txt").write_text(f"look: {minted[3].token}")
    code, lines, _ = run("whois", "seen.txt")
    assert (code, minted[3].id in lines[0]) == (0, True)


def test_the_same_can_be_done_from_python(tmp_path: Path) -> None:
    key = SiteKey(b"p" * 32)
    canaries = list(gameday.mint(count=3, key=key))
    (tmp_path / "log").write_text(canaries[1].text)
    swept = gameday.find([str(tmp_path / "log")], canaries=canaries, keys=[key])
    assert ([one.canary for one in swept.sightings][:1], swept.exit_code) == ([canaries[1].id], 1)
