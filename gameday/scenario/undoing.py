"""Finishes what a killed run left: every fault that was planned, and of which no journal says that it is undone."""

from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from gameday import clock
from gameday.errors import GamedayError, JournalBroken, JournalInUse
from gameday.faults.base import Undo, undo
from gameday.journal import JOURNAL, PARTS, Journal, read
from gameday.systems.powers import settings_from_ref
from gameday.timeline import FaultPlanned, FaultUndone, RunStarted, SystemReady, Timeline


def finish_undos(reports: Path, *, say: Callable[[str], None]) -> int:
    """Undoes what is open in the journals below `reports`; returns how many could not be undone.

    A journal that another run is writing is left to that run.
    """
    return sum(_finish_all(path, timeline, planned, say) for path, timeline, planned in _open_faults(reports))


def _open_faults(reports: Path) -> Iterator[tuple[Path, Timeline, list[FaultPlanned]]]:
    for path in sorted([*reports.glob(f"*/{JOURNAL}"), *reports.glob(f"*/{PARTS}/*.jsonl")]):
        try:
            timeline = read(path)
        except JournalBroken:
            continue  # a journal that cannot be read says nothing of faults; `gameday report` names what is wrong with it
        undone = {(event.scenario, event.fault) for event in timeline.of(FaultUndone) if not event.is_active}
        planned = [event for event in timeline.of(FaultPlanned) if (event.scenario, event.fault) not in undone]
        if planned:
            yield path, timeline, planned


def _finish_all(path: Path, timeline: Timeline, planned: list[FaultPlanned], say: Callable[[str], None]) -> int:
    try:
        with Journal(path) as journal:
            return sum(not _finish(journal, timeline, fault, say) for fault in planned)
    except JournalInUse:
        return 0


def _finish(journal: Journal, timeline: Timeline, planned: FaultPlanned, say: Callable[[str], None]) -> bool:
    start, run = clock.now(), timeline.of(RunStarted)[0].run
    plan = msgspec.json.decode(planned.undo, type=Undo)
    try:
        already = not undo(settings_from_ref(plan.ref), plan)
    except GamedayError as error:
        if not _was_ours(timeline):
            say(
                f"{planned.fault} of {run} could not be undone: {error}. If that system is gone, delete {journal.path}."
            )
            return False
        already = True  # the server that bore it went down with its run
    journal.append(
        FaultUndone(
            at=clock.between(start, clock.now()),
            scenario=planned.scenario,
            arm=planned.arm,
            fault=planned.fault,
            is_active=False,
            already=already,
        )
    )
    say(f"{planned.fault} of {run} is undone")
    return True


def _was_ours(timeline: Timeline) -> bool:
    return any(ready.runtime != "none" for ready in timeline.of(SystemReady))
