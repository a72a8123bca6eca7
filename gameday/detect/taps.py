"""What an Envoy tap captured, as one flat JSON line: the request id, and both bodies as the tap wrote them."""

from typing import Final

import msgspec

_REQUEST_ID: Final = "x-request-id"


class _Header(msgspec.Struct):
    key: str = ""
    value: str = ""


class _Body(msgspec.Struct):
    as_string: str = ""
    as_bytes: str = ""


class _Half(msgspec.Struct):
    headers: tuple[_Header, ...] = ()
    body: _Body = msgspec.field(default_factory=_Body)


class _Exchange(msgspec.Struct):
    request: _Half = msgspec.field(default_factory=_Half)
    response: _Half = msgspec.field(default_factory=_Half)


class _Tap(msgspec.Struct):
    http_buffered_trace: _Exchange = msgspec.field(default_factory=_Exchange)


def tap_line(captured: bytes) -> bytes:
    """What is no such capture is given as it is."""
    try:
        exchange = msgspec.json.decode(captured, type=_Tap).http_buffered_trace
    except (msgspec.DecodeError, msgspec.ValidationError):
        return captured.replace(b"\n", b" ") + b"\n"
    ids = [header.value for header in exchange.request.headers if header.key.lower() == _REQUEST_ID]
    line = {
        "request_id": ids[0] if ids else "",
        "request": exchange.request.body.as_string or exchange.request.body.as_bytes,
        "response": exchange.response.body.as_string or exchange.response.body.as_bytes,
    }
    return msgspec.json.encode(line) + b"\n"
