"""The settings file of a job as a power. A job reads it at each run, so that a change is in force when it is written."""

from pathlib import Path
from typing import Final, Self

import msgspec
from attrs import frozen

from gameday import clock
from gameday.clock import Interval
from gameday.errors import ConfigError, SystemUnreachable
from gameday.systems.reference.job_files import parse_job
from gameday.systems.reference.settings import read_value, write_atomically

_REF: Final = "job:"


@frozen
class JobSettingsFile:
    """Keys stand at the top of the file. A value that the job would not accept raises ConfigError and changes nothing."""

    path: Path

    @property
    def ref(self) -> str:
        return f"{_REF}{self.path}"

    @classmethod
    def from_ref(cls, ref: str) -> Self:
        return cls(Path(ref.removeprefix(_REF)))

    def get(self, key: str) -> bytes | None:
        try:
            return msgspec.json.encode(read_value(self.path, key))
        except ConfigError:
            return None
        except OSError as error:
            raise SystemUnreachable(f"{self.path}: {error.strerror}") from error

    def set(self, key: str, value: bytes) -> Interval:
        start = clock.now()
        try:
            document = msgspec.json.decode(self.path.read_bytes(), type=dict[str, object])
            document[key] = msgspec.json.decode(value)
            content = msgspec.json.format(msgspec.json.encode(document))
            parse_job(self.path, content)
            write_atomically(self.path, content)
        except OSError as error:
            raise SystemUnreachable(f"{self.path}: {error.strerror}") from error
        return clock.between(start, clock.now())
