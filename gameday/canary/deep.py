"""Slow views of a body, for forms that no quick search can see: `--deep`. A few MB/s, and many times the body in memory.

The forms of `forms` in any chain, and at most two of those below in it. What only changes how letters are written (REWRITTEN)
is only followed by one of its kind; what makes bytes of letters (PACKED) by none of these.
"""

import base64
import binascii
import functools
import html
import re
import struct
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from typing import Final

from gameday.canary.confusables import PLAIN
from gameday.canary.forms import Form, Region, View, Views, all_at_once, lines_with, one_by_one, runs
from gameday.canary.token import ALPHABET

DEEP_GROWTH: Final = 80  # all views together hold at most so many times the body
BASE58_MAX: Final = 1024  # characters: it is one number, and decoding takes the square of its length
REWRITTEN: Final = ("folded", "squeezed", "reversed", "rot13")  # they commute: only this order is tried
PACKED: Final = ("base32", "base58", "ascii85", "base85", "z85", "uuencode", "ebcdic")
_STEPS: Final = 2

Decode = Callable[[Sequence[bytes]], tuple[bytes, list[int]]]

_ALL: Final = bytes(range(256))
_LETTERS: Final = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_NO_LETTERS: Final = _ALL.translate(None, _LETTERS)
_ROT13: Final = bytes.maketrans(_LETTERS[10:], _LETTERS[23:36] + _LETTERS[10:23] + _LETTERS[49:] + _LETTERS[36:49])
_EBCDIC: Final = _ALL.decode("cp037").encode("latin-1")
_BASE58: Final = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_ALPHABETS85: Final = {
    "ascii85": bytes(range(33, 118)),
    "base85": _LETTERS + b"!#$%&()*+-;<=>?@^_`{|}~",
    "z85": b"0123456789" + _LETTERS[36:] + _LETTERS[10:36] + b".-:+=^!/*?&<>()[]{}@%$#",
}

_TAG: Final = re.compile(rb"<[^<>]{0,200}+>")
_WORD: Final = re.compile(rb"[^\s\"',:=|;<>{}\[\]()\\]++")
_GROUPS: Final = re.compile(
    b"|".join(
        rb"(?<![\w+/-])[A-Za-z0-9+/_-]{%d}(?:[ \t:.,|\r\n]{1,3}[A-Za-z0-9+/_-]{%d}(?![\w+/-])){4,}+"
        rb"(?:[ \t:.,|\r\n]{1,3}[A-Za-z0-9+/_-]{1,%d}(?![\w+/-]))?" % (size, size, size)
        for size in (2, 4, 5, 8, 10)
    )
)
_GAP: Final = re.compile(rb"[\s:.,|]+")
_ENTITY: Final = re.compile(rb"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z]{2,31});?")
_QUOTED: Final = re.compile(rb"=(?:[0-9A-Fa-f]{2}|\r?\n)")
_UTF7: Final = re.compile(rb"\+[A-Za-z0-9+/]{3,}")
_BASE32_RUN: Final = re.compile(rb"(?:[A-Z2-7]{24,}+|[a-z2-7]{24,}+)(?:\r?\n[ \t]*+[A-Za-z2-7]++)*+")
_BASE58_RUN: Final = re.compile(rb"[1-9A-HJ-NP-Za-km-z]{20,}+")
_BASE85_RUN: Final = re.compile(rb"[!-~]{20,}+(?:\r?\n[!-~]++)*+")
_UU_LINES: Final = re.compile(rb"(?:^[!-M][ -`]{2,84}\r?\n?)+", re.MULTILINE)
_EBCDIC_RUN: Final = re.compile(
    rb"[\x15\x25\x40\x4b-\x6f\x7a-\x7f\x81-\x89\x91-\x99\xa1-\xa9\xc1-\xc9\xd1-\xd9\xe2-\xe9\xf0-\xf9]{12,}+"
)


