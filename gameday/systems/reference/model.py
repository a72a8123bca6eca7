"""The gateway's side of the model host."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec

from gameday.systems.reference.asgi import Refused
from gameday.systems.reference.chat import ChatRequest, Completion
from gameday.systems.reference.hop import Answer, HopFailed, hop_to
from gameday.systems.reference.settings import ModelSettings
from gameday.systems.reference.streaming import read_deltas

OK = 200


async def ask(request: ChatRequest, *, settings: ModelSettings, request_id: str) -> str:
    """The whole answer. Raises Refused with 502 where the model host gave none."""
    async with _asked(request, settings=settings, request_id=request_id) as answer:
        return msgspec.json.decode(await answer.body(), type=Completion).choices[0].message.content


@asynccontextmanager
async def asked_streaming(
    request: ChatRequest, *, settings: ModelSettings, request_id: str
) -> AsyncIterator[AsyncIterator[str]]:
    """The answer's deltas, as they come. Leaving the block early lets go of the model host."""
    async with _asked(request, settings=settings, request_id=request_id) as answer:
        yield read_deltas(answer.chunks())


async def models(*, settings: ModelSettings) -> msgspec.Raw:
    async with _mapped(settings), hop_to(settings.url).exchange("GET", "/v1/models") as answer:
        return msgspec.Raw(await answer.body())


@asynccontextmanager
async def _asked(request: ChatRequest, *, settings: ModelSettings, request_id: str) -> AsyncIterator[Answer]:
    body, headers = msgspec.json.encode(request), {"x-request-id": request_id}
    async with (
        _mapped(settings),
        hop_to(settings.url).exchange("POST", "/v1/chat/completions", body=body, headers=headers) as answer,
    ):
        if answer.status != OK:
            raise HopFailed(f"the model host answered {answer.status}")
        yield answer


@asynccontextmanager
async def _mapped(settings: ModelSettings) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(settings.timeout_s):
            yield
    except (HopFailed, TimeoutError, msgspec.DecodeError) as error:
        raise Refused(502, "The model host is not available.", code="model_unavailable") from error
