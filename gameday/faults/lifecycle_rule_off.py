"""Lifecycle rules that are switched off (F7, L7): objects outlive their time, and nothing says so."""

from typing import Final

import msgspec
from attrs import frozen

from gameday.clock import Interval
from gameday.errors import HarnessError
from gameday.faults.base import Undo
from gameday.faults.one_key import OneKey
from gameday.place import Place
from gameday.servers.powers import Settings
from gameday.systems.base import Bucket

KEY: Final = "lifecycle"


@frozen
class LifecycleRuleOff:
    """Disables every lifecycle rule of the bucket. A bucket without a rule that is on has nothing to switch off: HarnessError."""

    bucket: Bucket
    name = "LifecycleRuleOff"

    @property
    def settings(self) -> Settings:
        return self.bucket.settings

    @property
    def origin(self) -> Place:
        return self.bucket.objects

    @property
    def leaks_to(self) -> tuple[str, ...]:
        return (self.origin.name,)

    def plan(self) -> Undo:
        return self._key.plan()

    def inject(self) -> Interval:
        if self.is_active():
            raise HarnessError(f"{self.settings.ref} has no lifecycle rule that is on. Give the bucket one first.")
        return self._key.inject()

    def is_active(self) -> bool:
        return not any(rule.get("Status") == "Enabled" for rule in self._rules())

    @property
    def _key(self) -> OneKey:
        off = [{**rule, "Status": "Disabled"} for rule in self._rules()]
        return OneKey(settings=self.settings, key=KEY, ours=off)

    def _rules(self) -> list[dict[str, object]]:
        return msgspec.json.decode(self.settings.get(KEY) or b"[]", type=list[dict[str, object]])
