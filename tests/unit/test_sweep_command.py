"""`gameday sweep`, with the finder itself: what it writes, what it leaves behind, and how it ends."""

import argparse
import gzip
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gameday.canary.key import SiteKey, load_or_make
from gameday.canary.token import TokenId, Tokens
from gameday.errors import UsageError
from gameday.sweep.parsers import add_sweep
from gameday.sweep.work import WINDOW_BYTES

Sweep = Callable[..., int]


@pytest.fixture
def key(tmp_path: Path) -> SiteKey:
    return load_or_make(tmp_path / "site.key")


@pytest.fixture
def sweep(tmp_path: Path, key: SiteKey, monkeypatch: pytest.MonkeyPatch) -> Sweep:
    """In a folder of its own, that holds `logs`."""
    monkeypatch.setenv("GAMEDAY_KEY_FILE", str(tmp_path / "site.key"))
    (tmp_path / "work" / "logs").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "work")

    def run(*arguments: str) -> int:
        parser = argparse.ArgumentParser()
        add_sweep(parser.add_subparsers())
        options = parser.parse_args(["sweep", *arguments])
        code: int = options.command(options)
        return code

    return run


def token(key: SiteKey, *, serial: int) -> bytes:
    return Tokens(key).mint(TokenId(day=100, run=1, tenant=0, slot=1, serial=serial)).encode()


def told(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_what_is_found_is_told_line_by_line(sweep: Sweep, key: SiteKey, capsys: pytest.CaptureFixture[str]) -> None:
    planted = token(key, serial=1)
    Path("logs/a.log").write_bytes(b"some words " + planted + b" more")
    Path("logs/b.log.gz").write_bytes(gzip.compress(b"words " * 50 + planted))
    assert sweep("logs", "--workers", "1") == 1
    out, err = capsys.readouterr()
    *found, summary = told(out)
    assert [(one["path"], one["offset"], one["form"]) for one in found] == [
        ("logs/a.log", 11, ["raw"]),
        ("logs/b.log.gz", 0, ["gzip"]),
    ]
    assert {one["slot"] for one in found} == {"user"}
    assert (summary["files"], summary["found"], summary["canaries"], summary["exit_code"]) == (2, 2, 1, 1)
    assert planted.decode() not in out + err, "canary text was told"
    assert len(err.splitlines()) == 2


def test_clean_and_not_looked_into_end_differently(sweep: Sweep, capsys: pytest.CaptureFixture[str]) -> None:
    Path("logs/a.log").write_bytes(b"nothing")
    assert sweep("logs") == 0
    assert sweep("logs", "nowhere") == 2
    *_, note, _ = told(capsys.readouterr().out)
    assert note == {"not_looked_into": "nowhere", "offset": None, "form": [], "why": "it is not there"}


def test_files_are_written_whole_and_hold_no_canary(sweep: Sweep, key: SiteKey) -> None:
    planted = token(key, serial=2)
    Path("logs/a.log").write_bytes(planted)
    assert sweep("logs", "--out", "found.jsonl", "--sarif", "found.sarif") == 1
    written = Path("found.jsonl").read_bytes(), Path("found.sarif").read_bytes()
    assert not any(planted in body for body in written), "canary text was written"
    assert len(json.loads(written[1])["runs"][0]["results"]) == 1
    assert sorted(path.name for path in Path().iterdir()) == ["found.jsonl", "found.sarif", "logs"]


def test_a_sweep_that_is_stopped_goes_on_by_the_same_command(
    sweep: Sweep, key: SiteKey, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("logs/a.log").write_bytes(token(key, serial=3))
    (Path("logs") / "b.log").write_bytes(b"x" * (65 << 20))
    whole = sweep("logs", "--out", "whole.jsonl")

    Path("found.jsonl").mkdir()  # so that it fails at its very end
    with pytest.raises(UsageError, match="cannot be written"):
        sweep("logs", "--out", "found.jsonl")
    Path("found.jsonl").rmdir()
    assert len(list(Path().glob(".gameday-sweep-*.jsonl"))) == 1
    capsys.readouterr()
    assert sweep("logs", "--out", "found.jsonl") == whole
    assert "done before" in capsys.readouterr().err
    assert Path("found.jsonl").read_bytes() == Path("whole.jsonl").read_bytes()
    assert not list(Path().glob(".gameday-sweep-*.jsonl"))


def test_a_token_on_the_edge_of_a_window_is_found_once_at_any_cut(sweep: Sweep, key: SiteKey) -> None:
    planted = token(key, serial=6)
    cuts = [0, 1, 7, 12, len(planted)]
    for cut in cuts:
        with Path(f"logs/{cut:02}").open("wb") as file:
            file.truncate(WINDOW_BYTES + 1000)
            file.seek(WINDOW_BYTES - cut)
            file.write(planted)
    assert sweep("logs", "--out", "out") == 1
    *found, _ = told(Path("out").read_text())
    assert [one["offset"] for one in found] == [WINDOW_BYTES - cut for cut in cuts]


def test_a_named_checkpoint_is_kept_and_belongs_to_its_options(sweep: Sweep) -> None:
    Path("logs/a.log").write_bytes(b"nothing")
    assert sweep("logs", "--resume", "done.jsonl") == 0
    assert sweep("logs", "--resume", "done.jsonl") == 0
    with pytest.raises(UsageError, match="other keys, canaries or options"):
        sweep("logs", "--resume", "done.jsonl", "--deep")


def test_without_the_key_nothing_is_clean(sweep: Sweep) -> None:
    Path("logs/a.log").write_bytes(b"nothing")
    with pytest.raises(UsageError, match="no such key"):
        sweep("logs", "--key-file", "typo.key")
    assert not Path("typo.key").exists()


def test_every_key_that_is_named_is_searched_for(sweep: Sweep, key: SiteKey) -> None:
    other = load_or_make(Path("other.key"))
    Path("logs/a.log").write_bytes(token(key, serial=4) + b" " + token(other, serial=4))
    arguments = ("--out", "out", "--key-file")
    assert sweep("logs", *arguments, "other.key") == 1
    assert told(Path("out").read_text())[-1]["found"] == 1
    assert sweep("logs", *arguments, "other.key", "--key-file", "../site.key") == 1
    assert told(Path("out").read_text())[-1]["found"] == 2


@pytest.mark.parametrize(
    "arguments",
    [
        ("--workers", "0"),
        ("--workers", "2", "--dask", "tcp://127.0.0.1:9"),
        ("--no-resume", "--resume", "x"),
        ("--out", "no/where/out"),
    ],
)
def test_what_makes_no_sense_is_a_usage_error(sweep: Sweep, arguments: tuple[str, ...]) -> None:
    with pytest.raises(UsageError):
        sweep("logs", *arguments)


def test_a_file_over_standard_input_is_searched(sweep: Sweep, key: SiteKey, tmp_path: Path) -> None:
    program = (
        "import argparse, sys; from gameday.sweep.command import run\nfrom gameday.sweep.parsers import add_sweep\n"
        "parser = argparse.ArgumentParser(); add_sweep(parser.add_subparsers())\n"
        "if __name__ == '__main__': sys.exit(run(parser.parse_args(['sweep', '-'])))"
    )
    body = b"x" * 1_000_000 + token(key, serial=5)
    done = subprocess.run([sys.executable, "-c", program], input=body, capture_output=True, check=False)
    assert done.returncode == 1
    [found, _] = told(done.stdout.decode())
    assert (found["path"], found["offset"]) == ("-", 1_000_000)
    assert sorted(path.name for path in (tmp_path / "work").iterdir()) == ["logs"]
