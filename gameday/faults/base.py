"""A fault opens one hole, says where it leaks to, and can be undone by a stranger from the journal alone."""

from typing import Protocol

import msgspec

from gameday.clock import Interval
from gameday.place import Place
from gameday.servers.powers import Settings


class Undo(msgspec.Struct, frozen=True, kw_only=True):
    """How to put one setting back: at `ref`, where `key` still says `ours`, it becomes `was` again. Values are JSON."""

    ref: str
    key: str
    was: str
    ours: str


class Fault(Protocol):
    """`origin` is the place where its leak is looked for; `leaks_to` are all the places that it may reach."""

    @property
    def name(self) -> str: ...
    @property
    def origin(self) -> Place: ...
    @property
    def leaks_to(self) -> tuple[str, ...]: ...
    @property
    def settings(self) -> Settings: ...
    def plan(self) -> Undo: ...
    def inject(self) -> Interval: ...
    def is_active(self) -> bool: ...


def undo(settings: Settings, plan: Undo) -> bool:
    """Puts the setting back if it still bears our change; returns whether it did. Doing it twice is doing it once."""
    current = settings.get(plan.key)
    if current is None or msgspec.json.decode(current) != msgspec.json.decode(plan.ours):
        return False
    settings.set(plan.key, plan.was.encode())
    return True
