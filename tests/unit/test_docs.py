"""The docs are held to the code: what can be typed, set, added or measured is written down, and links lead somewhere."""

import argparse
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final, get_args, get_type_hints

import msgspec
import pytest

from gameday import cli
from gameday.config import Config
from gameday.faults import FAULTS
from gameday.metrics import METRICS
from gameday.metrics.catalogue import CATALOGUE
from gameday.scenario.setup import SERVERS
from gameday.sinks import SINKS
from tests.unit.test_architecture import LAYERS

ROOT: Final = Path(__file__).parents[2]
PAGES: Final = sorted(
    [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "reports").glob("*.md")],
    key=lambda page: page.as_posix(),
)
_LINK: Final = re.compile(r"\]\(([^)\s]+)\)")
_PATH: Final = re.compile(r"`((?:gameday|tests|scenarios|fixtures|docs)/[\w./-]+)`")
_FENCE: Final = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


def text(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


def prose(page: Path) -> str:
    return _FENCE.sub("", page.read_text("utf-8"))


def commands() -> list[str]:
    actions = cli._parser()._subparsers
    assert actions is not None
    choices = next(action for action in actions._actions if isinstance(action, argparse._SubParsersAction)).choices
    return sorted(choices)


def structs(kind: object) -> Iterator[type[msgspec.Struct]]:
    """A struct, and every struct that its fields hold."""
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        yield kind
        for inner in get_type_hints(kind).values():
            yield from structs(inner)
    for argument in get_args(kind):
        yield from structs(argument)


KEYS: Final = sorted({(struct.__name__, key) for struct in structs(Config) for key in struct.__struct_fields__})
MENTIONS: Final = [
    *(("docs/add-a-fault.md", fault.__name__) for fault in FAULTS),
    *(("README.md", fault.__name__) for fault in FAULTS),
    *(("docs/add-a-sink.md", kind) for kind in SINKS),
    *(("docs/gameday-toml.md", kind) for kind in SINKS),
    *(("README.md", server.image) for server in SERVERS),
    *(("ARCHITECTURE.md", part) for part in LAYERS),
]


def test_every_key_was_found_by_reading_the_types() -> None:
    assert {name for name, _ in KEYS} >= {"Target", "SinkConfig", "DetectorConfig", "Probes", "SloConfig"}


@pytest.mark.parametrize("command", commands())
def test_the_readme_mentions_every_command(command: str) -> None:
    assert f"gameday {command}" in text("README.md")


@pytest.mark.parametrize(("struct", "key"), KEYS)
def test_every_key_of_gameday_toml_is_described(struct: str, key: str) -> None:
    assert f"`{key}`" in text("docs/gameday-toml.md"), f"{struct}.{key}"


@pytest.mark.parametrize(("page", "word"), MENTIONS)
def test_what_can_be_listed_is_mentioned(page: str, word: str) -> None:
    assert re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", text(page))


def test_every_metric_that_is_measured_has_a_row_and_every_other_is_named() -> None:
    page, modules = text("docs/leak-clock.md"), {measure.__module__.rpartition(".")[2] for measure in METRICS}
    measured = {module.partition("_")[0].upper() for module in modules}
    assert {metric for metric in CATALOGUE if f"\n| {metric} |" in page} == measured
    assert all(re.search(rf"\b{metric}\b", page) for metric in CATALOGUE)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    targets = [link.partition("#")[0] for link in _LINK.findall(prose(page)) if "://" not in link]
    assert [target for target in targets if target and not (page.parent / target).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_path_of_the_code_that_is_named_exists(page: Path) -> None:
    named = [path for path in _PATH.findall(prose(page)) if "your_" not in path]
    assert [path for path in named if not (ROOT / path).exists()] == []


def test_every_decision_says_what_why_and_at_what_cost() -> None:
    pages = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    assert pages
    for page in pages:
        assert all(f"**{part}.**" in page.read_text("utf-8") for part in ("Decided", "Why", "What it costs")), page.name


def test_the_architecture_fits_on_a_page() -> None:
    assert len(text("ARCHITECTURE.md").splitlines()) < 80
