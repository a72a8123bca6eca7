"""Durations, numbers and shares as this report prints them. The unit stands after a no-break space."""

import math
import re
from typing import Final

from gameday.clock import Interval, utc

NBSP: Final = "\u00a0"
NONE: Final = "\u2013"
_PLAIN: Final = frozenset({"a", "an", "no", "nobody", "nothing", "the"})
_UNIT: Final = re.compile(r"(?<=\d) (?=(?:ms|s|min|h|d|%|per million)(?!\w))|(?<=[<>\u2264]) (?=\d)")
_STEPS: Final = ((1.0, 0.001), (10.0, 0.01), (60.0, 0.1), (3600.0, 0.1), (86400.0, 60.0), (math.inf, 3600.0))
_NOTHING_S: Final = 1e-9
_LEAST_S: Final = 0.0005


def duration(seconds: float, *, up: bool = False) -> str:
    """`840 ms`, `9.20 s`, `38.0 s`, `6 min 12.0 s`, `1 h 10 min`, `6 d 22 h`. `up`: never less than it was, for worst ends."""
    if seconds < 0:
        return f"\u2212{duration(-seconds, up=up)}"
    if _NOTHING_S < seconds < _LEAST_S:
        return f"<{NBSP}1{NBSP}ms"
    below, step = next((below, step) for below, step in _STEPS if seconds < below)
    steps = math.ceil(seconds / step - 1e-6) if up else round(seconds / step)
    rounded = steps * step
    return _written(rounded) if rounded < below else _written(below)


def _written(seconds: float) -> str:
    if seconds < 1:
        return f"{seconds * 1000:.0f}{NBSP}ms"
    if seconds < 60:  # noqa: PLR2004 - seconds of a minute
        return f"{seconds:.2f}{NBSP}s" if seconds < 10 else f"{seconds:.1f}{NBSP}s"  # noqa: PLR2004 - three digits
    minutes, rest = divmod(round(seconds * 10), 600)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return f"{days}{NBSP}d{NBSP}{hours}{NBSP}h"
    if hours:
        return f"{hours}{NBSP}h{NBSP}{minutes}{NBSP}min"
    return f"{minutes}{NBSP}min{NBSP}{rest / 10:.1f}{NBSP}s"


def stopwatch(seconds: float, *, up: bool = False) -> str:
    """`840 ms`, `45.6 s`, `6:12 min`, `1:10 h`: for columns and the marks of a scale."""
    if seconds < 60:  # noqa: PLR2004 - seconds of a minute
        return duration(seconds, up=up)
    whole = math.ceil(seconds - 1e-6) if up else round(seconds)
    minutes, rest = divmod(whole, 60)
    if minutes < 60:  # noqa: PLR2004 - minutes of an hour
        return f"{minutes}:{rest:02d}{NBSP}min"
    return f"{minutes // 60}:{minutes % 60:02d}{NBSP}h"


def give_or_take(seconds: float) -> str:
    """Half the width of an interval, as `± 0.45 s`."""
    shown = f"<{NBSP}1{NBSP}ms" if seconds < _LEAST_S else duration(seconds, up=True)
    return f"\u00b1{NBSP}{shown}"


def latency(interval: Interval) -> str:
    """`4.20 s ± 0.10 s`: the middle of what is possible, and how far it may be off."""
    return f"{duration(max(interval.middle_s, 0.0))} {give_or_take(interval.width_s / 2)}"


def number(count: int) -> str:
    return f"{count:,}"


def counted(count: int, noun: str, plural: str = "") -> str:
    """`1 place`, `2 places`, `no place`."""
    if count == 0:
        return f"no {noun}"
    return f"{number(count)} {noun if count == 1 else plural or noun + 's'}"


def listed(names: tuple[str, ...], *, most: int = 6) -> str:
    """`a`, `a and b`, `a, b and 3 more`."""
    if len(names) > most:
        return f"{', '.join(names[:most])} and {len(names) - most} more"
    return " and ".join(part for part in (", ".join(names[:-1]), *names[-1:]) if part)


def opened(words: str) -> str:
    """With a capital, if it begins with a plain word; a name stays as it is."""
    first = words.partition(" ")[0]
    return words[0].upper() + words[1:] if first in _PLAIN else words


def ended(words: str) -> str:
    """With a full stop; nothing else is touched, since the first word may be the name of something."""
    words = words.strip()
    return words if not words or words[-1] in ".!?" else f"{words}."


def moment(wall_s: float) -> str:
    """`2026-11-23 06:00:12 UTC`."""
    return utc(wall_s).replace("T", " ").replace("Z", f"{NBSP}UTC")


def share_at_most(share: float, *, per_million: bool) -> str:
    """`≤ 0.249 %`, `≤ 0.88 per million`: three digits, rounded up, and never below what it bounds."""
    value = share * (1e6 if per_million else 100)
    unit = "per million" if per_million else "%"
    if value <= 0:
        return f"\u2264{NBSP}0{NBSP}{unit}"
    step = 10.0 ** (math.floor(math.log10(value)) - 2)
    rounded = math.ceil(value / step - 1e-9) * step
    shown = f"{rounded:,.0f}" if rounded >= 100 else f"{rounded:.3g}"  # noqa: PLR2004 - three digits
    return f"\u2264{NBSP}{shown}{NBSP}{unit}"


def tied(words: str) -> str:
    """The same words, with each number kept on one line with its unit."""
    return _UNIT.sub(NBSP, words)
