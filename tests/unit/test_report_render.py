import base64
import hashlib
import re
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Final

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gameday import journal
from gameday.report.render import render, write
from gameday.report.view import view
from gameday.timeline import AnyEvent, Timeline
from tests.unit.report_timelines import RUNS, gates, hostile, passing

GOLDEN: Final = Path(__file__).parent / "golden" / "journal-1.jsonl"
MARKUP: Final = "\"'><script>alert(1)</script><img src=x onerror=alert(1)>{{ 7 * 7 }}"
VOID: Final = frozenset({"meta", "input", "br", "img", "link", "line", "rect", "circle", "use", "path"})


def page(timeline: Timeline) -> str:
    return render(view(timeline, gates(timeline)))


class Tags(HTMLParser):
    """Every opening tag of a page with its attributes, in order; and whether all of them were closed again."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, f"</{tag}> closes something else"

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [attrs for name, attrs in self.found if name == tag]


@pytest.fixture(params=RUNS)
def html(request: pytest.FixtureRequest) -> str:
    return page(RUNS[request.param]())


def test_every_kind_of_run_renders_to_well_formed_html(html: str) -> None:
    assert html.startswith("<!doctype html>")
    assert not Tags(html).open


def test_every_objective_of_both_gates_is_on_the_page(html: str) -> None:
    for name in ("run.yaml", "release.yaml"):
        assert f"fixtures/slo/{name}" in html
    for gate in gates(passing()):
        for judgement in gate.judgements:
            assert judgement.objective.title.replace("'", "&#39;") in html


def test_the_policy_allows_exactly_the_inline_blocks(html: str) -> None:
    policy = next(attrs["content"] for attrs in Tags(html).named("meta") if "http-equiv" in attrs)
    assert policy is not None
    assert policy.startswith("default-src 'none'; ")
    for tag in ("style", "script"):
        (block,) = re.findall(rf"<{tag}>(.*?)</{tag}>", html, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(block.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy


def test_the_page_needs_nothing_from_outside_and_runs_nothing_inline(html: str) -> None:
    for tag, attrs in Tags(html).found:
        assert "style" not in attrs, tag
        assert not [name for name in attrs if name.startswith("on")], tag
        for name in ("src", "href", "xlink:href", "action"):
            assert (attrs.get(name) or "#").startswith("#"), (tag, attrs)
    assert not re.search(r"@import|url\((?!#)|https?://", html)


def test_links_lead_somewhere_and_names_are_unique(html: str) -> None:
    tags = Tags(html)
    ids = [attrs["id"] for _, attrs in tags.found if "id" in attrs]
    assert len(ids) == len(set(ids))
    targets = {(attrs.get("href") or "")[1:] for tag in ("a", "use") for attrs in tags.named(tag)}
    assert targets - {"incidents-all"} <= set(ids)
    for _, attrs in tags.found:
        assert set((attrs.get("aria-labelledby") or "").split()) <= set(ids)


def test_headings_are_in_order_and_there_is_one_h1(html: str) -> None:
    levels = [int(tag[1]) for tag, _ in Tags(html).found if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_tables_have_captions_and_scopes_and_figures_have_names(html: str) -> None:
    tags = Tags(html)
    assert len(tags.named("table")) == len(tags.named("caption"))
    assert all(attrs.get("scope") in {"col", "row", "rowgroup"} for attrs in tags.named("th"))
    for attrs in tags.named("svg"):
        assert attrs.get("aria-hidden") == "true" or attrs.get("role") == "img"
    for _, attrs in tags.found:
        if attrs.get("class") == "scroll":
            assert attrs.get("tabindex") == "0"
            assert attrs.get("aria-label")


def test_markup_from_the_journal_is_text() -> None:
    html = page(hostile(MARKUP))
    assert not Tags(html).open
    assert "<script>alert" not in html
    assert "<img" not in html
    assert "{{ 7 * 7 }}" in html  # shown as it came, not evaluated
    assert len(Tags(html).named("script")) == 1


@settings(max_examples=25)
@given(st.text(min_size=1, max_size=40))
def test_no_text_can_break_out_of_the_page(text: str) -> None:
    assert len(Tags(page(hostile(text))).named("script")) == 1


def test_the_same_journal_makes_the_same_page() -> None:
    assert page(passing()) == page(passing())


def test_a_journal_of_format_1_renders_for_ever() -> None:
    timeline = journal.read(GOLDEN)
    html = page(timeline)
    assert not Tags(html).open
    for words in (
        "20261124-0600",
        "purged, still leaking",
        "Request bodies in the ingress log are noticed and stopped",
    ):
        assert words in html


def test_the_golden_journal_holds_every_kind_of_event() -> None:
    kinds = {type(event).__name__ for event in journal.read(GOLDEN).events}
    assert kinds >= {kind.__name__ for kind in AnyEvent.__args__}


def test_a_torn_journal_renders_at_whatever_event_it_was_torn(tmp_path: Path) -> None:
    lines = [msgspec.json.encode(event) for event in journal.read(GOLDEN).events]
    for count in range(1, len(lines), 7):
        torn = tmp_path / f"{count}.jsonl"
        torn.write_bytes(b"\n".join(lines[:count]) + b'\n{"event":"sen')
        assert "cut off" in page(journal.read(torn))


def test_a_report_is_written_whole_and_readable_by_others(tmp_path: Path) -> None:
    path = tmp_path / "20261123-0600" / "report.html"
    write(path, "<p>one</p>")
    write(path, "<p>two</p>")
    assert path.read_text() == "<p>two</p>"
    assert path.stat().st_mode & 0o777 == 0o644
    assert [entry.name for entry in path.parent.iterdir()] == ["report.html"]
