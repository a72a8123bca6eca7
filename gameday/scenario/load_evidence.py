"""What a load run proves: every prompt minted again, one complete look at every place, and the journal of both."""

from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import closing
from typing import Final

import msgspec
from attrs import define, field, frozen

from gameday import clock
from gameday.canary.families import FAMILIES
from gameday.canary.mint import Canary, Mint
from gameday.scenario.game import Game
from gameday.scenario.ledger import Known, planted
from gameday.scenario.load_process import Load
from gameday.scenario.load_wire import Line, Reply
from gameday.scenario.oracle import Oracle
from gameday.scenario.session import sinks_of
from gameday.scenario.traffic import Traffic
from gameday.sinks import AnswersSink
from gameday.systems.client import as_read
from gameday.timeline import AnyEvent, Look, Phase, Sent, Sighted, Tally

SCENARIO: Final = "load"
# Tallies: requests that the target did not answer with 200, of all; sightings that a place may not hold, of all.
REFUSED: Final = "refused"
SIGHTED: Final = "sighted"
_FAMILIES: Final = {family.name: family for family in FAMILIES}
_HTTP_OK: Final = 200
_LEAST_LOOK_S: Final = 5.0
_LOOK_S_A_REQUEST: Final = 0.02


@frozen(kw_only=True)
class Evidence:
    """`refused`: how many of `requests` were not answered with 200."""

    requests: int
    refused: int
    looked_for_s: float


def gather(game: Game, load: Load, *, say: Callable[[str], None]) -> Evidence:
    """Looks for every prompt of the load at every place, and journals the requests and what was seen."""
    mint = Mint(game.key, run=game.run, seed=game.seed, day=game.day, tenants=game.tenants)
    prompts = [(line, _mint_again(game, line, mint)) for line in load.lines]
    refused = [(line, canaries) for line, canaries in prompts if line.status != _HTTP_OK]
    for line, canaries in prompts:
        if line.status == _HTTP_OK:
            game.record(_sent(line, canaries))
    start = clock.now()
    seen = _look(game, load, say=say)
    looked_for_s = clock.now().mono_s - start.mono_s
    for line, canaries in refused:  # dropped bodies are no clean checks, and yet a leak is a leak
        game.record(_sent(line, [canary for canary in canaries if canary.id in seen.broken]))
    _tally(game, seen, refused=len(refused), requests=len(load.lines))
    _check(game, load)
    return Evidence(requests=len(load.lines), refused=len(refused), looked_for_s=looked_for_s)


@define
class Sieve:
    """Journals looks, and the sightings that a place may not hold; those that it may hold are only counted."""

    record: Callable[[AnyEvent], None]
    say: Callable[[str], None]
    looks: list[Look] = field(factory=list)
    allowed: Counter[str] = field(factory=Counter)
    forbidden: Counter[str] = field(factory=Counter)
    broken: set[str] = field(factory=set)

    def take(self, event: AnyEvent) -> None:
        if isinstance(event, Sighted) and not event.is_forbidden:
            self.allowed[event.place] += 1
            return
        if isinstance(event, Sighted):
            self.forbidden[event.place] += 1
            self.broken.add(event.canary)
        elif isinstance(event, Look):
            self.looks.append(event)
            self.say(_look_in_words(event))
        self.record(event)


def _look_in_words(look: Look) -> str:
    how = "" if look.is_complete and look.behind_barrier else f", which is no evidence: {look.why}"
    return f"{look.place}: {look.records:,} records read{how}"


def _mint_again(game: Game, line: Line, mint: Mint) -> list[Canary]:
    """The prompts of one request, now known to the finder and the ledger."""
    canaries = [
        mint.canary(_FAMILIES[planting.family], tenant=line.tenant, slot=planting.slot, serial=planting.serial)
        for planting in line.planted
    ]
    for canary in canaries:
        game.finder.add(canary)
        game.ledger.add(_known(line, canary))
    return canaries


