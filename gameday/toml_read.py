"""TOML read as one closed struct; what is wrong is told with its file, line, key, value and remedy."""

import difflib
import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, Self, TypeVar

import msgspec
from attrs import frozen
from msgspec import inspect

from gameday.errors import ConfigError

T = TypeVar("T", bound=msgspec.Struct)
Keys = Sequence[str | int]
INIT: Final = "'gameday init' writes a file with every key explained."
_SECRET: Final = re.compile(r"key|token|secret|passw|auth|credential", re.IGNORECASE)
_SHOWN_CHARACTERS: Final = 100
_HEADER: Final = re.compile(r"\s*(\[\[?)\s*([^\]]+?)\s*\]")
_ASSIGNMENT: Final = re.compile(r"\s*([\w.\"'-]+)\s*=")
_USER_INFO: Final = re.compile(r"//[^/\s]*@")
_KEY: Final = re.compile(r"unknown field `(.+?)`|missing required field `(.+?)`")


@frozen(kw_only=True)
class Source:
    """A TOML file that was read: what it says, and where each key of it stands."""

    path: Path
    text: str
    data: dict[str, object]

    @classmethod
    def read(cls, path: Path) -> Self:
        """Raises ConfigError where it is not there, or not TOML."""
        try:
            text = path.read_text("utf-8")
        except (OSError, ValueError) as error:
            why = (error.strerror or "it failed") if isinstance(error, OSError) else "it is not UTF-8 text"
            raise _broken(path, f"cannot be read: {why}", remedy="'gameday init' writes one.") from error
        try:
            return cls(path=path, text=text, data=tomllib.loads(text))
        except RecursionError as error:
            raise _broken(path, "is nested too deeply", remedy="Flatten it.", line=1) from error
        except ValueError as error:
            at = re.search(r" \(at line (\d+), column \d+\)| \(at end of document\)", str(error))
            line = int(at[1]) if at and at[1] else text.count("\n") + 1
            problem = str(error).replace(at[0], "") if at else str(error)
            raise _broken(
                path, f"not TOML: {problem}", remedy="Mend this line, or the one above it.", line=line
            ) from error

    def convert(self, kind: type[T], *, words: Mapping[str, str]) -> T:
        """The file as a `kind`. `words` say in English what a pattern of the schema asks for."""
        try:
            return msgspec.convert(self.data, kind)
        except msgspec.ValidationError as error:
            raise self._explained(error, kind, words) from error

    def wrong(self, keys: Keys, problem: str, *, remedy: str, value: object = None) -> ConfigError:
        """One key of this file is wrong; `value` is shown as it is, None shows what the file says."""
        shown = value if value is not None else _shown(_at(self.data, keys), keys)
        return ConfigError(
            file=str(self.path),
            line=line_of(self.text, keys) or 1,
            key=".".join(str(key) for key in keys) or "(file)",
            value=shown,
            problem=problem,
            remedy=remedy,
        )

    def _explained(
        self, error: msgspec.ValidationError, kind: type[msgspec.Struct], words: Mapping[str, str]
    ) -> ConfigError:
        problem, _, at = str(error).partition(" - at ")
        keys = self._named(at.strip("`").removeprefix("$"), kind, str(error))
        if (pattern := re.search(r"matching regex (['\"].+['\"])$", problem)) and pattern[1] in words:
            problem, remedy = "it has not the form that is needed", words[pattern[1]]
        elif match := _KEY.search(problem):
            remedy = _about_key(inspect.type_info(kind), keys, match)
            problem = "there is no such key" if match[1] else "this key is needed"
            keys = [*keys, match[1] or match[2]]
        else:
            remedy = _about_value(inspect.type_info(kind), keys) or INIT
        return self.wrong(keys, problem, remedy=remedy)

    def _named(self, at: str, kind: type[msgspec.Struct], said: str) -> list[str | int]:
        """`.runbook[...].stop[0]` as keys, with the table that `[...]` leaves unnamed: the first that alone is wrong so."""
        keys: list[str | int] = []
        for part in re.findall(r"[^.\[\]]+|\.\.\.", at):
            if part != "...":
                keys.append(int(part) if part.isdigit() else part)
                continue
            table = _at(self.data, keys)
            names = list(table) if isinstance(table, dict) else []
            found = (name for name in names if _says(_with_only(self.data, keys, name), kind) == said)
            keys += [next(found, "*")]
        return keys


