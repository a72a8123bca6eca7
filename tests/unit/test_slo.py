"""Objectives are read strictly; judging never turns what is missing, or unknown, into PASS."""

from pathlib import Path
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gameday import slo
from gameday.clock import Interval
from gameday.errors import ConfigError
from gameday.metrics.catalogue import CATALOGUE
from gameday.metrics.measurement import Latency, Measurement, counted, missing, timed
from gameday.slo import Judgement, Objective, judge, judge_all
from gameday.verdict import Verdict

FIXTURES: Final = Path(__file__).parents[2] / "fixtures" / "slo"
RANK: Final = (Verdict.PASS, Verdict.INCONCLUSIVE, Verdict.FAIL)

GOOD: Final = """\
apiVersion: openslo/v1
kind: SLO
metadata:
  name: redaction
  displayName: Redaction holds
  annotations:
    gameday.dev/samples: "29956"
    other.example/note: ours not
spec:
  service: prompt-leakage
  indicator:
    spec:
      thresholdMetric:
        metricSource:
          type: gameday
          spec:
            query: M10
  timeWindow:
    - duration: 4w
      isRolling: true
  budgetingMethod: Occurrences
  objectives:
    - op: lt
      value: 0.0001
      target: 0.99
"""


def objective(metric: str, limit: float, *, op: str = "lt", part: str = "", samples: int | None = None) -> Objective:
    return Objective(
        name="o",
        title="t",
        metric=metric,
        op=op,
        limit=limit,
        unit=CATALOGUE[metric].unit,
        file="f.yaml",
        line=1,
        part=part,
        severity="P1" if metric == "M2" else "",
        samples=samples,
    )


ZERO: Final = objective("M7", 0, op="lte")
RATE: Final = objective("M10", 0.0001)
FIVE_MIN: Final = objective("M2", 300)


def counts(metric: str, part: int, whole: int, *, unknown: int = 0) -> Measurement:
    return counted(CATALOGUE[metric], part=part, whole=whole, unknown=unknown, where=("log",), why_none="no look")


def times(*latencies: Latency, metric: str = "M2", unknown: int = 0) -> Measurement:
    return timed(CATALOGUE[metric], latencies=latencies, unknown=unknown, where=(), note="", why_none="no incident")


def took(best: float, worst: float | None, *, what: str = "detected", severity: str = "P1") -> Latency:
    return Latency(
        of=f"r{best}",
        what=what,
        interval=None if worst is None else Interval(best, worst),
        at_least_s=best if worst is None else None,
        severity=severity,
        scenario="leak",
    )


def loaded(tmp_path: Path, text: str) -> tuple[Objective, ...]:
    path = tmp_path / "slo.yaml"
    path.write_text(text, encoding="utf-8")
    return slo.load(path)


# Reading


def test_the_objectives_of_a_run_are_read() -> None:
    read = slo.load(FIXTURES / "run.yaml")
    assert [(one.metric, one.part, one.severity, one.limit_text) for one in read] == [
        ("M2", "", "P1", "< 5 min"),
        ("M3", "stopped", "", "< 30 min"),
        ("M3", "verified", "", "< 30 min"),
        ("M4", "", "", "0"),
        ("M7", "", "", "0"),
        ("M8", "", "", "0"),
        ("M9", "", "", "<= 60 s"),
        ("X1", "", "", "0"),
        ("X2", "", "", "0"),
        ("X3", "", "", "0"),
    ]


def test_the_objectives_of_a_release_are_the_rates_decided_at_a_number_set_beforehand() -> None:
    read = slo.load(FIXTURES / "release.yaml")
    assert [(one.metric, one.limit_text, one.samples) for one in read] == [
        ("M1", "< 1 per million", 2_995_731),
        ("M6", "< 0.1 %", 2_995),
        ("M10", "< 0.01 %", 29_956),
    ]


