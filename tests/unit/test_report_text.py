import pytest
from hypothesis import given
from hypothesis import strategies as st

from gameday.clock import Interval
from gameday.report.axis import length, percent, ratio, ticks
from gameday.report.text import duration, ended, give_or_take, latency, listed, opened, share_at_most, stopwatch, tied


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0.0, "0 ms"),
        (0.0001, "< 1 ms"),
        (0.84, "840 ms"),
        (0.9996, "1.00 s"),
        (9.2, "9.20 s"),
        (9.996, "10.0 s"),
        (38.0, "38.0 s"),
        (59.97, "1 min 0.0 s"),
        (372.0, "6 min 12.0 s"),
        (4200.0, "1 h 10 min"),
        (597600.0, "6 d 22 h"),
        (-2.0, "\u22122.00 s"),
    ],
)
def test_a_duration_has_three_digits_and_its_unit_after_a_no_break_space(seconds: float, shown: str) -> None:
    assert duration(seconds).replace("\u00a0", " ") == shown


@given(st.floats(min_value=0.0, max_value=3599.0))
def test_a_worst_end_is_never_printed_shorter_than_it_was(seconds: float) -> None:
    assert _seconds(duration(seconds, up=True)) >= seconds - 1e-5


def _seconds(shown: str) -> float:
    words = shown.replace("<", "").split()
    units = {"ms": 0.001, "s": 1.0, "min": 60.0}
    return sum(float(number) * units[unit] for number, unit in zip(words[::2], words[1::2], strict=True))


def test_a_column_shows_minutes_and_seconds() -> None:
    assert stopwatch(371.6, up=True) == "6:12\u00a0min"


def test_an_uncertainty_is_rounded_up_and_never_nought() -> None:
    assert give_or_take(0.0) == "\u00b1\u00a0<\u00a01\u00a0ms"
    assert give_or_take(0.4451) == "\u00b1\u00a0446\u00a0ms"
    assert latency(Interval(4.0, 4.4)) == "4.20\u00a0s \u00b1\u00a0200\u00a0ms"


def test_a_bound_is_rounded_up_and_is_never_nought_percent() -> None:
    assert share_at_most(0.0024871, per_million=False) == "\u2264\u00a00.249\u00a0%"
    assert share_at_most(8.78e-7, per_million=True) == "\u2264\u00a00.878\u00a0per million"
    assert "0\u00a0%" not in share_at_most(1e-9, per_million=False)


@given(st.floats(min_value=1e-9, max_value=1.0))
def test_a_bound_is_never_printed_below_itself(share: float) -> None:
    shown = float(share_at_most(share, per_million=False).split("\u00a0")[1].replace(",", ""))
    assert shown >= share * 100 * (1 - 1e-6)


def test_numbers_stay_with_their_units() -> None:
    assert tied("4 min 30 s, < 5 min, 7 sinks") == "4\u00a0min 30\u00a0s, <\u00a05\u00a0min, 7 sinks"


def test_lists_read_as_sentences() -> None:
    assert listed(()) == ""
    assert listed(("a",)) == "a"
    assert listed(("a", "b", "c")) == "a, b and c"
    assert listed(("a", "b", "c"), most=2) == "a, b and 1 more"


def test_a_name_at_the_beginning_of_a_sentence_is_left_as_it_is() -> None:
    assert opened(ended("the run was cut off")) == "The run was cut off."
    assert opened(ended("gateway/log held 1 prompt")) == "gateway/log held 1 prompt."


@given(st.floats(min_value=0.0, max_value=1e6))
def test_positions_stay_on_the_scale(value: float) -> None:
    assert 0 <= ratio(value) <= 1
    assert 0 <= length(value) <= 1
    assert 0 <= float(percent(value)[:-1]) <= 100


@given(st.floats(min_value=0.0, max_value=1e6))
def test_an_axis_has_at_most_six_marks_and_begins_at_nought(end_s: float) -> None:
    marks = ticks(end_s)
    assert marks[0].label == "0"
    assert len(marks) <= 6
