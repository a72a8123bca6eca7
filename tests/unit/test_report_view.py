import pytest

from gameday.report.state import State
from gameday.report.view import view
from gameday.timeline import Arm, Outcome, Phase, Problem, Uncovered
from tests.unit.report_timelines import (
    CACHE,
    INGRESS,
    RUNS,
    Run,
    failing,
    gates,
    minimal,
    passing,
    quiet,
    torn,
    unnoticed,
)


def test_the_worst_comes_first_in_every_list() -> None:
    shown = view(failing(), gates(failing()))
    for states in (
        [row.state for row in shown.scenarios],
        [incident.state for incident in shown.incidents],
        [place.state for place in shown.places],
        [State(row.verdict.value) for row in shown.gates[0].rows],
    ):
        assert states == sorted(states, key=lambda state: state.rank)


def test_the_verdict_is_the_one_of_todays_gate() -> None:
    for name, make in RUNS.items():
        judged = gates(make())
        assert view(make(), judged).first.verdict is judged[0].verdict, name


def test_a_run_that_holds_says_so_and_asks_for_the_evidence_that_the_release_still_lacks() -> None:
    shown = view(passing(), gates(passing()))
    assert shown.first.verdict.value == "PASS"
    assert (
        shown.first.sentence == "Of 2 leaks that we opened, both were noticed, and both were stopped and proven clean."
    )
    (todo,) = shown.first.todo
    assert "M10 29,954 clean checks" in todo.what
    assert todo.command == "gameday load --on embedded"


def test_a_failing_run_names_what_was_missed_first() -> None:
    first = view(failing(), gates(failing())).first
    assert first.todo[0].what == "Every P1 leak is noticed within 5 minutes."
    assert "6\u00a0min 11\u00a0s" in first.todo[0].why
    assert first.todo[0].anchor == "incident-1"


@pytest.mark.parametrize("name", RUNS)
def test_at_most_three_things_are_to_do_first(name: str) -> None:
    timeline = RUNS[name]()
    assert 1 <= len(view(timeline, gates(timeline)).first.todo) <= 3


def test_scenarios_are_counted_by_verdict() -> None:
    shown = view(failing(), gates(failing()))
    assert [(item.word, item.count) for item in shown.tally] == [
        ("held", 0),
        ("failed", 2),
        ("inconclusive", 0),
        ("not exercised", 1),
    ]


def test_a_scenario_that_held_and_was_noticed_too_late_has_failed() -> None:
    row = next(row for row in view(failing(), gates(failing())).scenarios if row.id == INGRESS)
    assert (row.control.word, row.fault.word) == ("held", "held")
    assert row.is_late
    assert row.state is State.FAIL
    assert row.noticed == "6\u00a0min\u00a011.1\u00a0s"


def test_a_scenario_of_which_one_arm_was_never_run_is_inconclusive() -> None:
    timeline = Run().stack().plan(INGRESS).begin(INGRESS, Arm.FAULT).end().close()
    (row,) = view(timeline, gates(timeline)).scenarios
    assert row.control.state is State.NOT_EXERCISED
    assert row.state is State.INCONCLUSIVE


def test_an_arm_that_could_not_look_keeps_its_reason() -> None:
    run = Run().stack().plan(INGRESS).control(INGRESS).begin(INGRESS, Arm.FAULT)
    timeline = run.end(Outcome.UNKNOWN, why="the log's API answered 503").close()
    (row,) = view(timeline, gates(timeline)).scenarios
    assert row.state is State.INCONCLUSIVE
    assert row.why == "the log's API answered 503"


def test_a_killed_run_says_so_and_asks_to_put_the_fault_back() -> None:
    shown = view(torn(), gates(torn()))
    assert shown.is_cut_off
    assert shown.first.sentence.startswith("The run was cut off before its end.")
    assert shown.first.todo[0].command == "gameday clean"
    assert [row.noticed for row in shown.scenarios if row.id == INGRESS] == ["cut off"]
    assert shown.facts.undone[0].state is State.INCONCLUSIVE
    assert shown.facts.sweep_state is State.INCONCLUSIVE


def test_a_leak_that_no_alert_named_was_never_noticed() -> None:
    shown = view(unnoticed(), gates(unnoticed()))
    assert shown.scenarios[0].noticed == "never"
    assert shown.scenarios[0].is_late
    assert shown.incidents[0].state is State.FAIL


def test_an_incident_lists_every_place_found_clean_or_unseen() -> None:
    incident = next(one for one in view(failing(), gates(failing())).incidents if one.scenario == CACHE)
    assert [(place.name, place.state) for place in incident.way[:2]] == [
        ("cache/values", State.FAIL),
        ("cache/rdb", State.FAIL),
    ]
    assert [place.name for place in incident.way if place.state is State.NOT_EXERCISED] == ["gateway/log"]
    assert incident.way_words == "Found in 2 of 7 places, clean in 4; nobody could look in 1 (gateway/log)."
    assert incident.standing == "purged, still leaking"
    assert incident.fresh == ""


