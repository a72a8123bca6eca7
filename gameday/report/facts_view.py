"""Who ran what, where, on which servers, and what was put back: enough to judge it again, and to do it again."""

import shlex
from collections.abc import Sequence

from attrs import frozen

from gameday.gate import Gate
from gameday.report.incident_view import repeat
from gameday.report.state import State
from gameday.report.text import NONE, counted, duration, moment, number
from gameday.timeline import (
    Event,
    FaultInjected,
    FaultPlanned,
    FaultUndone,
    RunEnded,
    RunStarted,
    Sent,
    ServerUp,
    Swept,
    SystemReady,
    Timeline,
)


@frozen(kw_only=True)
class Fact:
    name: str
    value: str
    is_code: bool = False


@frozen(kw_only=True)
class ServerRow:
    server: str
    version: str
    image: str
    digest: str
    took: str
    stand_in: bool


@frozen(kw_only=True)
class UndoRow:
    fault: str
    scenario: str
    result: str
    state: State


@frozen(kw_only=True)
class FactsView:
    facts: tuple[Fact, ...]
    servers: tuple[ServerRow, ...]
    undone: tuple[UndoRow, ...]
    sweep: str
    sweep_state: State


def facts_view(run: Timeline, gates: Sequence[Gate]) -> FactsView:
    sweep, sweep_state = _sweep(run)
    return FactsView(
        facts=tuple(fact for fact in (*_run(run), *_system(run), *_commands(run, gates)) if fact.value),
        servers=tuple(_server(server) for server in run.of(ServerUp)),
        undone=tuple(sorted((undo_row(run, plan) for plan in run.of(FaultPlanned)), key=lambda row: row.state.rank)),
        sweep=sweep,
        sweep_state=sweep_state,
    )


def run_name(run: Timeline) -> str:
    return next((started.run for started in run.of(RunStarted)), "of unknown name")


def system_name(run: Timeline) -> str:
    return next((ready.system for ready in run.of(SystemReady)), "no system came up")


def started_at(run: Timeline) -> str:
    return next((moment(started.wall.wall_s) for started in run.of(RunStarted)), "")


def took(run: Timeline) -> str:
    """From the run's start to its end; to the last event of one that was cut off."""
    spans: Sequence[Event] = run.events
    if not spans:
        return ""
    began_s, ended_s = spans[0].at.earliest_s, max(event.at.latest_s for event in spans)
    return duration(ended_s - began_s)


def _run(run: Timeline) -> list[Fact]:
    facts = []
    for started in run.of(RunStarted)[:1]:
        facts = [
            Fact(name="Run", value=started.run, is_code=True),
            Fact(name="Began", value=started_at(run)),
            Fact(name="Took", value=took(run) if run.has_ended else f"{took(run)} until it was cut off"),
            Fact(name="Seed", value=str(started.seed), is_code=True),
            Fact(name="Key", value=started.key_id, is_code=True),
            Fact(name="Commit", value=started.commit or "not under version control", is_code=bool(started.commit)),
            Fact(name="Versions", value=", ".join(f"{name} {version}" for name, version in started.versions.items())),
            Fact(name="Command line", value=shlex.join(started.argv), is_code=True),
        ]
    ended = run.of(RunEnded)
    return [*facts, Fact(name="Ended", value=moment(ended[-1].wall.wall_s) if ended else "never: the run was cut off")]


def _system(run: Timeline) -> list[Fact]:
    requests = number(len(run.of(Sent)))
    facts = [Fact(name="Requests", value=requests)]
    for ready in run.of(SystemReady)[:1]:
        facts += [
            Fact(name="System", value=f"{ready.system}, ready after {duration(ready.took_s)}"),
            Fact(name="Runtime", value=f"{ready.runtime}: {ready.runtime_why}" if ready.runtime_why else ready.runtime),
            Fact(name="Evidence key", value=ready.evidence_key, is_code=True),
        ]
    return facts


def _commands(run: Timeline, gates: Sequence[Gate]) -> list[Fact]:
    files = ", ".join(gate.file for gate in gates)
    names = [started.run for started in run.of(RunStarted)[:1]]
    return [
        Fact(name="Gates", value=files, is_code=True),
        *(
            Fact(name="Judge again", value=f"gameday gate {shlex.quote(f'reports/{name}')}", is_code=True)
            for name in names
        ),
        Fact(name="Repeat it", value=repeat(run), is_code=True),
    ]


def _server(server: ServerUp) -> ServerRow:
    return ServerRow(
        server=f"{server.server} ({server.worker})" if server.worker else server.server,
        version=server.version or NONE,
        image=server.image or NONE,
        digest=server.digest or NONE,
        took=duration(server.took_s),
        stand_in=server.stand_in,
    )


def undo_row(run: Timeline, plan: FaultPlanned) -> UndoRow:
    key = (plan.scenario, plan.arm, plan.fault)
    undone = [event for event in run.of(FaultUndone) if (event.scenario, event.arm, event.fault) == key]
    was_injected = any((event.scenario, event.arm, event.fault) == key for event in run.of(FaultInjected))
    result, state = _undo_result(undone[-1] if undone else None, was_injected=was_injected)
    return UndoRow(fault=plan.fault, scenario=plan.scenario, result=result, state=state)


def _undo_result(undone: FaultUndone | None, *, was_injected: bool) -> tuple[str, State]:
    if undone is None:
        words = "injected" if was_injected else "planned"
        return f"{words}, and nothing says that it was undone: run gameday clean", State.INCONCLUSIVE
    if undone.is_active:
        return "still active: run gameday clean", State.FAIL
    return ("had been put right before, by the runbook" if undone.already else "undone, and looked at"), State.PASS


def _sweep(run: Timeline) -> tuple[str, State]:
    sweeps = run.of(Swept)
    if not sweeps:
        return "The outputs of this run were not swept for canary text when this was written.", State.INCONCLUSIVE
    last = sweeps[-1]
    if last.by_finder or last.by_bytes:
        return f"Canary text in the outputs: {last.by_finder} hits by the finder, {last.by_bytes} by bytes.", State.FAIL
    if not (last.finder_works and last.bytes_work and last.files):
        return "A sweep did not find its own sentinel, or read nothing: it proves nothing.", State.INCONCLUSIVE
    files = counted(last.files, "file")
    return (
        f"{files} of output swept twice, by the finder and by bytes; both found their sentinel, neither a canary.",
        State.PASS,
    )
