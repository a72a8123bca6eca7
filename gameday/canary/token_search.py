"""Tokens in a plain text: whole ones, those that a line's end cut in two, and what is left of issued ones."""

import itertools
import re
from collections.abc import Iterable, Iterator
from typing import Final

from attrs import frozen

from gameday.canary.token import ALPHABET, MARKER_CHARS, SIDE_CHARS, TOKEN_CHARS, Checked, Part, TokenId, Tokens

CUT_WITHIN: Final = 420  # bytes between the two ends of a token that was cut: the prefix of a log line fits
_ENDS_WITHIN: Final = 140
_ENDS_TRIED: Final = 8
_FRAGMENT_CHARS: Final = 12
_ALPHABET: Final = frozenset(ALPHABET.encode())
_CUT_BY: Final = frozenset(b'\r\n"\\= ')  # right behind what stands before a cut
_LINE_END: Final = re.compile(rb'[\r\n]|\\[nr]|"')


@frozen
class Spotted:
    """A token, where its marker stands in the text, and how many of its characters stand there."""

    checked: Checked
    at: int
    chars: int = TOKEN_CHARS


class TokenSearch:
    """One site's. `issue` makes fragments of a token known; whole tokens need no table."""

    def __init__(self, tokens: Tokens) -> None:
        self._tokens, self.marker = tokens, tokens.marker
        self._fragments = _Fragments(tokens)

    def issue(self, token_id: TokenId) -> None:
        self._fragments.add(token_id)

    def whole(self, text: bytes) -> Iterator[Spotted]:
        """Tokens that stand in one piece; the text is in lower case."""
        for at in _places(text, self.marker):
            checked = self._check(text[max(at - SIDE_CHARS, 0) : at + MARKER_CHARS + SIDE_CHARS])
            if checked is not None:
                yield Spotted(checked, at)

    def in_pieces(self, text: bytes) -> Iterator[Spotted | None]:
        """Tokens whose marker is whole, and one side of which goes on after a line's end, or is missing.

        None for each marker that belongs to none, so that the caller can stop: each costs up to a millisecond.
        """
        for at in _places(text, self.marker):
            yield self._rejoined(text, at) or self._fragment(text, at)

    def cut(self, text: bytes, at: int, *, kept: int) -> Iterator[Spotted]:
        """Tokens whose marker is cut: its first (`kept` > 0) or last characters stand at `at`, the others beyond a line's end."""
        tail = self.marker[kept:]
        for begin, start in itertools.islice(self._ends(text, at, kept=kept), _ENDS_TRIED):
            mended = text[:begin] + self.marker + text[start + len(tail) :]
            checked = self._check(mended[max(begin - SIDE_CHARS, 0) : begin + MARKER_CHARS + SIDE_CHARS])
            spotted = Spotted(checked, begin) if checked else self._rejoined(mended, begin)
            if spotted is not None:
                yield spotted
                return

    def _ends(self, text: bytes, at: int, *, kept: int) -> Iterator[tuple[int, int]]:
        """Where the head of a cut marker may begin, and its tail."""
        head, tail = self.marker[:kept], self.marker[kept:]
        if kept > 0 and _LINE_END.search(text, at, at + _ENDS_WITHIN):
            yield from ((at, start) for start in _places(text[: at + CUT_WITHIN], tail, start=at + kept))
        low = max(at - CUT_WITHIN, 0)
        if kept < 0 and _LINE_END.search(text, low, at):
            heads = list(_places(text[:at], head, start=low))
            ends = (begin for begin in reversed(heads) if text[begin + len(head)] in _CUT_BY)
            yield from ((begin, at) for begin in ends)

    def _check(self, token: bytes) -> Checked | None:
        return self._tokens.check(token.decode("latin-1"))

    def _rejoined(self, text: bytes, at: int) -> Spotted | None:
        """One side is cut off: every continuation nearby is tried, which the tag makes safe."""
        left, right = _sides(text, at)
        end = at + MARKER_CHARS + len(right)
        if len(left) == SIDE_CHARS and len(right) < SIDE_CHARS and _LINE_END.search(text, end, at + _ENDS_WITHIN):
            missing = SIDE_CHARS - len(right)
            places = range(end, min(end + CUT_WITHIN, len(text)))
            ends = (left + self.marker + right + text[place : place + missing] for place in places)
            return self._first(ends, at)
        begin = at - len(left)
        low = max(begin - CUT_WITHIN, 0)
        if len(left) < SIDE_CHARS and len(right) == SIDE_CHARS and _LINE_END.search(text, low, begin):
            missing = SIDE_CHARS - len(left)
            starts = range(begin - missing, low - 1, -1)
            return self._first((text[place : place + missing] + left + self.marker + right for place in starts), at)
        return None

    def _first(self, tokens: Iterable[bytes], at: int) -> Spotted | None:
        checked = next(filter(None, map(self._check, tokens)), None)
        return None if checked is None else Spotted(checked, at)

    def _fragment(self, text: bytes, at: int) -> Spotted | None:
        """Of an issued token. Where something is wrong on one side of the marker, the other one is enough."""
        left, right = _sides(text, at)
        for some_left, some_right in ((left, right), (left, b""), (b"", right)):
            checked = self._fragments.get(some_left, some_right)
            if checked is not None:
                return Spotted(checked, at, MARKER_CHARS + len(some_left) + len(some_right))
        return None


class _Fragments:
    """Issued tokens by what stands beside the marker. An index is built when the first fragment of its kind is met."""

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens
        self._issued: list[TokenId] = []
        self._indexes: dict[int, tuple[int, dict[bytes, tuple[Checked, ...]]]] = {}

    def add(self, token_id: TokenId) -> None:
        self._issued.append(token_id)

    def get(self, left: bytes, right: bytes) -> Checked | None:
        """None too where two issued canaries share the fragment."""
        if len(left) + len(right) < _FRAGMENT_CHARS - MARKER_CHARS or not self._issued:
            return None
        lefts = len(left)
        likely = self._index(lefts).get(left + right[: SIDE_CHARS - lefts], ())
        shown = left + self._tokens.marker + right
        found = [one for one in likely if shown in self._tokens.mint(one.token_id, part=one.part).encode()]
        return found[0] if len({one.token_id for one in found}) == 1 else None

    def _index(self, lefts: int) -> dict[bytes, tuple[Checked, ...]]:
        """By the last `lefts` characters before the marker, and enough of those behind it to make seven."""
        done, index = self._indexes.get(lefts, (0, {}))
        for token_id in self._issued[done:]:
            for part in Part:
                token = self._tokens.mint(token_id, part=part).encode()
                key = token[SIDE_CHARS - lefts : SIDE_CHARS] + token[-SIDE_CHARS:][: SIDE_CHARS - lefts]
                index[key] = (*index.get(key, ()), Checked(token_id, part))
        self._indexes[lefts] = (len(self._issued), index)
        return index


def _places(text: bytes, part: bytes, *, start: int = 0) -> Iterator[int]:
    at = text.find(part, start)
    while at >= 0:
        yield at
        at = text.find(part, at + 1)


def _sides(text: bytes, at: int) -> tuple[bytes, bytes]:
    """The characters of the alphabet that stand right beside the marker, at most seven on each side."""
    begin, end = at, at + MARKER_CHARS
    while begin > max(at - SIDE_CHARS, 0) and text[begin - 1] in _ALPHABET:
        begin -= 1
    last = min(end + SIDE_CHARS, len(text))
    stop = end
    while stop < last and text[stop] in _ALPHABET:
        stop += 1
    return text[begin:at], text[end:stop]
