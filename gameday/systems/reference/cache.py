"""The gateway's answer cache in Valkey: who may share which answer is decided by the key alone."""

import asyncio
import hashlib
from typing import Final

import msgspec

from gameday import clock
from gameday.systems.reference.chat import ChatRequest
from gameday.systems.reference.settings import CacheSettings, KeyPart
from gameday.systems.reference.valkey import Valkey, ValkeyFailed

TIMEOUT_S: Final = 1.0


class Entry(msgspec.Struct, frozen=True):
    """An answer, and whose it is. `stored_at`: Unix seconds."""

    tenant: str
    request_id: str
    stored_at: float
    answer: str


def cache_key(request: ChatRequest, *, tenant: str, settings: CacheSettings) -> str:
    """`gw:cache:<namespace>:<tenant or 'shared'>:<sha256 of the key parts>`."""
    values: dict[KeyPart, str] = {
        "tenant": tenant,
        "model": request.model,
        "question": request.question,
        "system": request.context,
    }
    parts = [(name, values[name]) for name in settings.key_parts]
    owner = tenant if "tenant" in settings.key_parts else "shared"
    return f"gw:cache:{settings.namespace}:{owner}:{hashlib.sha256(msgspec.json.encode(parts)).hexdigest()}"


async def look_up(key: str, *, settings: CacheSettings) -> Entry | None:
    """Raises ValkeyFailed where Valkey could not be asked: that is no miss."""
    try:
        async with asyncio.timeout(TIMEOUT_S):
            value = await _server(settings.url).get(key)
        return None if value is None else msgspec.json.decode(value, type=Entry)
    except msgspec.DecodeError as error:
        raise ValkeyFailed("the entry is not one of ours") from error
    except OSError as error:
        raise ValkeyFailed(f"{type(error).__name__}") from error


async def store(key: str, *, tenant: str, request_id: str, answer: str, settings: CacheSettings) -> None:
    """Raises ValkeyFailed where it may not have been stored."""
    entry = Entry(tenant=tenant, request_id=request_id, stored_at=clock.now().wall_s, answer=answer)
    try:
        async with asyncio.timeout(TIMEOUT_S):
            await _server(settings.url).set(key, msgspec.json.encode(entry), ttl_s=settings.ttl_s)
    except OSError as error:
        raise ValkeyFailed(f"{type(error).__name__}") from error


_SERVERS: dict[str, Valkey] = {}


def _server(url: str) -> Valkey:
    if url not in _SERVERS:
        _SERVERS[url] = Valkey(url)
    return _SERVERS[url]
