import math
from decimal import Decimal, localcontext
from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gameday.metrics.evidence import at_most, lower_bound, needed, needed_clean, upper_bound

ALPHA = Fraction(1, 20)
CLOSE = 1e-9


def exactly_at_most(part: int, whole: int, share: Fraction) -> Fraction:
    terms = (math.comb(whole, k) * share**k * (1 - share) ** (whole - k) for k in range(part + 1))
    return sum(terms, start=Fraction(0))


@st.composite
def parts_of_wholes(draw: st.DrawFn, most: int = 60) -> tuple[int, int]:
    whole = draw(st.integers(1, most))
    return draw(st.integers(0, whole)), whole


@given(parts_of_wholes())
@example((0, 1))
@example((1, 1))
def test_the_upper_bound_is_where_so_few_failures_have_a_chance_of_one_in_twenty(case: tuple[int, int]) -> None:
    part, whole = case
    bound = Fraction(upper_bound(part, whole))
    if part == whole:
        assert bound == 1
    else:
        assert exactly_at_most(part, whole, bound * (1 + Fraction(CLOSE))) < ALPHA
        assert exactly_at_most(part, whole, bound * (1 - Fraction(CLOSE))) > ALPHA


@given(parts_of_wholes())
def test_the_lower_bound_is_where_so_many_failures_have_a_chance_of_one_in_twenty(case: tuple[int, int]) -> None:
    part, whole = case
    bound = Fraction(lower_bound(part, whole))
    if part == 0:
        assert bound == 0
    else:
        assert 1 - exactly_at_most(part - 1, whole, bound * (1 - Fraction(CLOSE))) < ALPHA
        assert 1 - exactly_at_most(part - 1, whole, bound * (1 + Fraction(CLOSE))) > ALPHA


@given(parts_of_wholes(), st.fractions(Fraction(1, 1000), Fraction(999, 1000), max_denominator=1000))
def test_the_chance_of_at_most_so_many_failures_is_the_sum_of_the_binomial(
    case: tuple[int, int], share: Fraction
) -> None:
    part, whole = case
    assert at_most(part, whole, share=float(share)) == pytest.approx(
        float(exactly_at_most(part, whole, share)), rel=1e-8, abs=1e-12
    )


@given(parts_of_wholes(most=10_000_000))
@example((0, 10**7))
@example((10**7, 10**7))
@example((10**7 - 1, 10**7))
@example((5 * 10**6, 10**7))
@example((1, 10**7))
def test_the_bounds_enclose_the_share_and_mirror_each_other(case: tuple[int, int]) -> None:
    part, whole = case
    low, high = lower_bound(part, whole), upper_bound(part, whole)
    assert 0 <= low <= part / whole <= high <= 1
    assert low == pytest.approx(1 - upper_bound(whole - part, whole), rel=1e-6, abs=1e-12)


@pytest.mark.parametrize(
    ("part", "whole", "bound"),
    [
        (0, 640, 0.00466989),
        (0, 3, 0.63159685),
        (1, 10, 0.39416335),
        (5, 100, 0.10225334),
        (1, 10**7, 4.7438645e-7),  # Poisson limit: half the chi-squared quantile of 4 degrees of freedom
    ],
)
def test_published_upper_bounds_come_out(part: int, whole: int, bound: float) -> None:
    assert upper_bound(part, whole) == pytest.approx(bound, rel=1e-6)


@pytest.mark.parametrize(("part", "whole"), [(2, 10**7), (300, 10**6), (1500, 10**7)])
def test_the_upper_bound_of_a_large_number_is_exact_too(part: int, whole: int) -> None:
    """The binomial summed term by term with 60 decimal digits, at either side of the bound."""

    def chance(share: Decimal) -> Decimal:
        term = total = (1 - share) ** whole
        for k in range(part):
            term = term * (whole - k) / (k + 1) * share / (1 - share)
            total += term
        return total

    with localcontext(prec=60):
        bound, slack = Decimal(upper_bound(part, whole)), Decimal("1e-7")
        assert chance(bound * (1 + slack)) < Decimal("0.05") < chance(bound * (1 - slack))


@pytest.mark.parametrize("whole", [10**3, 10**5, 10**7])
def test_no_failure_in_n_supports_about_three_over_n(whole: int) -> None:
    assert upper_bound(0, whole) == pytest.approx(3 / whole, rel=0.005)


@pytest.mark.parametrize(("limit", "checks"), [(1e-4, 29_956), (1e-6, 2_995_731), (0.5, 5), (0.95, 2)])
def test_the_number_of_clean_checks_that_a_limit_needs_is_exact(limit: float, checks: int) -> None:
    assert needed_clean(limit) == checks
    assert upper_bound(0, checks) < limit <= upper_bound(0, checks - 1)


@given(st.integers(0, 30), st.floats(1e-5, 0.9))
def test_one_check_fewer_than_needed_does_not_prove_the_limit(part: int, limit: float) -> None:
    checks = needed(part, limit=limit)
    assert upper_bound(part, checks) < limit * (1 + 1e-9)
    assert checks == part + 1 or upper_bound(part, checks - 1) > limit * (1 - 1e-9)


@pytest.mark.parametrize(("part", "whole"), [(1, 0), (0, 0), (-1, 3), (4, 3)])
def test_what_is_no_part_of_a_whole_is_refused(part: int, whole: int) -> None:
    with pytest.raises(ValueError, match="is not a part of a whole"):
        upper_bound(part, whole)


@pytest.mark.parametrize("limit", [0.0, 1.0, -1.0, float("nan"), 1e-13])
def test_a_limit_that_no_number_of_checks_proves_is_refused(limit: float) -> None:
    with pytest.raises(ValueError, match="limit of"):
        needed_clean(limit)
