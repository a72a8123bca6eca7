"""Frozen structs written as TOML, so that they can be read again as they were. TOML has no None: it is left out."""

import re
from collections.abc import Iterator, Mapping
from typing import Final

import msgspec

_BARE: Final = re.compile(r"[A-Za-z0-9_-]+")
_DELETE: Final = "\x7f"  # TOML wants it escaped, JSON does not


def dumps(document: msgspec.Struct) -> str:
    """What is at its default is left out where the struct says so (`omit_defaults`)."""
    data = msgspec.to_builtins(document)
    return "\n".join(_table(data, ())).strip("\n") + "\n"


def _table(table: Mapping[str, object], path: tuple[str, ...]) -> Iterator[str]:
    """Its values first, then its tables: what stands behind a header belongs to it."""
    inner = {}
    for key, value in table.items():
        if isinstance(value, Mapping) or _is_array_of_tables(value):
            inner[key] = value
        elif value is not None:
            yield f"{_key(key)} = {_value(value)}"
    for key, value in inner.items():
        at = (*path, key)
        if isinstance(value, Mapping):
            yield from _headed(f"[{_dotted(at)}]", value, at)
        elif isinstance(value, list | tuple):
            for entry in value:
                yield from _headed(f"[[{_dotted(at)}]]", entry, at)


def _headed(header: str, table: Mapping[str, object], path: tuple[str, ...]) -> Iterator[str]:
    yield ""
    yield header
    yield from _table(table, path)


def _is_array_of_tables(value: object) -> bool:
    return isinstance(value, list | tuple) and bool(value) and all(isinstance(entry, Mapping) for entry in value)


def _dotted(path: tuple[str, ...]) -> str:
    return ".".join(_key(key) for key in path)


def _key(key: str) -> str:
    return key if _BARE.fullmatch(key) else _text(key)


def _value(value: object) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case int() | float():
            return repr(value)
        case list() | tuple():
            return f"[{', '.join(_value(entry) for entry in value)}]"
        case _:
            return _text(str(value))


def _text(text: str) -> str:
    """A basic string: TOML's escapes are JSON's, but that it writes no surrogates."""
    quoted = msgspec.json.encode(text).decode()
    return quoted.replace(_DELETE, "\\u007f")
