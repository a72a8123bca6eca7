"""Recognises prose by the order of its words, however it is wrapped, cased, punctuated, cut, marked up or masked.

Every eighth word or so of a prose canary is an anchor (gameday.canary.anchors). Where one stands in a text, it is looked up
together with its neighbours; from there the words of text and canary are compared outwards, over what was masked or put in
between. Kept are 16 bits a word and four places of a hash table an anchor: no text, and nothing that grows with a hit.
"""

import functools
import html
import itertools
import re
import threading
import unicodedata
import zlib
from array import array
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final

from attrs import frozen

_AGREEING_SHINGLES: Final = (
    5  # of three words in a row: among a million canaries, one that is not there has three by chance
)
_FEW: Final = 8  # a run of words that more canaries share tells of none of them
_STEPS_MAX: Final = 4096  # of one chain: the bound of what a phrase costs that nearly all canaries share
_MANY: Final = 40_000  # anchors, of 5,000 canaries or so: from here on it pays to import numpy
_PIECE: Final = 1 << 16
_CACHED_MAX: Final = 1 << 16
_NO_WORD: Final = 0  # stands between canaries; no word's hash
_OUTSIDE: Final = -1  # stands before and behind the words of a text; unlike _NO_WORD
_REACH: Final = 2  # words that a shingle spans on either side of its anchor
_PAD: Final = 24  # words beyond either end that may be asked for: more than the longest jump
_SHINGLES: Final = ((-2, 3), (-2, 1), (-1, 2), (0, 3))  # around an anchor: from, to before

# Where the next word that both have may stand, in text and canary, if not right behind the last: behind words that were
# masked (as one word each, or as none) or that the text has in between. What a jump reaches counts once the next agrees.
_NEAR: Final = ((2, 2), (1, 2), (3, 3), (1, 3), (2, 3), (2, 1), (3, 1), (4, 4), (1, 4), (3, 2))
_FAR_TEXT: Final = 16
_FAR_CANARY: Final = 6

_DOTLESS_I: Final = "\N{LATIN SMALL LETTER DOTLESS I}"  # its upper case is I, whose lower case is i

_ESCAPE: Final = re.compile(r"\\+(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|[abefnrtv0])")
_TAG: Final = re.compile(r"</?[A-Za-z!][^<>]{0,200}>")
_ASCII_FOLD: Final = {code: chr(code).lower() if chr(code).isalpha() else " " for code in range(128)}
_WORD: Final = re.compile(r"[a-z]+|[^\W\d_a-z]+")
_WITHOUT_SPACES: Final = (  # scripts that write none between words: each character is a word
    *((0x0E00, 0x0EFF), (0x1000, 0x109F), (0x1780, 0x17FF), (0x3040, 0x30FF)),
    *((0x3400, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x3FFFF)),
)


def words_of(text: str) -> list[str]:
    """Its words, of letters alone, without case and accents; escapes, entities and tags are no words."""
    if "\\" in text:
        text = _paired(_ESCAPE.sub(_unescaped, text))
    if "&" in text:
        text = html.unescape(text)
    if "<" in text:
        text = _TAG.sub(" ", text)
    if text.isascii():
        return text.translate(_ASCII_FOLD).split()
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    return _WORD.findall(folded.translate(_FOLD))


def _unescaped(escape: re.Match[str]) -> str:
    return chr(int(escape[1] or escape[2] or "20", 16))


def _paired(text: str) -> str:
    """JSON escapes a character beyond the first 65,536 as two halves."""
    return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


class _Fold(dict[int, str]):
    """For str.translate: accents and what is invisible go, characters that are words by themselves get room."""

    def __missing__(self, code: int) -> str:
        folded = _folded(chr(code))
        if len(self) < _CACHED_MAX:
            self[code] = folded
        return folded


def _folded(char: str) -> str:
    if unicodedata.category(char) in {"Mn", "Mc", "Me", "Cf"}:
        return ""
    if any(first <= ord(char) <= last for first, last in _WITHOUT_SPACES):
        return f" {char} "
    return "i" if char == _DOTLESS_I else char


_FOLD: Final = _Fold()


