"""Waiting for a condition: with a deadline, with evidence when it passes, with an interval when it comes true."""

from collections.abc import Callable
from typing import Final, Generic, TypeVar

from attrs import frozen

from gameday import clock
from gameday.clock import Interval
from gameday.errors import ClockStopped, HarnessError

T = TypeVar("T")
_LOOKS_AT_LEAST: Final = 20  # before a clock that hardly moved while we slept counts as stopped


@frozen
class Polled(Generic[T]):
    """`at`: between the last look that did not show it (or the start) and the first that did."""

    value: T
    at: Interval


class NotInTime(HarnessError):
    """The deadline passed; `looks` were made, and the last one saw `last`."""

    def __init__(self, what: str, *, within_s: float, looks: int, last: str) -> None:
        self.looks, self.last = looks, last
        super().__init__(f"{what}: not within {within_s:g} s ({looks} looks; the last one saw {last})")


def poll_until(
    look: Callable[[], T | None],
    *,
    what: str,
    every_s: float,
    within_s: float,
    seen: Callable[[], str] = lambda: "nothing",
) -> Polled[T]:
    """Calls `look` until it returns something else than None. Raises NotInTime, or ClockStopped if time stands still."""
    start = before = clock.now()
    looks = 0
    while True:
        value = look()
        after = clock.now()
        looks += 1
        if value is not None:
            return Polled(value, Interval(before.mono_s, after.mono_s))
        if after.mono_s - start.mono_s >= within_s:
            raise NotInTime(what, within_s=within_s, looks=looks, last=seen())
        if looks > _LOOKS_AT_LEAST and looks * every_s > 10 * (after.mono_s - start.mono_s):
            raise ClockStopped(
                f"{what}: {looks} looks, and the monotonic clock moved {after.mono_s - start.mono_s:.3f} s"
            )
        before = after
        clock.sleep(every_s)
