"""A text in pieces: over lines, over streamed chunks, over fields; and fragments of a token."""

import base64
import json
import random
import struct
from collections.abc import Callable, Iterator
from typing import Any, Final

from tests.forms.form import Form, cut_in_token, json_line, log_line, of_dice, pieces, stamp

Event = Callable[[str, int], str]


def _openai(piece: str, stream: int) -> str:
    chunk = {"id": f"chatcmpl-{stream}", "object": "chat.completion.chunk", "created": 1772000000, "model": "small"}
    choice = {"index": 0, "delta": {"content": piece}, "logprobs": None, "finish_reason": None}
    return f"data: {json.dumps({**chunk, 'choices': [choice]})}\n\n"


def _openai_tool(piece: str, stream: int) -> str:
    call = {"index": 0, "function": {"arguments": piece}}
    return f"data: {json.dumps({'id': f'chatcmpl-{stream}', 'choices': [{'index': 0, 'delta': {'tool_calls': [call]}}]})}\n\n"


def _openai_response(piece: str, stream: int) -> str:
    event = {"type": "response.output_text.delta", "item_id": f"msg_{stream}", "output_index": 0, "delta": piece}
    return f"event: response.output_text.delta\ndata: {json.dumps(event)}\n\n"


def _anthropic(piece: str, _stream: int) -> str:
    event = {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": piece}}
    return f"event: content_block_delta\ndata: {json.dumps(event)}\n\n"


def _anthropic_tool(piece: str, _stream: int) -> str:
    event = {"type": "content_block_delta", "index": 1, "delta": {"type": "input_json_delta", "partial_json": piece}}
    return f"event: content_block_delta\ndata: {json.dumps(event)}\n\n"


def _gemini(piece: str, _stream: int) -> str:
    return f"data: {json.dumps({'candidates': [{'content': {'parts': [{'text': piece}], 'role': 'model'}}]})}\n\n"


def _ollama(piece: str, _stream: int) -> str:
    return json.dumps({"model": "small", "created_at": "2026-03-01T10:00:00Z", "response": piece, "done": False}) + "\n"


def _vercel(piece: str, _stream: int) -> str:
    return f"0:{json.dumps(piece)}\n"


def _plain_sse(piece: str, _stream: int) -> str:
    return f"data: {piece}\n\n"


def _python_repr(piece: str, stream: int) -> str:
    delta = f"ChoiceDelta(content={piece!r}, function_call=None, role=None)"
    return f"DEBUG ChatCompletionChunk(id='chatcmpl-{stream}', choices=[Choice(delta={delta}, index=0)])\n"


def _streamed(event: Event, *, shortest: int = 1, longest: int = 7) -> Callable[[str, random.Random], str]:
    return lambda text, rng: "".join(
        event(piece, 7) for piece in pieces(text, rng=rng, shortest=shortest, longest=longest)
    )


def _chunk_log(text: str, rng: random.Random) -> str:
    return "".join(
        json.dumps({"ts": stamp(rng), "level": "debug", "msg": "chunk", "request_id": "r-1", "chunk": piece}) + "\n"
        for piece in pieces(text, rng=rng, shortest=1, longest=7)
    )


def _log_of_events(text: str, rng: random.Random) -> str:
    """Each event as the message of a JSON log line, so that its quotes are escaped."""
    return "".join(
        json_line(_openai(piece, 7).strip(), rng=rng, key="msg")
        for piece in pieces(text, rng=rng, shortest=1, longest=7)
    )


def _other(rng: random.Random) -> str:
    return "".join(rng.choices("abehilost ", k=rng.randint(1, 7)))


def _interleaved(event: Event) -> Callable[[str, random.Random], str]:
    def make(text: str, rng: random.Random) -> str:
        lines = []
        for piece in pieces(text, rng=rng, shortest=1, longest=7):
            lines += [event(_other(rng), 8) for _ in range(rng.randrange(3))]
            lines.append(event(piece, 7))
        return "".join(lines)

    return make


def _interleaved_chunk_log(text: str, rng: random.Random) -> str:
    def line(piece: str, request: str) -> str:
        return json.dumps({"ts": stamp(rng), "request_id": request, "chunk": piece}) + "\n"

    ours = [line(piece, "r-1") for piece in pieces(text, rng=rng, shortest=1, longest=7)]
    return "".join(each + line(_other(rng), "r-2") for each in ours)


def _bedrock(text: str, rng: random.Random) -> bytes:
    """Frames of AWS' event stream (the checksums left at 0), each with an event in base64."""
    frames = []
    for piece in pieces(text, rng=rng, shortest=1, longest=7):
        inner = base64.b64encode(json.dumps({"delta": {"text": piece}}).encode()).decode()
        payload = json.dumps({"bytes": inner}).encode()
        head = b"\x0b:event-type\x07\x00\x05chunk"
        size = 16 + len(head) + len(payload)
        frames.append(struct.pack(">III", size, len(head), 0) + head + payload + b"\0" * 4)
    return b"".join(frames)


def _of_cut(name: str, line: Callable[[str, random.Random], str], *, cuts: int = 1) -> Form:
    def make(text: str, token: str, rng: random.Random) -> bytes:
        return "".join(line(piece, rng) for piece in cut_in_token(text, token, rng, cuts=cuts)).encode()

    return Form(name, make)


def _with_other_lines_between(text: str, token: str, rng: random.Random) -> bytes:
    first, second = cut_in_token(text, token, rng)
    return (log_line(first, rng=rng) + log_line("nothing to see", rng=rng) + log_line(second, rng=rng)).encode()


def _cri(text: str, token: str, rng: random.Random) -> bytes:
    """Kubernetes' log files: P is a partial line, F a full one."""
    first, second = cut_in_token(text, token, rng)
    return f"{stamp(rng)} stdout P {first}\n{stamp(rng)} stdout F {second}\n".encode()


def _docker_frames(text: str, token: str, rng: random.Random) -> bytes:
    """Docker's stream of frames: one byte for the stream, three zeros, four for the size."""
    parts = [part.encode() for part in cut_in_token(text, token, rng, cuts=2)]
    return b"".join(struct.pack(">BxxxI", 1, len(part)) + part for part in parts)


def _wrapped(width: int, end: str) -> Callable[[str, random.Random], str]:
    return lambda text, rng: end.join(pieces(text, rng=rng, shortest=width, longest=width))


def _shuffled_fields(text: str, rng: random.Random) -> str:
    fields: list[tuple[str, Any]] = [("role", "user"), ("content", text), ("n", 1), ("meta", {"a": "b"}), ("id", "m-1")]
    rng.shuffle(fields)
    return json.dumps(dict(fields))


def _parts_in_fields(text: str, token: str, rng: random.Random) -> bytes:
    parts = list(enumerate(cut_in_token(text, token, rng, cuts=2)))
    return json.dumps({f"part_{number}": part for number, part in parts}).encode()


def _parts_in_shuffled_fields(text: str, token: str, rng: random.Random) -> bytes:
    parts = list(enumerate(cut_in_token(text, token, rng, cuts=2)))
    parts = [parts[1], parts[0], parts[2]] if rng.random() < 0.5 else parts[::-1]
    return json.dumps({f"part_{number}": part for number, part in parts}).encode()


def _shuffled_chunks(text: str, rng: random.Random) -> str:
    chunks = [{"seq": seq, "text": piece} for seq, piece in enumerate(pieces(text, rng=rng, shortest=4, longest=9))]
    rng.shuffle(chunks)
    return "".join(json.dumps(chunk) + "\n" for chunk in chunks)


def _token_list(text: str, rng: random.Random) -> str:
    return json.dumps({"tokens": list(pieces(text, rng=rng, shortest=1, longest=5))})


def _logprobs(text: str, rng: random.Random) -> str:
    parts = pieces(text, rng=rng, shortest=1, longest=5)
    return json.dumps([{"token": part, "logprob": -rng.random(), "bytes": list(part.encode())} for part in parts])


def _fragment(name: str, size: int, spell: Callable[[str, random.Random], bytes]) -> Form:
    def make(_text: str, token: str, rng: random.Random) -> bytes:
        start = rng.randint(0, len(token) - size)
        return spell(f"see {token[start : start + size]}...", rng)

    return Form(name, make)


def _truncated(text: str, token: str, rng: random.Random) -> bytes:
    """A log field with a limit, that ended inside the token."""
    end = text.index(token) + rng.randint(12, len(token) - 1)
    return json.dumps({"prompt": text[:end] + "...[truncated]"}).encode()


def _elided(text: str, token: str, _rng: random.Random) -> bytes:
    return text.replace(token, f"{token[:4]}...{token[-4:]}").encode()


CUTS: Final[tuple[Form, ...]] = (
    of_dice("over log lines", lambda text, rng: "".join(
        log_line(piece, rng=rng) for piece in pieces(text, rng=rng, shortest=40, longest=90)
    )),
    _of_cut("log lines, cut in the token", lambda piece, rng: log_line(piece, rng=rng)),
    _of_cut("log lines, cut twice in the token", lambda piece, rng: log_line(piece, rng=rng), cuts=2),
    _of_cut("JSON lines, cut in the token", lambda piece, rng: json_line(piece, rng=rng)),
    _of_cut("JSON lines, cut twice in the token", lambda piece, rng: json_line(piece, rng=rng), cuts=2),
    Form("log lines, cut in the token, a line between", _with_other_lines_between),
    Form("Kubernetes log, partial line", _cri),
    Form("Docker's stream frames", _docker_frames),
    of_dice("log lines of 4 letters", lambda text, rng: "".join(
        log_line(piece, rng=rng) for piece in pieces(text, rng=rng, shortest=4, longest=4)
    )),
    of_dice("wrapped at 72", _wrapped(72, "\n")),
    of_dice("wrapped at 33, CRLF", _wrapped(33, "\r\n")),
    of_dice("wrapped at 10", _wrapped(10, "\n")),
    of_dice("wrapped at 10, indented", _wrapped(10, "\n      ")),
    of_dice("wrapped at 33, quoted", _wrapped(33, "\n> ")),
    of_dice("wrapped at 33, as a diff", _wrapped(33, "\n+")),
    of_dice("wrapped at 33, as a comment", _wrapped(33, "\n# ")),
    of_dice("wrapped at 33, line numbers", lambda text, rng: "".join(
        f"{number:>6}\t{piece}\n" for number, piece in enumerate(pieces(text, rng=rng, shortest=33, longest=33), 1)
    )),
)  # fmt: skip

STREAMS: Final[tuple[Form, ...]] = (
    of_dice("SSE by OpenAI", _streamed(_openai)),
    of_dice("SSE by OpenAI, one letter each", _streamed(_openai, longest=1)),
    of_dice("SSE by OpenAI, 4 to 20 letters", _streamed(_openai, shortest=4, longest=20)),
    of_dice("SSE by OpenAI, tool arguments", _streamed(_openai_tool)),
    of_dice("SSE by OpenAI, Responses API", _streamed(_openai_response)),
    of_dice("SSE by Anthropic", _streamed(_anthropic)),
    of_dice("SSE by Anthropic, tool arguments", _streamed(_anthropic_tool)),
    of_dice("SSE by Gemini", _streamed(_gemini)),
    of_dice("stream by Ollama", _streamed(_ollama)),
    of_dice("stream by Vercel's SDK", _streamed(_vercel)),
    of_dice("SSE, plain text", _streamed(_plain_sse)),
    of_dice("Python repr of chunks", _streamed(_python_repr)),
    of_dice("chunk log", _chunk_log),
    of_dice("SSE body in a JSON log", lambda text, rng: json.dumps({"body": _streamed(_openai)(text, rng)})),
    of_dice("SSE events in JSON log lines", _log_of_events),
    of_dice("SSE of base64", lambda text, rng: _streamed(_openai)(base64.b64encode(text.encode()).decode(), rng)),
    of_dice("SSE interleaved by id", _interleaved(_openai)),
    of_dice("SSE interleaved, Responses API", _interleaved(_openai_response)),
    of_dice("chunk log interleaved", _interleaved_chunk_log),
    of_dice("event stream by Bedrock", _bedrock),
    of_dice("list of model tokens", _token_list),
    of_dice("log probabilities", _logprobs),
)

FIELDS: Final[tuple[Form, ...]] = (
    of_dice("JSON fields shuffled", _shuffled_fields),
    Form("token over JSON fields", _parts_in_fields),
    Form("token over shuffled JSON fields", _parts_in_shuffled_fields),
    of_dice("chunks out of order", _shuffled_chunks),
)


def _iter_fragments() -> Iterator[Form]:
    yield _fragment("fragment of 16", 16, lambda text, _rng: text.encode())
    yield _fragment("fragment of 12", 12, lambda text, _rng: text.encode())
    yield _fragment("fragment of 12, upper case", 12, lambda text, _rng: text.upper().encode())
    yield _fragment(
        "fragment of 12, base64", 12, lambda text, rng: base64.b64encode(b"\1" * rng.randrange(3) + text.encode())
    )
    yield _fragment("fragment of 12, hex", 12, lambda text, _rng: text.encode().hex().encode())
    yield _fragment("fragment of 11", 11, lambda text, _rng: text.encode())
    yield _fragment("fragment of 9", 9, lambda text, _rng: text.encode())


FRAGMENTS: Final[tuple[Form, ...]] = (
    *_iter_fragments(),
    Form("field truncated in the token", _truncated),
    Form("first and last 4 characters", _elided),
)
