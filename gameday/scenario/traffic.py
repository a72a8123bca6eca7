"""Sends canary prompts, within the budget that the user allowed, and writes down what was sent."""

import itertools
from collections.abc import Callable

from attrs import define, field, frozen

from gameday import clock
from gameday.canary.families import Family
from gameday.canary.find import Finder
from gameday.canary.mint import Canary, Mint
from gameday.clock import Instant
from gameday.errors import SystemUnreachable, UsageError
from gameday.scenario.ledger import Known, Ledger, planted
from gameday.scenario.oracle import Barrier
from gameday.sinks.answers import AnswersSink
from gameday.systems.base import System
from gameday.systems.client import Answer, Client, Message
from gameday.timeline import AnyEvent, Arm, Phase
from gameday.timeline import Sent as SentEvent

MARKER_TEXT = "Is anybody there?"
_HTTP_OK = 200


@frozen(kw_only=True)
class Move:
    """How a prompt was sent, so that the same can be sent again with a fresh canary."""

    family: Family
    tenant: str
    slot: str
    ask: str
    stream: bool
    with_value: bool = True
    malformed: bool = False


@frozen(kw_only=True)
class Sent:
    """One prompt that went out, and what came back."""

    id: str
    request_id: str
    tenant: str
    started: Instant
    completed: Instant
    status: int
    answer: bytes = field(repr=False)
    canary: Canary = field(repr=False)
    move: Move = field(repr=False)

    @property
    def messages(self) -> list[dict[str, str]]:
        """As the API takes them."""
        return [{"role": one.role, "content": one.text} for one in _messages(self.move, self.canary)]


@define
class Budget:
    """How many requests may still be sent, and whether too many of them failed."""

    requests: int
    max_error_rate: float
    sent: int = 0
    failed: int = 0

    def spend(self) -> None:
        if self.sent >= self.requests:
            raise UsageError(f"the budget of {self.requests} requests is spent. Raise limits.requests in gameday.toml.")
        self.sent += 1

    def note(self, answer: Answer) -> None:
        self.failed += answer.status != _HTTP_OK

    def check(self, answer: Answer) -> None:
        """Raises SystemUnreachable once too many requests failed; `answer` is the last one."""
        floor = 10  # a rate over fewer requests says nothing
        if self.sent >= floor and self.failed > self.max_error_rate * self.sent:
            raise SystemUnreachable(
                f"aborted: {self.failed} of {self.sent} requests failed, over limits.abort_if. "
                f"The last one: status {answer.status} {answer.problem}".rstrip()
            )


class Traffic:
    def __init__(
        self,
        *,
        system: System,
        mint: Mint,
        finder: Finder,
        ledger: Ledger,
        answers: AnswersSink,
        record: Callable[[AnyEvent], None],
        run: str,
    ) -> None:
        limits = system.config.limits
        self._client = Client(system.config.target)
        self._mint, self._finder, self._ledger, self._answers = mint, finder, ledger, answers
        self._record, self._run, self._numbers = record, run, itertools.count(1)
        self._budget = Budget(requests=limits.requests, max_error_rate=limits.max_error_rate)

    def send(self, move: Move, *, scenario: str, arm: Arm, phase: Phase) -> Sent:
        canary = self._mint.canary(move.family, tenant=move.tenant, slot=move.slot, with_value=move.with_value)
        self._finder.add(canary)
        answer = self._ask(_messages(move, canary), tenant=move.tenant, stream=move.stream, malformed=move.malformed)
        at = clock.between(answer.started, answer.completed)
        known = Known(
            canary=canary,
            request=answer.request_id,
            tenant=move.tenant,
            phase=phase,
            sent=at,
            scenario=scenario,
            arm=arm,
        )
        self._ledger.add(known)
        self._record(_event(known, status=answer.status, stream=move.stream))
        self._budget.check(answer)
        return Sent(
            id=canary.id,
            request_id=answer.request_id,
            tenant=move.tenant,
            started=answer.started,
            completed=answer.completed,
            status=answer.status,
            answer=answer.body,
            canary=canary,
            move=move,
        )

    def barrier(self, *, tenant: str) -> Barrier | None:
        """A harmless request on the same path; None where it was not answered."""
        text = (
            f"{MARKER_TEXT} ({next(self._numbers)} of {self._run})"  # never asked before, so that no cache answers it
        )
        answer = self._ask((Message(role="user", text=text),), tenant=tenant, stream=False)
        return Barrier(marker=answer.request_id, completed=answer.completed) if answer.status == _HTTP_OK else None

    def _ask(self, messages: tuple[Message, ...], *, tenant: str, stream: bool, malformed: bool = False) -> Answer:
        self._budget.spend()
        request_id = f"{self._run}-{next(self._numbers)}"
        answer = self._client.ask(messages, tenant=tenant, request_id=request_id, stream=stream, malformed=malformed)
        self._answers.keep(
            request_id=answer.request_id, tenant=tenant, body=answer.body, stamp_s=answer.completed.wall_s
        )
        if not malformed:  # to be refused is what it was sent for
            self._budget.note(answer)
        return answer

    def close(self) -> None:
        self._client.close()


def _event(known: Known, *, status: int, stream: bool) -> SentEvent:
    return SentEvent(
        at=known.sent,
        scenario=known.scenario,
        arm=known.arm,
        request=known.request,
        tenant=known.tenant,
        phase=known.phase,
        planted=(planted(known.canary),),
        status=status,
        stream=stream,
    )


def _messages(move: Move, canary: Canary) -> tuple[Message, ...]:
    """The canary stands in the slot; the question that everybody may ask stands with the user."""
    if move.slot == "user":
        return (Message(role="user", text=f"{canary.text}\n{move.ask}".strip()),)
    return (Message(role="system", text=canary.text), Message(role="user", text=move.ask))
