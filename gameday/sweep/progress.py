"""How far a sweep is, on standard error: a line that moves on a terminal, else one at the beginning and one at the end."""

from typing import Final, TextIO

from gameday import clock
from gameday.sweep.result import Swept
from gameday.sweep.sweeping import Standing

_EVERY_S: Final = 0.2
_GB: Final = 1e9
_BAR: Final = 20
_MINUTE_S: Final = 60


class Progress:
    """Call it with each standing, `end` it once."""

    def __init__(self, stream: TextIO) -> None:
        self._stream, self._is_live = stream, stream.isatty()
        self._began = self._told = clock.now().mono_s
        self._recalled_bytes: int | None = None  # what an earlier sweep had done, which tells nothing of the speed
        self._width = 0

    def __call__(self, standing: Standing) -> None:
        now = clock.now().mono_s
        if self._recalled_bytes is None:
            self._recalled_bytes = standing.done_bytes
            self._say_first(standing)
        elif self._is_live and (now - self._told >= _EVERY_S or standing.done_bytes == standing.total_bytes):
            self._told = now
            self._redraw(moving(standing, seconds=now - self._began, recalled_bytes=self._recalled_bytes))

    def end(self, swept: Swept) -> None:
        self.clear()
        seconds = clock.now().mono_s - self._began
        done = swept.size_bytes - (self._recalled_bytes or 0)
        self._stream.write(
            f"swept {_files(swept.files)}, {swept.size_bytes / _GB:.2f} GB in {seconds:.1f} s "
            f"({_speed(done, seconds)}): {len(swept.sightings):,} sightings, {len(swept.unseen):,} not looked into\n"
        )

    def clear(self) -> None:
        if self._width:
            self._redraw("")
            self._width = 0

    def _say_first(self, standing: Standing) -> None:
        before = f", {standing.done_bytes / _GB:.2f} GB of it done before" if standing.done_bytes else ""
        self._stream.write(f"sweeping {_files(standing.files)}, {standing.total_bytes / _GB:.2f} GB{before}\n")
        self._stream.flush()

    def _redraw(self, text: str) -> None:
        self._stream.write(f"\r{text:<{self._width}}" + ("" if text else "\r"))
        self._stream.flush()
        self._width = len(text)


def moving(standing: Standing, *, seconds: float, recalled_bytes: int) -> str:
    """The line of a terminal."""
    share = standing.done_bytes / standing.total_bytes if standing.total_bytes else 0.0
    bar = "#" * round(share * _BAR)
    done, new = standing.done_bytes / _GB, standing.done_bytes - recalled_bytes
    return (
        f"[{bar:<{_BAR}}] {share:4.0%} {done:.2f} of {standing.total_bytes / _GB:.2f} GB, {_speed(new, seconds)}, "
        f"{_left(standing.total_bytes - standing.done_bytes, new, seconds)}, {standing.found:,} found"
    )


def _speed(size: int, seconds: float) -> str:
    return f"{size / _GB / seconds:.2f} GB/s" if seconds > 0 else "- GB/s"


def _left(left_bytes: int, new_bytes: int, seconds: float) -> str:
    if not new_bytes:
        return "time left unknown"
    left_s = left_bytes * seconds / new_bytes
    return f"{left_s:.0f} s left" if left_s < _MINUTE_S else f"{left_s / _MINUTE_S:.0f} min left"


def _files(number: int) -> str:
    return f"{number:,} file" + ("" if number == 1 else "s")
