r"""What the redactor takes out of a text, a family of secrets at a time. Pure functions.

Also found: the same values percent-encoded or JSON-escaped once, where only what must be escaped is (`%20`, `%40`, `\/`, `\u0040`).
Not found: letters and digits that are escaped themselves (`%41KIA`), base64, hex, compressed text, homoglyphs, a value cut in two by
a line break or by two messages, a card glued to further digits, an AWS secret key with no word or key id within 100 characters.
"""

import re
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

Span = tuple[int, int]
Finder = Callable[[str], Iterator[Span]]

# Where a value may begin: not within a word, yet right after an escape such as %3D or \n, whose last character looks like a word's.
ESCAPE_BEFORE: Final = r"(?<=%[0-9A-Fa-f]{2})|(?<=\\u[0-9A-Fa-f]{4})|(?<=\\[nrt])"
NOT_IN_ESCAPE: Final = r"(?<!%)(?<!%[0-9A-Fa-f])(?<!\\u)(?<!\\u[0-9A-Fa-f])(?<!\\u[0-9A-Fa-f]{2})(?<!\\u[0-9A-Fa-f]{3})"
SEPARATOR: Final = r"(?:[ \u00a0+\u2010-\u2013-]|%20|%2[DdBb]|%[Cc]2%[Aa]0|\\u00(?:20|2[DdBb]|[Aa]0))"
CONTEXT_CHARS: Final = 100


class Masked(NamedTuple):
    text: str
    counts: dict[str, int]


AWS_KEY: Final = re.compile(r"A(?:KIA|SIA)[A-Z2-7]{16}")


def aws_access_keys(text: str) -> Iterator[Span]:
    return (found.span() for found in AWS_KEY.finditer(text))


BASE64_CHAR: Final = r"(?:[A-Za-z0-9/+]|%2[FfBb]|\\/|\\u002[FfBb])"
AWS_SECRET: Final = re.compile(
    rf"(?:{ESCAPE_BEFORE}|{NOT_IN_ESCAPE}(?<![A-Za-z0-9/+]))(?:{BASE64_CHAR}){{40}}(?!{BASE64_CHAR}|=)"
)
AWS_CONTEXT: Final = re.compile(r"aws|secret|A(?:KIA|SIA)[A-Z2-7]{16}", re.IGNORECASE)
HEX_ONLY: Final = re.compile(r"[0-9a-f]+|[0-9A-F]+")  # a git commit has 40 characters too


def aws_secret_keys(text: str) -> Iterator[Span]:
    if AWS_CONTEXT.search(text) is None:
        return
    for found in AWS_SECRET.finditer(text):
        start, end = found.span()
        before, after = text[max(0, start - CONTEXT_CHARS) : start], text[end : end + CONTEXT_CHARS]
        if not HEX_ONLY.fullmatch(found[0]) and (AWS_CONTEXT.search(before) or AWS_CONTEXT.search(after)):
            yield start, end


GITHUB_TOKEN: Final = re.compile(r"gh[pousr](?:_|%5[Ff]|\\u005[Ff])[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9_]{82}")


def github_tokens(text: str) -> Iterator[Span]:
    return (found.span() for found in GITHUB_TOKEN.finditer(text))


DIGIT_RUN: Final = re.compile(rf"(?:{ESCAPE_BEFORE}|{NOT_IN_ESCAPE}(?<![0-9]))[0-9](?:{SEPARATOR}{{0,3}}[0-9]){{12,}}")
DIGIT_GROUP: Final = re.compile(rf"{SEPARATOR}+|([0-9]+)")
CARD_DIGITS: Final = range(13, 20)
LUHN_DOUBLED: Final = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)


def is_luhn_valid(digits: str) -> bool:
    plain = sum(int(digit) for digit in digits[-1::-2])
    return (plain + sum(LUHN_DOUBLED[int(digit)] for digit in digits[-2::-2])) % 10 == 0


def cards(text: str) -> Iterator[Span]:
    """A whole run of digits, or part of one between separators: '2 4111 1111 1111 1111' is a quantity and a card."""
    for run in DIGIT_RUN.finditer(text):
        groups = [group.span(1) for group in DIGIT_GROUP.finditer(text, *run.span()) if group[1]]
        yield from _cards_of_run(text, groups)


def _cards_of_run(text: str, groups: list[Span]) -> Iterator[Span]:
    first = 0
    while first < len(groups):
        last = next(
            (last for last in _windows(groups, first) if is_luhn_valid(_joined(text, groups[first : last + 1]))), None
        )
        if last is not None:
            yield groups[first][0], groups[last][1]
        first = first + 1 if last is None else last + 1


