"""Characters that look like others, or like nothing at all: what is taken for the letters of a token."""

from typing import Final

# Of the letters of the token alphabet and the vowels (Unicode TR39, confusables.txt, those that fonts draw alike).
GLYPHS: Final = {
    "c": "сϲ", "d": "ԁ", "f": "ƒ", "h": "һ", "j": "ј", "k": "кκ", "m": "м", "n": "ոп", "p": "рρ", "q": "ԛ",
    "r": "г", "v": "ѵν", "w": "ԝω", "x": "хχ", "y": "уγ", "a": "а", "e": "е", "i": "і", "o": "о", "s": "ѕ",
}  # fmt: skip
PLAIN: Final = {ord(glyph): char for char, glyphs in GLYPHS.items() for glyph in glyphs}
ZERO_WIDTH: Final = ("\u200b", "\u200c", "\u200d", "\u2060", "\ufeff", "\u00ad")
# Where the small letters of each mathematical alphabet begin (U+1D400 ff.), and its digits where it has any.
MATH_ALPHABETS: Final = (
    *(0x1D41A, 0x1D44E, 0x1D482, 0x1D4EA, 0x1D51E, 0x1D552, 0x1D586, 0x1D5BA, 0x1D5EE, 0x1D622, 0x1D656, 0x1D68A),
)
MATH_DIGITS: Final = {0x1D41A: 0x1D7CE, 0x1D552: 0x1D7D8, 0x1D5BA: 0x1D7E2, 0x1D5EE: 0x1D7EC, 0x1D68A: 0x1D7F6}
