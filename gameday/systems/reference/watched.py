"""A file that is read again when it changes; a bad version of it leaves the last good one in force."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

import msgspec

from gameday.errors import ConfigError

T = TypeVar("T")
Stamp = tuple[int, int, int]


class WatchedFile(Generic[T]):
    """Raises ConfigError where the first version is bad; later ones are told to `on_bad` once each.

    `value` is always a good version's, and `sha256` is of the very bytes it was parsed from.
    """

    def __init__(self, path: Path, *, parse: Callable[[Path, bytes], T], on_bad: Callable[[ConfigError], None]) -> None:
        self._path, self._parse, self._on_bad = path, parse, on_bad
        self._stamp: Stamp | None = None
        self.value, self.sha256 = self._read()

    def refresh(self) -> bool:
        """True where a new good version came into force. Costs one stat where nothing changed."""
        if self._stamp is not None and self._stamp == stamp_of(self._path):
            return False
        before = self._stamp
        try:
            self.value, self.sha256 = self._read()
        except ConfigError as error:
            if self._stamp != before:
                self._on_bad(error)
            return False
        return True

    def _read(self) -> tuple[T, str]:
        # The stamp comes first: a write between the two is then seen as one more change.
        self._stamp = stamp_of(self._path)
        try:
            content = self._path.read_bytes()
        except OSError as error:
            raise ConfigError(
                file=str(self._path),
                key="(file)",
                value=None,
                problem=f"cannot be read: {error.strerror}",
                remedy="Put it back.",
            ) from error
        return self._parse(self._path, content), hashlib.sha256(content).hexdigest()


def stamp_of(path: Path) -> Stamp:
    """Differs whenever the file was replaced or written; all zero where there is none."""
    try:
        found = path.stat()
    except OSError:
        return 0, 0, 0
    return found.st_mtime_ns, found.st_size, found.st_ino


def parse_as(schema: type[T], *, file: Path, content: bytes) -> T:
    """Strict: unknown keys are errors. The message never shows a value, for files with keys in them."""
    try:
        return msgspec.json.decode(content, type=schema)
    except msgspec.DecodeError as error:
        raise bad_value(file, str(error)) from error


def bad_value(file: Path, message: str) -> ConfigError:
    """What msgspec says is 'problem - at `$.key`'."""
    problem, _, where = message.partition(" - at `")
    key = where.rstrip("`").removeprefix("$").removeprefix(".") or "(top level)"
    return ConfigError(
        file=str(file), key=key, value=None, problem=problem, remedy="The last good settings stay in force."
    )