def _windows(groups: list[Span], first: int) -> list[int]:
    """The last groups of what could be a card from group `first` on, longest first."""
    found, digits = [], 0
    for last in range(first, len(groups)):
        digits += groups[last][1] - groups[last][0]
        whole_run = first == 0 and last == len(groups) - 1
        if digits in CARD_DIGITS and (whole_run or _is_card_like(groups[first : last + 1])):
            found.append(last)
        if digits >= CARD_DIGITS.stop:
            break
    return found[::-1]


def _is_card_like(groups: list[Span]) -> bool:
    # Cards are printed in groups of three digits or more; a list of small numbers is no card.
    return all(end - start >= 3 for start, end in groups[:-1])  # noqa: PLR2004 - said above


def _joined(text: str, groups: list[Span]) -> str:
    return "".join(text[start:end] for start, end in groups)


EMAIL: Final = re.compile(r"[\w.%+'-]{1,64}(?:@|%40|\\u0040)(?:[\w-]{1,63}\.){1,8}[^\W\d_]{2,63}")
EMAIL_AT: Final = re.compile(r"@|%40|\\u0040")


def emails(text: str) -> Iterator[Span]:
    if EMAIL_AT.search(text) is None:
        return
    yield from (found.span() for found in EMAIL.finditer(text))


# How long an IBAN is, by country (SWIFT IBAN registry, release 99).
_LENGTHS: Final = """
AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18 DO28 EE20 EG29 ES24 FI18
FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HN28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20
LU20 LV21 LY25 MC27 MD24 ME22 MK19 MN20 MR27 MT31 MU30 NI28 NL18 NO15 OM23 PK24 PL28 PS29 PT25 QA29 RO24 RS22 RU33 SA24
SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20 YE30
"""
IBAN_LENGTHS: Final = {pair[:2]: int(pair[2:]) for pair in _LENGTHS.split()}
IBAN: Final = re.compile(
    rf"(?:{ESCAPE_BEFORE}|(?<=IBAN)|{NOT_IN_ESCAPE}(?<![A-Z0-9]))"
    rf"[A-Z]{{2}}{SEPARATOR}?[0-9]{{2}}(?:{SEPARATOR}?[A-Z0-9]){{11,30}}",
    re.IGNORECASE,
)
IBAN_CHAR: Final = re.compile(rf"{SEPARATOR}|([A-Z0-9])", re.IGNORECASE)


def is_iban(compact: str) -> bool:
    """`compact` has no separators and capital letters."""
    if len(compact) != IBAN_LENGTHS.get(compact[:2]):
        return False
    return int("".join(str(int(char, 36)) for char in compact[4:] + compact[:4])) % 97 == 1


def ibans(text: str) -> Iterator[Span]:
    # A search anew from each candidate's second character: 'to DE89...' must not hide behind a candidate that was none.
    at = 0
    while (found := IBAN.search(text, at)) is not None:
        chars = [char.span(1) for char in IBAN_CHAR.finditer(text, *found.span()) if char[1]]
        chars = chars[: IBAN_LENGTHS.get(text[chars[0][0] : chars[1][1]].upper(), 0)]
        is_found = bool(chars) and is_iban(_joined(text, chars).upper())
        if is_found:
            yield chars[0][0], chars[-1][1]
        at = chars[-1][1] if is_found else found.start() + 1


FAMILIES: Final[dict[str, tuple[str, Finder]]] = {
    "aws_access_key": ("[AWS_KEY]", aws_access_keys),
    "aws_secret_key": ("[AWS_SECRET]", aws_secret_keys),
    "github_token": ("[GITHUB_TOKEN]", github_tokens),
    "card": ("[CARD]", cards),
    "email": ("[EMAIL]", emails),
    "iban": ("[IBAN]", ibans),
}


def mask(text: str, *, families: frozenset[str] = frozenset(FAMILIES)) -> Masked:
    """The text with each value replaced by its family's label, and how many of each family were replaced."""
    spans = sorted((*span, family) for family in FAMILIES if family in families for span in FAMILIES[family][1](text))
    pieces: list[str] = []
    counts: dict[str, int] = {}
    end_of_last = 0
    for start, end, family in spans:
        if end > end_of_last:  # what lies within another value went with it
            pieces += [text[end_of_last:start], FAMILIES[family][0]]
            counts[family] = counts.get(family, 0) + 1
        end_of_last = max(end_of_last, end)
    return Masked("".join([*pieces, text[end_of_last:]]), counts)
