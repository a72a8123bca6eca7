"""A run as JSON lines: written as it happens, readable next year, torn at most in its last line."""

import fcntl
import heapq
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import msgspec

from gameday.errors import JournalBroken, JournalInUse, UsageError
from gameday.timeline import AnyEvent, Planned, RunStarted, Timeline

FORMAT: Final = 1
JOURNAL: Final = "journal.jsonl"
PARTS: Final = "parts"  # of a run that several processes play, until they are merged
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


def part_file(folder: Path, worker: str) -> Path:
    """Where a worker writes its part of the run in `folder`."""
    return folder / PARTS / f"{worker}.jsonl"


def part_files(folder: Path, *, torn: bool = False) -> dict[str, Path]:
    """By worker, the parts that nobody has merged yet. `torn`: also those without a whole line, which say nothing."""
    files = sorted((folder / PARTS).glob("*.jsonl"))
    return {file.stem: file for file in files if torn or b"\n" in file.read_bytes()}


def read(path: Path) -> Timeline:
    """The events of one journal file, or of a run's folder. A torn last line is left out, as after kill -9.

    Where several processes played the run and nobody was left to merge their parts, they are merged here.
    """
    if not path.is_dir():
        return _read(path)
    parts = part_files(path)
    return merge({worker: _read(file) for worker, file in parts.items()}) if parts else _read(path / JOURNAL)


def merge(parts: Mapping[str, Timeline]) -> Timeline:
    """The parts of one run, by the names of the workers that wrote them, in the order in which their events became known.

    The processes of one host read one monotonic clock (CLOCK_MONOTONIC), so that the axes of the parts are one; each part
    keeps its order. What every worker says of the whole run (that it began, what was planned) stands once; all the rest
    bears its worker's name.
    """
    known = (_as_known(part, worker=worker) for worker, part in sorted(parts.items()))
    once: set[object] = set()
    events: list[AnyEvent] = []
    for _, worker, event in heapq.merge(*known, key=lambda item: item[0]):
        if not isinstance(event, RunStarted | Planned):
            events.append(msgspec.structs.replace(event, worker=worker))
        elif (said := _of_the_run(event)) not in once:
            once.add(said)
            events.append(event)
    return Timeline(events)


def _as_known(part: Timeline, *, worker: str) -> Iterator[tuple[float, str, AnyEvent]]:
    """Each event with the time by which it was known. An event may tell of the past, and is not known before those ahead of it."""
    until_s = float("-inf")
    for event in part.events:
        until_s = max(until_s, event.at.latest_s)
        yield until_s, worker, event


def _of_the_run(event: RunStarted | Planned) -> tuple[object, ...]:
    if isinstance(event, RunStarted):
        return (event.run,)
    return (event.scenario, event.arm, event.node)


def _read(file: Path) -> Timeline:
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


def _event(line: bytes, *, file: Path, number: int) -> AnyEvent:
    try:
        return _DECODER.decode(line)
    except (msgspec.ValidationError, msgspec.DecodeError) as error:
        raise JournalBroken(
            f"{file}:{number}: {error}. The journal is damaged; lines before it can be kept."
        ) from error
