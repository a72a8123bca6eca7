"""A cache key without the tenant (F2, L10): the same question of another tenant gets this tenant's answer."""

from typing import Final

import msgspec
from attrs import frozen

from gameday.clock import Interval
from gameday.errors import HarnessError
from gameday.faults.base import Undo
from gameday.place import Place
from gameday.servers.powers import Settings
from gameday.systems.base import AnswerCache

KEY_PARTS: Final = "cache.key_parts"


@frozen
class SharedCacheKey:
    """Takes the tenant out of the parts of the gateway's cache key."""

    cache: AnswerCache
    name = "SharedCacheKey"

    @property
    def settings(self) -> Settings:
        return self.cache.settings

    @property
    def origin(self) -> Place:
        return self.cache.answers

    @property
    def leaks_to(self) -> tuple[str, ...]:
        return (self.cache.answers.name, self.cache.values.name)

    def plan(self) -> Undo:
        was = self._parts()
        return Undo(ref=self.settings.ref, key=KEY_PARTS, was=_json(was), ours=_json(_without_tenant(was)))

    def inject(self) -> Interval:
        return self.settings.set(KEY_PARTS, _json(_without_tenant(self._parts())).encode())

    def is_active(self) -> bool:
        return "tenant" not in self._parts()

    def _parts(self) -> list[str]:
        current = self.settings.get(KEY_PARTS)
        if current is None:
            raise HarnessError(f"{self.settings.ref} has no {KEY_PARTS}")
        return msgspec.json.decode(current, type=list[str])


def _without_tenant(parts: list[str]) -> list[str]:
    return [part for part in parts if part != "tenant"]


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
