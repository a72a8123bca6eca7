"""The only door to time. Monotonic seconds are subtracted; wall seconds are shown, and mapped with their error."""

import datetime as dt
import time
from typing import Final

import msgspec

WALL_MAPPING_ERROR_S: Final = 0.001  # how well wall and monotonic clocks can be read together on a busy host


class Instant(msgspec.Struct, frozen=True):
    """One reading of both clocks: monotonic seconds (this boot) and wall seconds (Unix epoch)."""

    mono_s: float
    wall_s: float


class Interval(msgspec.Struct, frozen=True):
    """Something happened at or after `earliest_s` and at or before `latest_s` (monotonic seconds)."""

    earliest_s: float
    latest_s: float

    def __post_init__(self) -> None:
        if self.latest_s < self.earliest_s:
            raise ValueError(f"an interval cannot end ({self.latest_s}) before it begins ({self.earliest_s})")

    @property
    def width_s(self) -> float:
        return self.latest_s - self.earliest_s

    @property
    def middle_s(self) -> float:
        return (self.earliest_s + self.latest_s) / 2

    def since(self, earlier: "Interval") -> "Interval":
        """The latency from `earlier` to here, in seconds; its best end is never below zero for events in their order."""
        best = self.earliest_s - earlier.latest_s
        worst = self.latest_s - earlier.earliest_s
        return Interval(max(best, 0.0) if worst >= 0 else best, worst)

    def narrowed(self, other: "Interval") -> "Interval | None":
        """The part that both share, or None where they share nothing."""
        earliest, latest = max(self.earliest_s, other.earliest_s), min(self.latest_s, other.latest_s)
        return Interval(earliest, latest) if earliest <= latest else None


def now() -> Instant:
    return Instant(mono_s=time.monotonic(), wall_s=time.time())


def today() -> dt.date:
    """UTC."""
    return dt.datetime.fromtimestamp(now().wall_s, tz=dt.UTC).date()


def sleep(seconds: float) -> None:
    time.sleep(seconds)


def point(instant: Instant) -> Interval:
    return Interval(instant.mono_s, instant.mono_s)


def between(start: Instant, end: Instant) -> Interval:
    return Interval(start.mono_s, end.mono_s)


def from_wall(wall_s: float, *, resolution_s: float, anchor: Instant) -> Interval:
    """A wall-clock stamp on this host's axis: it names a moment in [stamp, stamp + resolution], give or take the mapping."""
    mono_s = anchor.mono_s + (wall_s - anchor.wall_s)
    return Interval(mono_s - WALL_MAPPING_ERROR_S, mono_s + resolution_s + WALL_MAPPING_ERROR_S)


def utc(wall_s: float) -> str:
    """RFC 3339, UTC, whole seconds."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(wall_s))
