"""Escapes: the bytes of a text spelt out, by JSON, programming languages, URLs and HTML."""

import html
import json
import random
import urllib.parse
from collections.abc import Callable
from typing import Final

from tests.forms.form import Form, of_dice, of_text


def _each(pattern: str) -> Callable[[str], str]:
    return lambda text: "".join(pattern % byte for byte in text.encode())


def _some(pattern: str, share: float) -> Callable[[str, random.Random], str]:
    return lambda text, rng: "".join(pattern % ord(char) if rng.random() < share else char for char in text)


def _json(text: str, depth: int) -> str:
    spelt = json.dumps({"message": text + '"\n'})
    for _ in range(depth - 1):
        spelt = json.dumps(spelt)
    return spelt


ESCAPES: Final[tuple[Form, ...]] = (
    of_text("raw", str),
    of_text("JSON string", lambda text: _json(text, 1)),
    of_text("JSON in JSON", lambda text: _json(text, 2)),
    of_text("JSON in JSON in JSON", lambda text: _json(text, 3)),
    of_text("\\uXXXX", _each("\\u%04x")),
    of_text("\\uXXXX upper case", _each("\\u%04X")),
    of_text("\\uXXXX, escaped twice", _each("\\\\u%04x")),
    of_text("\\u{XX}", _each("\\u{%x}")),
    of_dice("\\uXXXX, some letters", _some("\\u%04x", 0.4)),
    of_text("\\xHH", _each("\\x%02x")),
    of_text("\\xHH, escaped twice", _each("\\\\x%02x")),
    of_dice("\\xHH, some letters", _some("\\x%02x", 0.4)),
    of_text("Python repr of bytes", lambda text: repr(text.encode() + b"\xff\0'")),
    of_text("octal \\OOO", _each("\\%03o")),
    of_text("%uXXXX", _each("%%u%04X")),
    of_text("percent", _each("%%%02X")),
    of_text("percent lower case", _each("%%%02x")),
    of_text("percent twice", _each("%%25%02X")),
    of_text("percent three times", _each("%%2525%02X")),
    of_dice("percent, some letters", _some("%%%02X", 0.4)),
    of_text("quote_plus", urllib.parse.quote_plus),
    of_text("form field", lambda text: urllib.parse.urlencode({"q": text, "n": "1"})),
    of_text("HTML decimal", _each("&#%d;")),
    of_text("HTML decimal, padded", _each("&#%07d;")),
    of_text("HTML hexadecimal", _each("&#x%X;")),
    of_text("HTML hexadecimal, padded", _each("&#x%04x;")),
    of_dice("HTML decimal, some letters", _some("&#%d;", 0.4)),
    of_text("HTML named", lambda text: html.escape(f"<b>'{text}'</b>")),
    of_text("HTML escaped twice", _each("&amp;#%d;")),
    of_text("CSS escapes", _each("\\%06x")),
    of_text("RTF escapes", _each("\\'%02x")),
)