def test_an_objective_knows_its_line_and_its_words(tmp_path: Path) -> None:
    (read,) = loaded(tmp_path, GOOD)
    assert (read.name, read.title, read.line, read.target) == ("redaction", "Redaction holds", 24, 0.99)


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("openslo/v1", "openslo/v2", 1, "apiVersion = 'openslo/v2': must be openslo/v1"),
        ("kind: SLO", "kind: SLI", 2, "kind = 'SLI'"),
        ("name: redaction", "name: Redaction", 4, "metadata.name = 'Redaction'"),
        ("  displayName: Redaction holds", "  display: x", 5, "metadata.display = 'x': is not a key"),
        ("samples:", "sample:", 7, "gameday.dev/sample = '29956': is not an annotation for M10"),
        ('"29956"', "29956", 7, "must be text"),
        ('"29956"', '"0"', 7, "is not a number of checks"),
        ("  service: prompt-leakage\n", "", 10, "the key 'service' is missing"),
        ("type: gameday", "type: prometheus", 15, "must be gameday"),
        ("query: M10", "query: M11", 17, "query = 'M11'"),
        ("duration: 4w", "duration: 30s", 19, "is not a duration"),
        ("isRolling: true", "isRolling: false", 20, "must be true"),
        ("Occurrences", "Timeslices", 21, "must be Occurrences"),
        ("op: lt", "op: gt", 23, "op = 'gt': must be lt or lte"),
        ("op: lt", "op: <", 23, "op = '<'"),
        ("value: 0.0001", "value: much", 24, "must be a number"),
        ("value: 0.0001", "value: '0.0001'", 24, "must be a number"),
        ("value: 0.0001", "value: 5:00", 24, "must be a number"),
        ("value: 0.0001", "value: .nan", 24, "must be a number"),
        ("value: 0.0001", "value: 1e999", 24, "must be a number"),
        ("value: 0.0001", "value: 1", 24, "is not a share"),
        ("value: 0.0001", "value: 0", 24, "is not a share"),
        ("target: 0.99", "target: 1", 25, "lies outside [0, 1)"),
        ("target: 0.99", "target: -0.1", 25, "lies outside [0, 1)"),
        ("target: 0.99", "targets: 0.99", 25, "is not a key"),
        ("      value: 0.0001\n", "      value: 0.0001\n      value: 0.1\n", 25, "stands here twice"),
        ("M10", "M7", 7, "is not an annotation for M7"),
        ("    - op: lt\n      value", "      op: lt\n      value", 23, "must be a list"),
        ("  name: redaction", "  name: [redaction]", 4, "must be text"),
        ("    other.example/note: ours not", "    gameday.dev/unit: s", 8, "must be share"),
    ],
)
def test_what_is_wrong_is_refused_with_its_line_and_a_remedy(
    tmp_path: Path, old: str, new: str, line: int, words: str
) -> None:
    assert old in GOOD
    with pytest.raises(ConfigError) as caught:
        loaded(tmp_path, GOOD.replace(old, new, 1))
    assert words in str(caught.value)
    assert caught.value.line == line
    assert caught.value.remedy


def test_a_limit_in_scientific_notation_is_a_number(tmp_path: Path) -> None:
    assert loaded(tmp_path, GOOD.replace("0.0001", "1e-4"))[0].limit == 0.0001


@pytest.mark.parametrize("limit", ["op: lt\n      value: 0", "op: lte\n      value: -1", "op: lte\n      value: 0.5"])
def test_a_limit_that_no_count_can_meet_is_refused(tmp_path: Path, limit: str) -> None:
    text = GOOD.replace("M10", "M7").replace('    gameday.dev/samples: "29956"\n', "")
    with pytest.raises(ConfigError):
        loaded(tmp_path, text.replace("op: lt\n      value: 0.0001", limit))


@pytest.mark.parametrize("text", ["", "# nothing\n", "a: [", "- x\n", "apiVersion: \0\n"])
def test_a_file_without_objectives_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigError):
        loaded(tmp_path, text)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        slo.load(tmp_path / "none.yaml")


def test_two_objectives_need_two_names(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="twice"):
        loaded(tmp_path, f"{GOOD}---\n{GOOD}")


