"""Everything that the page shows, as plain frozen data: strings and numbers ready to print. It judges nothing by itself."""

from collections.abc import Sequence
from typing import Final

from attrs import frozen

from gameday.gate import Gate
from gameday.metrics.phases import runs_of
from gameday.report.case import Case, cases
from gameday.report.facts_view import FactsView, facts_view, run_name, started_at, system_name, took
from gameday.report.first_view import FirstView, first_view
from gameday.report.gate_view import GateView, gate_views
from gameday.report.incident_view import IncidentView, incident_views
from gameday.report.limits_view import Limit, limits
from gameday.report.place_view import PlaceRow, place_rows
from gameday.report.scenario_view import ScenarioRow, Tally, scenario_rows, tally
from gameday.report.text import NONE, counted
from gameday.timeline import Sighted, Timeline

MOST_STRAYS: Final = 200  # a leak without a fault can be every request; a person reads the first few


@frozen(kw_only=True)
class Stray:
    """A leak that no fault accounts for."""

    place: str
    canary: str
    request: str
    scenario: str
    phase: str
    locator: str


@frozen(kw_only=True)
class View:
    run: str
    system: str
    began: str
    took: str
    pooled: str
    is_cut_off: bool
    first: FirstView
    tally: tuple[Tally, ...]
    gates: tuple[GateView, ...]
    scenarios: tuple[ScenarioRow, ...]
    incidents: tuple[IncidentView, ...]
    strays: tuple[Stray, ...]
    more_strays: int
    places: tuple[PlaceRow, ...]
    limits: tuple[Limit, ...]
    facts: FactsView


def view(timeline: Timeline, gates: Sequence[Gate]) -> View:
    """`gates`: today's first. Of several runs, the gates judge all, and the page tells the last."""
    runs = runs_of(timeline)
    run = runs[-1] if runs else timeline
    found = cases(run)
    incidents = incident_views(run, gates, cases=found)
    scenarios = scenario_rows(
        run,
        gates,
        cases=found,
        anchors={incident.request: incident.anchor for incident in incidents},
        states={incident.request: incident.state for incident in incidents},
    )
    places = place_rows(run, staged=(case.request for case in found))
    unproven = limits(run, gates, scenarios=scenarios, places=places)
    strays = _strays(run, found)
    return View(
        run=run_name(run),
        system=system_name(run),
        began=started_at(run),
        took=took(run),
        pooled=f"evidence of {counted(len(runs), 'run')}" if len(runs) > 1 else "",
        is_cut_off=not run.has_ended,
        first=first_view(run, gates, cases=found, incidents=incidents, limits=unproven),
        tally=tally(scenarios),
        gates=gate_views(gates),
        scenarios=scenarios,
        incidents=incidents,
        strays=strays[:MOST_STRAYS],
        more_strays=max(0, len(strays) - MOST_STRAYS),
        places=places,
        limits=unproven,
        facts=facts_view(run, gates),
    )


def _strays(run: Timeline, found: Sequence[Case]) -> tuple[Stray, ...]:
    staged = {case.request for case in found}
    return tuple(
        _stray(sighted) for sighted in run.of(Sighted) if sighted.is_forbidden and sighted.request not in staged
    )


def _stray(sighted: Sighted) -> Stray:
    return Stray(
        place=sighted.place,
        canary=sighted.canary,
        request=sighted.request or NONE,
        scenario=f"{sighted.scenario or NONE}" + (f" ({sighted.arm})" if sighted.arm else ""),
        phase=sighted.phase.value,
        locator=sighted.locator or NONE,
    )
