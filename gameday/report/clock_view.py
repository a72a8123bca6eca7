"""The leak clock of one incident: hops that share their end points, so that they add up to the total exactly."""

from collections.abc import Sequence
from itertools import accumulate, pairwise
from typing import Final

from attrs import frozen

from gameday.clock import Interval
from gameday.report.axis import Tick, length, length_ticks, percent, ticks
from gameday.report.case import Case
from gameday.report.text import NONE, duration, give_or_take, latency, listed, stopwatch

_SLACK: Final = 1.02
_TINY: Final = 0.007  # of the width: below it a hop is a hollow diamond, never a widened bar
_SEEN_WIDTH: Final = 0.004  # an uncertainty narrower than this is printed only
_SEEN_ON_LOG: Final = 0.06
_LEFT: Final = 0.18  # nearer to an end of the strip than this, a mark's words have no room of their own
_RIGHT: Final = 0.74


@frozen(kw_only=True)
class Moment:
    """The end of a hop. `side` says whose time it was: det(ection), con(tainment) or ver(ification)."""

    label: str
    at: Interval
    side: str
    cause: str
    step: str = ""


@frozen(kw_only=True)
class Deadline:
    """`at_s` counts from `persisted`; `label` says what is due."""

    at_s: float
    label: str


@frozen(kw_only=True)
class Mark:
    x: str
    label: str
    at: str
    anchor: str


@frozen(kw_only=True)
class Hop:
    """One row and its two drawings, all positions in percent. `ms` are whole milliseconds, for adding up."""

    label: str
    step: str
    ms: int
    took: str
    uncertainty: str
    share: str
    side: str
    cause: str
    is_open: bool
    is_hot: bool
    is_tiny: bool
    x: str
    end: str
    middle: str
    width: str
    spread: tuple[str, str] | None
    on_log: str
    log_spread: tuple[str, str] | None


@frozen(kw_only=True)
class Clock:
    hops: tuple[Hop, ...]
    total_ms: int
    total: str
    uncertainty: str
    is_open: bool
    is_missed: bool
    until: str
    noticed: str
    noticed_worst: str
    summary: str
    marks: tuple[Mark, ...]
    due: tuple[Mark, ...]
    ticks: tuple[Tick, ...]
    log_ticks: tuple[Tick, ...]
    seen: tuple[Mark, ...]
    seen_words: str


@frozen(kw_only=True)
class _Scale:
    """Whole milliseconds from `persisted`, at which the moments stand; `axis_ms` is the width of the drawing."""

    points: tuple[int, ...]
    axis_ms: float

    @property
    def total(self) -> int:
        return self.points[-1]

    def share(self, ms: float) -> float:
        return ms / self.axis_ms


def moments(case: Case) -> tuple[Moment, ...]:
    """From `persisted` on, every hop's end; containment in the order in which it came."""
    contained = sorted((*_steps(case), *_stopped(case), *_gone(case)), key=lambda moment: moment.at.middle_s)
    return (Moment(label="persisted", at=case.persisted, side="det", cause=""), *_noticing(case), *contained)


def clock(case: Case, *, deadlines: Sequence[Deadline], is_late: bool) -> Clock:
    """`is_late`: its alert missed an objective, so that the hop to shorten is one of the detection."""
    known = moments(case)
    last = _open_end(case, known)
    every = known if last is None else (*known, last)
    scale = _scale(every)
    hot = len(known) - 1 if last is not None and not is_late else _hot(every, scale, detection_only=is_late)
    hops = tuple(
        _hop(
            every[index : index + 2], scale, index=index, is_open=last is not None and index == len(known) - 1, hot=hot
        )
        for index in range(len(every) - 1)
    )
    return Clock(
        hops=hops,
        total_ms=scale.total,
        total=_more_than(duration(scale.total / 1000), is_open=last is not None),
        uncertainty="" if last else give_or_take((every[0].at.width_s + every[-1].at.width_s) / 2),
        is_open=last is not None,
        is_missed=is_late or last is not None,
        until=every[-1].label if last is None else "end of the watch",
        noticed="" if case.noticed is None else latency(case.noticed),
        noticed_worst="" if case.noticed is None else duration(case.noticed.latest_s, up=True),
        summary=_summary(hops, hot, total_ms=scale.total),
        marks=_marks(case, scale, is_open=last is not None),
        due=tuple(_due(deadline, scale) for deadline in deadlines if deadline.at_s * 1000 < scale.axis_ms),
        ticks=ticks(scale.axis_ms / 1000),
        log_ticks=length_ticks(),
        seen=_seen(case, scale),
        seen_words=_seen_words(case),
    )


