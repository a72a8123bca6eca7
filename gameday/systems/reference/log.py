"""The gateway's log: one JSON object a line, whose set of fields never depends on the configuration."""

import os
from pathlib import Path

import msgspec

from gameday import clock
from gameday.systems.reference.settings import Level, LogSettings

SEVERITY: dict[Level, int] = {"debug": 0, "info": 1, "warning": 2, "error": 3}
PROMPT_CHARS = 2000


class Line(msgspec.Struct, kw_only=True):
    """`cache_tenant` and `cache_request_id` name who wrote the answer that was served."""

    ts: float = 0.0
    level: Level = "info"
    event: str = "chat.completion"
    request_id: str | None = None
    tenant: str | None = None
    model: str | None = None
    stream: bool = False
    status: int | None = None
    duration_ms: float | None = None
    cache: str = "off"
    cache_key: str | None = None
    cache_tenant: str | None = None
    cache_request_id: str | None = None
    prompt: str | None = None
    body: str | None = None
    error: str | None = None


class LineFile:
    """Appends a line with one write. A file that was moved away or deleted in the meantime is begun anew."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._fd = self._open()

    def append(self, line: bytes) -> None:
        if not self._is_in_place():
            os.close(self._fd)
            self._fd = self._open()
        os.write(self._fd, line + b"\n")

    def _is_in_place(self) -> bool:
        try:
            return self.path.stat().st_ino == os.fstat(self._fd).st_ino
        except FileNotFoundError:
            return False

    def _open(self) -> int:
        return os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o640)


class Log:
    def __init__(self, settings: LogSettings) -> None:
        self.settings = settings
        self._file = LineFile(Path(settings.file))

    def configure(self, settings: LogSettings) -> None:
        if settings.file != self.settings.file:
            self._file = LineFile(Path(settings.file))
        self.settings = settings

    def write(self, line: Line, *, raw_body: bytes | None = None) -> None:
        """`raw_body` is written only where the settings ask for bodies."""
        if SEVERITY[line.level] < SEVERITY[self.settings.level]:
            return
        if raw_body is not None:
            self._add_body(line, raw_body.decode("utf-8", "replace"))
        if "prompt" in self.settings.never:
            line.prompt = None
        line.ts = round(clock.now().wall_s, 6)
        self._file.append(msgspec.json.encode(line))

    def _add_body(self, line: Line, body: str) -> None:
        settings = self.settings
        is_wanted = (settings.bodies and settings.level == "debug") or (settings.bodies_on_error and line.error)
        if is_wanted and "body" not in settings.never:
            line.body = body
        if settings.errors_quote_input and line.error and "input" not in settings.never:
            line.error = f"{line.error}: input was {body[:PROMPT_CHARS]}"

    def report(self, event: str, *, problem: str) -> None:
        self.write(Line(level="error", event=event, error=problem))
