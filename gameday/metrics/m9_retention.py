"""M9: for how long prompts can be read beyond their time to live, backups included."""

from collections.abc import Iterable, Sequence

from gameday.clock import Interval
from gameday.metrics.catalogue import M9
from gameday.metrics.m2_detection_latency import CLOCK_STOOD
from gameday.metrics.measurement import Latency, Measurement, missing, timed
from gameday.metrics.phases import holding_in, is_counted, runs_of
from gameday.timeline import RETENTION, Expired, Tally, Timeline


def measure(timeline: Timeline) -> Measurement:
    """A latency for each prompt at each place whose time to live there has passed; open for one that is readable still."""
    if not timeline.clock_ran:
        return missing(M9, why=CLOCK_STOOD)
    if not any(place.ttl_s is not None for place in timeline.places.values()):
        return missing(M9, why="no place has a time to live", is_absent=True)
    due = [checks for run in runs_of(timeline) for checks in _due(run)]
    unread = sum(_unread(run) for run in runs_of(timeline))
    if not due and not unread:
        return missing(M9, why="no prompt's time to live had passed when it was looked for", is_absent=True)
    oldest_s = max((_age_s(checks) for checks in due), default=0.0)
    return timed(
        M9,
        latencies=tuple(_latency(checks, ttl_s=timeline.places[checks[-1].place].ttl_s or 0.0) for checks in due),
        unknown=unread,
        where=tuple(sorted({checks[-1].place for checks in due if checks[-1].is_readable})),
        note=f"{unread:,} were due, and could not be looked for" if unread else _oldest(oldest_s),
        why_none="what was due to be gone could not be looked for",
    )


def _due(run: Timeline) -> Iterable[Sequence[Expired]]:
    """The looks for each prompt that counts, at each place, in their order."""
    holding, places = holding_in(run), run.places
    found: dict[tuple[str, str, str], list[Expired]] = {}
    for event in run.of(Expired):
        if is_counted(event, holding=holding) and event.place in places and places[event.place].ttl_s is not None:
            found.setdefault((event.worker, event.place, event.canary), []).append(event)
    return found.values()


def _latency(checks: Sequence[Expired], *, ttl_s: float) -> Latency:
    """From the end of its time to live until it was gone. A prompt that came back is readable still."""
    last = checks[-1]
    due = Interval(last.since.earliest_s + ttl_s, last.since.latest_s + ttl_s)
    readable = [index for index, check in enumerate(checks) if check.is_readable]
    readable_s = checks[readable[-1]].at.earliest_s if readable else due.earliest_s
    return Latency(
        of=last.request,
        what="gone after its time to live",
        interval=None
        if last.is_readable
        else _gone(checks[readable[-1] + 1 if readable else 0], readable_s).since(due),
        at_least_s=max(readable_s - due.latest_s, 0.0) if last.is_readable else None,
        scenario=last.scenario,
    )


def _gone(look: Expired, readable_s: float) -> Interval:
    """Between the last look with it and the first without it."""
    return Interval(min(readable_s, look.at.latest_s), look.at.latest_s)


def _unread(run: Timeline) -> int:
    """Prompts that were due at places which could not be read, and were not read later either."""
    left: dict[tuple[str, str], int] = {}
    for event in run.events:
        if isinstance(event, Expired):
            left[event.worker, event.place] = 0
        elif isinstance(event, Tally) and event.what == RETENTION:
            left[event.worker, event.place] = 0 if event.is_complete else event.whole
    return sum(left.values())


def _age_s(checks: Sequence[Expired]) -> float:
    last = checks[-1]
    return last.at.since(last.since).latest_s if last.is_readable else 0.0


def _oldest(age_s: float) -> str:
    return f"the oldest that is readable still is {age_s:,.0f} s old" if age_s else ""
