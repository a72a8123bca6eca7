"""The forms that text takes on its way: JSON-escaped, percent-encoded, base64, hexadecimal, and chains of these.

Hostile input is the normal case: each pass is linear, no run is decoded twice, and what all views hold together is bounded.
"""

import binascii
import re
from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import accumulate
from typing import Final
from urllib.parse import unquote_to_bytes

from attrs import define, field, frozen

MAX_STEPS: Final = 4  # of a chain; nested JSON is one step
MAX_NESTED_JSON: Final = 5
GROWTH: Final = 8  # all views together hold at most so many times the body ...
ALLOWANCE_BYTES: Final = 64_000  # ... and so much more

_ESCAPE: Final = re.compile(rb'\\(?:u[0-9a-fA-F]{4}|["\\/bfnrt])')
_PERCENT: Final = re.compile(rb"%[0-9a-fA-F]{2}")
_WORD: Final = re.compile(rb'[^\s"<>\\]++')
_SPACE: Final = re.compile(rb"\s++")
_BASE64_RUN: Final = re.compile(rb"[A-Za-z0-9+/_-]{16,}+(?:\r?\n[ \t]*+[A-Za-z0-9+/_-]++)*+")
_HEX_RUN: Final = re.compile(rb"[0-9a-fA-F]{32,}+(?:\r?\n[ \t]*+[0-9a-fA-F]++)*+")
_URL_SAFE: Final = bytes.maketrans(b"-_", b"+/")
_UNESCAPED: Final = dict(
    zip((b'\\"', b"\\\\", b"\\/", b"\\b", b"\\f", b"\\n", b"\\r", b"\\t"), b'"\\/\b\f\n\r\t', strict=True)
)

Region = tuple[int, bytes]  # where it begins, and what it holds


@frozen(kw_only=True)
class View:
    """The body, or what became of parts of it by decoding; `form` names the steps, outermost first (`("raw",)`: none)."""

    form: tuple[str, ...]
    data: bytes = field(repr=False)
    starts: Sequence[int] = field(repr=False)
    origins: Sequence[int] = field(repr=False)

    def origin(self, position: int) -> int:
        """The offset, in the outermost body, of the run that `position` of this view was decoded from."""
        if self.form == ("raw",):
            return position
        return self.origins[max(bisect_right(self.starts, position) - 1, 0)]


@frozen
class Form:
    """A form: what of some bytes may be in it, how many bytes one byte of that can become, and how to decode it all."""

    name: str
    regions: Callable[[bytes], Iterator[Region]]
    growth: int
    decode: Callable[[Sequence[bytes]], tuple[bytes, list[int]]]


@define
class Views:
    """Every view of a body, the body itself first. To be iterated once.

    After that `is_complete` is true unless a bound (depth or amount) left something undecoded. `more` are further forms;
    a form is only looked for where it `may_follow` the chain.
    """

    body: bytes = field(repr=False)
    more: Sequence[Form] = field(default=(), repr=False)
    may_follow: Callable[[tuple[str, ...], str], bool] = field(default=lambda _, __: True, repr=False)
    growth: int = GROWTH
    is_complete: bool = True
    _left_bytes: int = 0
    _seen: set[tuple[str, int]] = field(factory=set, repr=False)

    def __iter__(self) -> Iterator[View]:
        self._left_bytes = self.growth * len(self.body) + ALLOWANCE_BYTES
        waiting = deque([View(form=("raw",), data=self.body, starts=(0,), origins=(0,))])
        while waiting:
            view = waiting.popleft()
            yield view
            waiting.extend(self._decoded(view))

    def _decoded(self, view: View) -> Iterator[View]:
        for form in (*_FORMS, *self.more):
            if not self.may_follow(view.form, form.name):
                continue
            regions = self._unseen(form, view.data)
            chain = (form.name,) if view.form == ("raw",) else (*view.form, form.name)
            if not is_within_depth(chain):
                self.is_complete &= next(regions, None) is None
                continue
            chosen = list(self._affordable(regions, growth=form.growth))
            if chosen:
                data, starts = form.decode([text for _, text in chosen])
                origins = [view.origin(start) for start, _ in chosen]
                origins *= len(starts) // len(
                    origins
                )  # a form that decodes at several alignments gives them one by one
                self._left_bytes -= len(data)
                yield View(form=chain, data=data, starts=starts, origins=origins)

    def _unseen(self, form: Form, data: bytes) -> Iterator[Region]:
        for start, text in form.regions(data):
            mark = (form.name, hash(text))  # keyed for each process by Python, so that nobody can forge a collision
            if mark not in self._seen:
                self._seen.add(mark)
                yield start, text

    def _affordable(self, regions: Iterable[Region], *, growth: int) -> Iterator[Region]:
        left_bytes = self._left_bytes
        for start, text in regions:
            cost = growth * len(text) + _PADDING_BYTES
            if cost > left_bytes:
                self.is_complete = False
                continue
            left_bytes -= cost
            yield start, text


