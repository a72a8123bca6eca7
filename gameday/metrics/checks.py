"""One check: one distinct value in one slot, with all its places. To repeat a value is to repeat one trial."""

from collections import Counter
from collections.abc import Callable, Iterable

from attrs import frozen

from gameday.metrics.phases import Counts, counting, sightings
from gameday.timeline import Planted, Sighted, Timeline


@frozen(kw_only=True)
class Check:
    """`broken_at`: the places where it came out as it must not. Once broken, it needs no more looks to be counted."""

    canary: str
    family: str
    is_looked: bool
    broken_at: frozenset[str]

    @property
    def is_settled(self) -> bool:
        return self.is_looked or bool(self.broken_at)


def checks(
    timeline: Timeline,
    *,
    takes: Callable[[Planted], bool],
    breaks: Callable[[Sighted], bool],
    by_slot: bool = False,
    also_allowed: bool = False,
) -> tuple[Check, ...]:
    """A check for each distinct value (with `by_slot`: in each slot) of the requests that count, of those that `takes` takes.

    `breaks` is asked about sightings of what may not rest there, with `also_allowed` about all.

    A broken one that no recorded request planted is not among them; `strays` counts these.
    """
    requests = counting(timeline)
    broken = _broken(timeline, breaks=breaks, also_allowed=also_allowed)
    families: dict[tuple[str, str], str] = {}
    unlooked: set[tuple[str, str]] = set()
    for sent, planted in requests.planted():
        if takes(planted):
            key = (planted.canary, planted.slot if by_slot else "")
            families[key] = planted.family
            if sent.request not in requests.looked:
                unlooked.add(key)
    return tuple(
        Check(canary=key[0], family=family, is_looked=key not in unlooked, broken_at=frozenset(broken.get(key[0], ())))
        for key, family in families.items()
    )


def strays(timeline: Timeline, *, breaks: Callable[[Sighted], bool], also_allowed: bool = False) -> int:
    """Values seen where they must not be that no recorded request planted: what they are is not known."""
    planted = {planted.canary for _, planted in counting(timeline).planted()}
    return len(_broken(timeline, breaks=breaks, also_allowed=also_allowed).keys() - planted)


def count(found: Iterable[Check]) -> Counts:
    every = tuple(found)
    return Counts(
        part=sum(bool(check.broken_at) for check in every),
        whole=sum(check.is_settled for check in every),
        unknown=sum(not check.is_settled for check in every),
        where=Counter(place for check in every for place in check.broken_at),
    )


def _broken(timeline: Timeline, *, breaks: Callable[[Sighted], bool], also_allowed: bool) -> dict[str, set[str]]:
    places: dict[str, set[str]] = {}
    for sighted in sightings(timeline):
        if (sighted.is_forbidden or also_allowed) and breaks(sighted):
            places.setdefault(sighted.canary, set()).add(sighted.place)
    return places
