"""Answers as server-sent events: written for the client, read from the model host."""

from collections.abc import AsyncIterator, Iterator
from typing import Final

import msgspec

from gameday import clock
from gameday.systems.reference.chat import ChatRequest, completion_id
from gameday.systems.reference.hop import HopFailed

DONE: Final = b"data: [DONE]\n\n"
DELTA_CHARS: Final = 12  # so small that most secrets come in several deltas, as they do from real models


class Delta(msgspec.Struct, frozen=True, omit_defaults=True):
    role: str | None = None
    content: str | None = None


class ChunkChoice(msgspec.Struct, frozen=True):
    delta: Delta
    index: int = 0
    finish_reason: str | None = None


class Chunk(msgspec.Struct, frozen=True):
    choices: list[ChunkChoice]
    id: str = ""
    created: int = 0
    model: str = ""
    object: str = "chat.completion.chunk"


def pieces(text: str) -> Iterator[str]:
    return (text[at : at + DELTA_CHARS] for at in range(0, len(text), DELTA_CHARS))


class EventWriter:
    """The events of one answer: they share id, model and time."""

    def __init__(self, request: ChatRequest, *, request_id: str) -> None:
        self._id, self._model, self._created = completion_id(request_id), request.model, int(clock.now().wall_s)

    def first(self) -> bytes:
        return self._event(ChunkChoice(delta=Delta(role="assistant", content="")))

    def delta(self, text: str) -> bytes:
        return self._event(ChunkChoice(delta=Delta(content=text)))

    def last(self) -> bytes:
        return self._event(ChunkChoice(delta=Delta(), finish_reason="stop")) + DONE

    def _event(self, choice: ChunkChoice) -> bytes:
        return event(Chunk(id=self._id, created=self._created, model=self._model, choices=[choice]))


def event(value: object) -> bytes:
    return b"data: " + msgspec.json.encode(value) + b"\n\n"


async def read_deltas(chunks: AsyncIterator[bytes]) -> AsyncIterator[str]:
    """The texts of a stream of events. Raises HopFailed where it ends without [DONE] or cannot be read."""
    is_done, rest = False, b""
    async for chunk in chunks:  # to the very end of the body, past [DONE]: only then can the connection be used again
        *events, rest = (rest + chunk).split(b"\n\n")
        for data in (one.removeprefix(b"data:").strip() for one in events):
            is_done = is_done or data == b"[DONE]"
            if not is_done and (text := _text_of(data)):
                yield text
    if not is_done:
        raise HopFailed("stream ended without [DONE]")


def _text_of(data: bytes) -> str:
    try:
        choices = msgspec.json.decode(data, type=Chunk).choices
    except msgspec.DecodeError as error:
        raise HopFailed("an event of the stream is no chunk") from error
    return "".join(choice.delta.content or "" for choice in choices)