def _noticing(case: Case) -> list[Moment]:
    found = []
    if case.raised:
        found.append(
            Moment(
                label="alerted by the detector",
                at=case.raised.at,
                side="det",
                cause="until the detector raised its alert",
            )
        )
    if case.delivered and case.alert:
        since = "from raised to received" if case.raised else "from at rest to received"
        how = f"{since}: alert {case.alert.alertname}" + (f", matched by {case.alert.how}" if case.alert.how else "")
        found.append(Moment(label="delivered to the receiver", at=case.delivered, side="det", cause=how))
    if case.acknowledged:
        words = "until the responder took it up"
        found.append(Moment(label="acknowledged", at=case.acknowledged.at, side="con", cause=words))
    return found


def _steps(case: Case) -> list[Moment]:
    """A step's hop ends when the step does."""
    return [
        Moment(
            label=f"runbook step {step.step}",
            at=Interval(step.at.latest_s, step.at.latest_s),
            side="con",
            cause=f"{step.runbook}, ran for {duration(step.at.width_s)}"
            + (f", exit {step.exit_code}" if step.exit_code else ""),
            step=str(index),
        )
        for index, step in enumerate(case.steps, start=1)
    ]


def _stopped(case: Case) -> list[Moment]:
    if case.stopped is None:
        return []
    cause = "from here on a fresh canary did not come to rest"
    return [Moment(label="stopped", at=case.stopped, side="con", cause=cause)]


def _gone(case: Case) -> list[Moment]:
    """Places that one look covered are one hop; the last of them ends where the metrics say that all are clean."""
    places: dict[tuple[float, float], list[str]] = {}
    for event in case.gone:
        places.setdefault((event.at.earliest_s, event.at.latest_s), []).append(event.place)
    spans = sorted(places, key=sum)
    return [
        Moment(
            label="verified clean",
            at=case.verified if case.verified and span == spans[-1] else Interval(*span),
            side="ver",
            cause=f"complete look at {listed(tuple(places[span]), most=3)}",
        )
        for span in spans
    ]


def _open_end(case: Case, known: Sequence[Moment]) -> Moment | None:
    """What was still to come when nobody looked any more; None for an incident that was proven clean."""
    if case.verified is not None and case.stopped is not None and case.delivered is not None:
        return None
    end_s = max([case.ends_s, *(moment.at.latest_s for moment in known)])
    if case.delivered is None and len(known) == 1 and case.watched is not None and not case.is_cut_off:
        end_s = max(case.watched.latest_s, known[0].at.latest_s)
    label, cause = _what_is_missing(case)
    side = "det" if case.delivered is None else "ver"
    return Moment(label=label, at=Interval(end_s, end_s), side=side, cause=cause)


def _what_is_missing(case: Case) -> tuple[str, str]:
    if case.is_cut_off:
        return ("no end: the run was cut off", "the journal stops here")
    if case.delivered is None:
        waited = "while somebody waited for one" if case.watched else "and nobody waited for one"
        return ("never delivered", f"no alert named this leak, {waited}")
    why = case.contained.why if case.contained else "nothing was recorded after it"
    return ("not verified clean", why or (case.contained.state if case.contained else ""))


def _scale(every: Sequence[Moment]) -> _Scale:
    """Each moment stands at its middle, and never before the one that it follows."""
    zero_s = every[0].at.middle_s
    middles = (round((moment.at.middle_s - zero_s) * 1000) for moment in every)
    points = tuple(accumulate(middles, max))
    return _Scale(points=points, axis_ms=max(points[-1], 1) * _SLACK)


def _hot(every: Sequence[Moment], scale: _Scale, *, detection_only: bool) -> int:
    """The hop to shorten first: the longest, for a late alert the longest of the detection. One that is open comes before."""
    hops = [
        (after - before, -index)
        for index, (before, after) in enumerate(pairwise(scale.points))
        if not detection_only or every[index + 1].side == "det"
    ]
    return -max(hops)[1] if hops else -1


