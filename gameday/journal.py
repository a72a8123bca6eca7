"""A run as JSON lines: written as it happens, readable next year, torn at most in its last line."""

import fcntl
import os
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import msgspec

from gameday.errors import JournalBroken, JournalInUse, UsageError
from gameday.timeline import AnyEvent, RunStarted, Timeline

FORMAT: Final = 1
_ENCODER: Final = msgspec.json.Encoder()
_DECODER: Final[msgspec.json.Decoder[AnyEvent]] = msgspec.json.Decoder(AnyEvent)


class Journal:
    """Appends events to one file. Each line reaches the kernel at once, so that it survives kill -9 of this process.

    Raises JournalInUse where another process is writing it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        self._events: list[AnyEvent] = []
        self._own()

    def _own(self) -> None:
        """One writer a journal; what a killed writer left of its last line goes, so that the next line stands by itself."""
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._fd)
            raise JournalInUse(
                f"{self.path}: another run is writing it. Wait for its end, or name another run."
            ) from error
        written = self.path.read_bytes()
        os.ftruncate(self._fd, written.rfind(b"\n") + 1)

    def append(self, event: AnyEvent) -> None:
        os.write(self._fd, _ENCODER.encode(event) + b"\n")
        self._events.append(event)

    def sync(self) -> None:
        """Puts everything written so far on the disk."""
        os.fsync(self._fd)

    @property
    def timeline(self) -> Timeline:
        return Timeline(self._events)

    def close(self) -> None:
        if self._fd >= 0:
            self.sync()
            os.close(self._fd)
            self._fd = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def read(path: Path) -> Timeline:
    """The events of one journal file, or of `journal.jsonl` in a run's folder. A torn last line is left out, as after kill -9."""
    file = path / "journal.jsonl" if path.is_dir() else path
    try:
        lines = file.read_bytes().split(b"\n")
    except OSError as error:
        raise UsageError(
            f"{file}: {error.strerror}. Name the folder of a run, such as reports/20261123-0600."
        ) from error
    torn = lines.pop()
    events = [_event(line, file=file, number=number) for number, line in enumerate(lines, start=1)]
    if not events or not isinstance(events[0], RunStarted):
        detail = " It was cut off in its first line." if torn else ""
        raise JournalBroken(
            f"{file}: it does not begin with the event run_started.{detail} Is it a journal of gameday?"
        )
    if events[0].format != FORMAT:
        raise JournalBroken(
            f"{file}:1: format = {events[0].format}: this gameday reads format {FORMAT}. Use the version that wrote it."
        )
    return Timeline(events)


def merged(timelines: Iterable[Timeline]) -> Timeline:
    return Timeline(event for timeline in timelines for event in timeline.events)


def _event(line: bytes, *, file: Path, number: int) -> AnyEvent:
    try:
        return _DECODER.decode(line)
    except (msgspec.ValidationError, msgspec.DecodeError) as error:
        raise JournalBroken(
            f"{file}:{number}: {error}. The journal is damaged; lines before it can be kept."
        ) from error
