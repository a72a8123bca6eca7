"""M4, M6, M8, M9: long-term storage, spans, access to prompts, and what outlives its time."""

from typing import Final

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from gameday.gate import decide
from gameday.metrics import measure_all
from gameday.metrics.measurement import Measurement
from gameday.place import Place, Policy
from gameday.slo import judge, load
from gameday.timeline import ATTEMPTS, RETENTION, SPANS, UNLOGGED, Arm, Expired, Look, Phase, Tally, Timeline
from gameday.verdict import Verdict
from tests.unit.report_timelines import SLO
from tests.unit.timelines import CACHE, GATEWAY, LEAK, LOG, PLACES, Story, at, closed, sound

ARCHIVE: Final = Place(name="archive", policy=Policy.FULL, is_long_term=True, ttl_s=60.0)
TRACES: Final = Place(name="traces", unit="span")
BACKEND: Final = Place(name="traces/backend", unit="span")
ALL: Final = (*PLACES, ARCHIVE, TRACES, BACKEND)
RUN: Final = load(SLO / "run.yaml")
RELEASE: Final = load(SLO / "release.yaml")


def measured(metric: str, *stories: Story) -> Measurement:
    return measure_all(Timeline(event for story in stories for event in story.events))[metric]


def figures(measurement: Measurement) -> tuple[int | None, int | None, int]:
    return measurement.part, measurement.whole, measurement.unknown


def told(places: tuple[Place, ...] = ALL) -> Story:
    return Story(places=places).planned()


def tally(
    what: str,
    part: int,
    whole: int,
    *,
    place: str = TRACES.name,
    is_complete: bool = True,
    phase: Phase | None = Phase.BASELINE,
    arm: Arm = Arm.FAULT,
    worker: str = "",
) -> Tally:
    return Tally(
        at=at(60),
        scenario=LEAK,
        arm=arm,
        place=place,
        what=what,
        part=part,
        whole=whole,
        is_complete=is_complete,
        phase=phase,
        worker=worker,
    )


def verdict(metric: str, story: Story) -> Verdict:
    (objective,) = [one for one in (*RUN, *RELEASE) if one.metric == metric]
    return judge(measured(metric, story), objective).verdict


# M4


def test_a_value_readable_in_long_term_storage_counts_although_its_policy_allows_it() -> None:
    story = told().sent("b1").sent("b2").looked()
    assert figures(measured("M4", story)) == (0, 2, 0)
    story.seen("b1", place=ARCHIVE.name, phase=Phase.BASELINE, is_forbidden=False)
    story.seen("b1", place=ARCHIVE.name, phase=Phase.BASELINE, is_forbidden=False, parts=("token", "value"))
    assert figures(measured("M4", story)) == (1, 2, 0)
    assert measured("M4", story).where == (ARCHIVE.name,)
    assert verdict("M4", story) is Verdict.FAIL


@pytest.mark.parametrize(("place", "parts"), [(ARCHIVE.name, ("token", "prose")), (CACHE.name, ("value",))])
def test_what_is_no_value_or_elsewhere_is_not_in_long_term_storage(place: str, parts: tuple[str, ...]) -> None:
    story = told().sent("b1").looked().seen("b1", place=place, parts=parts, phase=Phase.BASELINE, is_forbidden=False)
    assert figures(measured("M4", story)) == (0, 1, 0)


def test_what_a_fault_put_into_long_term_storage_belongs_to_its_incident() -> None:
    story = told().sent("b1").leaked(place=ARCHIVE.name).looked()
    assert figures(measured("M4", story)) == (0, 1, 0)


def test_long_term_storage_that_nobody_could_look_at_is_unknown() -> None:
    story = told().sent("b1").looked(but=ARCHIVE.name)
    assert figures(measured("M4", story)) == (None, None, 1)
    assert not measured("M4", story).is_absent
    assert verdict("M4", story) is Verdict.INCONCLUSIVE