def _hop(ends: Sequence[Moment], scale: _Scale, *, index: int, is_open: bool, hot: int) -> Hop:
    before, after = ends
    start, end = scale.points[index], scale.points[index + 1]
    unsure_s = (before.at.width_s + after.at.width_s) / 2
    took_s, width = (end - start) / 1000, scale.share(end - start)
    return Hop(
        label=after.label,
        step=after.step,
        ms=end - start,
        took=_more_than(duration(took_s), is_open=is_open),
        uncertainty="" if is_open else give_or_take(unsure_s),
        share=f"{(end - start) / scale.total * 100:.1f}\u00a0%" if scale.total else NONE,
        side=after.side,
        cause=after.cause,
        is_open=is_open,
        is_hot=index == hot,
        is_tiny=width < _TINY,
        x=percent(scale.share(start)),
        end=percent(scale.share(end)),
        middle=percent(scale.share((start + end) / 2)),
        width=percent(width),
        spread=None if is_open else _spread(after, scale, at=end),
        on_log=percent(length(took_s)),
        log_spread=None if is_open else _log_spread(took_s, unsure_s),
    )


def _spread(moment: Moment, scale: _Scale, *, at: int) -> tuple[str, str] | None:
    half = moment.at.width_s * 500
    if scale.share(2 * half) < _SEEN_WIDTH:
        return None
    return percent(scale.share(at - half)), percent(scale.share(at + half))


def _log_spread(took_s: float, unsure_s: float) -> tuple[str, str] | None:
    low, high = length(took_s - unsure_s), length(took_s + unsure_s)
    return (percent(low), percent(high)) if high - low > _SEEN_ON_LOG else None


def _marks(case: Case, scale: _Scale, *, is_open: bool) -> tuple[Mark, ...]:
    """The words over the strip: its two ends, and the alert. Where the alert has no room, an end speaks for it."""
    end = Mark(
        x=percent(scale.share(scale.total)),
        label=_end_label(case, is_open=is_open),
        at=_more_than(stopwatch(scale.total / 1000), is_open=is_open),
        anchor="end",
    )
    start = Mark(x="0%", label="persisted", at="0", anchor="start")
    if case.delivered is None:
        return (start, end)
    at = next(point for moment, point in zip(moments(case), scale.points, strict=False) if moment.at is case.delivered)
    share, when = scale.share(at), stopwatch(at / 1000)
    if _LEFT < share < _RIGHT:
        return (start, Mark(x=percent(share), label="delivered", at=when, anchor="middle"), end)
    silent = Mark(x=percent(share), label="", at="", anchor="middle")
    if share <= _LEFT:
        return (Mark(x="0%", label="persisted", at=f"0, delivered {when}", anchor="start"), silent, end)
    return (start, silent, Mark(x=end.x, label=end.label, at=f"{end.at}, delivered {when}", anchor="end"))


def _end_label(case: Case, *, is_open: bool) -> str:
    if not is_open:
        return "verified clean"
    return "cut off" if case.is_cut_off else "watch ended"


def _due(deadline: Deadline, scale: _Scale) -> Mark:
    share = scale.share(deadline.at_s * 1000)
    anchor = "end" if share > _RIGHT else "start" if share < _LEFT else "middle"
    return Mark(x=percent(share), label=deadline.label, at="", anchor=anchor)


def _seen(case: Case, scale: _Scale) -> tuple[Mark, ...]:
    """When our own oracle first saw it at each place: beside the clock, since it is no part of the defence."""
    zero_s = case.persisted.middle_s
    found = {sighted.place: sighted.at for sighted in reversed(case.sightings)}
    return tuple(
        Mark(
            x=percent(scale.share(max(at.middle_s - zero_s, 0.0) * 1000)),
            label=place,
            at=duration(max(at.middle_s - zero_s, 0.0)),
            anchor="middle",
        )
        for place, at in found.items()
    )


def _seen_words(case: Case) -> str:
    first = min((sighted.at for sighted in case.sightings), key=lambda at: at.middle_s)
    return latency(first.since(case.persisted))


def _summary(hops: Sequence[Hop], hot: int, *, total_ms: int) -> str:
    if not 0 <= hot < len(hops):
        return ""
    hop = hops[hot]
    if len(hops) == 1:
        return f"All of it, {hop.took}, went into \u201c{hop.label}\u201d: {hop.cause}."
    return f"Of {duration(total_ms / 1000)} in all, {hop.took} ({hop.share}) went into \u201c{hop.label}\u201d: {hop.cause}."


def _more_than(words: str, *, is_open: bool) -> str:
    return f">\u00a0{words}" if is_open else words
