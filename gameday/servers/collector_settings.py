"""A running collector's configuration as a power: a file that is written anew, tried, and taken over on SIGHUP."""

import os
import signal
from pathlib import Path
from typing import Any, Final, Self

import msgspec
import yaml
from attrs import frozen

from gameday import clock
from gameday.clock import Interval
from gameday.errors import SystemUnreachable
from gameday.runtime.processes import run_again, send_signal
from gameday.servers.http_api import HttpApi
from gameday.wait import NotInTime, poll_until

_REF: Final = "collector:"
_ANSWER_WITHIN_S: Final = 2.0
_IN_FORCE_WITHIN_S: Final = 10.0
_SAID_CHARS: Final = 300


class _Health(msgspec.Struct, rename="camel"):
    status: str
    up_since: str


class _Ref(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    path: str
    inside: str
    process: str
    health: str


@frozen(kw_only=True)
class CollectorSettings:
    """Keys are dotted paths into the YAML file, such as service.pipelines.traces.processors. Raises SystemUnreachable.

    `path` is the file, `inside` its path as the collector sees it; `process` is a word of gameday.runtime.processes; `health` the URL of
    its health_check. A comment in the file does not outlive the first change. Records that arrive within some 20 ms are refused.
    """

    path: Path
    inside: str
    process: str
    health: str

    @property
    def ref(self) -> str:
        """A text from which `from_ref` makes it again, in another process."""
        parts = _Ref(path=str(self.path), inside=self.inside, process=self.process, health=self.health)
        return _REF + msgspec.json.encode(parts).decode()

    @classmethod
    def from_ref(cls, ref: str) -> Self:
        try:
            parts = msgspec.json.decode(ref.removeprefix(_REF), type=_Ref)
        except msgspec.MsgspecError as error:
            raise SystemUnreachable(f"no collector's settings: {ref!r}") from error
        return cls(path=Path(parts.path), inside=parts.inside, process=parts.process, health=parts.health)

    def get(self, key: str) -> bytes | None:
        found: Any = self._read()
        for name in key.split("."):
            if not isinstance(found, dict) or name not in found:
                return None
            found = found[name]
        return msgspec.json.encode(found, order="sorted")

    def set(self, key: str, value: bytes) -> Interval:
        """Replaces or adds the value at `key`. A file that the collector itself finds wrong is never put in force: it would end."""
        config = self._read()
        *parents, last = key.split(".")
        part: Any = config
        for name in parents:
            part = part.get(name) if isinstance(part, dict) else None
        if not isinstance(part, dict):
            raise SystemUnreachable(f"{self.path} has nothing at {'.'.join(parents)!r}, so {key!r} cannot be set")
        part[last] = msgspec.json.decode(value)
        return self._put_in_force(yaml.safe_dump(config, sort_keys=False).encode(), key=key)

    def _put_in_force(self, content: bytes, *, key: str) -> Interval:
        tried = self.path.with_name(f"{self.path.name}.next")
        before = up_since(self.health, within_s=_ANSWER_WITHIN_S)
        try:
            _write(tried, content)
            code, said = run_again(self.process, ["validate", f"--config={self.inside}.next"])
            if code:
                raise SystemUnreachable(
                    f"the collector refuses its file with a new {key!r}: {said.strip()[:_SAID_CHARS]}"
                )
            start = clock.now()
            tried.replace(self.path)
        except OSError as error:
            raise SystemUnreachable(f"{error.filename}: {error.strerror}") from error
        finally:
            tried.unlink(missing_ok=True)
        send_signal(self.process, signal.SIGHUP)
        self._wait_for_another(before)
        return clock.between(start, clock.now())

    def _wait_for_another(self, before: str) -> None:
        def look() -> bool | None:
            try:
                return True if up_since(self.health, within_s=_ANSWER_WITHIN_S) != before else None
            except SystemUnreachable:
                return None

        try:
            poll_until(look, what="the collector's new file in force", every_s=0.005, within_s=_IN_FORCE_WITHIN_S)
        except NotInTime as error:
            raise SystemUnreachable(f"{error}. It may have ended: its own log says why") from error

    def _read(self) -> dict[str, Any]:
        try:
            config = yaml.safe_load(self.path.read_bytes())
        except OSError as error:
            raise SystemUnreachable(f"{self.path}: {error.strerror}") from error
        except yaml.YAMLError as error:
            raise SystemUnreachable(f"{self.path} is no YAML: {type(error).__name__}") from error
        if not isinstance(config, dict):
            raise SystemUnreachable(f"{self.path} is no collector's configuration")
        return config


def up_since(health: str, *, within_s: float) -> str:
    """When its pipelines were last started, as it says: another text after each reload. Raises SystemUnreachable until they are."""
    answer = HttpApi(health.rstrip("/"), what="the collector's health check", within_s=within_s).call("GET", "/")
    try:
        said = msgspec.json.decode(answer.body, type=_Health)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise SystemUnreachable(f"what answers at {health} is no collector's health check") from error
    if not answer.is_ok:
        raise SystemUnreachable(f"the collector's health check at {health} says: {said.status}")
    return said.up_since


def _write(path: Path, content: bytes) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)
