"""What is searched in the benchmarks: logs, base64, random bytes, text, streams, and logs compressed. The same for the same seed."""

import base64
import gzip
import json
import random
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

MB: Final = 1_000_000
SEED: Final = 7
_DISTINCT_BYTES: Final = 48 * MB  # larger corpora repeat it: no engine remembers as much
_DOCUMENTS: Final = (
    *("/usr/share/doc/**/*", "/usr/share/man/man*/*", "/usr/share/perl/**/*.pod", "/usr/share/**/*.txt"),
    *("/usr/share/**/*.md", "/usr/include/**/*.h"),
)
_LARGEST_DOCUMENT: Final = 4 * MB
_SERVICES: Final = ("gateway", "rag-api", "agent-runner", "billing", "guardrail", "embedder")


def _documents() -> Iterator[bytes]:
    folders = [(Path("/"), pattern.lstrip("/")) for pattern in _DOCUMENTS] + [(Path(sys.prefix), "lib/**/*.py")]
    for root, pattern in folders:
        for path in sorted(root.glob(pattern)):
            body = _document(path)
            if body:
                yield body


def _document(path: Path) -> bytes:
    try:
        if path.is_symlink() or not path.is_file():
            return b""
        body = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    except (OSError, EOFError):
        return b""
    return b"" if b"\0" in body[:4096] or not 500 < len(body) < _LARGEST_DOCUMENT else body  # noqa: PLR2004


def _text(_rng: random.Random) -> Iterator[bytes]:
    """Documentation and sources that are installed on this machine."""
    for body in _documents():
        yield body + b"\n"


def _words() -> list[str]:
    some, size = [], 0
    for body in _documents():
        some.append(body.decode("utf-8", "replace"))
        size += len(body)
        if size > 8 * MB:
            break
    return " ".join(some).split()


def _json_logs(rng: random.Random) -> Iterator[bytes]:
    """As an LLM gateway writes them: prompts and answers, retrievals, a few embeddings."""
    words = _words()
    while True:
        yield json.dumps(_head(rng) | _payload(words, rng)).encode() + b"\n"


def _head(rng: random.Random) -> dict[str, Any]:
    return {
        "ts": f"2026-03-{rng.randint(1, 28):02d}T{rng.randrange(24):02d}:07:{rng.randrange(60):02d}.{rng.randrange(MB):06d}Z",
        "level": rng.choice(("INFO", "INFO", "INFO", "DEBUG", "WARN")),
        "svc": rng.choice(_SERVICES),
        "trace_id": f"{rng.getrandbits(128):032x}",
        "span_id": f"{rng.getrandbits(64):016x}",
        "req": str(uuid.UUID(int=rng.getrandbits(128))),
        "latency_ms": round(rng.random() * 4000, 3),
        "tokens": {"in": rng.randint(10, 4000), "out": rng.randint(1, 900)},
    }


def _payload(words: list[str], rng: random.Random) -> dict[str, Any]:
    start, kind = rng.randrange(len(words) - 400), rng.random()
    if kind < 0.6:  # noqa: PLR2004 - most lines carry prompts
        prompt, answer = words[start : start + rng.randint(5, 120)], words[start + 130 : start + rng.randint(135, 330)]
        turns = (("user", " ".join(prompt)), ("assistant", "\n".join(answer)))
        return {"messages": [{"role": role, "content": content} for role, content in turns]}
    if kind < 0.9:  # noqa: PLR2004
        return {"msg": f"retrieved {rng.randint(1, 40)} chunks for query={' '.join(words[start : start + 8])!r}"}
    return {"embedding": [round(rng.uniform(-1, 1), 6) for _ in range(24)]}


def _base64_json(rng: random.Random) -> Iterator[bytes]:
    while True:
        image = base64.b64encode(rng.randbytes(rng.choice((96, 300, 1500, 12_000)))).decode()
        record = {"id": rng.getrandbits(60), "role": "user", "image_url": f"data:image/png;base64,{image}"}
        yield json.dumps(record).encode() + b"\n"


def _random_bytes(rng: random.Random) -> Iterator[bytes]:
    while True:
        yield rng.randbytes(MB)


def _sse(rng: random.Random) -> Iterator[bytes]:
    """Nothing but streamed chunks of one to seven letters."""
    words = _words()
    while True:
        start, stream = rng.randrange(len(words) - 200), f"chatcmpl-{rng.getrandbits(64):016x}"
        text = " ".join(words[start : start + rng.randint(20, 200)])
        while text:
            size = rng.randint(1, 7)
            chunk = {"id": stream, "object": "chat.completion.chunk", "created": 1_772_000_000, "model": "small"}
            choice = {"index": 0, "delta": {"content": text[:size]}, "finish_reason": None}
            yield f"data: {json.dumps(chunk | {'choices': [choice]})}\n\n".encode()
            text = text[size:]


CORPORA: Final[dict[str, Callable[[random.Random], Iterator[bytes]]]] = {
    "JSON logs": _json_logs,
    "base64-heavy JSON": _base64_json,
    "random bytes": _random_bytes,
    "text": _text,
    "SSE-dense logs": _sse,
}


def corpus(name: str, *, size_bytes: int) -> bytes:
    parts, length, wanted = list[bytes](), 0, min(size_bytes, _DISTINCT_BYTES)
    for part in CORPORA[name](random.Random(SEED)):  # noqa: S311 - noise
        parts.append(part)
        length += len(part)
        if length >= wanted:
            break
    distinct = b"".join(parts)
    return (distinct * (size_bytes // len(distinct) + 1))[:size_bytes]


def written(folder: Path, name: str, *, size_bytes: int) -> Path:
    path = folder / name.replace(" ", "-")
    if not path.exists() or path.stat().st_size != size_bytes:
        path.write_bytes(corpus(name, size_bytes=size_bytes))
    return path
