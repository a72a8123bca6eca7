"""What a metric says about a timeline: figures, what they rest on, and what could not be seen. Nothing here is judged."""

from enum import StrEnum

from attrs import frozen

from gameday.clock import Interval


class Unit(StrEnum):
    SECONDS = "s"
    PER_MILLION = "per million"
    SHARE = "share"
    COUNT = "count"

    @property
    def is_rate(self) -> bool:
        """Whether it is judged as a proportion, by its exact bounds."""
        return self in {Unit.PER_MILLION, Unit.SHARE}


@frozen(kw_only=True)
class Metric:
    """`id` is what an objective asks for ("M1"), `title` says in plain words what is counted or timed."""

    id: str
    name: str
    unit: Unit
    title: str


@frozen(kw_only=True)
class Latency:
    """How long one step took for the request `of`. `what` is detected, stopped or verified.

    `interval` holds the seconds, best end to worst end. Where the step was never seen to happen, it is None and the latency
    is open: it took longer than `at_least_s`. Where not even its beginning was seen, both are None.
    """

    of: str
    what: str
    interval: Interval | None = None
    at_least_s: float | None = None
    scenario: str = ""
    severity: str = ""

    @property
    def best_s(self) -> float | None:
        """The shortest that it can have taken; None: nothing is known of it."""
        return self.at_least_s if self.interval is None else self.interval.earliest_s

    @property
    def worst_s(self) -> float | None:
        """The longest that it can have taken; None: it has no known end."""
        return None if self.interval is None else self.interval.latest_s


@frozen(kw_only=True)
class Measurement:
    """One metric's figures. `part` is always the number of bad things, `whole` of all that could be looked at.

    `unknown` is how many more there are that could not be looked at. What is missing is None, and `why_missing` says why.
    `where` are the places in which it was broken, worst first. `samples` is what the figures rest on: looked-at things, or
    latencies. `is_absent`: there was nothing of what it is about, which is less than to have failed to look at it.
    """

    metric: str
    name: str
    unit: Unit
    latencies: tuple[Latency, ...] = ()
    part: int | None = None
    whole: int | None = None
    unknown: int = 0
    samples: int = 0
    why_missing: str | None = None
    where: tuple[str, ...] = ()
    note: str = ""
    is_absent: bool = False

    @property
    def share(self) -> float | None:
        """`part` / `whole`, None where nothing was looked at."""
        return self.part / self.whole if self.part is not None and self.whole else None


def missing(metric: Metric, *, why: str, is_absent: bool = False) -> Measurement:
    return Measurement(metric=metric.id, name=metric.name, unit=metric.unit, why_missing=why, is_absent=is_absent)


def counted(
    metric: Metric, *, part: int, whole: int, unknown: int, where: tuple[str, ...], why_none: str, note: str = ""
) -> Measurement:
    """Where nothing could be looked at, the figures are missing, and `why_none` says why."""
    return Measurement(
        metric=metric.id,
        name=metric.name,
        unit=metric.unit,
        part=part if whole else None,
        whole=whole or None,
        unknown=unknown,
        samples=whole,
        why_missing=None if whole else why_none,
        where=where,
        note=note,
    )


def timed(
    metric: Metric, *, latencies: tuple[Latency, ...], unknown: int, where: tuple[str, ...], note: str, why_none: str
) -> Measurement:
    return Measurement(
        metric=metric.id,
        name=metric.name,
        unit=metric.unit,
        latencies=latencies,
        unknown=unknown,
        samples=len(latencies),
        why_missing=None if latencies else why_none,
        where=where,
        note=note,
    )
