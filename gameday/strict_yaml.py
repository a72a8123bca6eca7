"""YAML read strictly: each value knows its file, its line and the keys that lead to it, and refuses what is not meant."""

import math
import re
from pathlib import Path
from typing import Final

import yaml
from attrs import frozen

from gameday.errors import ConfigError

_NUMBER: Final = re.compile(r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?")


@frozen(kw_only=True)
class Value:
    """One value of a YAML file, with its place in it; `key` is the path of keys that leads to it."""

    file: str
    key: str
    node: yaml.Node

    @property
    def line(self) -> int:
        return int(self.node.start_mark.line) + 1

    def error(self, problem: str, *, remedy: str) -> ConfigError:
        value = self.node.value if isinstance(self.node, yaml.ScalarNode) else None
        return ConfigError(file=self.file, line=self.line, key=self.key, value=value, problem=problem, remedy=remedy)

    def mapping(self) -> "dict[str, Value]":
        if not isinstance(self.node, yaml.MappingNode):
            raise self.error("must be a mapping", remedy="Write its keys below it, indented.")
        inside: dict[str, Value] = {}
        for name, node in self.node.value:
            key = str(name.value)
            inner = Value(file=self.file, key=f"{self.key}.{key}".lstrip("."), node=node)
            if key in inside:
                raise inner.error("stands here twice", remedy="Keep one of them.")
            inside[key] = inner
        return inside

    def keys(self, *required: str, also: tuple[str, ...] = ()) -> "dict[str, Value]":
        """The mapping, with every key that is required and none that is not known."""
        inside = self.mapping()
        known = ", ".join((*required, *also))
        for key, inner in inside.items():
            if key not in required and key not in also:
                raise inner.error("is not a key that gameday reads here", remedy=f"Known keys: {known}.")
        for key in required:
            if key not in inside:
                raise self.error(f"the key {key!r} is missing", remedy=f"Add it; known keys: {known}.")
        return inside

    def only(self) -> "Value":
        items = self.items()
        if len(items) != 1:
            raise self.error(f"must be a list of one, not of {len(items)}", remedy="Keep one item.")
        return items[0]

    def items(self) -> "list[Value]":
        if not isinstance(self.node, yaml.SequenceNode) or not self.node.value:
            raise self.error("must be a list with at least one item", remedy="Begin each item with '- '.")
        return [
            Value(file=self.file, key=f"{self.key}[{number}]", node=node) for number, node in enumerate(self.node.value)
        ]

    def text(self) -> str:
        if not isinstance(self.node, yaml.ScalarNode) or self.node.tag != "tag:yaml.org,2002:str":
            raise self.error("must be text", remedy="Put it in quotes.")
        if not self.node.value.strip():
            raise self.error("must not be empty", remedy="Write a few words.")
        return str(self.node.value).strip()

    def one_of(self, *allowed: str, remedy: str = "") -> str:
        text = self.text()
        if text not in allowed:
            raise self.error(f"must be {' or '.join(allowed)}", remedy=remedy or f"Write {allowed[0]}.")
        return text

    def is_true(self) -> None:
        if not isinstance(self.node, yaml.ScalarNode) or self.node.value != "true":
            raise self.error("must be true", remedy="Write true.")

    def number(self) -> float:
        """A plain decimal. YAML 1.1 would read 5:00 as 300 and 0x10 as 16: these are refused."""
        is_plain = isinstance(self.node, yaml.ScalarNode) and self.node.style is None
        if not is_plain or not _NUMBER.fullmatch(self.node.value) or not math.isfinite(float(self.node.value)):
            raise self.error("must be a number", remedy="Write digits, such as 300 or 0.0001.")
        return float(self.node.value)


def documents(path: Path) -> tuple[Value, ...]:
    """The documents of a YAML file; raises ConfigError."""
    file = str(path)
    try:
        nodes = list(yaml.compose_all(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader))
    except (OSError, UnicodeDecodeError) as error:
        problem = f"cannot be read: {error}"
        raise ConfigError(file=file, key="file", value=None, problem=problem, remedy="Name a YAML file.") from error
    except yaml.MarkedYAMLError as error:
        line = None if error.problem_mark is None else error.problem_mark.line + 1
        problem = f"is not YAML: {error.problem}"
        remedy = "Mend that line."
        raise ConfigError(file=file, line=line, key="file", value=None, problem=problem, remedy=remedy) from error
    except yaml.YAMLError as error:
        problem = f"is not YAML: {error}"
        raise ConfigError(file=file, key="file", value=None, problem=problem, remedy="Write plain text.") from error
    return tuple(Value(file=file, key="", node=node) for node in nodes)