class DeepViews(Views):
    """Every view that `Views` has and the slow ones; to be iterated once, then `is_complete` tells whether these are all.

    Chains of more than two slow forms are not looked for, and do not count as incomplete.
    """

    def __init__(self, body: bytes) -> None:
        super().__init__(body, more=SLOW_FORMS, may_follow=_may_follow, growth=DEEP_GROWTH)


def deep_views(body: bytes) -> Iterator[View]:
    """Take `DeepViews` where it matters whether they are all."""
    return iter(DeepViews(body))


def _may_follow(chain: tuple[str, ...], name: str) -> bool:
    """Leaves out the chains that nobody makes, but whose every view of ordinary text would be long."""
    slow = [step for step in chain if step in _NAMES]
    if name not in _NAMES:
        return not {"squeezed", "rot13"} & set(slow) and ("reversed" not in slow or chain[0] == "reversed")
    if len(slow) >= _STEPS or name in slow or any(step in PACKED for step in slow):
        return False
    if "columns" in slow:
        return chain[-1] == "columns" and name == "squeezed"
    rewritten = [REWRITTEN.index(step) for step in slow if step in REWRITTEN]
    return not rewritten or (chain[-1] in slow and name in REWRITTEN and REWRITTEN.index(name) > max(rewritten))


def _whole(data: bytes) -> Iterator[Region]:
    if data:
        yield 0, data


def _whole_with(data: bytes, *, pattern: re.Pattern[bytes]) -> Iterator[Region]:
    return _whole(data) if pattern.search(data) else iter(())


def _each(decode: Callable[[bytes], bytes]) -> Decode:
    return functools.partial(one_by_one, decode)


def _with_zeros(data: bytes) -> Iterator[Region]:
    """Without its zeros, UTF-16 or UTF-32 of Latin letters is Latin letters, at any alignment and in either order."""
    return _whole(data) if b"\0" in data else iter(())


def _not_ascii(data: bytes) -> Iterator[Region]:
    return iter(()) if data.isascii() else _whole(data)


def _folded(text: bytes) -> bytes:
    """Without invisible characters and accents, and with plain letters for those that look like them (TR39)."""
    plain = unicodedata.normalize("NFKD", text.decode("utf-8", "ignore").translate(_look_alikes()))
    return plain.translate(_look_alikes()).encode("ascii", "ignore")


@functools.cache
def _look_alikes() -> dict[int, str]:
    from confusable_homoglyphs.confusables import (  # noqa: PLC0415 - 1 MB, only here
        confusables_data,
    )

    found = dict[int, str]()
    for char, others in confusables_data.items():
        plain = [other["c"] for other in others if other["c"].isascii() and other["c"].isalnum()]
        if plain and len(char) == 1 and not char.isascii():
            found[ord(char)] = min(plain, key=lambda each: (each not in ALPHABET, each.lower() not in ALPHABET, each))
    return found | PLAIN


def _columns(text: bytes) -> bytes:
    """Words of lines that have as many words, joined downwards; and the last words of all lines."""
    rows = [_WORD.findall(line) for line in text.splitlines()]
    joined = [b"".join(row[-1] for row in rows if row)]
    for _, alike in groupby(rows, key=len):
        block = list(alike)
        joined += [b"".join(column) for column in zip(*block, strict=True)] if len(block) > 1 else []
    return b"\n".join(joined)


def _several_lines(data: bytes) -> Iterator[Region]:
    return _whole(data) if data.count(b"\n") > 1 else iter(())


def _unescaped(text: bytes) -> bytes:
    return html.unescape(text.decode("latin-1")).encode("utf-8", "surrogatepass")


def _from_utf7(text: bytes) -> bytes:
    return text.decode("utf-7", "ignore").encode("utf-8", "surrogatepass")


def _uu_lines(data: bytes) -> Iterator[Region]:
    return ((run.start(), run[0]) for run in _UU_LINES.finditer(data))


def _from_uu(text: bytes) -> bytes:
    return b"".join(map(_from_uu_line, text.splitlines()))


