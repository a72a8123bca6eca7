"""The sample report tells the truth: it is what this version makes of its journal."""

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
