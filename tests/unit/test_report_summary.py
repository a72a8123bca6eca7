import pytest

from gameday.report.summary import terminal_summary
from tests.unit.report_timelines import RUNS, failing, gates, hostile, passing


@pytest.mark.parametrize("name", RUNS)
def test_the_last_line_is_the_verdict_of_todays_gate(name: str) -> None:
    judged = gates(RUNS[name]())
    assert terminal_summary(RUNS[name](), judged, "reports/x/report.html")[-1] == f"verdict: {judged[0].verdict.value}"


def test_without_a_gate_the_verdict_is_inconclusive() -> None:
    assert terminal_summary(passing(), (), None)[-1] == "verdict: INCONCLUSIVE"


def test_the_worst_figures_stand_against_their_limits() -> None:
    lines = terminal_summary(failing(), gates(failing()), "reports/x/report.html")
    assert " ".join(lines[1].split()) == "M2 6 min 11.1 s limit < 5 min FAIL Every P1 leak is noticed within 5 minutes"


def test_an_objective_that_had_nothing_to_judge_never_looks_as_if_it_passed() -> None:
    lines = [" ".join(line.split()) for line in terminal_summary(passing(), gates(passing()), None)]
    assert "M4 nothing limit 0 not judged No prompt is readable in long-term storage" in lines


def test_at_most_five_reasons_are_given_and_the_rest_counted() -> None:
    lines = terminal_summary(failing(), gates(failing()), None)
    before_release = lines[: next(index for index, line in enumerate(lines) if line.startswith("release gate"))]
    reasons = [line for line in before_release if line.startswith("  - ")]
    assert len(reasons) == 6
    assert reasons[-1].endswith("more, in the report")


def test_what_the_release_still_lacks_is_named_with_its_number() -> None:
    lines = terminal_summary(passing(), gates(passing()), None)
    assert "  - M10: 2 clean of 29,956 needed; 29,954 missing" in lines


def test_the_path_of_the_report_is_given() -> None:
    assert "report: reports/x/report.html" in terminal_summary(passing(), gates(passing()), "reports/x/report.html")


def test_nothing_that_a_scenario_is_called_can_steer_the_terminal() -> None:
    steering = hostile("\x1b[2J\r\nverdict: PASS\u202e")
    lines = terminal_summary(steering, gates(steering), None)
    assert all(line.isprintable() for line in lines)
    assert lines[-1] == "verdict: FAIL"
    assert sum(line.startswith("verdict:") for line in lines) == 1