def test_sightings_that_were_only_counted_are_unknown_where_they_may_show_values() -> None:
    story = told().sent("b1").looked().add(tally("sighted", 1, 4, place=ARCHIVE.name))
    assert figures(measured("M4", story)) == (0, 1, 3)


# M6


def test_spans_with_a_payload_are_counted_without_those_of_a_fault_phase() -> None:
    story = told().looked()
    story.add(tally(SPANS, 0, 100), tally(SPANS, 3, 50, phase=Phase.AFTER), tally(SPANS, 40, 40, phase=Phase.FAULT))
    assert figures(measured("M6", story)) == (3, 150, 0)
    assert measured("M6", story).where == (TRACES.name,)
    assert verdict("M6", story) is Verdict.FAIL


def test_spans_of_a_fault_count_where_the_defence_must_hold_and_in_a_control() -> None:
    holds = Story(places=ALL).planned(holds=True).looked().add(tally(SPANS, 1, 10, phase=Phase.FAULT))
    control = told().looked().add(tally(SPANS, 1, 10, phase=Phase.FAULT, arm=Arm.CONTROL))
    assert figures(measured("M6", holds)) == figures(measured("M6", control)) == (1, 10, 0)


def test_the_same_spans_at_two_places_are_one_trial_and_bad_if_bad_in_either() -> None:
    story = told().looked().add(tally(SPANS, 1, 100), tally(SPANS, 1, 90, place=BACKEND.name))
    assert figures(measured("M6", story)) == (2, 100, 0)


def test_each_stack_and_each_run_has_spans_of_its_own() -> None:
    story = told().looked().add(tally(SPANS, 0, 10, worker="w0"), tally(SPANS, 0, 20, worker="w1"))
    other = Story(run="two", places=ALL).looked().add(tally(SPANS, 0, 5))
    assert figures(measured("M6", story, other)) == (0, 35, 0)


def test_a_place_of_spans_that_nobody_could_read_last_is_unknown() -> None:
    story = told().looked().add(tally(SPANS, 0, 5000)).looked(80, is_complete=False)
    assert figures(measured("M6", story)) == (0, 5000, 2)
    assert verdict("M6", story) is Verdict.INCONCLUSIVE


def test_spans_that_could_not_be_searched_in_full_prove_only_what_is_bad() -> None:
    story = told().looked().add(tally(SPANS, 2, 10, is_complete=False), tally(SPANS, 0, 100))
    assert figures(measured("M6", story)) == (2, 102, 8)


@pytest.mark.parametrize(("clean", "wanted"), [(2994, Verdict.INCONCLUSIVE), (2995, Verdict.PASS)])
def test_spans_pass_by_the_exact_bound_at_the_number_that_was_set_beforehand(clean: int, wanted: Verdict) -> None:
    assert verdict("M6", told().looked().add(tally(SPANS, 0, clean))) is wanted


def test_a_place_of_spans_that_showed_none_is_no_evidence() -> None:
    story = told().looked()
    assert measured("M6", story).why_missing == "no span outside a fault was searched in full, behind a barrier"
    assert verdict("M6", story) is Verdict.INCONCLUSIVE


# M8


def attempts(succeeded: int, whole: int, missed: int | None, *, phase: Phase = Phase.BASELINE) -> tuple[Tally, ...]:
    log = tally(UNLOGGED, missed or 0, whole, place=ARCHIVE.name, phase=phase, is_complete=missed is not None)
    return tally(ATTEMPTS, succeeded, whole, place=ARCHIVE.name, phase=phase), log


