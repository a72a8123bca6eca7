"""The way back from a spelling: a window of bytes, step by step, to the plain texts that it may stand for."""

import base64
import codecs
import html
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from gameday.canary.confusables import PLAIN, ZERO_WIDTH
from gameday.canary.spellings import Spelling

_BASE64_RUN: Final = re.compile(rb"(?:[A-Za-z0-9+/_=-]|\\+[nr]|\\/|\r?\n[ \t]*+)+")
_BASE64_JUNK: Final = re.compile(rb"\\+[nr]|[\r\n\\= \t]")
_BASE32_RUN: Final = re.compile(rb"[A-Za-z2-7]{8,}(?:\r?\n[ \t]*+[A-Za-z2-7]+)*")
_SPACE: Final = re.compile(rb"\s+")
_HEX_RUN: Final = re.compile(rb"[0-9a-fA-F]{10,}(?:\r?\n[ \t]*+[0-9a-fA-F]+)*")
_HEX_LIST: Final = re.compile(rb"(?:[0-9a-fA-F]{2}(?:, 0x|,0x| 0x|[ :-]|\r?\n[ \t]*+)?)+")
_NO_HEX: Final = re.compile(rb"0x|[^0-9a-fA-F]")
_DECIMALS: Final = re.compile(rb"(?:\d{2,3}[, ]+)+\d{2,3}")
_ESCAPE: Final = re.compile(
    rb"\\+u([0-9a-fA-F]{4})|\\+x([0-9a-fA-F]{2})|%([0-9a-fA-F]{2})|=([0-9A-F]{2})|\\+([0-3][0-7]{2})"
)
_URL_SAFE: Final = bytes.maketrans(b"-_", b"+/")
_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz"
_ROT13: Final = bytes.maketrans(_LETTERS.encode(), codecs.encode(_LETTERS, "rot13").encode())
_INVISIBLE: Final = re.compile("|".join(ZERO_WIDTH).encode() + rb"|\\u(?:200[bcd]|2060|feff|00ad)|&#8203;")
_LINE_END: Final = re.compile(rb"(?:=?\r?\n|\\r|\\n)[ \t>#*|]*")
_LEAST: Final = 8  # bytes: what is shorter holds nothing that is looked for

Decoder = Callable[[bytes], Iterator[bytes]]


def texts(window: bytes, spelling: Spelling, *, at: int) -> list[bytes]:
    """The plain texts, in lower case, that the window may stand for if the spelling's literal stands there at `at`."""
    found: Iterable[bytes] = [window]
    for number, step in enumerate(spelling.steps):
        decode = _DECODERS[step]
        if number == 0 and step == "base64":
            window_run = _run_at(window, at)
            found = base64_texts(window_run)
        else:
            found = [text for one in found for text in decode(one)]
    return [_folded(text.lower(), spelling) for text in found]


def unfolded(text: bytes) -> Iterator[bytes]:
    """The text without invisible characters and look-alikes; then also without line ends and what quotes a line."""
    plain = _INVISIBLE.sub(b"", text).decode("utf-8", "ignore").translate(PLAIN)
    plain_bytes = unicodedata.normalize("NFKC", plain).lower().encode()
    if plain_bytes != text:
        yield plain_bytes
    joined = _LINE_END.sub(b"", plain_bytes)
    if joined != plain_bytes:
        yield joined


def unescaped(text: bytes) -> bytes:
    """Without escapes of any common language; code points become UTF-8."""
    for _ in range(3):
        text = text.replace(b"%25", b"%")
    if b"&" in text:
        text = html.unescape(html.unescape(text.decode("utf-8", "surrogateescape"))).encode("utf-8", "replace")
    return _ESCAPE.sub(_character, text)


def base64_texts(run: bytes) -> Iterator[bytes]:
    """A run of base64, decoded at each alignment, because its beginning may not be its first character."""
    chars = _BASE64_JUNK.sub(b"", run).translate(_URL_SAFE)
    for shift in range(4):
        part = chars[shift:]
        if len(part) >= _LEAST:
            yield base64.b64decode(part + b"A" * (-len(part) % 4))


def base64_whole(text: bytes) -> tuple[bytes, bytes]:
    """What base64 becomes, and its last characters, which are not enough for more."""
    chars = _BASE64_JUNK.sub(b"", text).translate(_URL_SAFE)
    whole = len(chars) // 4 * 4
    return base64.b64decode(chars[:whole]), chars[whole:]


def _run_at(window: bytes, at: int) -> bytes:
    for run in _BASE64_RUN.finditer(window):
        if run.start() <= at < run.end():
            return run[0]
    return b""


def _folded(text: bytes, spelling: Spelling) -> bytes:
    match spelling.fold:
        case "reversed":
            return text[::-1]
        case "rot13":
            return text.translate(_ROT13)
        case "reversed rot13":
            return text[::-1].translate(_ROT13)
        case "spaced":
            return text.replace(spelling.gap.lower(), b"")
        case _:
            return text


def _base64(window: bytes) -> Iterator[bytes]:
    for run in _BASE64_RUN.finditer(window):
        if len(run[0]) >= _LEAST:
            yield from base64_texts(run[0])


def _base32(window: bytes) -> Iterator[bytes]:
    for run in _BASE32_RUN.finditer(window):
        for shift in range(8):
            part = _SPACE.sub(b"", run[0])[shift:]
            yield base64.b32decode(part + b"A" * (-len(part) % 8), casefold=True)


def _hex(window: bytes) -> Iterator[bytes]:
    runs = [_NO_HEX.sub(b"", run[0]) for run in _HEX_LIST.finditer(window)]
    runs += [_SPACE.sub(b"", run[0]) for run in _HEX_RUN.finditer(window)]
    for digits in runs:
        for shift in (0, 1):
            part = digits[shift:]
            if len(part) >= _LEAST:
                yield bytes.fromhex(part[: len(part) // 2 * 2].decode())


def _escapes(window: bytes) -> Iterator[bytes]:
    yield unescaped(window)


def _character(escape: re.Match[bytes]) -> bytes:
    four, *two, octal = escape.groups()
    if four is not None:
        number = int(four, 16)
        return chr(number).encode("utf-8", "surrogatepass")
    if octal is not None:
        return bytes([int(octal, 8)])
    return bytes([int(next(digits for digits in two if digits is not None), 16)])


def _decimal(window: bytes) -> Iterator[bytes]:
    for run in _DECIMALS.finditer(window):
        yield bytes(int(number) & 0xFF for number in run[0].replace(b",", b" ").split())


def _without_nul(window: bytes) -> Iterator[bytes]:
    yield window.replace(b"\0", b"")


_DECODERS: Final[dict[str, Decoder]] = {
    "base64": _base64,
    "base32": _base32,
    "hex": _hex,
    "escapes": _escapes,
    "decimal": _decimal,
    "nul": _without_nul,
}
