"""Encodings: the base-N family, hexadecimal in its many lay-outs, character sets."""

import base64
import binascii
import codecs
import json
import quopri
import random
import textwrap
import zlib
from collections.abc import Iterator
from email.header import Header
from typing import Final

import base58

from tests.forms.form import Form, json_line, log_line, of_bytes, of_dice, of_text

_CROCKFORD: Final = bytes.maketrans(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", b"0123456789ABCDEFGHJKMNPQRSTVWXYZ")
_BASE45: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
_Z85: Final = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#"
_TO_Z85: Final = bytes.maketrans(
    b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~", _Z85.encode()
)


def _aligned64(at: int) -> Form:
    return of_bytes(f"base64, at {at}", lambda body: base64.b64encode(b"\1" * at + body))


def _aligned32(at: int) -> Form:
    return of_bytes(f"base32, at {at}", lambda body: base64.b32encode(b"\1" * at + body))


def _wrapped(encoded: bytes, *, width: int, end: str) -> str:
    return end.join(textwrap.wrap(encoded.decode(), width))


def _over_lines(encoded: bytes, rng: random.Random) -> str:
    return "".join(log_line(piece, rng=rng) for piece in textwrap.wrap(encoded.decode(), rng.randint(40, 90)))


def _uuencoded(body: bytes) -> bytes:
    lines = (binascii.b2a_uu(body[start : start + 45]) for start in range(0, len(body), 45))
    return b"begin 644 note.txt\n" + b"".join(lines) + b"`\nend\n"


def _base45(body: bytes) -> str:
    """RFC 9285."""
    chars = []
    for start in range(0, len(body), 2):
        pair = body[start : start + 2]
        number = int.from_bytes(pair, "big")
        for _ in range(len(pair) + 1):
            number, digit = divmod(number, 45)
            chars.append(_BASE45[digit])
    return "".join(chars)


def _yenc(body: bytes) -> bytes:
    out = bytearray()
    for byte in body:
        char = (byte + 42) % 256
        out += bytes([61, (char + 64) % 256]) if char in b"\0\n\r=" else bytes([char])
    tail = f"\r\n=yend size={len(body)} crc32={zlib.crc32(body):08x}\r\n".encode()
    return f"=ybegin line=9999 size={len(body)} name=note.txt\r\n".encode() + bytes(out) + tail


def _rows(body: bytes) -> Iterator[tuple[int, bytes, str]]:
    for start in range(0, len(body), 16):
        row = body[start : start + 16]
        yield start, row, "".join(chr(byte) if 32 <= byte < 127 else "." for byte in row)


def _hexdump(body: bytes) -> str:
    return "\n" + "".join(
        f"{at:08x}  {row[:8].hex(' '):23}  {row[8:].hex(' '):23}  |{shown}|\n" for at, row, shown in _rows(body)
    )


def _xxd(body: bytes) -> str:
    return "\n" + "".join(f"{at:08x}: {row.hex(' ', -2):39}  {shown}\n" for at, row, shown in _rows(body))


def _debugger(body: bytes) -> str:
    return "\n" + "".join(f"0x{0x7FFE1000 + at:012x}: {row.hex(' ')}\n" for at, row, _ in _rows(body))


def _jwt(body: bytes) -> bytes:
    parts = (b'{"alg":"none"}', json.dumps({"sub": "user", "prompt": body.decode()}).encode(), b"signature")
    return b".".join(base64.urlsafe_b64encode(part).rstrip(b"=") for part in parts)


BASES: Final[tuple[Form, ...]] = (
    *(_aligned64(at) for at in range(3)),
    of_bytes("base64 for URLs, no padding", lambda body: base64.urlsafe_b64encode(b"\xff\xfe" + body).rstrip(b"=")),
    of_bytes("base64, wrapped at 76", lambda body: base64.encodebytes(b"k" + body)),
    of_text(
        "base64, wrapped at 64, CRLF", lambda text: _wrapped(base64.b64encode(text.encode()), width=64, end="\r\n")
    ),
    of_text("base64, wrapped at 20", lambda text: _wrapped(base64.b64encode(text.encode()), width=20, end="\n")),
    of_text(
        "base64, wrapped and indented", lambda text: _wrapped(base64.b64encode(text.encode()), width=60, end="\n    ")
    ),
    of_text("base64, wrapped, in JSON", lambda text: json.dumps(base64.encodebytes(text.encode()).decode())),
    of_text("base64 in groups of 4", lambda text: _wrapped(base64.b64encode(text.encode()), width=4, end=" ")),
    of_dice("base64 over log lines", lambda text, rng: _over_lines(base64.b64encode(text.encode()), rng)),
    of_bytes("base64 of base64", lambda body: base64.b64encode(b"q" + base64.b64encode(b"z" + body))),
    of_bytes("base64 three times", lambda body: base64.b64encode(base64.b64encode(b"q" + base64.b64encode(body)))),
    of_bytes("base64 of hex", lambda body: base64.b64encode(body.hex().encode())),
    of_text("base64 of UTF-16", lambda text: base64.b64encode(text.encode("utf-16-le"))),
    of_text("base64 of upper case", lambda text: base64.b64encode(text.upper().encode())),
    of_text("base64 of reversed", lambda text: base64.b64encode(text[::-1].encode())),
    of_text("base64 of ROT13", lambda text: base64.b64encode(codecs.encode(text, "rot13").encode())),
    of_text("base64 of percent", lambda text: base64.b64encode("".join(f"%{ord(char):02x}" for char in text).encode())),
    of_bytes("base64, reversed", lambda body: base64.b64encode(body)[::-1]),
    of_bytes("base64, lower case", lambda body: base64.b64encode(body).lower()),
    of_bytes("hex of base64", lambda body: base64.b64encode(body).hex().encode()),
    of_bytes("percent of base64", lambda body: base64.b64encode(body).replace(b"+", b"%2B").replace(b"=", b"%3D")),
    of_bytes("UTF-16 of base64", lambda body: base64.b64encode(body).decode().encode("utf-16-le")),
    of_bytes("data URL", lambda body: b"data:text/plain;base64," + base64.b64encode(body)),
    of_bytes("JWT payload", _jwt),
    of_text("MIME encoded word", lambda text: Header(text + "ä", "utf-8").encode()),
    *(_aligned32(at) for at in range(5)),
    of_bytes("base32, lower case, no padding", lambda body: base64.b32encode(body).lower().rstrip(b"=")),
    of_text("base32, wrapped at 76", lambda text: _wrapped(base64.b32encode(text.encode()), width=76, end="\n")),
    of_bytes("base32hex", base64.b32hexencode),
    of_bytes("base32 by Crockford", lambda body: base64.b32encode(body).translate(_CROCKFORD).rstrip(b"=")),
    of_bytes("base45", lambda body: _base45(body).encode()),
    of_bytes("base58", base58.b58encode),
    of_bytes(
        "base58 of the token alone", lambda body: base58.b58encode(body[body.index(b"(ref ") + 5 :].split(b")")[0])
    ),
    of_bytes("ascii85", base64.a85encode),
    of_bytes("ascii85 by Adobe", lambda body: base64.a85encode(body, adobe=True, wrapcol=72)),
    of_bytes("base85", base64.b85encode),
    of_bytes("Z85", lambda body: base64.b85encode(body + b"\0" * (-len(body) % 4)).translate(_TO_Z85)),
    of_bytes("uuencode", _uuencoded),
    of_bytes("yEnc", _yenc),
)

HEXES: Final[tuple[Form, ...]] = (
    of_bytes("hex", lambda body: body.hex().encode()),
    of_bytes("hex, upper case", lambda body: body.hex().upper().encode()),
    of_bytes("hex, at 1", lambda body: b"a" + body.hex().encode()),
    of_bytes("hex, spaced", lambda body: body.hex(" ").encode()),
    of_bytes("hex, colons", lambda body: body.hex(":").encode()),
    of_bytes("hex, dashes", lambda body: body.hex("-").encode()),
    of_bytes("hex in groups of 8", lambda body: body.hex(" ", -4).encode()),
    of_text("hex, wrapped at 60", lambda text: _wrapped(text.encode().hex().encode(), width=60, end="\n")),
    of_dice("hex over log lines", lambda text, rng: _over_lines(text.encode().hex().encode(), rng)),
    of_bytes("hex of hex", lambda body: body.hex().encode().hex().encode()),
    of_text("hex of UTF-16", lambda text: text.encode("utf-16-le").hex()),
    of_text("C array 0xHH", lambda text: ", ".join(f"0x{byte:02x}" for byte in text.encode())),
    of_text("list of decimals", lambda text: json.dumps(list(text.encode()))),
    of_text("list of decimals, wrapped", lambda text: json.dumps(list(text.encode()), indent=2)),
    of_text("list of octals", lambda text: " ".join(f"{byte:03o}" for byte in text.encode())),
    of_text("binary digits", lambda text: "".join(f"{byte:08b}" for byte in text.encode())),
    of_text("binary digits, spaced", lambda text: " ".join(f"{byte:08b}" for byte in text.encode())),
    of_bytes("hexdump -C", lambda body: _hexdump(body).encode()),
    of_bytes("xxd", lambda body: _xxd(body).encode()),
    of_bytes("debugger's memory dump", lambda body: _debugger(body).encode()),
    of_dice("xxd in JSON log lines", lambda text, rng: "".join(
        json_line(line, rng=rng) for line in _xxd(text.encode()).splitlines() if line
    )),
)  # fmt: skip

CHARACTER_SETS: Final[tuple[Form, ...]] = (
    of_text("UTF-16LE", lambda text: text.encode("utf-16-le")),
    of_text("UTF-16BE", lambda text: text.encode("utf-16-be")),
    of_text("UTF-32", lambda text: text.encode("utf-32")),
    of_text("UTF-32BE", lambda text: text.encode("utf-32-be")),
    of_text("UTF-7", lambda text: text.encode("utf-7")),
    of_text("UTF-7, each letter", lambda text: b"+" + base64.b64encode(text.encode("utf-16-be")).rstrip(b"=") + b"-"),
    of_text("EBCDIC", lambda text: text.encode("cp037")),
    of_bytes("quoted-printable", quopri.encodestring),
    of_text("quoted-printable, each letter", lambda text: "=\n".join(
        textwrap.wrap("".join(f"={byte:02X}" for byte in text.encode()), 72)
    )),
    of_bytes("XOR 0x20", lambda body: bytes(byte ^ 0x20 for byte in body)),
    of_bytes("XOR 0x5A", lambda body: bytes(byte ^ 0x5A for byte in body)),
)  # fmt: skip
