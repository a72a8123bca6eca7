"""Counts spans as a place gives them: each once, under the request that it belongs to, so that a fault's own never count."""

from collections.abc import Iterator

from attrs import define, field, frozen

from gameday.canary.results import Found
from gameday.clock import Interval
from gameday.scenario.ledger import Known, Ledger
from gameday.sighting import Record
from gameday.timeline import SPANS, Arm, Phase, Tally


@frozen
class _Owner:
    """Whose spans they are; None for those that belong to no request that is known."""

    scenario: str
    arm: Arm | None
    phase: Phase


@define
class _Count:
    part: int = 0
    whole: int = 0
    unsearched: int = 0


@define
class Spans:
    """The spans of one place since they were last taken. A span that is given again counts again only if a payload came in."""

    _counts: dict[_Owner | None, _Count] = field(factory=dict)
    _met: dict[str, bool] = field(factory=dict)  # by locator: whether nothing more can be learned of it
    _requests: int = 0

    def count(self, record: Record, found: Found, *, ledger: Ledger) -> None:
        """Part of a whole is a span with any part of a prompt of this run; one with a prompt of another run is none of ours.

        A clean span of no request of ours (a purge's filler, somebody else's traffic) is left out: it would only make the rate look small.
        """
        known = [known for known in (ledger.get(one.canary) for one in found.sightings) if known is not None]
        if (found.sightings and not known) or self._met.get(record.locator, False):
            return
        if not known and found.is_complete and record.locator in self._met:
            return
        self._met[record.locator] = bool(known)
        owner = _owner(known, record, ledger)
        if owner is None and found.is_complete:
            return
        count = self._counts.setdefault(owner, _Count())
        count.whole += 1
        count.part += bool(known)
        count.unsearched += not known and not found.is_complete

    def leave_out(self, record: Record) -> None:
        """Our own marker is no span of the system."""
        self._met[record.locator] = True

    def take(self, place: str, *, at: Interval, scenario: str, arm: Arm | None, ledger: Ledger) -> Iterator[Tally]:
        """A tally for each owner. Spans of nobody belong to `scenario`; to its fault, if there was one since the last time."""
        since = ledger.all()[self._requests :]
        self._requests += len(since)
        is_fault = any(known.phase is Phase.FAULT for known in since)
        nobody = _Owner(scenario, arm, Phase.FAULT if is_fault else Phase.BASELINE)
        for owner, count in self._counts.items():
            who = owner or nobody
            yield Tally(
                at=at,
                scenario=who.scenario,
                arm=who.arm,
                place=place,
                what=SPANS,
                part=count.part,
                whole=count.whole,
                is_complete=not count.unsearched,
                phase=who.phase,
            )
        self._counts.clear()


def _owner(known: list[Known], record: Record, ledger: Ledger) -> _Owner | None:
    """Of several, one that is not of a fault: a payload that counts is never hidden by one that does not."""
    said = None if record.request_id is None else ledger.of_request(record.request_id)
    every = [*known, *([said] if said is not None and not known else [])]
    owners = sorted(
        (_Owner(one.scenario, one.arm, one.phase) for one in every), key=lambda one: one.phase is Phase.FAULT
    )
    return owners[0] if owners else None
