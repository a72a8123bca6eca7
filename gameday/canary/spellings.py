"""How a short text can stand in bytes: every spelling as a literal, with the steps that lead back from it.

The list is the claim: a form is found at full speed because its spelling of the site's marker stands here. Forms that have
none are found by the deep search, or not at all; docs/forms.md says which.
"""

import base64
import codecs
import itertools
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from attrs import frozen

from gameday.canary.confusables import GLYPHS, MATH_ALPHABETS, MATH_DIGITS, ZERO_WIDTH

SPELT_OUT_FROM: Final = 6  # shorter literals are left to the engine's own, slower folding of case


@frozen
class Spelling:
    """`steps`: decoders of `unspell`, outermost first. `fold`: what is done to the plain text last. `gap`: see "spaced".

    `cut`: the literal is but the first (positive) or last (negative) so many characters of the text; a line ends beside it.
    """

    literal: bytes
    caseless: bool = False
    steps: tuple[str, ...] = ()
    fold: str = ""
    gap: bytes = b""
    cut: int = 0


_GAPS: Final = (
    *(b" ", b"-", b"_", b".", b"*", b"/", b"|", b", ", b"\0", b"\0\0\0", b"&#8203;", b"\\n", b"\\t", b"\t"),
    *(char.encode() for char in ZERO_WIDTH),
    *(b"\\u%04x" % ord(char) for char in ZERO_WIDTH),
)
_SOME_GAPS: Final = (
    *(char.encode() for char in ZERO_WIDTH),
    *(b"\\u%04x" % ord(char) for char in ZERO_WIDTH),
    *(b" ", b"-", b"."),
)
_LINE_ENDS: Final = (
    *(b"\n", b"\r\n", b"\\n", b"\\r\\n", b"\n  ", b"\n    ", b"\n      ", b"\n        ", b"\n\t", b"\r\n "),
    *(b"=\n", b"=\r\n"),
)
_WRAPS: Final = _LINE_ENDS[:10]
_HEX_SEPARATORS: Final = ("", " ", ":", "-", ", 0x", " 0x", ",0x", "\n")
_ESCAPES: Final = (
    *("\\x%02x", "\\x%02X", "%%%02x", "%%%02X", "%%25%02x", "%%25%02X", "%%2525%02x", "%%2525%02X", "=%02X"),
    *("\\u00%02x", "\\u00%02X", "\\\\u00%02x", "\\\\u00%02X", "&#x%x;", "&#x%X;", "&#%d;", "&amp;#%d;", "\\%03o"),
)
_PARTLY: Final = ("%%%02x", "\\u%04x", "\\x%02x", "&#%d;", "&#x%x;")
_CUT_BY: Final = (b"\n", b"\r", b'"', b"\\", b"=", b" ")
_CUT_AFTER: Final = (b"\n", b" ", b'"', b"\t", b":", b"|", b">", b"]", b"=", b"+", b"-", b"#", b"*")


def spellings(marker: bytes) -> Iterator[Spelling]:
    """Of a site's marker: five characters, digit and letter in turn."""
    yield from _plain(marker)
    yield from _glyphs(marker.decode())
    yield from _gapped(marker)
    yield from _partly_escaped(marker)
    yield from _wrapped(marker)
    yield from _nested(marker)
    for text, fold, gap in _inner(marker)[:7]:
        yield from _hex_and_escapes(text, steps=(), fold=fold, gap=gap)
    for text in (marker.hex().encode(), marker.hex().upper().encode()):
        yield from (_broken(text, place, steps=("hex",)) for place in range(1, len(text)))
    yield from _hex_and_escapes(marker.hex().encode(), steps=("hex",))
    yield from _hex_and_escapes(marker.hex().upper().encode(), steps=("hex",))
    yield from _cut(marker)


def word_spellings(word: bytes) -> Iterator[Spelling]:
    """Of an anchor: fewer, because there are many anchors."""
    yield Spelling(word, caseless=True)
    yield Spelling(_utf16(word), fold="spaced", gap=b"\0")
    yield from (Spelling(each, steps=("base64",)) for each in base64_of(word))
    yield Spelling(word.hex().encode(), caseless=True, steps=("hex",))
    if word.isdigit():
        yield from _grouped(word)


