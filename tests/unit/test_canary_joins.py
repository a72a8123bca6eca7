"""Streamed answers are put together again, whatever the log's format and wherever its blocks end."""

import json
import random
import re
from collections.abc import Callable, Iterator
from itertools import zip_longest
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gameday.canary.joins import EVENT_BYTES, SIGNS, STREAMS_MAX, TEXT_BYTES, Joined, Joins
from gameday.canary.token import ALPHABET

Event = Callable[[str, str, int], str]  # a stream's id, a piece, the event's number


def _stamp(number: int) -> str:
    return f"2026-03-01T10:{number // 60 % 60:02}:{number % 60:02}.{number * 7919 % 1000:03}Z"


def _openai(stream: str, piece: str, number: int) -> str:
    choice = {"index": 0, "delta": {"content": piece}, "finish_reason": None}
    return f"data: {json.dumps({'id': stream, 'created': 17, 'choices': [choice]}, separators=(',', ':'))}\n\n"


def _openai_spaced(stream: str, piece: str, number: int) -> str:
    return f"data: {json.dumps({'id': stream, 'choices': [{'index': 0, 'delta': {'content': piece}}]})}\n\n"


def _id_behind(stream: str, piece: str, number: int) -> str:
    return (
        f"data: {json.dumps({'choices': [{'delta': {'content': piece}, 'index': 0}], 'created': 1, 'id': stream})}\n\n"
    )


def _tool_call(stream: str, piece: str, number: int) -> str:
    call = {"index": 0, "function": {"arguments": piece}}
    return f"data: {json.dumps({'id': stream, 'choices': [{'index': 0, 'delta': {'tool_calls': [call]}}]})}\n\n"


def _responses(stream: str, piece: str, number: int) -> str:
    event = {"type": "response.output_text.delta", "sequence_number": number, "item_id": stream, "output_index": 0}
    return f"event: response.output_text.delta\ndata: {json.dumps({**event, 'delta': piece, 'obfuscation': 'x' * (number % 9)})}\n\n"


def _gemini(stream: str, piece: str, number: int) -> str:
    event = {"candidates": [{"content": {"parts": [{"text": piece}], "role": "model"}}], "responseId": stream}
    return f"data: {json.dumps(event)}\r\n\r\n"


