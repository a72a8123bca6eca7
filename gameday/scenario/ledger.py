"""Which canary went out with which request: the only place that ties a sighting to what was sent."""

from attrs import frozen

from gameday.canary.mint import Canary
from gameday.clock import Interval
from gameday.timeline import Arm, Phase, Planted


@frozen(kw_only=True)
class Known:
    """One canary that was sent."""

    canary: Canary
    request: str
    tenant: str
    phase: Phase
    sent: Interval
    scenario: str
    arm: Arm | None


class Ledger:
    """All canaries of a run, by id."""

    def __init__(self) -> None:
        self._known: dict[str, Known] = {}
        self._by_request: dict[str, Known] = {}

    def add(self, known: Known) -> None:
        self._known[known.canary.id] = known
        self._by_request[known.request] = known

    def get(self, canary: str) -> Known | None:
        return self._known.get(canary)

    def of_request(self, request: str) -> Known | None:
        """The last canary that went out with it."""
        return self._by_request.get(request)

    def all(self) -> tuple[Known, ...]:
        return tuple(self._known.values())


def planted(canary: Canary) -> Planted:
    return Planted(
        canary=canary.id,
        family=canary.family,
        slot=canary.slot,
        is_secret=canary.is_secret,
        is_redactable=canary.is_redactable,
        has_value=bool(canary.values),
    )
