"""What only the slow views show, made by implementations other than the one that reads it."""

import base64
import binascii
import codecs
import io
import json
import quopri
import random
from collections.abc import Callable
from typing import Final

import base58
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from zmq.utils import z85

from gameday.canary.confusables import GLYPHS, ZERO_WIDTH
from gameday.canary.deep import BASE58_MAX, DEEP_GROWTH, SLOW_FORMS, DeepViews, deep_views
from gameday.canary.forms import ALLOWANCE_BYTES
from gameday.canary.token import ALPHABET

Encode = Callable[[str, random.Random], bytes]


def _uuencoded(text: str, rng: random.Random) -> bytes:
    body = text.encode()
    lines = [binascii.b2a_uu(body[start : start + 45]) for start in range(0, len(body), 45)]
    return b"begin 644 file\n" + b"".join(lines) + b"`\nend\n"


def _quoted_printable(text: str, rng: random.Random) -> bytes:
    coded = io.BytesIO()
    quopri.encode(io.BytesIO(f"été = {text} ünd".encode() * 2), coded, quotetabs=True)
    return b"".join(b"=%02X" % byte for byte in text.encode()) if rng.random() < 0.5 else coded.getvalue()


def _entities(text: str, rng: random.Random) -> bytes:
    return "".join(rng.choice([f"&#{ord(char)};", f"&#x{ord(char):X};", char]) for char in text).encode()


def _tagged(text: str, rng: random.Random) -> bytes:
    return "".join(f'<b class="x{rng.randrange(9)}">{char}</b>' for char in text).encode()


def _separated(text: str, rng: random.Random) -> bytes:
    gaps = [" ", "  ", ".", " - ", "\u200b", "\n> ", "\u200b \u200b", "_", "\t|\t", "*"]
    return "".join(char + rng.choice(gaps) for char in text).encode()


def _homoglyphs(text: str, rng: random.Random) -> bytes:
    look_alikes = (rng.choice(GLYPHS.get(char, char) + char) for char in text)
    return "".join(char + rng.choice(["", *ZERO_WIDTH]) for char in look_alikes).encode()


def _full_width(text: str, rng: random.Random) -> bytes:
    return "".join(chr(ord(char) + 0xFEE0) if char > " " else char for char in text).encode()


def _utf7(text: str, rng: random.Random) -> bytes:
    coded = base64.b64encode(text.encode("utf-16-be")).rstrip(b"=")
    return b"a = +" + coded + b"- and"


def _lines_of(coded: bytes, rng: random.Random, *, size: int) -> bytes:
    pieces = [coded[start : start + size] for start in range(0, len(coded), size)]
    stamps = (f"2026-03-01T10:00:{rng.randrange(60):02} INFO app[{rng.randrange(9999)}]: " for _ in pieces)
    return b"".join(stamp.encode() + piece + b"\n" for stamp, piece in zip(stamps, pieces, strict=True))


def _json_lines_of(coded: bytes, rng: random.Random, *, size: int) -> bytes:
    pieces = [coded[start : start + size].decode() for start in range(0, len(coded), size)]
    lines = ({"at": rng.random(), "message": piece, "level": "info", "id": rng.getrandbits(64)} for piece in pieces)
    return "".join(json.dumps(line) + "\n" for line in lines).encode()


def _in_fours(text: str, rng: random.Random) -> bytes:
    coded = base64.b64encode(text.encode())
    return b" ".join(coded[start : start + 4] for start in range(0, len(coded), 4))


ENCODERS: Final[dict[str, Encode]] = {
    "base58": lambda text, _: b" " + base58.b58encode(text.encode()) + b" ",
    "base32": lambda text, _: base64.b32encode(text.encode()),
    "base32, lower case": lambda text, _: base64.b32encode(text.encode()).rstrip(b"=").lower(),
    "ascii85": lambda text, _: base64.a85encode(text.encode()),
    "ascii85, Adobe": lambda text, _: base64.a85encode(text.encode(), adobe=True, wrapcol=60),
    "base85": lambda text, _: base64.b85encode(text.encode()),
    "z85": lambda text, _: z85.encode(text.encode() + b"-" * (-len(text) % 4)),
    "uuencode": _uuencoded,
    "quoted-printable": _quoted_printable,
    "html": _entities,
    "tags": _tagged,
    "separators": _separated,
    "homoglyphs and zero width": _homoglyphs,
    "full width": _full_width,
    "reversed": lambda text, _: text[::-1].encode(),
    "reversed and spaced": lambda text, _: " ".join(text[::-1]).encode(),
    "rot13 and reversed": lambda text, _: codecs.encode(text, "rot13")[::-1].encode(),
    "tags and homoglyphs": lambda text, rng: _tagged(_homoglyphs(text, rng).decode(), rng),
    "homoglyphs, spaced": lambda text, rng: _separated(_homoglyphs(text, rng).decode(), rng),
    "base64 in fours": _in_fours,
    "base64 over log lines": lambda text, rng: _lines_of(base64.b64encode(text.encode()), rng, size=10),
    "hex over log lines": lambda text, rng: _lines_of(text.encode().hex().encode(), rng, size=8),
    "base64 over JSON lines": lambda text, rng: _json_lines_of(base64.b64encode(text.encode()), rng, size=10),
    "letters over JSON lines": lambda text, rng: _json_lines_of(text.replace(" ", "_").encode(), rng, size=1),
    "utf-7": _utf7,
    "utf-16": lambda text, rng: b"." * rng.randrange(4) + text.encode(rng.choice(["utf-16-le", "utf-16-be"])),
    "utf-32": lambda text, rng: b"." * rng.randrange(4) + text.encode(rng.choice(["utf-32-le", "utf-32-be"])),
    "ebcdic": lambda text, rng: text.encode(rng.choice(["cp037", "cp500"])),
    "base64 of uuencode": lambda text, rng: base64.b64encode(_uuencoded(text, rng)),
    "ascii85 of base64": lambda text, _: base64.a85encode(base64.b64encode(text.encode())),
    "quoted-printable of html": lambda text, rng: _entities(text, rng).replace(b"&", b"=26"),
}