def _from_uu_line(line: bytes) -> bytes:
    """Empty if it is none: its first character tells its length."""
    size = line[0] - 32 & 63
    chars = (size + 2) // 3 * 4
    try:
        return binascii.a2b_uu(line[: 1 + chars]) if chars - 3 <= len(line) - 1 <= chars + 1 else b""
    except binascii.Error:
        return b""


def _base58_runs(data: bytes) -> Iterator[Region]:
    return ((start, text) for start, text in runs(data, of=_BASE58_RUN) if len(text) <= BASE58_MAX)


def _from_base58(text: bytes) -> bytes:
    number = 0
    for char in text:
        number = number * 58 + _DIGITS58[char]
    return number.to_bytes((number.bit_length() + 7) // 8, "big")


def _from_base32(texts: Sequence[bytes]) -> tuple[bytes, list[int]]:
    return all_at_once([text.upper() for text in texts], pad=b"A", unit=8, size=5, decode=base64.b32decode)


def _runs_85(data: bytes) -> Iterator[Region]:
    return runs(data, of=_BASE85_RUN)


def _from_base85(texts: Sequence[bytes], *, alphabet: bytes) -> tuple[bytes, list[int]]:
    """At each of five alignments; what is not of the alphabet (quotes, `<~`) is left out."""
    digits = bytes(max(alphabet.find(byte), 0) for byte in range(256))
    strange = _ALL.translate(None, alphabet)
    is_ascii85 = alphabet[0] == ord("!")
    cleaned = [(text.replace(b"z", b"!!!!!") if is_ascii85 else text).translate(digits, strange) for text in texts]
    return all_at_once(cleaned, pad=b"\0", unit=5, size=4, decode=_from_digits85)


def _from_digits85(digits: bytes) -> bytes:
    rows = (digits[place::5] for place in range(5))
    numbers = [((((a * 85 + b) * 85 + c) * 85 + d) * 85 + e) & 0xFFFFFFFF for a, b, c, d, e in zip(*rows, strict=True)]
    return struct.pack(f">{len(numbers)}I", *numbers)


_DIGITS58: Final = {char: number for number, char in enumerate(_BASE58)}
SLOW_FORMS: Final = (
    Form("html", lambda data: lines_with(data, having=_ENTITY), 2, _each(_unescaped)),
    Form("tags", lambda data: _whole_with(data, pattern=_TAG), 1, _each(lambda text: _TAG.sub(b"", text))),
    Form("quoted-printable", lambda data: _whole_with(data, pattern=_QUOTED), 1, _each(binascii.a2b_qp)),
    Form("utf-7", lambda data: lines_with(data, having=_UTF7), 3, _each(_from_utf7)),
    Form("utf-16", _with_zeros, 1, _each(lambda text: text.translate(None, b"\0"))),
    Form("columns", _several_lines, 2, _each(_columns)),
    Form("grouped", lambda data: runs(data, of=_GROUPS), 1, _each(lambda text: _GAP.sub(b"", text))),
    Form("folded", _not_ascii, 2, _each(_folded)),
    Form("squeezed", _whole, 1, _each(lambda text: text.translate(None, _NO_LETTERS))),
    Form("reversed", _whole, 1, _each(lambda text: text[::-1])),
    Form("rot13", _whole, 1, _each(lambda text: text.translate(_ROT13))),
    Form("uuencode", _uu_lines, 1, _each(_from_uu)),
    Form("base32", lambda data: runs(data, of=_BASE32_RUN), 6, _from_base32),
    Form("base58", _base58_runs, 1, _each(_from_base58)),
    Form("ebcdic", lambda data: runs(data, of=_EBCDIC_RUN), 1, _each(lambda text: text.translate(_EBCDIC))),
    *(
        Form(name, _runs_85, 5, functools.partial(_from_base85, alphabet=alphabet))
        for name, alphabet in _ALPHABETS85.items()
    ),
)
_NAMES: Final = frozenset(form.name for form in SLOW_FORMS)
