"""What most faults are: one key of one settings object that gets another value."""

import msgspec
from attrs import frozen

from gameday.clock import Interval
from gameday.errors import HarnessError
from gameday.faults.base import Undo
from gameday.servers.powers import Settings


@frozen(kw_only=True)
class OneKey:
    """`key` of `settings` becomes `ours`. Raises HarnessError where the settings have no such key."""

    settings: Settings
    key: str
    ours: object

    def plan(self) -> Undo:
        return Undo(ref=self.settings.ref, key=self.key, was=self._current().decode(), ours=_json(self.ours).decode())

    def inject(self) -> Interval:
        return self.settings.set(self.key, _json(self.ours))

    def is_active(self) -> bool:
        return bool(msgspec.json.decode(self._current()) == msgspec.json.decode(_json(self.ours)))

    def _current(self) -> bytes:
        current = self.settings.get(self.key)
        if current is None:
            raise HarnessError(f"{self.settings.ref} has no {self.key}")
        return current


def _json(value: object) -> bytes:
    return msgspec.json.encode(value)
