"""What a server lets a fault do to it; each power is a Protocol of a few methods."""

from typing import Protocol

from gameday.clock import Interval


class Settings(Protocol):
    """A server's live settings, as JSON. `set` returns when the change took effect; `ref` finds the server again."""

    @property
    def ref(self) -> str: ...
    def get(self, key: str) -> bytes | None: ...
    def set(self, key: str, value: bytes) -> Interval: ...
