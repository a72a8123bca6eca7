"""The reference gateway's settings file as a power: a change counts when the gateway says that it is in force."""

import hashlib
from pathlib import Path
from typing import Self

import httpx
import msgspec
from attrs import frozen

from gameday import clock
from gameday.clock import Interval
from gameday.errors import ConfigError, SystemUnreachable
from gameday.systems.reference.settings import Setting, change, read_value
from gameday.wait import poll_until

_REF = "gateway:"


class _Health(msgspec.Struct):
    config: str


@frozen
class GatewaySettings:
    """`path` is the settings file, `health` the URL that tells the digest of the settings in force."""

    path: Path
    health: str

    @property
    def ref(self) -> str:
        return f"{_REF}{self.path}|{self.health}"

    @classmethod
    def from_ref(cls, ref: str) -> Self:
        path, _, health = ref.removeprefix(_REF).partition("|")
        return cls(Path(path), health)

    def get(self, key: str) -> bytes | None:
        try:
            return msgspec.json.encode(read_value(self.path, key))
        except ConfigError:
            return None
        except OSError as error:
            raise SystemUnreachable(f"{self.path}: {error.strerror}") from error

    def set(self, key: str, value: bytes) -> Interval:
        start = clock.now()
        change(self.path, key, msgspec.json.decode(value, type=Setting))
        self.wait_in_force()
        return clock.between(start, clock.now())

    def wait_in_force(self) -> None:
        """Returns when the gateway says that it works by what the file holds."""
        poll_until(self._is_in_force, what=f"{self.path.name} in force", every_s=0.005, within_s=5)

    def _is_in_force(self) -> bool | None:
        wanted = hashlib.sha256(self.path.read_bytes()).hexdigest()
        try:
            response = httpx.get(self.health, trust_env=False, timeout=2)
            return True if msgspec.json.decode(response.content, type=_Health).config == wanted else None
        except (httpx.HTTPError, msgspec.MsgspecError) as error:
            raise SystemUnreachable(f"{self.health}: {type(error).__name__}") from error
