"""How much a count of checks proves: exact one-sided 95 % bounds on a proportion (Clopper and Pearson, 1934).

With X failures in n checks and the binomial distribution function F(k; n, p) = I_{1-p}(n - k, k + 1), the upper bound is the p
for which F(X; n, p) = 0.05, the lower bound the p for which 1 - F(X - 1; n, p) = 0.05. I is the regularised incomplete beta
function, by its continued fraction (NIST DLMF 8.17.22), evaluated as Lentz proposed.
"""

import math
from collections.abc import Callable
from typing import Final

ALPHA: Final = 0.05
_TINY: Final = 1e-300
_CLOSE: Final = 1e-15
_TERMS: Final = 100_000  # the fraction needs some sqrt(n) terms; 10^7 checks take about 6,000
_HALVINGS: Final = 200
_MOST_CHECKS: Final = 10**12


def upper_bound(part: int, whole: int) -> float:
    """The greatest share that `part` failures in `whole` checks leave possible, with 95 % confidence."""
    _check(part, whole)
    if part == whole:
        return 1.0
    if part == 0:
        return -math.expm1(math.log(ALPHA) / whole)
    return _root(lambda share: ALPHA - at_most(part, whole, share=share))


def lower_bound(part: int, whole: int) -> float:
    """The least share that `part` failures in `whole` checks leave possible, with 95 % confidence."""
    _check(part, whole)
    if part == 0:
        return 0.0
    if part == whole:
        return math.exp(math.log(ALPHA) / whole)
    return _root(lambda share: _beta(part, whole - part + 1, share) - ALPHA)


def at_most(part: int, whole: int, *, share: float) -> float:
    """The chance of at most `part` failures in `whole` checks where each fails with the chance `share`."""
    return 1.0 if part >= whole else _beta(whole - part, part + 1, 1.0 - share, rest=share)


def needed_clean(limit: float) -> int:
    """How many checks without a failure bring the upper bound below `limit`; 29,956 for 0.0001."""
    return needed(0, limit=limit)


def needed(part: int, *, limit: float) -> int:
    """How many checks with no more than the `part` failures so far bring the upper bound below `limit` (a share in (0, 1))."""
    if not 0 < limit < 1:
        raise ValueError(f"a limit of {limit} is not a share between 0 and 1")
    short, enough = part, max(2 * part, 1)
    while not _is_below(part, enough, limit=limit):
        short, enough = enough, 2 * enough
        if enough > _MOST_CHECKS:
            raise ValueError(f"a limit of {limit} needs more than {_MOST_CHECKS} checks")
    while enough - short > 1:
        middle = (short + enough) // 2
        short, enough = (short, middle) if _is_below(part, middle, limit=limit) else (middle, enough)
    return enough


def _is_below(part: int, whole: int, *, limit: float) -> bool:
    """Whether the upper bound is below `limit`, without solving for it."""
    if part >= whole:
        return False
    return upper_bound(0, whole) < limit if part == 0 else at_most(part, whole, share=limit) < ALPHA


def _check(part: int, whole: int) -> None:
    if not 0 <= part <= whole or whole == 0:
        raise ValueError(f"{part} of {whole} is not a part of a whole")


def _root(rising: Callable[[float], float]) -> float:
    """Where a function that rises over (0, 1) crosses zero."""
    low, high = 0.0, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if middle in {low, high} or high - low <= _CLOSE * high:
            break
        low, high = (low, middle) if rising(middle) > 0 else (middle, high)
    return (low + high) / 2


def _beta(a: float, b: float, x: float, *, rest: float | None = None) -> float:
    """I_x(a, b). `rest` is 1 - x, where the caller has it without rounding."""
    y = 1.0 - x if rest is None else rest
    if x <= 0 or y <= 0:
        return 0.0 if x <= 0 else 1.0
    front = math.exp(math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * _log(x, y) + b * _log(y, x))
    if x < (a + 1) / (a + b + 2):
        return front * _fraction(a, b, x) / a
    return 1.0 - front * _fraction(b, a, y) / b


def _log(x: float, rest: float) -> float:
    """The logarithm of x = 1 - rest, exact also where x is close to 1."""
    return math.log1p(-rest) if rest < 0.5 else math.log(x)  # noqa: PLR2004 - whichever of the two is small is exact


def _fraction(a: float, b: float, x: float) -> float:
    c, d = 1.0, 1.0 / _off_zero(1.0 - (a + b) * x / (a + 1))
    total = d
    for m in range(1, _TERMS):
        for term in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1.0 / _off_zero(1.0 + term * d)
            c = _off_zero(1.0 + term / c)
            total *= d * c
        if abs(d * c - 1.0) < _CLOSE:
            break
    return total


def _off_zero(value: float) -> float:
    return value if abs(value) > _TINY else _TINY
