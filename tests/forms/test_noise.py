"""No false hit: in random bytes, in encoded noise, in logs. GAMEDAY_NOISE_MB says how much of it (default: 64 in all)."""

import base64
import json
import os
import random
import string
from collections.abc import Callable
from typing import Final

import pytest

from gameday.canary.token import ALPHABET
from tests.forms.planting import canaries, finder, noise

MB: Final = 1_000_000
KINDS: Final = 8
EACH_BYTES: Final = int(os.environ.get("GAMEDAY_NOISE_MB") or 64) * MB // KINDS
PIECE_BYTES: Final = 4 * MB


def _chars(of: str, size: int, rng: random.Random) -> bytes:
    table = bytes(of.encode()[byte % len(of)] for byte in range(256))
    return rng.randbytes(size).translate(table)


def _base64_json(size: int, rng: random.Random) -> bytes:
    lines = []
    for _ in range(size // 2000 + 1):
        image = base64.b64encode(rng.randbytes(1400)).decode()
        lines.append(json.dumps({"id": rng.getrandbits(60), "image_url": f"data:image/png;base64,{image}"}))
    return "\n".join(lines).encode()


def _logs(size: int, rng: random.Random) -> bytes:
    some = noise(4000, rng=rng)
    return some * (size // len(some) + 1)


def _stream(size: int, rng: random.Random) -> bytes:
    """Streamed chunks of the token's own letters: what is joined of them looks most like a token."""
    lines = []
    for _ in range(size // 100 + 1):
        piece = "".join(rng.choices(ALPHABET, k=rng.randint(1, 7)))
        lines.append(
            "data: " + json.dumps({"id": "c1", "choices": [{"index": 0, "delta": {"content": piece}}]}) + "\n\n"
        )
    return "".join(lines).encode()


def _beside_the_marker(size: int, rng: random.Random) -> bytes:
    """The site's own marker, amid letters of its tokens: the tag alone tells these from tokens."""
    marker = canaries()[0].token[7:12]
    sides = ("".join(rng.choices(ALPHABET, k=14)) for _ in range(size // 1000 + 1))
    return " ".join(f"{side[:7]}{marker}{side[7:]} {'x' * 980}" for side in sides).encode()


NOISES: Final[dict[str, Callable[[int, random.Random], bytes]]] = {
    "random bytes": lambda size, rng: rng.randbytes(size),
    "base64 in JSON": _base64_json,
    "base64": lambda size, rng: base64.b64encode(rng.randbytes(size * 3 // 4)),
    "hex": lambda size, rng: rng.randbytes(size // 2).hex().encode(),
    "letters of the token": lambda size, rng: _chars(ALPHABET, size, rng),
    "letters, digits, separators": lambda size, rng: _chars(
        string.ascii_letters + string.digits + " -_.:/\n", size, rng
    ),
    "logs": _logs,
    "streamed chunks": _stream,
}
assert len(NOISES) == KINDS


@pytest.mark.parametrize("kind", NOISES)
def test_noise_holds_no_canary(kind: str) -> None:
    rng = random.Random(20260301)
    for start in range(0, EACH_BYTES, PIECE_BYTES):
        body = NOISES[kind](min(PIECE_BYTES, EACH_BYTES - start), rng)
        assert not finder().find(body).sightings


def test_a_marker_alone_makes_no_token() -> None:
    assert not finder().find(_beside_the_marker(4 * MB, random.Random(7))).sightings


def test_a_deep_search_of_noise_finds_no_canary_either() -> None:
    rng = random.Random(3)
    for make in NOISES.values():
        assert not finder().find(make(20_000, rng), deep=True).sightings