def spelt_out(many: Iterable[Spelling]) -> Iterator[Spelling]:
    """No spelling twice; where case does not count, in lower, upper and title case instead."""
    seen = set[tuple[bytes, bool]]()
    for one in many:
        by_engine = one.caseless and len(one.literal) < SPELT_OUT_FROM
        cases = {one.literal.lower(), one.literal.upper()} | (set() if one.steps else {one.literal.title()})
        for literal in sorted(cases) if one.caseless and not by_engine else (one.literal,):
            if (literal, by_engine) not in seen:
                seen.add((literal, by_engine))
                yield Spelling(literal, by_engine, one.steps, one.fold, one.gap, one.cut)


def base64_of(text: bytes) -> Iterator[bytes]:
    """The characters that surely stand in the base64 of any text with this one in it, for each of three alignments."""
    for shift in range(3):
        encoded = base64.b64encode(b"\0" * shift + text + b"\0\0")
        yield encoded[-(-shift * 8 // 6) : (shift + len(text)) * 8 // 6]


def _base32_of(text: bytes) -> Iterator[bytes]:
    for shift in range(5):
        encoded = base64.b32encode(b"\0" * shift + text + b"\0" * 4)
        yield encoded[-(-shift * 8 // 5) : (shift + len(text)) * 8 // 5]


def _joined(text: bytes, gap: bytes) -> bytes:
    return gap.join(bytes([byte]) for byte in text)


def _utf16(text: bytes) -> bytes:
    return _joined(text, b"\0")


def _rot13(text: bytes) -> bytes:
    return codecs.encode(text.decode(), "rot13").encode()


def _each(text: bytes, pattern: str, separator: str) -> bytes:
    return separator.join(pattern % byte for byte in text).encode()


def _plain(marker: bytes) -> Iterator[Spelling]:
    yield Spelling(marker, caseless=True)
    yield Spelling(marker[::-1], caseless=True, fold="reversed")
    yield Spelling(_rot13(marker), caseless=True, fold="rot13")
    yield Spelling(_rot13(marker)[::-1], caseless=True, fold="reversed rot13")


def _glyphs(marker: str) -> Iterator[Spelling]:
    """Homoglyphs of some letters, full width, and the mathematical alphabets."""
    for chars in itertools.product(*[[char, *GLYPHS.get(char, "")] for char in marker]):
        if "".join(chars) != marker:
            yield Spelling("".join(chars).encode(), fold="unicode")
            yield Spelling("".join(chars).upper().encode(), fold="unicode")
    styles: list[Callable[[str], str]] = [lambda char: chr(ord(char) + 0xFEE0)]
    styles += [lambda char, base=base: _mathematical(char, base) for base in MATH_ALPHABETS]  # type: ignore[misc]
    for style in styles:
        for text in (marker, marker.upper()):
            yield Spelling("".join(map(style, text)).encode(), fold="unicode")


def _mathematical(char: str, base: int) -> str:
    """`base` is where the style's small letters begin; capitals stand 26 before, digits where the style has any."""
    if char.isdigit():
        return chr(MATH_DIGITS[base] + int(char)) if base in MATH_DIGITS else char
    return chr(base + ord(char) - ord("a")) if char.islower() else chr(base - 26 + ord(char) - ord("A"))


def _gapped(marker: bytes) -> Iterator[Spelling]:
    for gap, text in itertools.product(_GAPS, (marker, marker.upper())):
        yield Spelling(_joined(text, gap), fold="spaced", gap=gap)
    for gap, chosen, text in itertools.product(_SOME_GAPS, range(1, 15), (marker, marker.upper())):
        parts = (text[place : place + 1] + (gap if chosen >> place & 1 else b"") for place in range(len(text)))
        yield Spelling(b"".join(parts), fold="spaced", gap=gap)


def _partly_escaped(marker: bytes) -> Iterator[Spelling]:
    """Only some of the characters are escaped."""
    for pattern, chosen in itertools.product(_PARTLY, range(1, 31)):
        parts = (
            (pattern % byte).encode() if chosen >> place & 1 else bytes([byte]) for place, byte in enumerate(marker)
        )
        yield Spelling(b"".join(parts), steps=("escapes",))


def _wrapped(text: bytes, *, line_ends: tuple[bytes, ...] = _LINE_ENDS) -> Iterator[Spelling]:
    for line_end, place in itertools.product(line_ends, range(1, len(text))):
        yield Spelling(text[:place] + line_end + text[place:], caseless=True)


def _grouped(digits: bytes) -> Iterator[Spelling]:
    """As people write long numbers: with a space or a dash somewhere."""
    for separator, places in ((b" ", range(1, len(digits))), (b"-", (4,))):
        yield from (Spelling(digits[:place] + separator + digits[place:]) for place in places)


def _inner(marker: bytes) -> list[tuple[bytes, str, bytes]]:
    """What base64 and its kin may hold: a text, how it is folded, and its gap."""
    return [
        (marker, "", b""),
        (marker.upper(), "", b""),
        (marker[::-1], "reversed", b""),
        (_rot13(marker), "rot13", b""),
        (_utf16(marker), "spaced", b"\0"),
    ]


def _nested(marker: bytes) -> Iterator[Spelling]:
    inner = [(text, (), fold, gap) for text, fold, gap in _inner(marker)]
    hexed = [(text, ("hex",), "", b"") for text in (marker.hex().encode(), marker.hex().upper().encode())]
    once = [(text, ("base64",), "", b"") for text in base64_of(marker)]
    twice = [(text, ("base64", "base64"), "", b"") for one in base64_of(marker) for text in base64_of(one)]
    escaped = [(_each(marker, form, ""), ("escapes",), "", b"") for form in _ESCAPES]
    for text, steps, fold, gap in (*inner, *hexed, *once, *twice, *escaped):
        for each in base64_of(text):
            yield Spelling(each, steps=("base64", *steps), fold=fold, gap=gap)
            if text == marker.upper() or steps == ("base64",):
                yield from _wrapped_base64(each, steps=("base64", *steps), by=_WRAPS[:3])
            if text == marker:
                yield from _wrapped_base64(each, steps=("base64",), by=_WRAPS)
                yield Spelling(each.hex().encode(), caseless=True, steps=("hex", "base64"))
                yield from (Spelling(_each(each, form, ""), steps=("escapes", "base64")) for form in _ESCAPES)
                yield Spelling(_joined(each, b"\0"), steps=("nul", "base64"))
        if steps in {(), ("base64",), ("hex",)}:
            for each in _base32_of(text):
                yield Spelling(each, caseless=True, steps=("base32", *steps), fold=fold, gap=gap)
                if text == marker:
                    yield from (_broken(each, place, steps=("base32",)) for place in range(1, len(each)))


def _wrapped_base64(encoded: bytes, *, steps: tuple[str, ...], by: tuple[bytes, ...]) -> Iterator[Spelling]:
    for line_end, place in itertools.product(by, range(1, len(encoded))):
        yield Spelling(encoded[:place] + line_end + encoded[place:], steps=steps)


def _broken(encoded: bytes, place: int, *, steps: tuple[str, ...]) -> Spelling:
    return Spelling(encoded[:place] + b"\n" + encoded[place:], steps=steps)


def _hex_and_escapes(text: bytes, *, steps: tuple[str, ...], fold: str = "", gap: bytes = b"") -> Iterator[Spelling]:
    for separator in _HEX_SEPARATORS:
        yield Spelling(_each(text, "%02x", separator), caseless=True, steps=("hex", *steps), fold=fold, gap=gap)
    for form in _ESCAPES:
        yield Spelling(_each(text, form, ""), steps=("escapes", *steps), fold=fold, gap=gap)
    for separator in (", ", ",", " "):
        yield Spelling(_each(text, "%d", separator), steps=("decimal", *steps), fold=fold, gap=gap)


def _cut(marker: bytes) -> Iterator[Spelling]:
    """The marker itself may be cut by the end of a line: one side of it then stands beside something that ends one."""
    yield Spelling(marker[:4], caseless=True, cut=4)
    yield Spelling(marker[1:], caseless=True, cut=-4)
    yield from (Spelling(marker[:3] + end, caseless=True, cut=3) for end in _CUT_BY)
    yield from (Spelling(begin + marker[2:], caseless=True, cut=-3) for begin in _CUT_AFTER)
