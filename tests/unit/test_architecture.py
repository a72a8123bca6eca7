"""The house's rules over imports, held by reading the code."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

PACKAGE: Final = Path(__file__).parents[2] / "gameday"
LAYERS: Final = {
    "errors": 0, "clock": 0, "verdict": 0, "shipped": 0,
    "place": 1, "sighting": 1, "alert": 1, "config": 1, "canary": 1, "wait": 1, "strict_yaml": 1,
    "toml_read": 1, "toml_write": 1, "sarif": 1,
    "timeline": 2, "runtime": 2,
    "journal": 3, "sweep": 3, "servers": 3,
    "metrics": 4, "systems": 4,
    "slo": 5, "sinks": 5, "faults": 5, "detect": 5, "contain": 5, "gate": 5,
    "report": 6, "scenario": 6,
    "plugin": 7, "cli": 7, "load": 7,
}  # fmt: skip
PLUG_INS: Final = {"sinks", "faults", "detect", "contain"}
JUDGING: Final = {"metrics", "slo", "gate", "report", "verdict", "timeline", "journal", "strict_yaml"}
RUNNING: Final = {"runtime", "servers", "systems", "sinks", "faults", "detect", "contain", "scenario", "canary"}
DEFENCE: Final = {"detect", "contain", "systems"}
FOREIGN: Final = {"subprocess": "runtime", "testcontainers": "runtime", "docker": "runtime", "locust": "load"}


def module_name(file: Path) -> str:
    parts = file.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports_of(file: Path) -> Iterator[str]:
    """Every module that a file imports, also lazily; names for type checkers only are left out."""
    tree = ast.parse(file.read_text())
    only_types = {
        inner
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if node in only_types:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


FILES: Final = sorted(PACKAGE.rglob("*.py"))
GRAPH: Final = {module_name(file): set(imports_of(file)) for file in FILES}


def part(module: str) -> str:
    names = module.split(".")
    return names[1] if len(names) > 1 else ""


def ours(module: str) -> set[str]:
    """The gameday modules that a module imports, as modules."""
    found = set()
    for name in GRAPH[module]:
        if name.startswith("gameday."):
            found.add(name if name in GRAPH else name.rpartition(".")[0])
    return found & GRAPH.keys()


@pytest.mark.parametrize("module", sorted(GRAPH))
def test_a_module_imports_only_what_lies_below_it(module: str) -> None:
    if part(module):
        above = {name for name in ours(module) if part(name) and LAYERS[part(name)] > LAYERS[part(module)]}
        assert not above


def test_every_part_of_the_house_has_a_layer() -> None:
    assert {part(module) for module in GRAPH} - {""} <= LAYERS.keys()


@pytest.mark.parametrize("module", sorted(name for name in GRAPH if part(name) in PLUG_INS))
def test_one_plug_in_folder_never_imports_another(module: str) -> None:
    assert not {name for name in ours(module) if part(name) in PLUG_INS - {part(module)}}


@pytest.mark.parametrize("module", sorted(name for name in GRAPH if part(name) in JUDGING))
def test_the_judging_side_never_imports_the_running_side(module: str) -> None:
    assert not {name for name in ours(module) if part(name) in RUNNING}


@pytest.mark.parametrize("module", sorted(name for name in GRAPH if part(name) in DEFENCE))
def test_the_defence_never_reaches_the_canaries(module: str) -> None:
    seen, todo = set(), {module}
    while todo:
        name = todo.pop()
        seen.add(name)
        todo |= ours(name) - seen
    assert not {name for name in seen if part(name) == "canary"}


@pytest.mark.parametrize("library", sorted(FOREIGN))
def test_a_dangerous_library_has_one_door(library: str) -> None:
    importers = {part(module) for module, names in GRAPH.items() for name in names if name.split(".")[0] == library}
    assert importers <= {FOREIGN[library]}


def test_the_rules_would_notice() -> None:
    """The reader of imports sees lazy ones, and none that are for type checkers only."""
    assert "gameday.scenario.loading" in {name.rpartition(".")[0] for name in GRAPH["gameday.cli"]}
    assert not any(name.startswith("gameday.scenario.script") for name in GRAPH["gameday"])
    assert any(name.split(".")[0] == "testcontainers" for names in GRAPH.values() for name in names)