class _Hashes(dict[str, int]):
    """16 bits a word, the same in every process; never _NO_WORD."""

    def __missing__(self, word: str) -> int:
        number = zlib.crc32(word.encode("utf-8", "surrogatepass")) % 0xFFFF + 1
        if len(self) < _CACHED_MAX:
            self[word] = number
        return number


class ProseIndex:
    """Knows every prose canary that was added. May be shared by threads."""

    def __init__(self, anchors: Iterable[str]) -> None:
        """`anchors`: names of letters alone, each of which stands in a text as a word of its own."""
        self._names = frozenset(word for anchor in anchors for word in words_of(anchor))
        self._hashes = _Hashes()
        self._canaries = array("I")
        self._starts = array("I", [_REACH])  # of their words; the last one is the next canary's
        self._words = array("H", [_NO_WORD] * _REACH)
        self._spots = array("I")  # of the anchors, in _words
        self._chains = _Chains(self._words, self._spots)
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._canaries)

    def add(self, canary: int, text: str) -> None:
        """Its words are numbered from 0. Canaries come in rising order, each once."""
        if self._canaries and canary <= self._canaries[-1]:
            raise ValueError(f"canary {canary} comes after canary {self._canaries[-1]}")
        words = words_of(text)
        with self._lock:
            start = len(self._words)
            self._words.extend(array("H", [*map(self._hashes.__getitem__, words), *[_NO_WORD] * _REACH]))
            self._starts.append(len(self._words))
            self._canaries.append(canary)
            self._spots.extend([start + number for number, word in enumerate(words) if word in self._names])

    def words(self, canary: int) -> int:
        """How many it has. Raises KeyError for one that was not added."""
        number = bisect_left(self._canaries, canary)
        if number == len(self._canaries) or self._canaries[number] != canary:
            raise KeyError(canary)
        return len(range(*self._bounds(number)))

    def look(self, text: str) -> dict[int, frozenset[int]]:
        """The canaries of which enough stands in the text to be sure, and the numbers of those of their words that do.

        Where several canaries fit the words around an anchor, the one that explains most of them is told, or all that
        explain the same; more than eight of these name none.
        """
        words = words_of(text)
        spots = [number for number, word in enumerate(words) if word in self._names]
        if not spots:
            return {}
        outside = [_OUTSIDE] * _PAD
        hashes = [*outside, *map(self._hashes.__getitem__, words), *outside]
        exposed = self._exposed(hashes, spots=[spot + _PAD for spot in spots])
        return {self._canaries[number]: frozenset(where) for number, where in exposed.items()}

    def _exposed(self, text: Sequence[int], *, spots: Sequence[int]) -> dict[int, set[int]]:
        with self._lock:
            self._chains.catch_up()
        standing = {spot: self._chains.standing(text, at=spot) for spot in spots}
        anchors = functools.cache(lambda: self._anchors_each(standing.values()))  # seldom needed
        exposed, explained = dict[int, dict[int, int]](), set[int]()
        for spot in spots:
            if spot not in explained:
                for number, pairs in self._best(text, at=spot, fitting=standing[spot], anchors=anchors):
                    explained.update(pairs)
                    exposed.setdefault(number, {}).update(pairs)
        return {number: set(pairs.values()) for number, pairs in exposed.items() if _is_enough(pairs)}

    def _anchors_each(self, standing: Iterable[set[int]]) -> Counter[int]:
        """Around how many anchors of a text each canary stands."""
        return Counter(number for spots in standing for number in set(map(self._owner, spots)))

    def _best(
        self, text: Sequence[int], *, at: int, fitting: set[int], anchors: Callable[[], Counter[int]]
    ) -> list[tuple[int, dict[int, int]]]:
        """For each canary that explains most words around the anchor: its number, and its word at each place of the text."""
        if len(fitting) > _FEW:
            fitting = _highest({spot: self._run(text, at=at, spot=spot) for spot in fitting})
        if len(fitting) > _FEW:
            fitting = _highest({spot: anchors()[self._owner(spot)] for spot in fitting})
        if not 0 < len(fitting) <= _FEW:
            return []
        aligned = [self._aligned(text, at=at, spot=spot) for spot in sorted(fitting)]
        most = max(len(pairs) for _, pairs in aligned)
        return [each for each in aligned if len(each[1]) == most]

    def _owner(self, spot: int) -> int:
        return bisect_right(self._starts, spot) - 1

    def _run(self, text: Sequence[int], *, at: int, spot: int) -> int:
        """How many words in a row are the same."""
        before = after = 0
        while text[at + after] == self._words[spot + after]:
            after += 1
        while text[at - before] == self._words[spot - before]:
            before += 1
        return before + after

    def _aligned(self, text: Sequence[int], *, at: int, spot: int) -> tuple[int, dict[int, int]]:
        number = self._owner(spot)
        start, end = self._bounds(number)
        none = [_NO_WORD] * _PAD
        words = [*none, *self._words[start:end], *none]
        place = spot - start + _PAD
        pairs = {at: place, **_followed(text, words, at=at, place=place)}
        # Backwards is forwards in what is turned around.
        turned = _followed(text[::-1], words[::-1], at=len(text) - 1 - at, place=len(words) - 1 - place)
        pairs.update((len(text) - 1 - there, len(words) - 1 - here) for there, here in turned.items())
        return number, {there: here - _PAD for there, here in pairs.items()}

    def _bounds(self, number: int) -> tuple[int, int]:
        return self._starts[number], self._starts[number + 1] - _REACH


