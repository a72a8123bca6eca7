"""Finishes what a killed run left: every fault that was planned, and of which no journal says that it is undone."""

from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from gameday import clock
from gameday.errors import GamedayError, JournalBroken
from gameday.faults.base import Undo, undo
from gameday.journal import Journal, read
from gameday.systems.powers import settings_from_ref
from gameday.timeline import FaultPlanned, FaultUndone, SystemReady, Timeline


def finish_undos(reports: Path, *, say: Callable[[str], None]) -> int:
    """Undoes what is open in the journals below `reports`; returns how many could not be undone."""
    return sum(not _finish(journal, planned, timeline, say) for journal, timeline, planned in _open_faults(reports))


def _open_faults(reports: Path) -> Iterator[tuple[Path, Timeline, FaultPlanned]]:
    for path in sorted(reports.glob("*/journal.jsonl")):
        try:
            timeline = read(path)
        except JournalBroken:
            continue  # a journal that cannot be read says nothing of faults; `gameday report` names what is wrong with it
        undone = {(event.scenario, event.fault) for event in timeline.of(FaultUndone) if not event.is_active}
        for planned in timeline.of(FaultPlanned):
            if (planned.scenario, planned.fault) not in undone:
                yield path, timeline, planned


def _finish(path: Path, planned: FaultPlanned, timeline: Timeline, say: Callable[[str], None]) -> bool:
    start = clock.now()
    plan = msgspec.json.decode(planned.undo, type=Undo)
    try:
        already = not undo(settings_from_ref(plan.ref), plan)
    except GamedayError as error:
        if _was_ours(timeline):
            already = True  # the server that bore it went down with its run
        else:
            say(f"{planned.fault} of {path.parent.name} could not be undone: {error}")
            return False
    with Journal(path) as journal:
        at = clock.between(start, clock.now())
        journal.append(
            FaultUndone(
                at=at, scenario=planned.scenario, arm=planned.arm, fault=planned.fault, is_active=False, already=already
            )
        )
    say(f"{planned.fault} of {path.parent.name} is undone")
    return True


def _was_ours(timeline: Timeline) -> bool:
    return any(ready.runtime != "none" for ready in timeline.of(SystemReady))
