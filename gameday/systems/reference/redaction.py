"""The gateway's side of the redactor hop. It fails closed: no answer of the redactor, no request to the model."""

import asyncio

import msgspec

from gameday.systems.reference.asgi import Refused
from gameday.systems.reference.chat import ChatRequest
from gameday.systems.reference.hop import HopFailed, hop_to
from gameday.systems.reference.settings import RedactorSettings

OK = 200


class Texts(msgspec.Struct, frozen=True):
    texts: list[str]


async def redacted(request: ChatRequest, *, settings: RedactorSettings, request_id: str) -> ChatRequest:
    """Raises Refused with 503 where the redactor did not do its work in time. Unchanged where redaction is off."""
    if not settings.enabled:
        return request
    try:
        async with asyncio.timeout(settings.timeout_s):
            return request.with_texts(await _ask(request.texts, url=settings.url, request_id=request_id))
    except (HopFailed, TimeoutError, msgspec.DecodeError, ValueError) as error:
        raise Refused(
            503, "The redactor is not available; nothing was sent on.", code="redactor_unavailable"
        ) from error


async def _ask(texts: list[str], *, url: str, request_id: str) -> list[str]:
    body = msgspec.json.encode(Texts(texts))
    async with hop_to(url).exchange("POST", "/v1/redact", body=body, headers={"x-request-id": request_id}) as answer:
        answered = await answer.body()
    if answer.status != OK:
        raise HopFailed(f"the redactor answered {answer.status}")
    return msgspec.json.decode(answered, type=Texts).texts