def test_a_place_that_nobody_could_look_at_is_never_clean() -> None:
    shown = view(failing(), gates(failing()))
    (place,) = [place for place in shown.places if place.name == "gateway/log"]
    assert place.state is State.NOT_EXERCISED
    assert place.why == "HTTP 503 from the log's API"
    assert "gateway/log" in [limit.what for limit in shown.limits]


def test_a_leak_without_a_fault_is_shown_apart() -> None:
    run = Run().stack().plan(INGRESS).begin(INGRESS, Arm.CONTROL).send("r0", phase=Phase.BASELINE)
    timeline = run.leak("r0", "model/log").look().end(Outcome.BROKE, why="it leaks by itself").close()
    shown = view(timeline, gates(timeline))
    assert not shown.incidents
    assert [(stray.place, stray.request) for stray in shown.strays] == [("model/log", "r0")]
    assert shown.places[0].result == "1 request leaked without a fault"
    assert shown.first.verdict.value == "FAIL"


def test_what_was_not_exercised_stands_in_images_and_problems_are_all_named() -> None:
    run = Run().stack()
    run.tell(Problem(at=run.moment(), what="the watchdog", why="it could not be started"))
    timeline = run.close()
    named = {limit.what: limit.why for limit in view(timeline, gates(timeline)).limits}
    assert named["Alert routes"] == "no alertmanager was found on PATH."
    assert named["the watchdog"] == "gameday itself could not do it: it could not be started."
    assert "That valkey is like the image of that name" in named


def test_metrics_that_no_objective_is_about_are_named() -> None:
    limits = view(passing(), gates(passing())).limits
    (limit,) = [limit for limit in limits if "no objective" in limit.what]
    assert limit.why == "M5 training records that hold a prompt."


def test_objectives_that_had_nothing_to_judge_are_named() -> None:
    named = {limit.what: limit.why for limit in view(passing(), gates(passing())).limits}
    assert named["No prompt is readable in long-term storage (M4, 0)"] == (
        "not judged: no place is declared as long-term storage."
    )
    assert len([why for why in named.values() if why.startswith("not judged: ")]) == 4


def test_what_appeared_and_no_place_covers_is_listed() -> None:
    run = Run().stack()
    run.tell(*(Uncovered(at=run.moment(), kind="file", name=f"valkey/temp-{number}.rdb") for number in (1, 2, 2)))
    shown = view(run.close(), gates(run.timeline))
    (limit,) = [limit for limit in shown.limits if limit.what.startswith("2 files that appeared")]
    assert limit.why == "valkey/temp-1.rdb and valkey/temp-2.rdb."
    assert limit.state is State.NOT_EXERCISED


def test_both_gates_are_shown_and_what_stands_against_the_run_is_said_once() -> None:
    today, release = view(torn(), gates(torn())).gates
    assert (today.name, release.name) == ("Today\u2019s gate", "Release gate")
    assert (len(today.rows), len(release.rows)) == (7, 2)
    assert "The run was cut off: its journal has no end." in today.findings
    assert not release.findings
    assert release.repeats == len(today.findings)


def test_a_rate_without_a_failure_shows_its_bound_and_never_nought() -> None:
    _, release = view(passing(), gates(passing())).gates
    row = next(row for row in release.rows if row.metric == "M10")
    assert row.value == "\u2264\u00a077.7\u00a0%"
    assert row.bar.kind == "open"


def test_a_run_with_nothing_in_it_claims_nothing() -> None:
    for timeline in (quiet(), minimal()):
        shown = view(timeline, gates(timeline))
        assert shown.first.verdict.value == "INCONCLUSIVE"
        assert not shown.incidents
        assert "nothing is known" in shown.first.sentence


def test_no_gate_at_all_is_inconclusive() -> None:
    assert view(passing(), ()).first.verdict.value == "INCONCLUSIVE"


def test_the_run_can_be_judged_and_done_again() -> None:
    facts = {fact.name: fact.value for fact in view(passing(), gates(passing())).facts.facts}
    assert facts["Judge again"] == "gameday gate reports/20261123-0600"
    assert facts["Repeat it"] == "gameday run --seed 20261123 --on embedded"
    assert facts["Command line"] == "pytest scenarios/ --gameday-on embedded"


def test_of_several_runs_the_last_one_is_told() -> None:
    both = type(passing())((*passing().events, *failing().events))
    shown = view(both, gates(both))
    assert shown.run == "20261124-0600"
    assert shown.pooled == "evidence of 2 runs"