def line_of(text: str, keys: Keys) -> int | None:
    """The 1-based line on which a key of a TOML file stands; the nearest table above it where it stands nowhere."""
    best, table, counts = None, "", dict[str, int]()
    wanted = ".".join(str(key) for key in keys)
    for number, line in enumerate(text.split("\n"), start=1):
        if header := _HEADER.match(line):
            found = table = _table(header[1], header[2], counts)
        elif assignment := _ASSIGNMENT.match(line):
            found = f"{table}.{_plain(assignment[1])}".strip(".")
        else:
            continue
        if wanted == found:
            return number
        if wanted.startswith(f"{found}."):
            best = number
    return best


def _table(brackets: str, header: str, counts: dict[str, int]) -> str:
    """The table's path, in which each array of tables has the number of its entry: `detector.0.match`."""
    name = _plain(header)
    if brackets == "[[":
        counts[name] = counts.get(name, -1) + 1
        return f"{name}.{counts[name]}"
    first, _, rest = name.partition(".")
    return f"{first}.{counts[first]}.{rest}" if rest and first in counts else name


def _plain(key: str) -> str:
    return re.sub(r"[\"'\s]", "", key)


def _broken(path: Path, problem: str, *, remedy: str, line: int | None = None) -> ConfigError:
    return ConfigError(file=str(path), key="(file)", value=None, problem=problem, remedy=remedy, line=line)


def _at(data: object, keys: Keys) -> object:
    for key in keys:
        if isinstance(data, dict):
            data = data.get(key)
        elif isinstance(data, list) and isinstance(key, int) and key < len(data):
            data = data[key]
        else:
            return None
    return data


def _shown(value: object, keys: Keys) -> object:
    """None for what is no single value, and for what may be a secret that somebody wrote into the file."""
    is_secret = any(_SECRET.search(str(key)) for key in keys[-1:]) or "tenants" in keys
    if isinstance(value, dict | list) or is_secret:
        return None
    return _USER_INFO.sub("//...@", value)[:_SHOWN_CHARACTERS] if isinstance(value, str) else value


def _with_only(data: object, keys: Keys, name: str) -> object:
    """The data with every entry but `name` taken out of the table at `keys`."""
    if not keys:
        return {name: data[name]} if isinstance(data, dict) else data
    if isinstance(data, dict):
        return {key: _with_only(value, keys[1:], name) if key == keys[0] else value for key, value in data.items()}
    if isinstance(data, list):
        return [_with_only(value, keys[1:], name) if at == keys[0] else value for at, value in enumerate(data)]
    return data


def _says(data: object, kind: type[msgspec.Struct]) -> str:
    try:
        msgspec.convert(data, kind)
    except msgspec.ValidationError as error:
        return str(error)
    return ""


def _type_at(kind: inspect.Type, keys: Keys) -> inspect.Type | None:
    found: inspect.Type | None = _needed(kind)
    for key in keys:
        if isinstance(found, inspect.StructType):
            found = next((_needed(field.type) for field in found.fields if field.name == key), None)
        elif isinstance(found, inspect.DictType):
            found = _needed(found.value_type)
        elif isinstance(found, inspect.VarTupleType):
            found = _needed(found.item_type)
        else:
            return None
    return found


def _needed(kind: inspect.Type) -> inspect.Type:
    """What stands beside None, where None is allowed."""
    if isinstance(kind, inspect.UnionType):
        return next(each for each in kind.types if not isinstance(each, inspect.NoneType))
    return kind


def _about_key(kind: inspect.Type, keys: Keys, match: re.Match[str]) -> str:
    table = ".".join(str(key) for key in keys if not isinstance(key, int)) or "the file"
    if not match[1]:
        return f"Add {match[2]!r} to {table}; {INIT}"
    struct = _type_at(kind, keys)
    known = [field.name for field in struct.fields] if isinstance(struct, inspect.StructType) else []
    close = difflib.get_close_matches(match[1], known, n=1)
    meant = f"Did you mean {close[0]!r}? " if close else ""
    return f"{meant}In {table} there can be: {', '.join(known)}."


def _about_value(kind: inspect.Type, keys: Keys) -> str:
    found = _type_at(kind, keys)
    if isinstance(found, inspect.EnumType):
        return f"It is one of: {', '.join(str(each.value) for each in found.cls)}."
    if isinstance(found, inspect.LiteralType):
        return f"It is one of: {', '.join(str(value) for value in found.values)}."
    return _FORMS.get(type(found), "")


_FORMS: Final[dict[type, str]] = {
    inspect.StrType: 'Write it as text: "...".',
    inspect.BoolType: "Write true or false.",
    inspect.IntType: "Write a whole number, at least as large as it says.",
    inspect.VarTupleType: f'Write it as a list: ["...", "..."], or as [[table]]s. {INIT}',
    inspect.DictType: f"Write it as a table that is not empty. {INIT}",
    inspect.StructType: f"Write it as a [table]. {INIT}",
}