def test_several_limits_of_one_document_are_several_objectives(tmp_path: Path) -> None:
    more = "    - op: lte\n      value: 0.001\n      target: 0.9\n      displayName: Softer\n"
    assert [one.name for one in loaded(tmp_path, GOOD + more)] == ["redaction-1", "redaction-2"]


# Judging


@pytest.mark.parametrize(
    ("latencies", "verdict"),
    [
        ((took(10, 12),), Verdict.PASS),
        ((took(10, 12), took(299, 299.9)), Verdict.PASS),
        ((took(10, 12), took(290, 310)), Verdict.INCONCLUSIVE),
        ((took(10, 12), took(300, 310)), Verdict.FAIL),
        ((took(10, 12), took(48, None)), Verdict.INCONCLUSIVE),
        ((took(301, None),), Verdict.FAIL),
        ((Latency(of="r", what="detected", severity="P1"),), Verdict.INCONCLUSIVE),
        ((took(301, None, severity="P2"),), Verdict.INCONCLUSIVE),
        ((took(10, 12), took(301, None, severity="P2")), Verdict.PASS),
        ((took(10, 12), took(301, None, severity="")), Verdict.FAIL),
        ((), Verdict.INCONCLUSIVE),
    ],
)
def test_a_latency_passes_by_its_worst_end_and_fails_by_its_best(
    latencies: tuple[Latency, ...], verdict: Verdict
) -> None:
    judged = judge(times(*latencies), FIVE_MIN)
    assert judged.verdict is verdict
    assert bool(judged.reason) == (verdict is not Verdict.PASS)


def test_the_latency_that_decides_is_shown() -> None:
    judged = judge(times(took(10, 12), took(270, 290)), FIVE_MIN)
    assert (judged.value_text, judged.best, judged.worst) == ("4 min 30 s to 4 min 50 s", 270, 290)
    assert judge(times(took(48, None)), FIVE_MIN).value_text == "more than 48 s, still open"


def test_an_objective_on_one_part_does_not_judge_the_other() -> None:
    both = times(took(10, 12, what="stopped"), took(9000, None, what="verified"), metric="M3")
    assert judge(both, objective("M3", 1800, part="stopped")).verdict is Verdict.PASS
    assert judge(both, objective("M3", 1800, part="verified")).verdict is Verdict.FAIL
    assert judge(both, objective("M3", 1800)).verdict is Verdict.FAIL


def test_an_incident_that_could_not_be_timed_never_passes() -> None:
    assert judge(times(took(10, 12), unknown=1), FIVE_MIN).verdict is Verdict.INCONCLUSIVE


@pytest.mark.parametrize(
    ("part", "whole", "unknown", "verdict"),
    [
        (0, 5, 0, Verdict.PASS),
        (0, 5, 1, Verdict.INCONCLUSIVE),
        (0, 0, 0, Verdict.INCONCLUSIVE),
        (1, 5, 0, Verdict.FAIL),
        (1, 5, 3, Verdict.FAIL),
    ],
)
def test_a_zero_counts_only_where_all_was_looked_at(part: int, whole: int, unknown: int, verdict: Verdict) -> None:
    assert judge(counts("M7", part, whole, unknown=unknown), ZERO).verdict is verdict


def test_a_rate_passes_by_its_exact_upper_bound() -> None:
    assert judge(counts("M10", 0, 29_956), RATE).verdict is Verdict.PASS
    assert judge(counts("M10", 0, 29_955), RATE).verdict is Verdict.INCONCLUSIVE
    assert judge(counts("M10", 0, 29_956, unknown=1), RATE).verdict is Verdict.INCONCLUSIVE
    assert judge(counts("M10", 1, 100), RATE).verdict is Verdict.FAIL


def test_a_rate_that_is_not_proven_says_how_many_checks_are_missing() -> None:
    judged = judge(counts("M10", 0, 1204), RATE)
    assert judged.missing == 28_752
    assert judged.reason == "1,204 clean of 29,956 needed; 28,752 missing"
    assert judge(counts("M10", 0, 0), RATE).missing == 29_956


