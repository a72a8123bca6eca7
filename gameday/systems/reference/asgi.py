"""The little of HTTP that the programs need on top of ASGI."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from typing import Any, Final

import msgspec

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Headers = Iterable[tuple[bytes, bytes]]

MAX_BODY_BYTES: Final = 2 * 1024 * 1024


class Refused(Exception):
    """Ends a request with `status`; the message never has the client's words in it."""

    def __init__(self, status: int, message: str, *, code: str) -> None:
        self.status, self.code, self.message = status, code, message
        super().__init__(f"{status} {code}")


def header(scope: Scope, name: bytes) -> str:
    """The first value of that name (lower case), or an empty string."""
    return next((value.decode("latin-1") for key, value in scope["headers"] if key == name), "")


async def read_body(receive: Receive) -> bytes:
    chunks, size = [], 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Refused(499, "The client went away.", code="client_closed_request")
        chunks.append(message.get("body", b""))
        size += len(chunks[-1])
        if size > MAX_BODY_BYTES:
            raise Refused(413, "The request body is larger than 2 MiB.", code="body_too_large")
        if not message.get("more_body", False):
            return b"".join(chunks)


async def start(send: Send, status: int, *, content_type: bytes, headers: Headers = ()) -> None:
    await send(
        {"type": "http.response.start", "status": status, "headers": [(b"content-type", content_type), *headers]}
    )


async def send_json(send: Send, status: int, value: object, *, headers: Headers = ()) -> None:
    body = msgspec.json.encode(value)
    length = (b"content-length", str(len(body)).encode())
    await start(send, status, content_type=b"application/json", headers=[length, *headers])
    await send({"type": "http.response.body", "body": body})


async def send_refusal(send: Send, refused: Refused, *, headers: Headers = ()) -> None:
    """The shape of OpenAI's errors."""
    kind = "invalid_request_error" if refused.status < 500 else "server_error"  # noqa: PLR2004 - HTTP
    error = {"message": refused.message, "type": kind, "param": None, "code": refused.code}
    await send_json(send, refused.status, {"error": error}, headers=headers)


async def no_route(_scope: Scope, _receive: Receive, _send: Send) -> None:
    raise Refused(404, "There is no such route.", code="not_found")


def routed(routes: Mapping[tuple[str, str], App]) -> App:
    """By method and path; what is refused is answered in OpenAI's error shape, with the path not repeated."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await routes.get((scope["method"], scope["path"]), no_route)(scope, receive, send)
        except Refused as refused:
            await send_refusal(send, refused)

    return app
