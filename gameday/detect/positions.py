"""How far a log watcher has read: the positions file that it keeps, as log shippers do (`{path: byte offset}`)."""

from pathlib import Path

import msgspec
from attrs import frozen

from gameday.errors import HarnessError


@frozen
class Positions:
    path: Path

    def read(self) -> dict[str, int]:
        """Raises HarnessError where the file is not there, or is not what it should be."""
        try:
            return msgspec.json.decode(self.path.read_bytes(), type=dict[str, int])
        except (OSError, msgspec.ValidationError, msgspec.DecodeError) as error:
            raise HarnessError(
                f"positions file {self.path}: {error}. The detector writes it as {{path: byte offset}}."
            ) from error

    def write(self, offsets: dict[str, int]) -> None:
        fresh = self.path.with_suffix(".new")
        fresh.write_bytes(msgspec.json.encode(offsets))
        fresh.replace(self.path)

    def has_passed(self, sizes: dict[str, int]) -> bool:
        """Whether every one of these files has been read up to this size."""
        offsets = self.read()
        return all(offsets.get(path, -1) >= size for path, size in sizes.items())