def _token(rng: random.Random) -> str:
    return "".join(rng.choices(ALPHABET, k=19))


def _noise(rng: random.Random) -> bytes:
    return b"".join(
        b'{"at": %d, "trace": "%032x", "message": "all is well"}\n' % (rng.getrandbits(40), rng.getrandbits(128))
        for _ in range(rng.randrange(6))
    )


def _is_seen(body: bytes, token: str) -> bool:
    return any(token.encode() in view.data.lower() for view in deep_views(body))


@settings(deadline=None, max_examples=400)
@given(name=st.sampled_from(sorted(ENCODERS)), seed=st.integers(0, 99_999))
def test_each_form_is_undone_by_some_view(name: str, seed: int) -> None:
    rng = random.Random(seed)
    token = _token(rng)
    coded = ENCODERS[name](f"my number is {token} and no other", rng)
    body = _noise(rng) + b"\n" + coded + b"\n" + _noise(rng)
    assert _is_seen(body, token)


@pytest.mark.parametrize("name", sorted(ENCODERS))
def test_no_form_is_seen_without_it(name: str) -> None:
    rng = random.Random(name)
    coded = ENCODERS[name](f"my number is {_token(rng)} and no other", rng)
    assert not _is_seen(coded, _token(rng))


HOSTILE: Final[dict[str, bytes]] = {
    "digits of base58": b"z" * 200_000,
    "short base58": (b"2" * BASE58_MAX + b" ") * 100,
    "zs": b"!!!!!!!!!!!!!!!!!!!!" + b"z" * 200_000,
    "open tags": b"<" * 200_000,
    "tags": b"<b>" * 70_000,
    "entities": b"&nGt;" * 40_000,
    "open entities": b"&#" * 100_000,
    "equals": b"=\n" * 100_000,
    "plus": b"+AAA" * 50_000,
    "bad utf-8": b"\xff\xfe\xf0" * 70_000,
    "ligatures": "\ufdfa".encode() * 70_000,
    "zeros": b"\0" * 200_000,
    "one letter lines": b"M\n" * 100_000,
    "words": b"a " * 100_000,
    "groups": b"ABCD " * 40_000,
    "long line": b"A " * 3 + b"\n" + b"w " * 100_000,
    "uu": b"M" + b"`" * 60 + b"\n" + b"`" * 200_000,
    "ebcdic": b"\xf1\x40" * 100_000,
    "random": random.Random(1).randbytes(200_000),
}


@pytest.mark.parametrize("name", sorted(HOSTILE))
def test_hostile_input_is_decoded_within_bounds(name: str) -> None:
    body = HOSTILE[name]
    amount = sum(len(view.data) for view in deep_views(body))
    assert amount <= (DEEP_GROWTH + 1) * len(body) + ALLOWANCE_BYTES


def test_an_ordinary_log_is_read_to_its_end() -> None:
    rng = random.Random(2)
    views = DeepViews(b"".join(_noise(rng) for _ in range(300)))
    assert sum(1 for _ in views) > len(SLOW_FORMS) // 2
    assert views.is_complete


def test_a_view_tells_its_forms_and_where_it_came_from() -> None:
    rng = random.Random(3)
    token = _token(rng)
    body = b"a plain line\n" * 100 + base64.b64encode(_uuencoded(f"my number is {token}", rng))
    view = next(view for view in deep_views(body) if token.encode() in view.data)
    assert view.form == ("base64", "uuencode")
    assert 1300 <= view.origin(view.data.index(token.encode())) < len(body)


def test_no_view_shows_its_bytes_in_its_repr() -> None:
    assert "4242" not in repr(list(deep_views(b"a number 4242 4242\n"))) + repr(DeepViews(b"4242"))
