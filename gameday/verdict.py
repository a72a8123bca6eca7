"""PASS, FAIL, INCONCLUSIVE, and how several become one."""

from collections.abc import Iterable
from enum import StrEnum


class Verdict(StrEnum):
    PASS = "PASS"  # noqa: S105 - the word of the domain, not a password
    INCONCLUSIVE = "INCONCLUSIVE"
    FAIL = "FAIL"

    @property
    def exit_code(self) -> int:
        return {Verdict.PASS: 0, Verdict.FAIL: 1, Verdict.INCONCLUSIVE: 2}[self]


_RANK = {Verdict.PASS: 0, Verdict.INCONCLUSIVE: 1, Verdict.FAIL: 2}


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """FAIL beats INCONCLUSIVE beats PASS; judging nothing is INCONCLUSIVE."""
    return max(verdicts, key=_RANK.__getitem__, default=Verdict.INCONCLUSIVE)
