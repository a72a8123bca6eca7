"""Binary messages and telemetry, by the formats' own libraries."""

import gzip
import json
import pickle
import random
import struct
from email.message import EmailMessage
from typing import Any, Final

import cbor2
import msgpack
from google.protobuf import json_format, struct_pb2
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2

from tests.forms.form import Form, of_bytes, of_dice, of_text, pieces


def _attribute(holder: Any, key: str, text: str) -> None:
    attribute = holder.attributes.add()
    attribute.key = key
    attribute.value.string_value = text


def _logs(text: str) -> Any:
    request = logs_service_pb2.ExportLogsServiceRequest()
    resource = request.resource_logs.add()
    _attribute(resource.resource, "service.name", "gateway")
    record = resource.scope_logs.add().log_records.add()
    record.time_unix_nano, record.severity_text, record.trace_id = 1_772_000_000_000_000_000, "INFO", bytes(range(16))
    record.body.string_value = text
    return request


def _spans(text: str) -> Any:
    request = trace_service_pb2.ExportTraceServiceRequest()
    span = request.resource_spans.add().scope_spans.add().spans.add()
    span.name, span.trace_id, span.span_id = "chat", bytes(range(16)), bytes(range(8))
    _attribute(span, "gen_ai.prompt", text)
    return request


def _grpc(text: str) -> bytes:
    message = _logs(text).SerializeToString()
    return struct.pack(">BI", 0, len(message)) + bytes(message)


def _grpc_gzip(text: str) -> bytes:
    message = gzip.compress(_logs(text).SerializeToString())
    return struct.pack(">BI", 1, len(message)) + message


def _message(text: str) -> dict[str, Any]:
    return {"role": "user", "content": text, "n": [1, 2.5, None, True]}


def _protobuf(text: str) -> bytes:
    value = struct_pb2.Struct()
    json_format.ParseDict(_message(text), value)
    return bytes(value.SerializeToString())


def _cbor_chunks(text: str, rng: random.Random) -> bytes:
    """A text string of indefinite length (RFC 8949, 3.2.3)."""
    return b"\x7f" + b"".join(cbor2.dumps(piece) for piece in pieces(text, rng=rng, shortest=3, longest=9)) + b"\xff"


def _chunked(text: str, rng: random.Random) -> str:
    """HTTP's chunked transfer coding (RFC 9112, 7.1)."""
    chunks = "".join(f"{len(piece):x}\r\n{piece}\r\n" for piece in pieces(text, rng=rng, shortest=3, longest=25))
    return f"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{chunks}0\r\n\r\n"


def _websocket(body: bytes, rng: random.Random, *, is_masked: bool) -> bytes:
    """A text frame (RFC 6455, 5.2)."""
    mask = rng.randbytes(4) if is_masked else b""
    head = struct.pack(">BBH", 0x81, 126 | (128 if is_masked else 0), len(body))
    sent = bytes(byte ^ mask[place % 4] for place, byte in enumerate(body)) if is_masked else body
    return head + mask + sent


def _http2(body: bytes) -> bytes:
    """DATA frames of 20 bytes (RFC 9113, 6.1)."""
    parts = (body[start : start + 20] for start in range(0, len(body), 20))
    return b"".join(struct.pack(">I", len(part))[1:] + b"\0\0" + struct.pack(">I", 1) + part for part in parts)


def _mail(text: str, encoding: str) -> bytes:
    message = EmailMessage()
    message["Subject"], message["From"] = "Report", "a@example.com"
    message.set_content(text + " ü\n", cte=encoding)
    return bytes(message)


def _attachment(text: str) -> bytes:
    message = EmailMessage()
    message.set_content("See the file.\n")
    message.add_attachment(text.encode(), maintype="application", subtype="octet-stream", filename="a.bin")
    return bytes(message)


def _multipart(text: str) -> str:
    return f'--b7\r\ncontent-disposition: form-data; name="prompt"\r\n\r\n{text}\r\n--b7--\r\n'


WIRES: Final[tuple[Form, ...]] = (
    of_text("protobuf", _protobuf),
    of_text("OTLP logs", lambda text: bytes(_logs(text).SerializeToString())),
    of_text("OTLP spans", lambda text: bytes(_spans(text).SerializeToString())),
    of_text("OTLP logs, JSON", lambda text: json_format.MessageToJson(_logs(text))),
    of_text("OTLP logs, gzip", lambda text: gzip.compress(_logs(text).SerializeToString())),
    of_text("OTLP logs over gRPC", _grpc),
    of_text("OTLP logs over gRPC, gzip", _grpc_gzip),
    of_text("MessagePack", lambda text: bytes(msgpack.packb(_message(text)))),
    of_text("CBOR", lambda text: cbor2.dumps(_message(text))),
    of_dice("CBOR, indefinite length", _cbor_chunks),
    of_text("pickle", lambda text: pickle.dumps(_message(text))),
    of_dice("HTTP chunks", _chunked),
    of_bytes("HTTP/2 frames of 20 bytes", _http2),
    of_dice("WebSocket from the server", lambda text, rng: _websocket(text.encode(), rng, is_masked=False)),
    of_dice("WebSocket from the client", lambda text, rng: _websocket(text.encode(), rng, is_masked=True)),
    of_text("multipart form", _multipart),
    of_text("mail, quoted-printable", lambda text: _mail(text, "quoted-printable")),
    of_text("mail, base64", lambda text: _mail(text, "base64")),
    of_text("mail attachment", _attachment),
    of_text("JSON by a browser's console", lambda text: "%c" + json.dumps(json.dumps(_message(text)))[1:-1]),
)
