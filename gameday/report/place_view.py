"""Places: what may rest there, how often and how well it was looked at, and what was found."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from attrs import frozen

from gameday.place import Place, Policy
from gameday.report.state import State
from gameday.report.text import counted, number
from gameday.timeline import Look, Sighted, Timeline

_MAY_REST = {
    Policy.NOTHING: "no part of a prompt",
    Policy.REDACTED: "a prompt without its values",
    Policy.FULL: "a whole prompt",
}


@frozen(kw_only=True)
class PlaceRow:
    name: str
    policy: str
    may_rest: str
    sinks: str
    looks: str
    records: str
    result: str
    state: State
    why: str


def place_rows(run: Timeline, *, staged: Iterable[str]) -> tuple[PlaceRow, ...]:
    """Every declared place, and every other one that was seen or looked at. `staged`: requests that leaked under a fault."""
    looks: dict[str, list[Look]] = defaultdict(list)
    for look in run.of(Look):
        looks[look.place].append(look)
    found: dict[str, list[Sighted]] = defaultdict(list)
    for sighted in run.of(Sighted):
        if sighted.is_forbidden:
            found[sighted.place].append(sighted)
    known = run.places
    names = dict.fromkeys((*known, *looks, *found))
    requests = frozenset(staged)
    rows = [_row(name, known.get(name), looks=looks[name], found=found[name], staged=requests) for name in names]
    return tuple(sorted(rows, key=lambda row: row.state.rank))


def is_evidence(look: Look) -> bool:
    return look.is_complete and look.behind_barrier


def why_blind(looks: Sequence[Look]) -> str:
    """Why nobody could look at a place, in the words of its last look; "" where somebody could."""
    if any(is_evidence(look) for look in looks):
        return ""
    if not looks:
        return "no look was recorded"
    return looks[-1].why or (
        "the look was not behind its barrier" if looks[-1].is_complete else "the look was not complete"
    )


def _row(
    name: str, place: Place | None, *, looks: Sequence[Look], found: Sequence[Sighted], staged: frozenset[str]
) -> PlaceRow:
    policy = Policy.NOTHING if place is None else place.policy
    by_tenant = ", each tenant its own" if place is not None and place.by_tenant else ""
    good = sum(is_evidence(look) for look in looks)
    result, state = _result(found, staged=staged, is_blind=not good)
    return PlaceRow(
        name=name,
        policy=policy.value if place is not None else f"{policy.value} (not declared)",
        may_rest=_MAY_REST[policy] + by_tenant,
        sinks=", ".join(dict.fromkeys(look.sink for look in looks)),
        looks=f"{number(good)} of {number(len(looks))}" if looks else "none",
        records=number(sum(look.records for look in looks)) if looks else "none",
        result=result,
        state=state,
        why=why_blind(looks),
    )


def _result(found: Sequence[Sighted], *, staged: frozenset[str], is_blind: bool) -> tuple[str, State]:
    """A leak that was staged here is a finding and no verdict: what became of it is told by its incident."""
    stray = {sighted.request for sighted in found} - staged
    if stray:
        return f"{counted(len(stray), 'request')} leaked without a fault", State.FAIL
    if found:
        return f"{counted(len({sighted.request for sighted in found}), 'staged leak')} found", State.FAIL
    return ("nobody could look", State.NOT_EXERCISED) if is_blind else ("nothing found", State.PASS)
