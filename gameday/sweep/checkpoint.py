"""What a sweep has done so far, in a file, so that a second run goes on where the first was stopped."""

import fcntl
import hashlib
import json
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Final, Self

from gameday import clock
from gameday.errors import UsageError
from gameday.sighting import Note, Sighting
from gameday.sweep.work import Answer, Unit

_FORMAT: Final = 1
_SYNC_EVERY_S: Final = 2.0

_Key = tuple[str, int | None, str, int, int | None]


def default_path(urls: Sequence[str], *, digest: str, folder: Path) -> Path:
    """The same for the same command, so that it goes on by itself."""
    told = hashlib.blake2b("\0".join((digest, *sorted(urls))).encode("utf-8", "surrogateescape"), digest_size=6)
    return folder / f".gameday-sweep-{told.hexdigest()}.jsonl"


class Checkpoint:
    """Open, it holds a lock. It holds ids and places, no canary text.

    An answer counts for an item of the same path, size and version only; a unit that failed is not kept, so that it is
    tried again. Raises UsageError where the file is another sweep's, or cannot be used.
    """

    def __init__(self, path: Path, *, digest: str) -> None:
        self.path = path
        self._answers: dict[_Key, dict[str, Any]] = {}
        self._synced = clock.now()
        self._file = _locked(path)
        try:
            self._load({"gameday sweep": _FORMAT, "digest": digest})
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._sync()
        self._file.close()

    def known(self, unit: Unit) -> Answer | None:
        stored = self._answers.get(_key(unit)) if unit.item.version else None
        return None if stored is None else _answer(unit, stored)

    def add(self, answers: Iterable[Answer]) -> None:
        lines = [_line(answer) for answer in answers if answer.failed is None and answer.unit.item.version]
        self._file.write(b"".join(lines))
        self._file.flush()
        if clock.now().mono_s - self._synced.mono_s >= _SYNC_EVERY_S:
            self._sync()

    def delete(self) -> None:
        self.path.unlink(missing_ok=True)

    def _sync(self) -> None:
        self._file.flush()
        os.fsync(self._file.fileno())
        self._synced = clock.now()

    def _load(self, header: dict[str, object]) -> None:
        lines = self._file.read().split(b"\n")
        torn = lines.pop()  # b"" where the last line was written to its end
        first = json.dumps(header).encode()
        if not lines and first.startswith(torn):
            lines = [first]
            self._file.seek(0)
            self._file.write(first + b"\n")
            torn = b""
        self._want_header(lines[0] if lines else torn, header)
        for line in lines[1:]:
            self._remember(line)
        self._file.seek(-len(torn), os.SEEK_END)
        self._file.truncate()

    def _want_header(self, line: bytes, header: dict[str, object]) -> None:
        found = self._parsed(line)
        if found.get("gameday sweep") != _FORMAT:
            raise self._wrong("is no checkpoint of a sweep, or of another gameday")
        if found != header:
            raise self._wrong("is of a sweep with other keys, canaries or options")

    def _remember(self, line: bytes) -> None:
        stored = self._parsed(line)
        try:
            key = (stored["path"], stored["size"], stored["version"], stored["start"], stored["end"])
        except KeyError:
            raise self._wrong("is damaged") from None
        self._answers[key] = stored

    def _parsed(self, line: bytes) -> dict[str, Any]:
        try:
            stored = json.loads(line)
        except ValueError:
            stored = None
        if not isinstance(stored, dict):
            raise self._wrong("is no checkpoint of a sweep, or is damaged")
        return stored

    def _wrong(self, what: str) -> UsageError:
        return UsageError(f"{self.path} {what}. Name another file with --resume, or delete it to begin anew.")


def _locked(path: Path) -> BinaryIO:
    try:
        file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600), "r+b")
    except OSError as error:
        raise UsageError(
            f"{path} cannot be written: {os.strerror(error.errno or 0)}. Name another file with --resume, or sweep "
            "with --no-resume."
        ) from None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        raise UsageError(f"another sweep writes {path} now. Wait for it, or name another file with --resume.") from None
    return file


def _key(unit: Unit) -> _Key:
    return (unit.item.path, unit.item.size, unit.item.version, unit.start, unit.end)


def _line(answer: Answer) -> bytes:
    path, size, version, start, end = _key(answer.unit)
    stored = {
        "path": path,
        "size": size,
        "version": version,
        "start": start,
        "end": end,
        "sightings": [
            [one.canary, one.slot, sorted(one.parts), one.form, one.offset, one.share] for one in answer.sightings
        ],
        "notes": [[note.offset, note.form, note.why] for note in answer.notes],
    }
    return json.dumps(stored).encode() + b"\n"


def _answer(unit: Unit, stored: dict[str, Any]) -> Answer:
    return Answer(
        unit=unit,
        sightings=tuple(
            Sighting(canary=canary, slot=slot, parts=frozenset(parts), form=tuple(form), offset=offset, share=share)
            for canary, slot, parts, form, offset, share in stored["sightings"]
        ),
        notes=tuple(Note(offset=offset, form=tuple(form), why=why) for offset, form, why in stored["notes"]),
    )