def _anthropic(stream: str, piece: str, number: int) -> str:
    event = {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": piece}}
    return f"event: content_block_delta\ndata: {json.dumps(event, separators=(',', ':'))}\n\n"


def _ollama(stream: str, piece: str, number: int) -> str:
    return json.dumps({"model": "m", "created_at": _stamp(number), "response": piece, "done": False}) + "\n"


def _ollama_chat(stream: str, piece: str, number: int) -> str:
    message = {"role": "assistant", "content": piece}
    return json.dumps({"model": "m", "created_at": _stamp(number), "message": message, "done": False}) + "\n"


def _log_line(stream: str, piece: str, number: int) -> str:
    return f"{_stamp(number)} INFO gateway request_id={stream} took={number} chunk {_anthropic(stream, piece, 0).split(chr(10))[1]}\n"


def _json_log_line(stream: str, piece: str, number: int) -> str:
    line = {"ts": _stamp(number), "seq": number, "request_id": stream, "chunk": _anthropic(stream, piece, 0)}
    return json.dumps(line) + "\n"


def _python_repr(stream: str, piece: str, number: int) -> str:
    return (
        f"{_stamp(number)} ChatCompletionChunk(id='{stream}', choices=[Choice(delta=ChoiceDelta(content={piece!r}))])\n"
    )


WITH_ID: Final[dict[str, Event]] = {
    "openai": _openai,
    "openai, spaced": _openai_spaced,
    "id behind": _id_behind,
    "tool call": _tool_call,
    "responses": _responses,
    "gemini": _gemini,
    "log lines": _log_line,
    "json log lines": _json_log_line,
    "python repr": _python_repr,
}
FORMATS: Final[dict[str, Event]] = {**WITH_ID, "anthropic": _anthropic, "ollama": _ollama, "ollama chat": _ollama_chat}


def _token(rng: random.Random) -> str:
    return "".join(rng.choices(ALPHABET, k=19))


def _cut(text: str, *, rng: random.Random, longest: int) -> Iterator[str]:
    while text:
        size = rng.randint(1, longest)
        yield text[:size]
        text = text[size:]


def _answer(rng: random.Random, *, token: str) -> str:
    words = rng.choices(["the", '"quoted"', "back\\slash", "line\n", "été", "answer", "\\", '\\"'], k=60)
    words.insert(rng.randrange(60), token)
    return " ".join(words)


def _joined(log: bytes, *, block_bytes: int = 1 << 20) -> list[Joined]:
    joins = Joins()
    found = list[Joined]()
    for offset in range(0, len(log), block_bytes):
        found += joins.joined(memoryview(log)[offset : offset + block_bytes], offset=offset)
    return [*found, *joins.finish()]


def _holds(log: bytes, token: str, *, block_bytes: int = 1 << 20) -> bool:
    return any(token.encode() in joined.data for joined in _joined(log, block_bytes=block_bytes))


@settings(deadline=None, max_examples=150)
@given(
    name=st.sampled_from(sorted(FORMATS)),
    longest=st.integers(1, 40),
    block_bytes=st.integers(64, 9000),
    seed=st.integers(0, 9999),
)
def test_a_token_cut_over_events_stands_whole_in_a_text(name: str, longest: int, block_bytes: int, seed: int) -> None:
    rng = random.Random(seed)
    token = _token(rng)
    pieces = _cut(_answer(rng, token=token), rng=rng, longest=longest)
    log = "".join(FORMATS[name]("chatcmpl-77", piece, number) for number, piece in enumerate(pieces)).encode()
    assert any(sign in log for sign in SIGNS)
    assert _holds(log, token, block_bytes=block_bytes)


@settings(deadline=None, max_examples=150)
@given(
    name=st.sampled_from(sorted(WITH_ID)),
    streams=st.integers(2, 9),
    longest=st.integers(1, 20),
    seed=st.integers(0, 9999),
)
def test_streams_that_interleave_are_kept_apart_by_their_ids(name: str, streams: int, longest: int, seed: int) -> None:
    rng = random.Random(seed)
    tokens = [_token(rng) for _ in range(streams)]
    cuts = [[*_cut(_answer(rng, token=token), rng=rng, longest=longest)] for token in tokens]
    rounds = [(stream, piece) for pieces in zip_longest(*cuts) for stream, piece in enumerate(pieces) if piece]
    log = "".join(
        WITH_ID[name](f"chatcmpl-{stream}", piece, number) for number, (stream, piece) in enumerate(rounds)
    ).encode()
    found = _joined(log, block_bytes=rng.choice([5000, 1 << 20]))
    assert [any(token.encode() in joined.data for joined in found) for token in tokens] == [True] * streams


@settings(deadline=None, max_examples=60)
@given(
    name=st.sampled_from(sorted(set(FORMATS) - {"json log lines", "python repr"})),
    depth=st.integers(1, 3),
    block_bytes=st.integers(64, 9000),
    seed=st.integers(0, 9999),
)
def test_a_body_that_is_escaped_within_a_json_line_is_read_as_well(
    name: str, depth: int, block_bytes: int, seed: int
) -> None:
    rng = random.Random(seed)
    token = _token(rng)
    pieces = _cut(_answer(rng, token=token), rng=rng, longest=7)
    body = "".join(FORMATS[name]("chatcmpl-77", piece, number) for number, piece in enumerate(pieces))
    for _ in range(depth):
        body = json.dumps({"level": "info", "body": body})
    assert _holds(body.encode() + b"\n", token, block_bytes=block_bytes)


def test_ordinary_lines_between_events_do_no_harm() -> None:
    rng = random.Random(3)
    token = _token(rng)
    noise = json.dumps({"level": "info", "message": "served", "content": "hello friend"}) + "\n"
    pieces = _cut(_answer(rng, token=token), rng=rng, longest=5)
    log = "".join(_openai("chatcmpl-5", piece, 0) + noise * rng.randrange(40) for piece in pieces)
    assert _holds(log.encode(), token)


def test_a_short_stream_of_another_kind_is_learnt_amid_others() -> None:
    rng = random.Random(4)
    token = _token(rng)
    long = "".join(_openai("chatcmpl-5", "some", 0) for _ in range(9000))
    short = "".join(
        _anthropic("", piece, 0) for piece in _cut(f"a text of forty words {token}" * 3, rng=rng, longest=4)
    )
    assert _holds((long + short + long).encode(), token)


def test_names_that_are_new_in_every_event_do_not_part_a_stream() -> None:
    rng = random.Random(5)
    token = _token(rng)
    pieces = _cut(_answer(rng, token=token), rng=rng, longest=5)
    log = "".join(_openai(f"evt-{number}-x", piece, number) for number, piece in enumerate(pieces))
    assert _holds(log.encode(), token)


def test_the_origin_is_where_the_text_began() -> None:
    quiet = b"nothing here\n" * 1000
    events = "".join(_openai("chatcmpl-5", piece, 0) for piece in "abcdefghijklmnop").encode()
    (joined,) = _joined(quiet + events + quiet)
    assert joined.data == b"abcdefghijklmnop"
    assert len(quiet) <= joined.origin(7) <= len(quiet) + 100


def test_an_event_cut_by_the_border_of_two_blocks_is_pending() -> None:
    joins, event = Joins(), _openai("chatcmpl-5", "piece", 0).encode()
    assert list(joins.joined(event[:70], offset=0)) == []
    assert joins.is_pending
    assert list(joins.joined(event[70:], offset=70)) == []
    assert not joins.is_pending
    assert [joined.data for joined in joins.finish()] == [b"piece"]


def test_a_block_left_out_ends_the_event_before_it() -> None:
    joins, event = Joins(), _openai("chatcmpl-5", "piece", 0).encode()
    list(joins.joined(event[:-9], offset=0))
    list(joins.joined(event, offset=1 << 20))
    assert [joined.data for joined in joins.finish()] == [b"piecepiece"]


HOSTILE: Final = {
    "a new id each": "".join(_openai(f"chatcmpl-{number}", "ab", number) for number in range(9000)).encode(),
    "no end": b"data: {" + b'"content":"' * 90_000,
    "backslashes": b'data: {"content":"' + b"\\" * 900_000,
    "escaped quotes": b'data: {"content":"' + b'\\"' * 300_000,
    "one long piece": b'data: {"content":"' + b"a" * 900_000,
    "many announcers": b"".join(
        b'delta,content%s"%s' % (b" " * (n % 2), b"\\" * (n % 9)) + b'":"' for n in range(60_000)
    ),
    "changing frames": "".join(_openai("chatcmpl-5", "ab", n) + "x" * (n // 5 % 50) for n in range(9000)).encode(),
}


@pytest.mark.parametrize("name", sorted(HOSTILE))
def test_hostile_logs_give_no_more_than_they_hold(name: str) -> None:
    found = _joined(HOSTILE[name])
    assert sum(len(joined.data) for joined in found) <= 3 * len(HOSTILE[name]) + TEXT_BYTES


def test_what_is_remembered_is_bounded() -> None:
    joins = Joins()
    for offset, number in enumerate(range(0, 3 * STREAMS_MAX, 100)):
        block = "".join(_openai(f"chatcmpl-{number + n}", "ab" * 300, 0) for n in range(100)).encode()
        list(joins.joined(block, offset=offset << 20))
    list(joins.joined(b"x" * 3 * EVENT_BYTES, offset=1 << 50))
    assert len(joins._streams) <= STREAMS_MAX
    assert len(joins._rest) <= EVENT_BYTES


def test_nothing_of_a_log_shows_in_a_repr() -> None:
    joins = Joins()
    found = [*joins.joined(_openai("chatcmpl-5", "secret", 0).encode() * 400, offset=0), *joins.finish()]
    assert "secret" not in repr((found, joins))


def _numbered(rng: random.Random, *, count: int) -> bytes:
    """Lines of many kinds, each of its pieces numbered."""
    lines = list[str]()
    for number in range(count):
        piece = f"<{number}>" + rng.choice(["", '\\"', "word " * rng.randrange(9), "\\\\"])
        event = rng.choice(
            [_openai, _openai_spaced, _anthropic, _responses, _log_line, _ollama, _gemini, _json_log_line]
        )
        lines.append(event(f"chatcmpl-{rng.randrange(3)}", piece, number))
        if rng.randrange(9) == 0:
            lines.append(
                json.dumps({"level": "info", "took": rng.randrange(9999), "note": "x" * rng.randrange(60)}) + "\n"
            )
    return "".join(lines).encode()


@settings(deadline=None, max_examples=40)
@given(seed=st.integers(0, 9999), block_bytes=st.integers(3000, 16_000))
def test_no_piece_of_a_log_of_many_kinds_is_lost(seed: int, block_bytes: int) -> None:
    found = b"\n".join(
        joined.data for joined in _joined(_numbered(random.Random(seed), count=300), block_bytes=block_bytes)
    )
    assert {b"<%d>" % number for number in range(300)} - set(re.findall(rb"<\d+>", found)) == set()


def test_two_pieces_in_an_event_are_both_read() -> None:
    rng = random.Random(6)
    tokens = [_token(rng), _token(rng)]
    cuts = [list(_cut(f"{'some words ' * 9}{token}{' and more' * 9}", rng=rng, longest=4)) for token in tokens]
    events = [
        {"id": "chatcmpl-5", "choices": [{"index": n, "delta": {"content": piece}} for n, piece in enumerate(pieces)]}
        for pieces in zip_longest(*cuts, fillvalue="")
    ]
    single = "".join(_openai_spaced("chatcmpl-5", "a", 0) for _ in range(200))
    found = _joined((single + "".join(f"data: {json.dumps(event)}\n\n" for event in events)).encode())
    assert [any(token.encode() in joined.data for joined in found) for token in tokens] == [True, True]


def test_a_few_events_amid_a_large_log_are_read_and_their_places_are_told() -> None:
    rng = random.Random(7)
    token = _token(rng)
    lines = [json.dumps({"level": "info", "message": "x" * rng.randrange(300)}) + "\n" for _ in range(1500)]
    pieces = list(_cut(token, rng=rng, longest=3))
    for piece in pieces:
        lines.insert(700 + 9 * pieces.index(piece), _openai("chatcmpl-5", piece, 0))
    log = "".join(lines).encode()
    (joined,) = [each for each in _joined(log) if token.encode() in each.data]
    assert 0 <= joined.origin(joined.data.find(token.encode())) - log.find(b"data: {") < 200


def test_only_the_signs_that_are_given_are_looked_for() -> None:
    log = "".join(_openai("chatcmpl-5", "piece", 0) for _ in range(2000)).encode() + b"x" * (1 << 19) + b"\n"
    joins = Joins()
    assert list(joins.joined(log, offset=0, signs=(b'"done":false',))) == []
    assert list(Joins().joined(log, offset=0, signs=(b'delta"',)))


def test_an_event_too_long_to_be_followed_over_a_border_is_told_of() -> None:
    joins, event = Joins(), _openai("chatcmpl-5", "piece", 0)
    list(joins.joined((event * 50 + event[:-20] + "y" * 3 * EVENT_BYTES).encode(), offset=0))
    assert joins.unread is None
    list(joins.joined((event[:-20] * 3 * EVENT_BYTES)[: 3 * EVENT_BYTES].encode(), offset=1 << 20))
    assert joins.unread is not None


def test_a_log_without_long_events_has_nothing_unread() -> None:
    joins, events = Joins(), "".join(_openai("chatcmpl-5", "piece", 0) for _ in range(5000)).encode()
    for offset in range(0, len(events), 9000):
        list(joins.joined(events[offset : offset + 9000], offset=offset))
    assert joins.unread is None


def test_more_kinds_of_pieces_than_are_remembered_are_told_of() -> None:
    joins = Joins()
    list(joins.joined(HOSTILE["many announcers"], offset=0))
    slashes = ["\\" * number for number in range(15)]
    kinds = "".join(f"delta {before}'text{behind}':'a'\n" for before in slashes for behind in slashes)
    list(joins.joined(kinds.encode(), offset=len(HOSTILE["many announcers"])))
    assert joins.unread is not None
