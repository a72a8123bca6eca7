from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from gameday.report.case import Case, cases
from gameday.report.clock_view import Clock, Deadline, clock, moments
from gameday.report.view import view
from gameday.timeline import Arm, Timeline
from tests.unit.report_timelines import INGRESS, Run, failing, gates, passing, torn, unnoticed

SECONDS = st.floats(min_value=0.0, max_value=4000.0)


def clock_of(case: Case, *, deadlines: Sequence[Deadline] = (), is_late: bool = False) -> Clock:
    return clock(case, deadlines=deadlines, is_late=is_late)


def leak(*, width_s: float, after_s: float, route_s: float, is_contained: bool) -> Timeline:
    run = Run().stack().plan(INGRESS).begin(INGRESS, Arm.FAULT).fault("bodies are logged", origin="ingress/log")
    run.send("r1").leak("r1", "ingress/log", "gateway/log", width_s=width_s).alert(
        "r1", after_s=after_s, route_s=route_s
    )
    if is_contained:
        run.contain("r1", "ingress/log", "gateway/log")
    return run.undo().end().close()


@given(width_s=SECONDS, after_s=SECONDS, route_s=SECONDS, is_contained=st.booleans(), is_late=st.booleans())
def test_hops_add_up_to_the_total_exactly(
    *, width_s: float, after_s: float, route_s: float, is_contained: bool, is_late: bool
) -> None:
    (case,) = cases(leak(width_s=width_s, after_s=after_s, route_s=route_s, is_contained=is_contained))
    drawn = clock_of(case, is_late=is_late)
    assert sum(hop.ms for hop in drawn.hops) == drawn.total_ms
    assert all(hop.ms >= 0 for hop in drawn.hops)
    assert sum(hop.is_hot for hop in drawn.hops) == 1
    assert drawn.is_open is not is_contained


def test_each_hop_begins_where_the_one_before_it_ended() -> None:
    for case in cases(passing()):
        hops = clock_of(case).hops
        assert [hop.x for hop in hops[1:]] == [hop.end for hop in hops[:-1]]
        assert hops[0].x == "0%"


def test_the_clock_runs_from_rest_to_the_last_place_verified() -> None:
    case = cases(passing())[0]
    assert [moment.label for moment in moments(case)] == [
        "persisted",
        "alerted by the detector",
        "delivered to the receiver",
        "acknowledged",
        "runbook step seal",
        "runbook step stop",
        "runbook step purge",
        "stopped",
        "verified clean",
    ]
    assert not clock_of(case).is_open


def test_our_own_look_is_a_mark_beside_the_clock_and_no_hop() -> None:
    drawn = clock_of(cases(passing())[0])
    assert [mark.label for mark in drawn.seen] == ["gateway/log", "ingress/log"]
    assert not any("seen" in hop.label for hop in drawn.hops)


def test_a_late_alert_points_at_the_longest_hop_of_the_detection() -> None:
    incident = view(failing(), gates(failing())).incidents[0]
    assert incident.scenario == INGRESS
    assert [hop.label for hop in incident.clock.hops if hop.is_hot] == ["delivered to the receiver"]
    assert incident.clock.is_missed


def test_a_leak_that_was_never_proven_gone_has_an_open_end_and_no_uncertainty_that_would_close_it() -> None:
    drawn = clock_of(cases(failing())[1])
    assert drawn.is_open
    assert drawn.hops[-1].is_open
    assert drawn.hops[-1].is_hot
    assert drawn.hops[-1].took.startswith(">")
    assert drawn.total.startswith(">")
    assert drawn.uncertainty == ""


def test_a_leak_that_nobody_noticed_is_open_until_the_end_of_the_watch() -> None:
    (case,) = cases(unnoticed())
    (hop,) = clock_of(case).hops
    assert case.watched is not None
    assert hop.label == "never delivered"
    assert hop.ms == round((case.watched.latest_s - case.persisted.middle_s) * 1000)


def test_a_run_that_was_killed_says_that_its_clock_was_cut_off() -> None:
    (case,) = cases(torn())
    assert [hop.label for hop in clock_of(case).hops] == ["no end: the run was cut off"]


def test_a_deadline_is_drawn_only_where_the_clock_reaches_it() -> None:
    case = cases(passing())[0]
    due = [Deadline(at_s=1.0, label="alert due"), Deadline(at_s=3600.0, label="clean due")]
    assert [mark.label for mark in clock_of(case, deadlines=due).due] == ["alert due"]


def test_a_hop_too_short_to_draw_is_a_diamond() -> None:
    hops = clock_of(cases(failing())[0]).hops
    assert {hop.label for hop in hops if hop.is_tiny} >= {"acknowledged", "runbook step seal"}