def _known(line: Line, canary: Canary) -> Known:
    return Known(
        canary=canary,
        request=line.request,
        tenant=line.tenant,
        phase=Phase.BASELINE,
        sent=clock.between(line.started, line.completed),
        scenario=SCENARIO,
        arm=None,
    )


def _sent(line: Line, canaries: Iterable[Canary]) -> Sent:
    return Sent(
        at=clock.between(line.started, line.completed),
        scenario=SCENARIO,
        request=line.request,
        tenant=line.tenant,
        phase=Phase.BASELINE,
        planted=tuple(planted(canary) for canary in canaries),
        status=line.status,
        stream=line.stream,
    )


def _look(game: Game, load: Load, *, say: Callable[[str], None]) -> Sieve:
    """One look at every place, behind a barrier that was sent when all answers were in."""
    answers, sieve = _answers(load.replies), Sieve(record=game.record, say=say)
    oracle = Oracle(
        places=game.system.places,
        sinks=sinks_of(game.system.config, answers),
        finder=game.finder,
        ledger=game.ledger,
        record=sieve.take,
        barrier_within_s=_LEAST_LOOK_S + _LOOK_S_A_REQUEST * len(load.lines),
    )
    with closing(_traffic(game, answers)) as traffic:
        oracle.look_behind(traffic.barrier(tenant=game.tenants[0]))
    return sieve


def _traffic(game: Game, answers: AnswersSink) -> Traffic:
    return Traffic(
        system=game.system,
        mint=Mint(game.key, run=game.run, seed=game.seed, day=game.day, tenants=game.tenants),
        finder=game.finder,
        ledger=game.ledger,
        answers=answers,
        record=game.record,
        run=game.run,
    )


def _answers(replies: Iterable[Reply]) -> AnswersSink:
    sink = AnswersSink()
    for reply in replies:
        body = as_read(reply.body, content_type=reply.content_type)
        sink.keep(request_id=reply.request, tenant=reply.tenant, body=body, stamp_s=reply.stamp_s)
    return sink


def _tally(game: Game, seen: Sieve, *, refused: int, requests: int) -> None:
    """What stands beside the rates."""
    at = clock.point(clock.now())
    tally = Tally(at=at, scenario=SCENARIO, place="", what=REFUSED, part=refused, whole=requests, is_complete=True)
    game.record(tally)
    for look in seen.looks:
        part = seen.forbidden[look.place]
        game.record(
            msgspec.structs.replace(
                tally,
                place=look.place,
                what=SIGHTED,
                part=part,
                whole=part + seen.allowed[look.place],
                is_complete=look.is_complete and look.behind_barrier,
            )
        )


def _check(game: Game, load: Load) -> None:
    """What the load itself got wrong makes the run inconclusive."""
    if load.exit_code != 0:
        ended = "was stopped at its deadline" if load.exit_code is None else f"ended with {load.exit_code}"
        game.problem("the load", f"locust {ended}. Its last lines: {load.tail}")
    counted = sum(stats.num_requests for stats in load.stats)
    if counted > len(load.lines):
        game.problem("the load", f"locust counted {counted:,} requests, and only {len(load.lines):,} were written down")
    unread = {line.request for line in load.lines if line.status} - {reply.request for reply in load.replies}
    if unread:
        game.problem("the load", f"the answers to {len(unread):,} requests were not handed over, and not searched")
    failed, limits = sum(line.status != _HTTP_OK for line in load.lines), game.system.config.limits
    if failed > limits.max_error_rate * len(load.lines):
        game.problem("the load", f"the target refused {failed:,} of {len(load.lines):,} requests ({_statuses(load)})")


def _statuses(load: Load) -> str:
    counts = Counter(line.status for line in load.lines if line.status != _HTTP_OK)
    return ", ".join(f"{count:,} with {status or 'no answer'}" for status, count in counts.most_common(3))
