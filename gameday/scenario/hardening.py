"""Architecture patterns that keep prompts from coming to rest: settings of the reference gateway, put into force as one."""

import msgspec

from gameday.errors import UsageError
from gameday.shipped import shipped
from gameday.systems.base import System


def harden(system: System, pattern: str) -> None:
    """Sets every key of `fixtures/patterns/<pattern>.json`. Raises UsageError where there is none, or no gateway to set it in."""
    if system.log is None:
        raise UsageError(f"pattern {pattern!r}: this system lends no gateway whose settings could be changed")
    for key, value in _read(pattern).items():
        system.log.settings.set(key, msgspec.json.encode(value))


def _read(pattern: str) -> dict[str, object]:
    folder = shipped("fixtures/patterns")
    path = folder / f"{pattern}.json"
    if not path.exists():
        known = ", ".join(sorted(each.stem for each in folder.glob("*.json")))
        raise UsageError(f"no pattern {pattern!r} in {folder}; there are: {known}")
    return msgspec.json.decode(path.read_bytes(), type=dict[str, object])