def views(body: bytes) -> Iterator[tuple[tuple[str, ...], bytes]]:
    """Form and bytes of every view; take `Views` where it matters whether they are all."""
    return ((view.form, view.data) for view in Views(body))


def is_within_depth(chain: Sequence[str]) -> bool:
    steps, nested = 0, 0
    for number, name in enumerate(chain):
        is_nested = name == "json" and number > 0 and chain[number - 1] == "json"
        nested = nested + 1 if is_nested else 1
        steps += not is_nested
        if nested > MAX_NESTED_JSON:
            return False
    return steps <= MAX_STEPS


def lines_with(data: bytes, *, having: re.Pattern[bytes]) -> Iterator[Region]:
    found = having.search(data)
    while found:
        start = data.rfind(b"\n", 0, found.start()) + 1
        end = data.find(b"\n", found.end())
        end = len(data) if end < 0 else end
        yield start, data[start:end]
        found = having.search(data, end)


def _escaped_lines(data: bytes) -> Iterator[Region]:
    return lines_with(data, having=_ESCAPE) if b"\\" in data else iter(())


def _percent_words(data: bytes) -> Iterator[Region]:
    if b"%" not in data:
        return
    for start, line in lines_with(data, having=_PERCENT):
        for word in _WORD.finditer(line):
            if b"%" in word[0] and _PERCENT.search(word[0]):
                yield start + word.start(), word[0]


def runs(data: bytes, *, of: re.Pattern[bytes]) -> Iterator[Region]:
    """Wrapped lines count as one run, without their line ends."""
    for run in of.finditer(data):
        text = run[0]
        yield run.start(), _SPACE.sub(b"", text) if b"\n" in text else text


def _unescape(escape: re.Match[bytes]) -> bytes:
    short = _SHORT.get(escape[0])
    return chr(int(escape[0].lstrip(b"\\u"), 16)).encode("utf-8", "surrogatepass") if short is None else short


def _unquote(word: bytes) -> bytes:
    """In a form body `+` is a space, in a URL it is itself: both are given."""
    plain = unquote_to_bytes(word)
    return plain + b"\n" + unquote_to_bytes(word.replace(b"+", b" ")) if b"+" in word else plain


def one_by_one(decode: Callable[[bytes], bytes], texts: Sequence[bytes]) -> tuple[bytes, list[int]]:
    decoded = [decode(text) for text in texts]
    starts = list(accumulate((len(text) + 1 for text in decoded[:-1]), initial=0))
    return b"\n".join(decoded), starts


def all_at_once(
    texts: Sequence[bytes], *, pad: bytes, unit: int, size: int, decode: Callable[[bytes], bytes]
) -> tuple[bytes, list[int]]:
    """Decodes all runs in one call for each of the `unit` alignments; every `unit` characters become `size` bytes.

    Padding makes each run begin at a whole unit and keeps neighbours apart, so that a shift of the whole is one of each run.
    """
    padded = [text + pad * (unit + -len(text) % unit) for text in texts]
    places = [place // unit * size for place in accumulate(map(len, padded[:-1]), initial=0)]
    joined = b"".join(padded)
    parts = [decode(joined[shift:] + pad * shift) for shift in range(unit)]
    begins = range(0, unit * len(parts[0]), len(parts[0]))
    starts = [begin + max(place - (size if shift else 0), 0) for shift, begin in enumerate(begins) for place in places]
    return b"".join(parts), starts


def _decode_base64(texts: Sequence[bytes]) -> tuple[bytes, list[int]]:
    standard = [text.translate(_URL_SAFE) for text in texts]
    return all_at_once(standard, pad=b"/", unit=4, size=3, decode=binascii.a2b_base64)


def _decode_hex(texts: Sequence[bytes]) -> tuple[bytes, list[int]]:
    return all_at_once(texts, pad=b"0", unit=2, size=1, decode=binascii.unhexlify)


_SHORT: Final = {escape: bytes([byte]) for escape, byte in _UNESCAPED.items()}
_PADDING_BYTES: Final = 24
_FORMS: Final = (
    Form("json", _escaped_lines, 1, lambda texts: one_by_one(lambda text: _ESCAPE.sub(_unescape, text), texts)),
    Form("percent", _percent_words, 2, lambda texts: one_by_one(_unquote, texts)),
    Form("base64", lambda data: runs(data, of=_BASE64_RUN), 3, _decode_base64),
    Form("hex", lambda data: runs(data, of=_HEX_RUN), 1, _decode_hex),
)