@pytest.mark.parametrize(
    ("told_of", "wanted", "judged"),
    [
        (attempts(0, 5, 0), (0, 5, 0), Verdict.PASS),
        (attempts(1, 5, 0), (1, 5, 0), Verdict.FAIL),
        (attempts(0, 5, 2), (2, 5, 0), Verdict.FAIL),
        (attempts(4, 5, 4), (5, 5, 0), Verdict.FAIL),
        (attempts(0, 5, None), (0, 5, 5), Verdict.INCONCLUSIVE),
        (attempts(0, 5, 0)[:1], (0, 5, 5), Verdict.INCONCLUSIVE),
        (attempts(0, 5, 1)[1:], (1, 1, 4), Verdict.FAIL),
        ((*attempts(0, 5, 0), *attempts(3, 3, 3, phase=Phase.FAULT)), (0, 5, 0), Verdict.PASS),
    ],
    ids=["held", "got in", "unlogged", "both", "log unread", "log not asked", "only the log", "of a fault"],
)
def test_attempts_count_that_got_in_or_went_unlogged(
    told_of: tuple[Tally, ...], wanted: tuple[int, int, int], judged: Verdict
) -> None:
    story = told().add(*told_of)
    assert figures(measured("M8", story)) == wanted
    assert verdict("M8", story) is judged


def test_what_got_in_and_what_went_unlogged_are_told_apart() -> None:
    measurement = measured("M8", told().add(*attempts(1, 5, 2)))
    assert (measurement.note, measurement.where) == ("1 got in, 2 went unlogged", (ARCHIVE.name,))


@given(st.lists(st.tuples(*[st.integers(0, 9)] * 3, st.booleans(), st.booleans(), st.sampled_from("ab")), max_size=6))
def test_a_part_is_never_more_than_its_whole(rows: list[tuple[int, int, int, bool, bool, str]]) -> None:
    story = told().looked()
    for part, missed, rest, seen, logged, place in rows:
        whole = part + missed + rest
        story.add(tally(ATTEMPTS, part, whole, place=place, is_complete=seen))
        story.add(tally(UNLOGGED, missed, whole, place=place, is_complete=logged))
        story.add(tally(SPANS, part, whole, place=place, is_complete=seen))
    for metric in ("M6", "M8"):
        part_, whole_, unknown = figures(measured(metric, story))
        assert (part_ or 0) <= (whole_ or 0)
        assert unknown >= 0


# M9


def expired(
    when: float, *, is_readable: bool, request: str = "b1", since: float = 10.0, phase: Phase = Phase.BASELINE
) -> Expired:
    return Expired(
        at=at(when, when + 1),
        scenario=LEAK,
        arm=Arm.FAULT,
        place=ARCHIVE.name,
        canary=f"c-{request}",
        request=request,
        phase=phase,
        since=at(since, since + 2),
        is_readable=is_readable,
    )


def spans(measurement: Measurement) -> list[tuple[float | None, float | None]]:
    return [(latency.best_s, latency.worst_s) for latency in measurement.latencies]


def test_a_prompt_that_was_gone_in_time_took_at_most_until_the_look() -> None:
    story = told().add(expired(75, is_readable=False))
    assert spans(measured("M9", story)) == [(0.0, 6.0)]
    assert verdict("M9", story) is Verdict.PASS


def test_a_prompt_that_was_readable_late_lies_between_two_looks() -> None:
    story = told().add(expired(80, is_readable=True), expired(100, is_readable=False), expired(500, is_readable=False))
    assert spans(measured("M9", story)) == [(8.0, 31.0)]


def test_a_prompt_that_is_readable_still_is_open_and_fails_once_it_is_over_the_limit() -> None:
    story = told().add(expired(80, is_readable=True))
    assert spans(measured("M9", story)) == [(8.0, None)]
    assert verdict("M9", story) is Verdict.INCONCLUSIVE
    story.add(expired(140, is_readable=True))
    assert spans(measured("M9", story)) == [(68.0, None)]
    assert verdict("M9", story) is Verdict.FAIL
    assert measured("M9", story).where == (ARCHIVE.name,)
    assert measured("M9", story).note == "the oldest that is readable still is 131 s old"


def test_a_prompt_that_came_back_is_readable_still() -> None:
    story = told().add(expired(80, is_readable=False), expired(200, is_readable=True))
    assert spans(measured("M9", story)) == [(128.0, None)]