def test_a_rate_is_decided_at_the_number_that_was_set_beforehand() -> None:
    at_n = objective("M10", 0.0001, samples=50_000)
    assert judge(counts("M10", 0, 40_000), at_n).verdict is Verdict.INCONCLUSIVE
    assert judge(counts("M10", 0, 50_000), at_n).verdict is Verdict.PASS
    assert judge(counts("M10", 6, 50_000), RATE).verdict is Verdict.INCONCLUSIVE
    assert judge(counts("M10", 6, 50_000), at_n).verdict is Verdict.FAIL


def test_what_this_version_does_not_measure_is_inconclusive() -> None:
    (judged,) = judge_all({}, [objective("M4", 0, op="lte")])
    assert (judged.verdict, judged.reason) == (Verdict.INCONCLUSIVE, "not measured by this version")


def test_an_objective_judges_its_own_metric_only() -> None:
    with pytest.raises(ValueError, match="is on M7"):
        judge(counts("X1", 0, 1), ZERO)


numbers = st.integers(0, 100_000)
limits = st.sampled_from([0.5, 0.01, 0.001, 0.0001])
preset = st.none() | st.integers(1, 50_000)
rates = st.builds(objective, st.just("M10"), limits, samples=preset)


def verdict_of(metric: str, part: int, whole: int, unknown: int, limit: Objective) -> Verdict:
    return judge(counts(metric, part, whole, unknown=unknown), limit).verdict


@given(numbers, numbers, st.integers(0, 50), st.integers(0, 3), rates)
def test_more_failures_never_make_a_rate_better(
    part: int, clean: int, more: int, unknown: int, rate: Objective
) -> None:
    whole = part + clean + more
    few = verdict_of("M10", part, whole, unknown, rate)
    many = verdict_of("M10", part + more, whole, unknown, rate)
    if whole:
        assert RANK.index(many) >= RANK.index(few)


@given(st.integers(0, 9), st.integers(0, 9), st.integers(0, 3), st.integers(0, 3))
def test_more_failures_never_make_a_count_better(part: int, clean: int, more: int, unknown: int) -> None:
    few = verdict_of("M7", part, part + clean, unknown, ZERO)
    many = verdict_of("M7", part + more, part + clean + more, unknown, ZERO)
    if part + clean:
        assert RANK.index(many) >= RANK.index(few)


@given(numbers, numbers, st.integers(1, 9), st.sampled_from([ZERO, RATE]))
def test_what_is_unknown_never_passes(part: int, clean: int, unknown: int, limit: Objective) -> None:
    assert verdict_of(limit.metric, part, part + clean, unknown, limit) is not Verdict.PASS


@given(st.sampled_from(sorted(CATALOGUE)))
def test_what_is_missing_never_passes(metric: str) -> None:
    limit = 0.5 if CATALOGUE[metric].unit.is_rate else 1
    judged: Judgement = judge(missing(CATALOGUE[metric], why="not looked"), objective(metric, limit))
    assert (judged.verdict, judged.reason) == (Verdict.INCONCLUSIVE, "not looked")


@given(st.floats(0, 600), st.floats(0, 100), st.floats(0, 600))
def test_a_slower_incident_never_makes_a_latency_better(best: float, width: float, more: float) -> None:
    fast = judge(times(took(best, best + width)), FIVE_MIN).verdict
    slow = judge(times(took(best, best + width), took(best + more, None)), FIVE_MIN).verdict
    assert RANK.index(slow) >= RANK.index(fast)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 s"), (0.0123, "12.3 ms"), (0.42, "0.42 s"), (41.26, "41.3 s"), (270, "4 min 30 s"), (7200, "2 h")],
)
def test_seconds_are_shown_as_a_person_says_them(seconds: float, words: str) -> None:
    assert slo.shown(seconds, unit=CATALOGUE["M2"].unit) == words
