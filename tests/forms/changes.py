"""Changes of the text itself: case, spacing, look-alikes, characters lost."""

import codecs
import functools
import json
import random
from collections.abc import Callable
from typing import Final

from confusable_homoglyphs import confusables

from tests.forms.form import Form, of_dice, of_text

_ZERO_WIDTHS: Final = {
    "zero-width space": "\u200b", "zero-width non-joiner": "\u200c", "zero-width joiner": "\u200d",
    "word joiner": "\u2060", "byte order mark": "\ufeff", "soft hyphen": "\u00ad",
}  # fmt: skip
_LEET: Final = str.maketrans("aegiostbzl", "4361057821")
_ROUND: Final = range(0x0400, 0x0590)  # Cyrillic and Armenian
_GREEK: Final = range(0x0370, 0x03E2)


@functools.cache
def _look_alikes(char: str) -> tuple[str, ...]:
    """Unicode's own list (confusables.txt), single characters only."""
    found = confusables.is_confusable(char, greedy=True, preferred_aliases=[]) or []
    return tuple(each["c"] for entry in found for each in entry["homoglyphs"] if len(each["c"]) == 1)


def _from_scripts(char: str) -> tuple[str, ...]:
    return tuple(each for each in _look_alikes(char) if ord(each) in _ROUND or ord(each) in _GREEK)


def _disguised(of: Callable[[str], tuple[str, ...]], share: float) -> Callable[[str, random.Random], str]:
    def change(text: str, rng: random.Random) -> str:
        return "".join(rng.choice(of(char) or (char,)) if rng.random() < share else char for char in text)

    return change


def _joined(separator: str) -> Callable[[str], str]:
    return separator.join


def _joined_by_any(separators: list[str], share: float = 1.0) -> Callable[[str, random.Random], str]:
    return lambda text, rng: "".join(char + (rng.choice(separators) if rng.random() < share else "") for char in text)


def _shifted(*, letters: int, digits: int | None) -> Callable[[str], str]:
    """Each letter at its place in another alphabet, and each digit where that has digits."""

    def change(text: str) -> str:
        table = {ord("a") + place: letters + place for place in range(26)}
        if digits is not None:
            table |= {ord("0") + place: digits + place for place in range(10)}
        return text.translate(table)

    return change


def _rot47(text: str) -> str:
    return "".join(chr(33 + (ord(char) + 14) % 94) if 33 <= ord(char) < 127 else char for char in text)


def _random_case(text: str, rng: random.Random) -> str:
    return "".join(rng.choice((char.lower(), char.upper())) for char in text)


def _at_one_place(name: str, change: Callable[[str, int], str]) -> Form:
    """One place of the token is changed."""

    def make(text: str, token: str, rng: random.Random) -> bytes:
        return text.replace(token, change(token, rng.randrange(len(token) - 1))).encode()

    return Form(name, make)


def _masked(token: str, place: int) -> str:
    start = min(place, len(token) - 4)
    return token[:start] + "****" + token[start + 4 :]


CHANGES: Final[tuple[Form, ...]] = (
    of_text("upper case", str.upper),
    of_text("title case", str.title),
    of_dice("random case", _random_case),
    of_text("spaced", _joined(" ")),
    of_text("spaced by two", _joined("  ")),
    of_text("spaced, upper case", lambda text: " ".join(text.upper())),
    of_text("dashed", _joined("-")),
    of_text("underscored", _joined("_")),
    of_text("dotted", _joined(".")),
    of_text("commas", _joined(", ")),
    of_text("a letter a line", _joined("\n")),
    of_dice("mixed separators", _joined_by_any([" ", "-", ".", "_", "/", "  "])),
    of_dice("some spaces", _joined_by_any([" "], share=0.3)),
    of_text("JSON array of letters", lambda text: json.dumps(list(text))),
    of_text("a tag per letter", lambda text: "".join(f"<b>{char}</b>" for char in text)),
    of_dice("a span per letter", lambda text, rng: "".join(
        f'<span class="c{rng.randrange(9)}">{char}</span>' for char in text
    )),
    of_dice("a terminal colour per letter", lambda text, rng: "".join(
        f"\x1b[{rng.randint(31, 36)}m{char}\x1b[0m" for char in text
    )),
    *(of_text(f"{name} between letters", _joined(char)) for name, char in _ZERO_WIDTHS.items()),
    of_dice("any zero-width at random", _joined_by_any(list(_ZERO_WIDTHS.values()), share=0.3)),
    of_text("zero-width space, JSON escaped", lambda text: json.dumps("\u200b".join(text))),
    of_text("zero-width space as entity", _joined("&#8203;")),
    of_text("a combining mark per letter", lambda text: "".join(char + "\u0301" for char in text)),
    of_dice("homoglyphs, all letters", _disguised(_from_scripts, 1.0)),
    of_dice("homoglyphs, some letters", _disguised(_from_scripts, 0.5)),
    of_dice("homoglyphs of any script", _disguised(_look_alikes, 0.5)),
    of_dice("homoglyphs and zero-widths", lambda text, rng: _joined_by_any(["\u200b"], 0.5)(
        _disguised(_from_scripts, 0.5)(text, rng), rng
    )),
    of_text("full width", lambda text: "".join(chr(ord(char) + 0xFEE0) if "!" <= char <= "~" else char for char in text)),
    of_text("mathematical bold", _shifted(letters=0x1D41A, digits=0x1D7CE)),
    of_text("mathematical sans-serif", _shifted(letters=0x1D5BA, digits=0x1D7E2)),
    of_text("mathematical monospace", _shifted(letters=0x1D68A, digits=0x1D7F6)),
    of_text("mathematical fraktur", _shifted(letters=0x1D51E, digits=None)),
    of_text("circled letters", _shifted(letters=0x24D0, digits=None)),
    of_text("ROT13", lambda text: codecs.encode(text, "rot13")),
    of_text("ROT47", _rot47),
    of_text("reversed", lambda text: text[::-1]),
    of_text("reversed and spaced", lambda text: " ".join(text[::-1])),
    of_text("reversed ROT13", lambda text: codecs.encode(text[::-1], "rot13")),
    of_text("words in reverse order", lambda text: " ".join(reversed(text.split()))),
    of_text("leetspeak", lambda text: text.translate(_LEET)),
    _at_one_place("one character lost", lambda token, place: token[:place] + token[place + 1 :]),
    _at_one_place("one character changed", lambda token, place: token[:place] + "z" + token[place + 1 :]),
    _at_one_place("one character doubled", lambda token, place: token[:place] + token[place] + token[place:]),
    _at_one_place("two characters swapped", lambda token, place: (
        token[:place] + token[place + 1] + token[place] + token[place + 2 :]
    )),
    _at_one_place("four characters masked", _masked),
)  # fmt: skip
