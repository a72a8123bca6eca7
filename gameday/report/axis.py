"""Where things stand on a scale, as percentages for SVG. No style attribute is ever needed for it."""

import math
from collections.abc import Sequence
from typing import Final

from attrs import frozen

from gameday.report.text import duration

_DECADES: Final = (-3.0, 2.0)  # a thousandth of the target to a hundred times the target
_SHORTEST_S: Final = 0.001
_LONGEST_S: Final = 3600.0
_TICK_STEPS_S: Final = (
    *(10.0**power * digit for power in range(-3, 1) for digit in (1, 2, 5)),
    *(10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1200.0, 1800.0, 3600.0, 7200.0, 14400.0, 28800.0, 86400.0),
)
_MOST_TICKS: Final = 5.2
_LAST_TICK: Final = 0.94


@frozen(kw_only=True)
class Tick:
    x: str
    label: str
    anchor: str = "middle"


def percent(share: float) -> str:
    """`12.3%` for 0.123; what lies outside the scale is drawn at its end."""
    shown = f"{min(max(share, 0.0), 1.0) * 100:.2f}".rstrip("0").rstrip(".")
    return f"{shown}%"


def ratio(value: float) -> float:
    """The place of measured / target on its log axis, 0 to 1."""
    low, high = _DECADES
    return min(max((math.log10(max(value, 10**low)) - low) / (high - low), 0.0), 1.0)


def length(seconds: float) -> float:
    """The place of a duration on a log axis of 1 ms to 1 h, 0 to 1."""
    low, high = math.log10(_SHORTEST_S), math.log10(_LONGEST_S)
    return min(max((math.log10(max(seconds, _SHORTEST_S)) - low) / (high - low), 0.0), 1.0)


def length_ticks() -> tuple[Tick, ...]:
    labels = ((0.001, "start"), (1.0, "middle"), (60.0, "middle"), (3600.0, "end"))
    return tuple(Tick(x=percent(length(at_s)), label=_short(at_s), anchor=anchor) for at_s, anchor in labels)


def ticks(end_s: float) -> tuple[Tick, ...]:
    """At most six marks in steps of 1, 2 or 5 from zero to `end_s`."""
    if end_s <= 0:
        return (Tick(x="0%", label="0", anchor="start"),)
    step = next((step for step in _TICK_STEPS_S if end_s / step <= _MOST_TICKS), end_s / 5)
    marks: Sequence[float] = [step * index for index in range(1, 7) if step * index <= end_s * _LAST_TICK]
    return (
        Tick(x="0%", label="0", anchor="start"),
        *(Tick(x=percent(at / end_s), label=_short(at)) for at in marks),
    )


def _short(seconds: float) -> str:
    """`200 ms`, `5 s`, `2 min`: a round length without decimals."""
    for unit_s, unit in ((86400.0, "d"), (3600.0, "h"), (60.0, "min"), (1.0, "s")):
        if seconds >= unit_s and seconds % unit_s == 0:
            return f"{seconds / unit_s:.0f}\u00a0{unit}"
    return f"{seconds * 1000:.0f}\u00a0ms" if seconds < 1 else duration(seconds)
