"""M2, M3, X2, X3: what became of each leak, and of each scenario."""

from hypothesis import given
from hypothesis import strategies as st

from gameday.clock import Interval
from gameday.metrics import Latency, Measurement, measure_all
from gameday.metrics.incidents import first, incidents
from gameday.timeline import Outcome, Phase
from tests.unit.timelines import GATEWAY, LEAK, LOG, Story, at, sound


def measured(metric: str, story: Story) -> Measurement:
    return measure_all(story.timeline)[metric]


def latency(metric: str, story: Story, what: str = "") -> Latency:
    (only,) = (one for one in measured(metric, story).latencies if what in {"", one.what})
    return only


def test_detection_runs_from_the_first_byte_at_rest_to_the_first_alert_that_names_it() -> None:
    found = latency("M2", sound().delivered(when=at(50)))
    assert (found.of, found.what, found.scenario, found.severity) == ("r1", "detected", LEAK, "P1")
    assert (found.best_s, found.worst_s) == (8, 10)


def test_a_place_that_was_looked_at_late_may_have_held_it_first() -> None:
    story = sound().seen("r1", place=GATEWAY.name, persisted=at(10, 15))
    early = story.seen("r1", place="later", persisted=at(13, 14))
    assert latency("M2", early).interval == Interval(8, 10)


def test_no_alert_leaves_the_detection_open_from_below() -> None:
    found = latency("M2", Story().planned().leaked())
    assert (found.interval, found.at_least_s) == (None, 48)
    assert measured("M2", Story().planned().leaked()).where == (LOG.name,)


def test_an_alert_that_names_another_leak_does_not_notice_this_one() -> None:
    assert latency("M2", Story().leaked().delivered("r2")).interval is None


def test_an_ambiguous_alert_names_none() -> None:
    assert latency("M2", Story().leaked().delivered(is_ambiguous=True)).interval is None


def test_an_alert_from_before_the_request_cannot_name_it() -> None:
    assert latency("M2", Story().leaked().delivered(when=at(9))).interval is None


def test_a_leak_that_nobody_watched_is_noted_and_not_timed() -> None:
    story = sound().sent("r2", phase=Phase.FAULT).seen("r2")
    assert [one.of for one in measured("M2", story).latencies] == ["r1"]
    assert measured("M2", story).note == "1 leaking requests were not watched for an alert"


def test_a_clock_that_stood_still_times_nothing() -> None:
    story = sound().sent("frozen", when=at(12, 12))
    for metric in ("M2", "M3"):
        assert measured(metric, story).latencies == ()
        assert "clock" in (measured(metric, story).why_missing or "")


def test_containing_takes_two_times_from_the_delivered_alert_on() -> None:
    assert latency("M3", sound(), "stopped").interval == Interval(10, 10)
    assert latency("M3", sound(), "verified").interval == Interval(20, 20)


def test_gone_means_gone_from_the_last_of_its_places() -> None:
    story = sound().seen("r1", place=GATEWAY.name)
    assert latency("M3", story, "verified").interval is None
    both = story.verified(place=GATEWAY.name, when=at(45, 46))
    assert latency("M3", both, "verified").interval == Interval(25, 26)


def test_a_look_from_before_it_was_last_seen_does_not_verify() -> None:
    story = Story().leaked().delivered().verified(when=at(11)).contained()
    assert latency("M3", story, "verified").interval is None


def test_an_incident_that_never_ended_is_as_old_as_the_run() -> None:
    story = Story().leaked().delivered().over()
    for what in ("stopped", "verified"):
        found = latency("M3", story, what)
        assert (found.interval, found.at_least_s) == (None, 80)


def test_verified_without_contained_stays_open() -> None:
    story = Story().leaked().delivered().stopped().verified().contained(state="purged, still leaking")
    assert latency("M3", story, "verified").interval is None


def test_what_came_back_must_be_stopped_and_verified_again() -> None:
    story = sound().contained(state="came back", when=50).stopped(when=at(55)).verified(when=at(60)).contained(when=61)
    assert latency("M3", story, "stopped").interval == Interval(35, 35)
    assert latency("M3", story, "verified").interval == Interval(40, 40)


def test_an_incident_that_no_alert_names_has_no_time_and_is_unknown() -> None:
    story = Story().leaked().stopped().verified().contained()
    assert measured("M3", story).unknown == 1
    assert {(one.best_s, one.worst_s) for one in measured("M3", story).latencies} == {(None, None)}


moments = st.integers(0, 1000)


@given(st.tuples(moments, moments, moments), st.tuples(moments, moments, moments))
def test_hops_add_up_to_the_whole_way(best: tuple[int, int, int], width: tuple[int, int, int]) -> None:
    """Persisted, delivered, stopped, each later than the last: hops share their ends, so that the sum encloses the whole."""
    starts = [sum(best[: i + 1]) + sum(width[:i]) for i in range(3)]
    leak, alert, stop = (at(start, start + wide) for start, wide in zip(starts, width, strict=True))
    hops, whole = (alert.since(leak), stop.since(alert)), stop.since(leak)
    assert sum(hop.earliest_s for hop in hops) <= whole.earliest_s
    assert sum(hop.latest_s for hop in hops) >= whole.latest_s
    assert sum(hop.middle_s for hop in hops) == whole.middle_s
    assert sum(hop.latest_s for hop in hops) - whole.latest_s == alert.width_s


@given(st.lists(st.tuples(moments, moments), min_size=1, max_size=5))
def test_the_first_of_several_lies_where_the_first_can_have_been(spans: list[tuple[int, int]]) -> None:
    times = [at(start, start + wide) for start, wide in spans]
    found = first(times)
    assert all(found.earliest_s <= time.earliest_s and found.latest_s <= time.latest_s for time in times)


def test_incidents_of_two_runs_keep_their_own_clocks() -> None:
    one = Story(run="one").leaked().delivered().over()
    two = Story(run="two").leaked().delivered(when=at(30)).over()
    both = Story().add(*one.events, *two.events)
    assert len(incidents(both.timeline)) == 2
    assert {found.worst_s for found in measured("M2", both).latencies} == {10, 20}


def test_controls_that_broke_are_failures_and_those_that_could_not_look_are_unknown() -> None:
    def figures(story: Story) -> tuple[int | None, int | None, int]:
        found = measured("X2", story)
        return found.part, found.whole, found.unknown

    assert figures(Story().planned().ended()) == (0, 2, 0)
    assert figures(Story().planned().ended(fault=Outcome.BROKE)) == (1, 2, 0)
    assert figures(Story().planned().ended(control=Outcome.UNKNOWN)) == (0, 2, 1)
    assert figures(Story().planned()) == (0, 2, 2)
    assert figures(Story().planned().ended().ended(fault=Outcome.BROKE).ended()) == (1, 2, 0)
    assert measured("X2", Story()).why_missing == "no scenario was planned"


def test_an_incident_is_contained_only_as_it_last_stood() -> None:
    assert (measured("X3", sound()).part, measured("X3", sound()).whole) == (0, 1)
    back = sound().contained(state="came back")
    assert (measured("X3", back).part, measured("X3", back).note) == (1, f"{LEAK}: came back")
    assert measured("X3", back).where == (LOG.name,)
    for silent in (Story().leaked(), sound().contained(state="unknown")):
        assert (measured("X3", silent).part, measured("X3", silent).unknown) == (0, 1)
