"""The terminal: a copy of all that was written to it, for the sweep, and a live line of progress."""

from contextlib import nullcontext
from typing import Self

import pytest


class Copy:
    """Keeps what the terminal reporter writes, so that it can be searched at the end."""

    def __init__(self) -> None:
        self._parts: list[str] = []

    @classmethod
    def of(cls, config: pytest.Config) -> Self:
        copy = cls()
        reporter = config.pluginmanager.getplugin("terminalreporter")
        if reporter is not None:
            copy._follow(reporter._tw._file)  # noqa: SLF001 - pytest has no public way to its stream
        return copy

    def _follow(self, stream: object) -> None:
        write = getattr(stream, "write")  # noqa: B009 - a stream of any kind

        def both(text: str) -> int:
            self._parts.append(text)
            return int(write(text) or 0)

        setattr(stream, "write", both)  # noqa: B010

    @property
    def text(self) -> str:
        return "".join(self._parts)


class Progress:
    """Lines of progress, past pytest's capture."""

    def __init__(self, config: pytest.Config) -> None:
        self._reporter = config.pluginmanager.getplugin("terminalreporter")
        self._capture = config.pluginmanager.getplugin("capturemanager")

    def say(self, line: str) -> None:
        if self._reporter is None:
            return
        with self._capture.global_and_fixture_disabled() if self._capture else nullcontext():
            if self._reporter._tw.width_of_current_line:  # noqa: SLF001 - behind a row of dots
                self._reporter.write_line("")
            self._reporter.write_line(f"gameday: {line}", cyan=True)
