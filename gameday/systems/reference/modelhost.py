"""A model host that answers from its context, always in the same way. `python -m` this file, with --config and --fd."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import msgspec

from gameday import clock
from gameday.errors import ConfigError
from gameday.systems.reference.asgi import App, Receive, Scope, Send, header, read_body, routed, send_json, start
from gameday.systems.reference.chat import ChatRequest, Turn, completion, parse_request
from gameday.systems.reference.live import complain
from gameday.systems.reference.log import LineFile
from gameday.systems.reference.serving import main
from gameday.systems.reference.streaming import EventWriter, pieces
from gameday.systems.reference.watched import WatchedFile, parse_as


class RequestLog(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    file: str


class ModelHostSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`models` are what /v1/models lists. `delta_delay_s` is waited before each delta of a stream."""

    log: RequestLog
    models: tuple[str, ...] = ("reference-1",)
    delta_delay_s: Annotated[float, msgspec.Meta(ge=0, le=60)] = 0.0


class Received(msgspec.Struct, frozen=True):
    """A line of the request log: the messages as they came in."""

    ts: float
    request_id: str
    model: str
    messages: list[Turn]


def answer_to(request: ChatRequest) -> str:
    context = f"From your context: {request.context}. " if request.context else ""
    return f"{context}You asked: {request.question}."


class ModelHost:
    def __init__(self, config: Path) -> None:
        self._watched = WatchedFile(config, parse=_parse, on_bad=complain)
        self._log = _open_log(config, self._watched.value)

    def refresh(self) -> None:
        if self._watched.refresh():
            self._log = LineFile(Path(self._watched.value.log.file))

    async def health(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        await send_json(send, 200, {"status": "ok", "config": self._watched.sha256})

    async def models(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        listed = [
            {"id": name, "object": "model", "created": 0, "owned_by": "reference"}
            for name in self._watched.value.models
        ]
        await send_json(send, 200, {"object": "list", "data": listed})

    async def complete(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.refresh()
        request = parse_request(await read_body(receive))
        request_id = header(scope, b"x-request-id")
        self._write(request, request_id=request_id)
        if request.stream:
            await self._stream(request, request_id=request_id, send=send)
        else:
            await send_json(send, 200, completion(request, request_id=request_id, answer=answer_to(request)))

    def _write(self, request: ChatRequest, *, request_id: str) -> None:
        ts = round(clock.now().wall_s, 6)
        line = Received(ts=ts, request_id=request_id, model=request.model, messages=request.messages)
        self._log.append(msgspec.json.encode(line))

    async def _stream(self, request: ChatRequest, *, request_id: str, send: Send) -> None:
        events = EventWriter(request, request_id=request_id)
        await start(send, 200, content_type=b"text/event-stream; charset=utf-8")
        await send({"type": "http.response.body", "body": events.first(), "more_body": True})
        for piece in pieces(answer_to(request)):
            await asyncio.sleep(self._watched.value.delta_delay_s)
            await send({"type": "http.response.body", "body": events.delta(piece), "more_body": True})
        await send({"type": "http.response.body", "body": events.last()})


def _parse(path: Path, content: bytes) -> ModelHostSettings:
    return parse_as(ModelHostSettings, file=path, content=content)


def _open_log(config: Path, settings: ModelHostSettings) -> LineFile:
    try:
        return LineFile(Path(settings.log.file))
    except OSError as error:
        problem, remedy = f"cannot be opened: {error.strerror}", "Name a file in a directory that can be written."
        raise ConfigError(
            file=str(config), key="log.file", value=settings.log.file, problem=problem, remedy=remedy
        ) from error


def make_app(config: Path) -> tuple[App, Callable[[], None]]:
    host = ModelHost(config)
    routes = {
        ("POST", "/v1/chat/completions"): host.complete,
        ("GET", "/v1/models"): host.models,
        ("GET", "/healthz"): host.health,
    }
    return routed(routes), host.refresh


if __name__ == "__main__":
    main(make_app)
