"""How fast streamed answers are put together again: GB/s of log, beside the study's regular expression on the same bytes.

Run: python benchmarks/joins.py [MB]. It asserts nothing about time; it does say if a token was lost.
"""

import json
import random
import re
import sys
import time
from collections.abc import Callable, Iterator
from typing import Final

from benchmarks.corpora import corpus
from gameday.canary.joins import SIGNS, Joins
from gameday.canary.token import ALPHABET

BLOCK_BYTES: Final = 256 << 10  # as the finder gives them
PIECES: Final = 300  # of a stream
STUDY: Final = re.compile(rb'"(?:content|text|delta|arguments)": ?"((?:[^"\\]|\\.)*)"')

Event = Callable[[str, str, int], str]


def _short(stream: str, piece: str, _: int) -> str:
    return f'data: {{"id":"{stream}","choices":[{{"index":0,"delta":{{"content":"{piece}"}}}}]}}\n\n'


def _openai(stream: str, piece: str, _: int) -> str:
    choice = {"index": 0, "delta": {"content": piece}, "logprobs": None, "finish_reason": None}
    event = {"id": stream, "object": "chat.completion.chunk", "created": 1767225600, "model": "gpt-4o-mini-2024-07-18"}
    event |= {"system_fingerprint": "fp_44709d6fcb", "choices": [choice]}
    return f"data: {json.dumps(event, separators=(',', ':'))}\n\n"


def _anthropic(_: str, piece: str, __: int) -> str:
    event = {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": piece}}
    return f"event: content_block_delta\ndata: {json.dumps(event, separators=(',', ':'))}\n\n"


def _log_line(stream: str, piece: str, number: int) -> str:
    return f"2026-03-01T10:{number // 60 % 60:02}:{number % 60:02}.125Z INFO gateway chunk {_openai(stream, piece, 0)[:-1]}"


def _log(event: Event, *, size_bytes: int, streams: int) -> tuple[bytes, list[str]]:
    """`streams` answers at a time, each with a token in it, one to seven characters an event."""
    rng, lines, tokens, length = random.Random(1), list[str](), list[str](), 0  # noqa: S311 - noise
    while length < size_bytes:
        names = [f"chatcmpl-{rng.getrandbits(112):028x}" for _ in range(streams)]
        cut = [_pieces(rng, tokens) for _ in names]
        for number in range(PIECES * streams):
            stream = rng.randrange(streams)
            lines.append(event(names[stream], next(cut[stream], "end"), number))
            length += len(lines[-1])
    return "".join(lines).encode(), tokens


def _pieces(rng: random.Random, tokens: list[str]) -> Iterator[str]:
    token = "".join(rng.choices(ALPHABET, k=19))
    tokens.append(token)
    text = f"{'the answer to your question is ' * 9}{token}{' and so on' * 20}"
    place = 0
    while place < len(text):
        size = rng.randint(1, 7)
        yield text[place : place + size]
        place += size


def _few_signs(rng: random.Random, size_bytes: int) -> bytes:
    """Ordinary JSON logs in which a sign of a stream occurs now and then."""
    lines = corpus("JSON logs", size_bytes=size_bytes).splitlines(keepends=True)
    for _ in range(size_bytes // BLOCK_BYTES * 4):
        lines.insert(
            rng.randrange(len(lines)), b'{"level": "info", "msg": "merged", "fields": {"delta": 12, "took": 3}}\n'
        )
    return b"".join(lines)


def _signs(log: bytes) -> list[tuple[bytes, ...]]:
    """Of each block, as the engine tells them."""
    blocks = (log[offset : offset + BLOCK_BYTES] for offset in range(0, len(log), BLOCK_BYTES))
    return [tuple(sign for sign in SIGNS if sign in block) for block in blocks]


def _join(log: bytes, signs: list[tuple[bytes, ...]]) -> bytes:
    joins, found, view = Joins(), list[bytes](), memoryview(log)
    for number, present in enumerate(signs):
        offset = number * BLOCK_BYTES
        if present or joins.is_pending:
            block = view[offset : offset + BLOCK_BYTES]
            found += [joined.data for joined in joins.joined(block, offset=offset, signs=present)]
    return b"\n\n".join([*found, *(joined.data for joined in joins.finish())])


def _study(log: bytes) -> bytes:
    blocks = (log[offset : offset + BLOCK_BYTES] for offset in range(0, len(log), BLOCK_BYTES))
    return b"".join(b"".join(STUDY.findall(block)) for block in blocks)


def _seconds(work: Callable[[], object]) -> float:
    best = float("inf")
    for _ in range(5):
        start = time.process_time()
        work()
        best = min(best, time.process_time() - start)
    return best


def _row(name: str, log: bytes, tokens: list[str]) -> None:
    signs = _signs(log)
    joined, study = _join(log, signs), _study(log)
    speeds = [len(log) / _seconds(work) / 1e9 for work in (lambda: _join(log, signs), lambda: _study(log))]
    shares = [sum(token.encode() in text for token in tokens) / max(len(tokens), 1) for text in (joined, study)]
    event_bytes = len(log) // max(log.count(b"data:"), 1)
    print(f"{name:28} {event_bytes:11} {speeds[0]:11.2f} {speeds[1]:11.2f}  {shares[0]:.1%}, {shares[1]:.1%}")


def main() -> None:
    size_bytes = int(sys.argv[1] if len(sys.argv) > 1 else 16) * 1_000_000
    print(f"{'log':28} {'bytes/event':>11} {'joins GB/s':>11} {'regex GB/s':>11}  tokens found: joins, regex")
    for name, event, streams in (
        ("OpenAI, one by one", _openai, 1),
        ("OpenAI, 8 interleaved", _openai, 8),
        ("log lines, one by one", _log_line, 1),
        ("log lines, 8 interleaved", _log_line, 8),
        ("Anthropic (no ids)", _anthropic, 1),
        ("short, one by one", _short, 1),
        ("short, 8 interleaved", _short, 8),
    ):
        _row(name, *_log(event, size_bytes=size_bytes, streams=streams))
    _row("JSON logs with a few signs", _few_signs(random.Random(2), size_bytes), [])  # noqa: S311 - noise
    _row("SSE-dense logs (find.py's)", corpus("SSE-dense logs", size_bytes=size_bytes), [])


if __name__ == "__main__":
    main()
