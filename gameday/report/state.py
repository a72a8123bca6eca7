"""The four states that the page shows, each with a word, a shape and a colour; the worst first in any list."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Final

from gameday.timeline import Outcome
from gameday.verdict import Verdict, worst


class State(StrEnum):
    FAIL = "FAIL"
    INCONCLUSIVE = "INCONCLUSIVE"
    PASS = "PASS"  # noqa: S105 - the word of the domain, not a password
    NOT_EXERCISED = "NOT EXERCISED"

    @property
    def rank(self) -> int:
        """Its place in any list, the worst first."""
        return tuple(State).index(self)


OF_OUTCOME: Final = {
    Outcome.HELD: Verdict.PASS,
    Outcome.BROKE: Verdict.FAIL,
    Outcome.UNKNOWN: Verdict.INCONCLUSIVE,
}


def of(verdicts: Iterable[Verdict]) -> State:
    return State(worst(verdicts).value)
