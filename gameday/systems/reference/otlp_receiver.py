"""Our OTLP receiver: takes OTLP over HTTP and writes each export as a line of JSON. `python -m` this file, with --config and --fd.

It stands in where there is neither a collector nor a tracing backend; what it writes is what a collector's file exporter writes.
"""

import base64
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Final

import msgspec
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import DecodeError, Message
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from gameday.errors import ConfigError
from gameday.systems.reference.asgi import App, Receive, Refused, Scope, Send, header, routed, send_json, start
from gameday.systems.reference.live import complain
from gameday.systems.reference.log import LineFile
from gameday.systems.reference.serving import main
from gameday.systems.reference.watched import WatchedFile, parse_as

KINDS: Final[dict[str, type[Message]]] = {
    "/v1/traces": ExportTraceServiceRequest,
    "/v1/logs": ExportLogsServiceRequest,
    "/v1/metrics": ExportMetricsServiceRequest,
}
_PROTOBUF: Final = "application/x-protobuf"
_GZIP: Final = 31  # zlib's word for it
_IDS: Final = {"traceId", "spanId", "parentSpanId"}


class ReceiverSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`max_bytes` is the largest export, unpacked."""

    file: str
    max_bytes: Annotated[int, msgspec.Meta(ge=1)] = 20 * 2**20


class Receiver:
    def __init__(self, config: Path) -> None:
        self._watched = WatchedFile(config, parse=_parse, on_bad=complain)
        self._file = _open_file(config, self._watched.value)

    def refresh(self) -> None:
        if self._watched.refresh():
            self._file = LineFile(Path(self._watched.value.file))

    async def health(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        await send_json(send, 200, {"status": "ok", "config": self._watched.sha256})

    async def take(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The export rests in the file before it is answered."""
        if header(scope, b"content-type").partition(";")[0].strip().lower() != _PROTOBUF:
            raise Refused(415, f"Only {_PROTOBUF} is taken.", code="bad_content_type")
        limit = self._watched.value.max_bytes
        body = await _body(receive, limit=limit)
        export = parsed(KINDS[scope["path"]], unpacked(body, encoding=header(scope, b"content-encoding"), limit=limit))
        if line := as_json(export):
            self._file.append(line)
        await start(send, 200, content_type=_PROTOBUF.encode(), headers=[(b"content-length", b"0")])
        await send({"type": "http.response.body", "body": b""})


async def _body(receive: Receive, *, limit: int) -> bytes:
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Refused(499, "The client went away.", code="client_closed_request")
        body += message.get("body", b"")
        if len(body) > limit:
            raise _too_large(limit)
        if not message.get("more_body", False):
            return bytes(body)


def unpacked(body: bytes, *, encoding: str, limit: int) -> bytes:
    """Raises Refused where it is neither plain nor gzip, is cut short, or holds over `limit` bytes; it never unpacks more."""
    if encoding in {"", "identity"}:
        return body
    if encoding != "gzip":
        raise Refused(415, "Only gzip and identity are taken as an encoding.", code="bad_encoding")
    unpacking = zlib.decompressobj(_GZIP)
    try:
        whole = unpacking.decompress(body, limit + 1)
    except zlib.error as error:
        raise Refused(400, "The body is not gzip.", code="bad_body") from error
    if len(whole) > limit:
        raise _too_large(limit)
    if not unpacking.eof or unpacking.unused_data:
        raise Refused(400, "The body is not one whole piece of gzip.", code="bad_body")
    return whole


def parsed(kind: type[Message], body: bytes) -> Message:
    export = kind()
    try:
        export.ParseFromString(body)
    except DecodeError as error:
        raise Refused(400, "The body is not an export of this kind.", code="bad_body") from error
    return export


def as_json(export: Message) -> bytes:
    """OTLP's JSON mapping, in one line: ids in hex, enumerations as numbers. Empty where there is nothing in the export."""
    fields = MessageToDict(export, use_integers_for_enums=True)
    return msgspec.json.encode(_with_hex_ids(fields)) if fields else b""


def _with_hex_ids(value: object) -> object:
    """Keys are the schema's own: what a sender names stands in values, as `key`."""
    if isinstance(value, dict):
        return {key: _hex(one) if key in _IDS else _with_hex_ids(one) for key, one in value.items()}
    return [_with_hex_ids(one) for one in value] if isinstance(value, list) else value


def _hex(in_base64: str) -> str:
    return base64.b64decode(in_base64).hex()


def _too_large(limit: int) -> Refused:
    return Refused(413, f"The export is larger than {limit} bytes.", code="body_too_large")


def _parse(path: Path, content: bytes) -> ReceiverSettings:
    return parse_as(ReceiverSettings, file=path, content=content)


def _open_file(config: Path, settings: ReceiverSettings) -> LineFile:
    try:
        return LineFile(Path(settings.file))
    except OSError as error:
        problem, remedy = f"cannot be opened: {error.strerror}", "Name a file in a directory that can be written."
        raise ConfigError(file=str(config), key="file", value=settings.file, problem=problem, remedy=remedy) from error


def make_app(config: Path) -> tuple[App, Callable[[], None]]:
    receiver = Receiver(config)
    routes: dict[tuple[str, str], App] = {("POST", path): receiver.take for path in KINDS}
    return routed({**routes, ("GET", "/healthz"): receiver.health}), receiver.refresh


if __name__ == "__main__":
    main(make_app)