def test_what_a_fault_left_behind_is_no_matter_of_retention() -> None:
    story = told().add(expired(200, is_readable=True, phase=Phase.FAULT))
    assert measured("M9", story).is_absent


def test_without_a_prompt_whose_time_was_up_retention_is_not_known() -> None:
    measurement = measured("M9", told().sent("b1").looked())
    assert measurement.why_missing == "no prompt's time to live had passed when it was looked for"
    assert measurement.latencies == ()


def test_what_was_due_and_could_not_be_read_never_passes_until_it_is_read() -> None:
    blind = tally(RETENTION, 0, 2, place=ARCHIVE.name, is_complete=False)
    story = told().add(blind)
    assert not measured("M9", story).is_absent
    assert verdict("M9", story) is Verdict.INCONCLUSIVE
    assert verdict("M9", told().add(expired(75, is_readable=False), blind)) is Verdict.INCONCLUSIVE
    assert verdict("M9", told().add(blind, expired(75, is_readable=False))) is Verdict.PASS


@given(st.lists(st.tuples(st.floats(0, 500), st.booleans()), min_size=1, max_size=6), st.floats(0, 100))
def test_a_latency_never_ends_before_it_begins(looks: list[tuple[float, bool]], since: float) -> None:
    story = told().add(*(expired(when, is_readable=seen, since=since) for when, seen in sorted(looks)))
    for best, worst in spans(measured("M9", story)):
        assert best is not None
        assert best <= (best if worst is None else worst)


# What is not there


ABSENT: Final = ("M4", "M6", "M8", "M9")


@pytest.mark.parametrize("metric", ABSENT)
def test_where_there_is_nothing_of_it_the_figure_is_missing_and_said_to_be_absent(metric: str) -> None:
    measurement = measured(metric, Story(places=(LOG, GATEWAY)).sent("b1").looked())
    assert measurement.is_absent
    assert measurement.why_missing
    assert figures(measurement) == (None, None, 0)


def test_what_is_not_required_and_not_there_is_left_out_and_named() -> None:
    for objectives, wanted in ((RUN, {"M4", "M8", "M9"}), (RELEASE, {"M6"})):
        decided = decide(closed(sound()), objectives, file="run.yaml")
        assert {one.objective.metric for one in decided.left_out} == wanted
        assert all(one.why for one in decided.left_out)
        assert not wanted & {judged.objective.metric for judged in decided.judgements}
    assert decide(closed(sound()), RUN, file="run.yaml").verdict is Verdict.PASS


def test_what_is_there_is_judged_although_it_is_not_required() -> None:
    story = sound()
    story.events = [*Story(places=(*PLACES, ARCHIVE)).events, *story.events[2:]]
    blind = decide(closed(story), RUN, file="run.yaml")
    assert blind.verdict is Verdict.INCONCLUSIVE
    seen = Look(at=at(70, 71), place=ARCHIVE.name, sink="s", records=1, is_complete=True, behind_barrier=True)
    story.events = [event for event in story.events if event.at.latest_s < 95]
    decided = decide(closed(story.add(seen)), RUN, file="run.yaml")
    assert decided.verdict is Verdict.PASS, decided.reasons
    assert "M4" in {judged.objective.metric for judged in decided.judgements}


def test_judging_only_what_is_left_out_is_inconclusive() -> None:
    only = tuple(one for one in RUN if one.metric == "M4")
    assert decide(closed(sound()), only, file="run.yaml").verdict is Verdict.INCONCLUSIVE


def test_what_is_required_and_not_there_is_inconclusive() -> None:
    (objective,) = [one for one in RUN if one.metric == "M4"]
    decided = decide(closed(sound()), [evolve(objective, is_required=True)], file="run.yaml")
    assert decided.verdict is Verdict.INCONCLUSIVE
    assert "M4: no place is declared as long-term storage" in decided.reasons
