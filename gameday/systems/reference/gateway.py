"""The gateway: tenants by API key, redaction, an answer cache, the model host. `python -m` this file, with --config and --fd."""

import re
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Final

from gameday import clock
from gameday.systems.reference import completing, model
from gameday.systems.reference.asgi import App, Receive, Refused, Scope, Send, header, send_json, send_refusal
from gameday.systems.reference.completing import Exchange
from gameday.systems.reference.live import Live
from gameday.systems.reference.log import Line
from gameday.systems.reference.serving import main

REQUEST_ID: Final = re.compile(r"[A-Za-z0-9_.-]{1,64}")
CHAT: Final = ("POST", "/v1/chat/completions")
EVENTS: Final = {CHAT: "chat.completion", ("GET", "/v1/models"): "models.list"}


class Gateway:
    def __init__(self, live: Live) -> None:
        self._live = live

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._live.refresh()
        if (scope["method"], scope["path"]) == ("GET", "/healthz"):
            await send_json(send, 200, {"status": "ok", "config": self._live.config_sha256})
            return
        exchange = self._exchange(scope, receive, send)
        try:
            await self._answer(scope, exchange)
        except Refused as refused:
            await _refuse(exchange, refused)

    def _exchange(self, scope: Scope, receive: Receive, send: Send) -> Exchange:
        asked_for = header(scope, b"x-request-id")
        request_id = asked_for if REQUEST_ID.fullmatch(asked_for) else str(uuid.uuid4())
        event = EVENTS.get((scope["method"], scope["path"]), "http.unknown")
        return Exchange(
            line=Line(event=event, request_id=request_id),
            request_id=request_id,
            settings=self._live.settings,
            log=self._live.log,
            telemetry=self._live.telemetry,
            receive=receive,
            send=send,
            began=clock.now(),
        )

    async def _answer(self, scope: Scope, exchange: Exchange) -> None:
        if exchange.line.event == "http.unknown":
            raise Refused(404, "There is no such route.", code="not_found")
        tenant = exchange.line.tenant = self._tenant(scope)
        if exchange.line.event == "chat.completion":
            await completing.complete(exchange, tenant=tenant)
        else:
            listed = await model.models(settings=exchange.settings.model)
            exchange.record(200)
            await send_json(exchange.send, 200, listed, headers=exchange.headers)

    def _tenant(self, scope: Scope) -> str:
        scheme, _, key = header(scope, b"authorization").partition(" ")
        tenant = self._live.tenants.get(key.strip()) if scheme.lower() == "bearer" else None
        if tenant is None:
            raise Refused(401, "The API key is missing or not valid.", code="invalid_api_key")
        return tenant


async def _refuse(exchange: Exchange, refused: Refused) -> None:
    exchange.record(refused.status, error=refused.code)
    if exchange.is_started:
        await exchange.break_off(refused)
    else:
        await send_refusal(exchange.send, refused, headers=exchange.headers)


def make_app(config: Path) -> tuple[App, Callable[[], None]]:
    live = Live(config)
    return Gateway(live), live.refresh


if __name__ == "__main__":
    main(make_app)
