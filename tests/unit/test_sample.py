"""The sample report tells the truth: it is what this version makes of its journal."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from gameday import journal
from gameday.report.render import render
from gameday.report.view import view
from gameday.scenario.closing import gates
from gameday.verdict import Verdict

ROOT = Path(__file__).parents[2]


def test_the_sample_is_what_its_journal_gives_today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    timeline = journal.read(ROOT / "reports" / "sample")
    today, release = gates(timeline, run=None, release=None)
    assert (today.verdict, release.verdict) == (Verdict.PASS, Verdict.INCONCLUSIVE)
    same = render(view(timeline, (today, release))) == (ROOT / "reports" / "sample" / "index.html").read_text()
    assert same, "write it again: gameday report reports/sample"


def test_a_gate_whose_reader_went_away_does_not_pass() -> None:
    """`gameday gate RUN | true`: the sample passes, but nobody was told."""
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "gameday.cli", "gate", str(ROOT / "reports" / "sample")]
    done = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, check=False)
    os.close(writer)
    assert done.returncode == 3
    assert b"internal error" not in done.stderr