class _Chains:
    """A hash table from shingles (an anchor and two or four of its neighbours) to the anchors that they stand around.

    Each anchor has four entries, one for each of _SHINGLES; those of one bucket are chained.
    """

    def __init__(self, words: "array[int]", spots: "array[int]") -> None:
        self._words, self._spots = words, spots
        self._table = _Table(array("I", [0]), array("I"))

    def catch_up(self) -> None:
        """Enters the anchors that came since. Readers at the same time see the old entries, or the new ones as well."""
        table, entries = self._table, len(_SHINGLES) * len(self._spots)
        if entries > 4 * len(table.heads):
            table = _Table(array("I", [0]) * (1 << (entries // 2).bit_length()), array("I"))
        if len(self._spots) - table.spots > _MANY:
            self._enter_many(table)
        else:
            self._enter(table)
        self._table = table

    def _enter(self, table: "_Table") -> None:
        heads, nexts, mask, words = table.heads, table.nexts, len(table.heads) - 1, self._words
        for spot in self._spots[table.spots :]:
            around = words[spot - _REACH : spot + _REACH + 1]
            for start, end in _SHINGLES:
                bucket = _hash(around[start + _REACH : end + _REACH]) & mask
                nexts.append(heads[bucket])
                heads[bucket] = len(nexts)

    def _enter_many(self, table: "_Table") -> None:
        """The same, some ten times as fast. Of each piece, entries of one bucket are put side by side and chained."""
        import numpy as np  # noqa: PLC0415 - it is slow to import, and most sites have few canaries

        first = table.spots
        for piece in range(first, len(self._spots), _PIECE):
            table.nexts.extend(array("I", [0]) * (len(_SHINGLES) * min(_PIECE, len(self._spots) - piece)))
        words, spots = np.frombuffer(self._words, np.uint16), np.frombuffer(self._spots, np.uint32)
        heads, nexts = np.frombuffer(table.heads, np.uint32), np.frombuffer(table.nexts, np.uint32)
        for piece in range(first, len(spots), _PIECE):
            at = spots[piece : piece + _PIECE].astype(np.int64)
            around = [words[at + offset].astype(np.uint64) for offset in range(-_REACH, _REACH + 1)]
            hashes = [_hash(around[start + _REACH : end + _REACH]) for start, end in _SHINGLES]
            buckets = (np.stack(hashes, axis=1).ravel() & (len(heads) - 1)).astype(np.uint32)
            order = np.argsort(buckets, kind="stable")
            buckets, entries = buckets[order], (len(_SHINGLES) * piece + 1 + order).astype(np.uint32)
            is_new = np.concatenate(([True], buckets[1:] != buckets[:-1]))
            nexts[entries - 1] = np.where(is_new, heads[buckets], np.roll(entries, 1))
            is_last = np.roll(is_new, -1)
            heads[buckets[is_last]] = entries[is_last]

    def standing(self, text: Sequence[int], *, at: int) -> set[int]:
        """The anchors with the same neighbours: with all four of them where there are any, else with any two."""
        whole, *parts = _SHINGLES
        return set(self._same(text, at=at, shape=whole)) or {
            spot for part in parts for spot in self._same(text, at=at, shape=part)
        }

    def _same(self, text: Sequence[int], *, at: int, shape: tuple[int, int]) -> Iterator[int]:
        start, end = shape
        shingle = list(text[at + start : at + end])
        if _OUTSIDE in shingle:
            return
        heads, nexts = self._table.heads, self._table.nexts
        entry = heads[_hash(shingle) & (len(heads) - 1)]
        for _ in range(_STEPS_MAX):
            if entry == 0:
                return
            spot = self._spots[(entry - 1) // len(_SHINGLES)]
            if self._words[spot + start : spot + end].tolist() == shingle:
                yield spot
            entry = nexts[entry - 1]


@frozen
class _Table:
    """`heads`: a bucket's last entry, `nexts`: an entry's predecessor in its bucket; both one more than it, as 0 ends a chain."""

    heads: "array[int]"
    nexts: "array[int]"

    @property
    def spots(self) -> int:
        return len(self.nexts) // len(_SHINGLES)


def _hash(shingle: Iterable[Any]) -> Any:
    """Of numbers, or of numpy's vectors of 64-bit numbers, one for each word: the same 32 bits."""
    mixed = 0
    for word in shingle:
        mixed = (mixed * 0x9E3779B1 + word) & 0xFFFFFFFF
    return mixed ^ (mixed >> 15)


def _followed(text: Sequence[int], words: Sequence[int], *, at: int, place: int) -> dict[int, int]:
    """From a word that both have, forwards: where else both have the same words, text place -> canary place."""
    pairs, doubtful = dict[int, int](), dict[int, int]()
    jump: tuple[int, int] | None = (0, 0)
    while jump:
        at, place = at + jump[0], place + jump[1]
        doubtful[at] = place
        further = _in_a_row(text[at + 1 :], words[place + 1 :])
        if further:
            pairs.update(doubtful)
            doubtful.clear()
            pairs.update((at + step, place + step) for step in range(1, further + 1))
        at, place = at + further, place + further
        jump = _jump(text, words, at=at, place=place)
    return pairs


def _in_a_row(text: Sequence[int], words: Sequence[int]) -> int:
    """How many of the first words are the same; they end with words that are not."""
    return next(number for number, (one, other) in enumerate(zip(text, words, strict=False)) if one != other)


def _jump(text: Sequence[int], words: Sequence[int], *, at: int, place: int) -> tuple[int, int] | None:
    for jump in _NEAR:
        if text[at + jump[0]] == words[place + jump[1]]:
            return jump
    return _far_jump(text, words, at=at, place=place)


def _far_jump(text: Sequence[int], words: Sequence[int], *, at: int, place: int) -> tuple[int, int] | None:
    """To the nearest two words in a row: a line's own prefix, or several masked words, may stand between."""
    there = list(text[at + 1 : at + _FAR_TEXT + 1])
    for further in range(1, _FAR_CANARY + 1):
        if words[place + further] not in there:
            continue
        onwards = there.index(words[place + further]) + 1
        if text[at + onwards + 1] == words[place + further + 1]:
            return onwards, further
    return None


def _highest(counts: dict[int, int]) -> set[int]:
    most = max(counts.values())
    return {spot for spot, count in counts.items() if count == most}


def _is_enough(pairs: dict[int, int]) -> bool:
    """`pairs`: text place -> canary place. Three words in a row are a shingle where they are in a row in both."""
    shingles = (at for at, place in pairs.items() if pairs.get(at + 1) == place + 1 and pairs.get(at + 2) == place + 2)
    return len(list(itertools.islice(shingles, _AGREEING_SHINGLES))) == _AGREEING_SHINGLES
