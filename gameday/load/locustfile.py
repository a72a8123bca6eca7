"""The users of `gameday load`: chat completions with a fresh canary in every slot, as fast as they are answered.

The only importer of locust, which patches the process that imports it: run by `python -m locust -f`, and never imported.
"""

import itertools
import os
from functools import cache
from pathlib import Path
from threading import Thread
from typing import Final

import msgspec
from locust import FastHttpUser, constant, task
from locust.contrib.fasthttp import FastResponse

from gameday import clock
from gameday.canary.families import CardPrompt, CloudKeyPrompt, EmailPrompt, GitHubTokenPrompt, IbanPrompt
from gameday.canary.key import load_or_make
from gameday.canary.mint import Canary, Mint
from gameday.clock import Instant
from gameday.config import secret
from gameday.errors import UsageError
from gameday.scenario.load_wire import ORDERS_VARIABLE, Line, Orders, Planting, Reply, write_reply

FAMILIES: Final = (CloudKeyPrompt, GitHubTokenPrompt, CardPrompt, EmailPrompt, IbanPrompt)
SLOTS: Final = ("system", "history", "user")
STREAM_EVERY: Final = 3  # with five families and three slots: every family in every slot, streamed and not
JUDGED_FROM: Final = 20  # a rate of errors over fewer requests says nothing
TIMEOUT_S: Final = 30.0
IDLE_S: Final = 0.05
_HTTP_OK: Final = 200
_USERS: Final = itertools.count()


class Desk:
    """What all users share: the mint, the budget, and the two files that tell what was sent and answered."""

    def __init__(self, orders: Orders) -> None:
        self.orders, self.target = orders, orders.target
        self.tenants = tuple(orders.target.tenants)
        self._mint = Mint(
            load_or_make(),
            run=orders.run,
            seed=orders.seed,
            day=orders.day,
            tenants=self.tenants,
            first_serial=orders.first_serial,
            stride=orders.stride,
        )
        self._sent = os.open(orders.sent_file, os.O_WRONLY | os.O_APPEND)
        self._answers = os.fdopen(orders.answers_fd, "wb")
        self.number = self._failed = 0
        self._has_ended = False

    def next_canaries(self, *, tenant: str) -> tuple[Canary, ...]:
        """For the request with the next `number`, one for each slot, each of another family; none where it is time to end."""
        is_refused = self.number >= JUDGED_FROM and self._failed > self.orders.max_error_rate * self.number
        if is_refused or self.number >= self.orders.requests:
            return ()
        try:
            canaries = tuple(
                self._mint.canary(FAMILIES[(self.number + place) % len(FAMILIES)], tenant=tenant, slot=slot)
                for place, slot in enumerate(SLOTS)
            )
        except UsageError:  # the serials of this tenant are spent
            return ()
        self.number += 1
        return canaries

    def is_first_to_end(self) -> bool:
        is_first, self._has_ended = not self._has_ended, True
        return is_first

    def headers(self, *, tenant: str, request: str) -> dict[str, str]:
        """The key is read anew for every request, because keys are rotated."""
        tag = self.target.exercise_tag
        return {
            "Content-Type": "application/json",
            "Accept-Encoding": "identity",
            "Authorization": f"Bearer {secret(self.target.tenants[tenant])}",
            self.request_id_header: request,
        } | ({tag.removeprefix("header:"): "true"} if tag else {})

    @property
    def request_id_header(self) -> str:
        return self.target.request_id.removeprefix("header:")

    def note_sent(self, line: Line) -> None:
        self._failed += line.status != _HTTP_OK
        os.write(self._sent, msgspec.json.encode(line) + b"\n")

    def note_answer(self, reply: Reply) -> None:
        write_reply(self._answers, reply)


@cache
def desk() -> Desk:
    return Desk(msgspec.json.decode(Path(os.environ[ORDERS_VARIABLE]).read_bytes(), type=Orders))


class Answered:
    """What is known of one request when it ends, in whichever way."""

    def __init__(self, request: str) -> None:
        self.request, self.status = request, 0


class ChatUser(FastHttpUser):
    wait_time = constant(0)
    insecure = False
    network_timeout = connection_timeout = TIMEOUT_S

    def on_start(self) -> None:
        tenants = desk().tenants
        self.tenant = tenants[next(_USERS) % len(tenants)]

    @task
    def ask(self) -> None:
        canaries = desk().next_canaries(tenant=self.tenant)
        if canaries:
            number = desk().number
            self._ask(canaries, request=f"{desk().orders.run}-load-{number}", stream=number % STREAM_EVERY == 0)
            return
        if self.environment.runner is not None and desk().is_first_to_end():
            Thread(target=self.environment.runner.quit, daemon=True).start()  # a user would wait for itself
        clock.sleep(IDLE_S)

    def _ask(self, canaries: tuple[Canary, ...], *, request: str, stream: bool) -> None:
        answered, started = Answered(request), clock.now()
        try:
            self._exchange(canaries, answered, stream=stream)
        finally:  # also where locust ends the user in the middle of a request: what was sent is never forgotten
            desk().note_sent(self._line(canaries, answered, stream=stream, started=started))

    def _exchange(self, canaries: tuple[Canary, ...], answered: Answered, *, stream: bool) -> None:
        response = self.client.request(
            "POST",
            "/chat/completions",
            name="chat completion, streamed" if stream else "chat completion",
            data=_body(canaries, model=desk().target.model, stream=stream),
            headers=desk().headers(tenant=self.tenant, request=answered.request),
            allow_redirects=False,  # a redirect would carry the prompt to a host that nobody allowed
        )
        answered.request = _header(response, desk().request_id_header) or answered.request
        desk().note_answer(
            Reply(
                request=answered.request,
                tenant=self.tenant,
                content_type=_header(response, "content-type"),
                stamp_s=clock.now().wall_s,
                body=bytes(response.content or b""),
            )
        )
        answered.status = response.status_code

    def _line(self, canaries: tuple[Canary, ...], answered: Answered, *, stream: bool, started: Instant) -> Line:
        return Line(
            request=answered.request,
            tenant=self.tenant,
            stream=stream,
            status=answered.status,
            started=started,
            completed=clock.now(),
            planted=tuple(Planting(one.family, one.slot, one.serial) for one in canaries),
        )


def _header(response: FastResponse, name: str) -> str:
    """Empty where there is none, or several."""
    value = None if response.headers is None else response.headers.get(name)
    return value if isinstance(value, str) else ""


def _body(canaries: tuple[Canary, ...], *, model: str, stream: bool) -> str:
    system, history, user = (canary.text for canary in canaries)
    messages = (
        ("system", system),
        ("user", history),
        ("assistant", "Done. What is next?"),
        ("user", f"{user}\nCan you help me with this?"),
    )
    return msgspec.json.encode(
        {"model": model, "messages": [{"role": role, "content": text} for role, text in messages], "stream": stream}
    ).decode()
