"""M1, M7, M10, X1: what counts, what has been looked at, and what could not be."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gameday.journal import merge
from gameday.metrics import METRICS, measure_all
from gameday.metrics.catalogue import CATALOGUE
from gameday.metrics.measurement import Measurement
from gameday.metrics.phases import counting
from gameday.place import Place
from gameday.timeline import Arm, ArmStarted, Phase, Sent, Tally, Timeline
from tests.unit.timelines import CACHE, GATEWAY, LOG, Story, at, closed, secret, sound


def measured(metric: str, story: Story) -> Measurement:
    return measure_all(story.timeline)[metric]


def figures(measurement: Measurement) -> tuple[int | None, int | None, int]:
    return measurement.part, measurement.whole, measurement.unknown


def tally(what: str, part: int, whole: int, *, place: str = LOG.name, is_complete: bool = True) -> Tally:
    return Tally(at=at(60), place=place, what=what, part=part, whole=whole, is_complete=is_complete)


def test_every_metric_is_in_the_catalogue_under_its_own_name() -> None:
    measurements = measure_all(closed(sound()))
    assert len(measurements) == len(METRICS)
    for name, measurement in measurements.items():
        assert (measurement.name, measurement.unit) == (CATALOGUE[name].name, CATALOGUE[name].unit)


def test_a_missing_figure_is_none_with_a_reason() -> None:
    for measurement in measure_all(Timeline(())).values():
        assert measurement.why_missing
        assert (measurement.part, measurement.whole, measurement.latencies) == (None, None, ())


def test_what_is_left_of_a_fault_phase_request_counts_in_no_rate() -> None:
    story = sound()
    for metric in ("M1", "M7", "M10", "X1"):
        assert figures(measured(metric, story)) == (0, 2, 0), metric


def test_a_leak_outside_a_fault_counts_and_its_place_is_named() -> None:
    story = sound().seen("b1", phase=Phase.BASELINE)
    assert figures(measured("M1", story)) == (1, 2, 0)
    assert figures(measured("M7", story)) == (1, 2, 0)
    assert measured("M7", story).where == (LOG.name,)


def test_an_allowed_sighting_is_no_leak() -> None:
    story = sound().seen("b1", phase=Phase.BASELINE, place=CACHE.name, is_forbidden=False)
    assert figures(measured("M1", story)) == (0, 2, 0)


def test_a_scenario_whose_defence_must_hold_counts_under_its_fault() -> None:
    story = Story().planned(holds=True).sent("r1", phase=Phase.FAULT).seen("r1").looked()
    assert figures(measured("M1", story)) == (1, 1, 0)
    assert measured("X3", story).why_missing


def test_a_control_arm_counts_in_all_its_phases() -> None:
    story = Story().planned().sent("r1", phase=Phase.FAULT, arm=Arm.CONTROL).seen("r1").looked()
    assert figures(measured("M1", story)) == (1, 1, 0)


@pytest.mark.parametrize(
    "blind",
    [
        Story().looked(is_complete=False),
        Story().looked(behind_barrier=False),
        Story().looked(but=CACHE.name),
        Story().looked(when=9),
        Story(),
    ],
    ids=["incomplete", "no barrier", "a place left out", "before the request", "no look"],
)
@pytest.mark.parametrize("metric", ["M1", "M7", "M10", "X1"])
def test_a_request_that_was_not_looked_for_everywhere_is_unknown(metric: str, blind: Story) -> None:
    story = Story().sent("b1").add(*blind.events[2:])
    assert figures(measured(metric, story)) == (None, None, 1)
    assert measured(metric, story).why_missing


def test_a_look_that_began_before_the_request_ended_is_no_evidence() -> None:
    story = Story().sent("b1", when=at(10, 12)).looked(when=11)
    assert measured("M1", story).unknown == 1


def test_a_leak_counts_also_where_other_places_could_not_be_looked_at() -> None:
    story = Story().sent("b1").seen("b1", phase=Phase.BASELINE).looked(but=CACHE.name)
    assert figures(measured("M1", story)) == (1, 1, 0)
    assert figures(measured("M7", story)) == (1, 1, 0)


def test_a_system_without_places_proves_nothing() -> None:
    assert measured("M1", Story(places=()).sent("b1")).whole is None


def test_looks_of_one_run_say_nothing_about_another() -> None:
    """Their clocks began at different moments: a look at 70 s of one boot is not later than a request at 10 s of another."""
    looked, blind = Story(run="one").sent("b1").looked(), Story(run="two").sent("b2")
    both = Timeline((*looked.events, *blind.events))
    assert figures(measure_all(both)["M1"]) == (0, 1, 1)


def test_looks_at_one_workers_stack_say_nothing_about_anothers() -> None:
    """gw0 sent early and never looked again; gw1 looked late, at places of the same names."""
    early = story("gw0").sent("r1", when=at(10, 10.1)).looked(11).sent("r2", when=at(12, 12.1))
    late = story("gw1").sent("r3", when=at(20, 20.1)).looked(30)
    merged = merge({"gw0": early.timeline, "gw1": late.timeline})
    assert counting(merged).looked == {"r1", "r3"}
    assert counting(Timeline([*early.events, *late.events[1:]])).looked == {"r1", "r2", "r3"}


def story(worker: str) -> Story:
    return Story().add(ArmStarted(at=at(2), scenario=worker, arm=Arm.FAULT))


def test_a_prompt_repeated_in_a_second_run_is_one_trial() -> None:
    first, second = Story(run="one").sent("b1").looked(), Story(run="two").sent("b1").looked()
    both = Timeline((*first.events, *second.events))
    for metric in ("M1", "M7", "M10"):
        assert figures(measure_all(both)[metric]) == (0, 1, 0)


def test_a_request_without_a_canary_proves_nothing() -> None:
    bare = Sent(at=at(10, 11), request="b1", tenant="acme", phase=Phase.BASELINE, planted=(), status=200)
    assert figures(measured("M1", Story().add(bare).looked())) == (None, None, 0)


def test_a_canary_that_nobody_recorded_is_a_leak_of_prompts_and_an_unknown_secret() -> None:
    story = sound().seen("nobody", phase=Phase.BASELINE)
    assert figures(measured("M1", story)) == (1, 3, 0)
    assert figures(measured("M7", story)) == (0, 2, 1)


def test_secrets_are_values_of_secret_families() -> None:
    story = Story().sent("b1", secret("s"), secret("e", is_secret=False), secret("t", slot="tool", has_value=False))
    assert figures(measured("M7", story.looked())) == (0, 1, 0)
    token = story.seen("b1", canary="s", parts=("token",), phase=Phase.BASELINE)
    assert figures(measured("M7", token)) == (0, 1, 0)
    assert figures(measured("M7", story.seen("b1", canary="e", phase=Phase.BASELINE))) == (0, 1, 0)


def test_redaction_is_checked_where_it_is_due_slot_by_slot() -> None:
    story = Story().sent("b1", secret("s"), secret("s", slot="tool"), secret("e", is_secret=False)).looked()
    assert figures(measured("M10", story)) == (0, 3, 0)
    elsewhere = story.seen("b1", canary="e", place=LOG.name, phase=Phase.BASELINE)
    assert figures(measured("M10", elsewhere)) == (0, 3, 0)
    failed = story.seen("b1", canary="e", place=GATEWAY.name, phase=Phase.BASELINE)
    assert figures(measured("M10", failed)) == (1, 3, 0)
    assert measured("M10", failed).note == "worst family: e-mail, 1 of 1"


def test_without_a_redacted_place_there_is_no_redaction_to_measure() -> None:
    story = Story(places=(LOG,)).sent("b1").looked()
    assert measured("M10", story).why_missing == "no place has the policy redacted"


def test_bytes_in_a_record_of_another_tenant_or_of_none_are_cross_tenant() -> None:
    for owner in ("globex", ""):
        story = sound().seen("b1", place=CACHE.name, owner=owner, phase=Phase.BASELINE)
        assert figures(measured("X1", story)) == (1, 2, 0)
        assert measured("X1", story).where == (CACHE.name,)
    elsewhere = sound().seen("b1", place=LOG.name, owner="globex", phase=Phase.BASELINE)
    assert figures(measured("X1", elsewhere)) == (0, 2, 0)


def test_without_a_place_by_tenant_there_is_no_crossing_to_measure() -> None:
    assert measured("X1", Story(places=(LOG,)).sent("b1").looked()).why_missing


@pytest.mark.parametrize(("metric", "what"), [("M1", "requests"), ("M7", "secrets"), ("M10", "redaction")])
def test_what_was_counted_in_bulk_is_added(metric: str, what: str) -> None:
    story = sound().add(tally(what, 1, 1000), tally(what, 0, 500))
    assert figures(measured(metric, story)) == (1, 1502, 0)


def test_an_incomplete_count_proves_only_what_is_bad() -> None:
    assert figures(measured("M1", Story().add(tally("requests", 2, 100, is_complete=False)))) == (2, 2, 98)
    assert measured("M1", Story().add(tally("requests", 0, 0, is_complete=False))).unknown == 1


def test_two_places_that_saw_the_same_requests_are_one_count() -> None:
    story = Story().add(tally("requests", 1, 100), tally("requests", 0, 90, place=GATEWAY.name))
    assert figures(measured("M1", story)) == (1, 90, 10)


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9), st.booleans(), st.sampled_from("ab")), max_size=6))
def test_a_part_is_never_more_than_its_whole(rows: list[tuple[int, int, bool, str]]) -> None:
    story = Story().add(
        *(tally("requests", part, part + rest, place=place, is_complete=done) for part, rest, done, place in rows)
    )
    measurement = measured("M1", story)
    assert (measurement.part or 0) <= (measurement.whole or 0)
    assert measurement.unknown >= 0


def test_places_are_named_worst_first() -> None:
    story = Story(places=(LOG, Place(name="b"))).sent("r1").sent("r2").looked()
    story.seen("r1", place="b").seen("r1").seen("r2")
    assert measured("M1", story).where == (LOG.name, "b")
