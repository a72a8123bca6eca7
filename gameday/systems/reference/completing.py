"""One chat completion's way through the gateway: redact, look up, ask, store, log, answer."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from gameday import clock
from gameday.clock import Instant
from gameday.systems.reference import cache, model
from gameday.systems.reference.asgi import Headers, Receive, Refused, Send, read_body, send_json, start
from gameday.systems.reference.chat import ChatRequest, completion, parse_request
from gameday.systems.reference.log import PROMPT_CHARS, Line, Log
from gameday.systems.reference.redaction import redacted
from gameday.systems.reference.settings import Settings
from gameday.systems.reference.streaming import EventWriter, event, pieces
from gameday.systems.reference.telemetry import ChatCall, Telemetry
from gameday.systems.reference.valkey import ValkeyFailed

CLIENT_GONE: Final = 499


class Exchange:
    """One request and its answer, with the settings that were in force when it came; `line` is what the log will say of it."""

    def __init__(
        self,
        *,
        line: Line,
        request_id: str,
        settings: Settings,
        log: Log,
        telemetry: Telemetry,
        receive: Receive,
        send: Send,
        began: Instant,
    ) -> None:
        self.line, self.request_id, self.settings = line, request_id, settings
        self.receive, self.send = receive, send
        self.raw_body: bytes | None = None
        self.received: ChatRequest | None = None
        self.redacted: ChatRequest | None = None
        self.answer: str | None = None
        self.is_started = False
        self._log, self._telemetry, self._began = log, telemetry, began

    @property
    def headers(self) -> Headers:
        return (b"x-request-id", self.request_id.encode()), (b"x-cache", self.line.cache.encode())

    def record(self, status: int, *, error: str | None = None) -> None:
        """Writes the log line and ends the span: before the answer's last byte, so that who has the answer can read the line."""
        if status >= 400:  # noqa: PLR2004 - HTTP
            self.line.level, self.line.prompt = ("error" if status >= 500 else "warning"), None  # noqa: PLR2004 - HTTP
        self.line.status, self.line.error = status, error or self.line.error
        self.line.duration_ms = round((clock.now().mono_s - self._began.mono_s) * 1000, 3)
        self._log.write(self.line, raw_body=self.raw_body)
        if self.received is not None:
            self._telemetry.chat_span(self._call(error))

    def _call(self, error: str | None) -> ChatCall:
        return ChatCall(
            request_id=self.request_id,
            tenant=self.line.tenant,
            started_s=self._began.wall_s,
            ended_s=clock.now().wall_s,
            received=self.received,
            redacted=self.redacted,
            answer=self.answer,
            cache=self.line.cache,
            error=error,
        )

    async def break_off(self, refused: Refused) -> None:
        """Tells the reader of a stream that it will get no more, unless it is gone."""
        if refused.status != CLIENT_GONE:
            error = {"error": {"message": refused.message, "type": "server_error", "param": None, "code": refused.code}}
            await self.send({"type": "http.response.body", "body": event(error)})


async def complete(exchange: Exchange, *, tenant: str) -> None:
    """Answers, or raises Refused where there is no answer (or no more of it)."""
    exchange.raw_body = await read_body(exchange.receive)
    exchange.received = received = parse_request(exchange.raw_body)
    exchange.line.stream = received.stream
    request = await redacted(received, settings=exchange.settings.redactor, request_id=exchange.request_id)
    exchange.redacted = request
    exchange.line.model, exchange.line.prompt = request.model, request.question[:PROMPT_CHARS]
    cached = await _look_up(exchange, request, tenant=tenant)
    if request.stream:
        await _stream(exchange, request, tenant=tenant, cached=cached)
    else:
        await _answer_whole(exchange, request, tenant=tenant, cached=cached)


async def _look_up(exchange: Exchange, request: ChatRequest, *, tenant: str) -> str | None:
    # Without a cache the gateway is slower, not wrong: a Valkey that fails is passed by.
    line, settings = exchange.line, exchange.settings.cache
    if not settings.enabled:
        return None
    key = cache.cache_key(request, tenant=tenant, settings=settings)
    try:
        entry = await cache.look_up(key, settings=settings)
    except ValkeyFailed as error:
        line.error = f"cache: {error}"
        return None
    line.cache, line.cache_key = ("hit" if entry else "miss"), key
    line.cache_tenant, line.cache_request_id = (entry.tenant, entry.request_id) if entry else (tenant, None)
    return entry.answer if entry else None


async def _store(exchange: Exchange, answer: str, *, tenant: str) -> None:
    line = exchange.line
    if line.cache != "miss" or line.cache_key is None:
        return
    try:
        await cache.store(
            line.cache_key,
            tenant=tenant,
            request_id=exchange.request_id,
            answer=answer,
            settings=exchange.settings.cache,
        )
    except ValkeyFailed as error:
        line.error = f"cache: {error}"


async def _answer_whole(exchange: Exchange, request: ChatRequest, *, tenant: str, cached: str | None) -> None:
    answer = cached
    if answer is None:
        answer = await model.ask(request, settings=exchange.settings.model, request_id=exchange.request_id)
        await _store(exchange, answer, tenant=tenant)
    exchange.answer = answer
    exchange.record(200)
    whole = completion(request, request_id=exchange.request_id, answer=answer)
    await send_json(exchange.send, 200, whole, headers=exchange.headers)


async def _stream(exchange: Exchange, request: ChatRequest, *, tenant: str, cached: str | None) -> None:
    events = EventWriter(request, request_id=exchange.request_id)
    async with _deltas(exchange, request, cached=cached) as deltas:
        exchange.answer = answer = await _send_deltas(exchange, deltas, events)
    await _store(exchange, answer, tenant=tenant)
    exchange.record(200)
    await exchange.send({"type": "http.response.body", "body": events.last()})


@asynccontextmanager
async def _deltas(exchange: Exchange, request: ChatRequest, *, cached: str | None) -> AsyncIterator[AsyncIterator[str]]:
    if cached is not None:
        yield _each(cached)
        return
    async with model.asked_streaming(
        request, settings=exchange.settings.model, request_id=exchange.request_id
    ) as deltas:
        yield deltas


async def _each(text: str) -> AsyncIterator[str]:
    for piece in pieces(text):
        yield piece


async def _send_deltas(exchange: Exchange, deltas: AsyncIterator[str], events: EventWriter) -> str:
    """The whole answer. Raises Refused (499) as soon as the client is seen to be gone."""
    gone = asyncio.ensure_future(exchange.receive())
    said: list[str] = []
    try:
        await start(exchange.send, 200, content_type=b"text/event-stream; charset=utf-8", headers=exchange.headers)
        exchange.is_started = True
        await _send_part(exchange, events.first())
        async for delta in deltas:
            if gone.done():
                raise Refused(CLIENT_GONE, "The client went away.", code="client_closed_request")
            said.append(delta)
            await _send_part(exchange, events.delta(delta))
    finally:
        gone.cancel()
    return "".join(said)


async def _send_part(exchange: Exchange, part: bytes) -> None:
    await exchange.send({"type": "http.response.body", "body": part, "more_body": True})
