"""Tokens: 19 characters that say, to the holder of the key alone, which prompt they stand for, and when it was minted.

`LLLLLLL MMMMM RRRRRRR`: the site's marker, and on both sides of it one number: a masked 37-bit id, followed by its keyed
27-bit tag. The mask is a keyed hash of the tag (as in RFC 5297, SIV), so that no two tokens look alike. The marker stands in
the middle, so that every fragment of 12 characters holds it whole. The alphabet has one case, no vowel and no leet partner.
"""

import datetime as dt
import hashlib
from enum import StrEnum
from typing import Final

from attrs import frozen

from gameday.canary.key import SiteKey

ALPHABET: Final = "0123456789cdfhjkmnpqrvwxy"
EPOCH: Final = dt.date(2026, 1, 1)
DAY_BITS: Final = 10  # 1,024 days, then the count begins again
RUN_BITS: Final = 5
TENANT_BITS: Final = 3
SLOT_BITS: Final = 4
SERIAL_BITS: Final = 15
TOKEN_CHARS: Final = 19
SIDE_CHARS: Final = 7  # on each side of the marker
MARKER_CHARS: Final = 5

_ID_BITS: Final = DAY_BITS + RUN_BITS + TENANT_BITS + SLOT_BITS + SERIAL_BITS
_HALF_BITS: Final = 19  # of a masked id, which has a bit more than an id: a second, smaller check
_MIXED: Final = (1 << 2 * _HALF_BITS) - 1
_HALF: Final = (1 << _HALF_BITS) - 1
_TAG_BITS: Final = 27
_TAG: Final = (1 << _TAG_BITS) - 1
_DIGIT: Final = {char: number for number, char in enumerate(ALPHABET)}
_BASE: Final = len(ALPHABET)
_PAIRS: Final = tuple(first + second for first in ALPHABET for second in ALPHABET)
_MARKER_SHAPE: Final = ("23456789", "qvwxkj", "23456789", "qvwxkj", "23456789")  # never part of a hexadecimal id
assert 1 << (2 * _HALF_BITS + _TAG_BITS) <= _BASE ** (2 * SIDE_CHARS)


class Part(StrEnum):
    """What a token stands in a prompt as: the reference beside the value, or a piece of the value itself."""

    TOKEN = "token"  # noqa: S105 - the word of the domain
    VALUE = "value"


@frozen(kw_only=True)
class TokenId:
    """What a token stands for. `day` counts from EPOCH, `run` is a keyed hash of the run's name.

    `serial` counts from `Tokens.first_serial`, the others from 0.
    """

    day: int
    run: int
    tenant: int
    slot: int
    serial: int

    @property
    def minted_on(self) -> dt.date:
        """The first day that counts so: once the count has begun again, a later one may be meant."""
        return EPOCH + dt.timedelta(days=self.day)

    def packed(self) -> int:
        number = (self.day << RUN_BITS | self.run) << TENANT_BITS | self.tenant
        return (number << SLOT_BITS | self.slot) << SERIAL_BITS | self.serial

    @classmethod
    def unpacked(cls, number: int) -> "TokenId":
        rest, serial = divmod(number, 1 << SERIAL_BITS)
        rest, slot = divmod(rest, 1 << SLOT_BITS)
        rest, tenant = divmod(rest, 1 << TENANT_BITS)
        day, run = divmod(rest, 1 << RUN_BITS)
        return cls(day=day, run=run, tenant=tenant, slot=slot, serial=serial)


@frozen
class Checked:
    """A token that is ours: what it stands for, and as what."""

    token_id: TokenId
    part: Part


class Mixing:
    """A keyed permutation of 38-bit numbers (Feistel, four rounds): mixed numbers never collide and show no order."""

    def __init__(self, key: SiteKey, *, purpose: bytes) -> None:
        self._rounds = [_keyed(key, purpose=purpose + b"%d" % number) for number in range(4)]

    def mix(self, number: int) -> int:
        left, right = number >> _HALF_BITS, number & _HALF
        for each in self._rounds:
            left, right = right, left ^ (_hashed(each, right) & _HALF)
        return left << _HALF_BITS | right

    def unmix(self, number: int) -> int:
        left, right = number >> _HALF_BITS, number & _HALF
        for each in reversed(self._rounds):
            left, right = right ^ (_hashed(each, left) & _HALF), left
        return left << _HALF_BITS | right


class Tokens:
    """Mints and checks a site's tokens; no table is needed for either."""

    def __init__(self, key: SiteKey) -> None:
        chosen = key.digest(b"", purpose=b"token marker", size=len(_MARKER_SHAPE))
        marker = "".join(chars[byte % len(chars)] for chars, byte in zip(_MARKER_SHAPE, chosen, strict=True))
        self.marker = marker.encode()
        self._marker = marker
        self._mask = _keyed(key, purpose=b"token mask", size=5)
        self._ids = Mixing(key, purpose=b"canary id")
        self._tags = {part: _keyed(key, purpose=b"tag of %s" % part.encode()) for part in Part}
        self._key = key

    def run_number(self, run: str) -> int:
        """Two of 32 runs of one day may share one."""
        return self._run_hash(run) % (1 << RUN_BITS)

    def first_serial(self, run: str) -> int:
        """Where the run begins to count (modulo the serials there are): runs that share a number seldom share a token."""
        return (self._run_hash(run) >> RUN_BITS) % (1 << SERIAL_BITS)

    def canary_id(self, token_id: TokenId) -> str:
        """The harmless name of the canary that the token stands for; none of its characters can be told from the token's."""
        mixed = f"{self._ids.mix(token_id.packed()):010x}"
        return f"c{mixed[:5]}-{mixed[5:]}"

    def of_canary(self, name: str) -> TokenId:
        """What the canary of this name (`canary_id`) stands for."""
        return TokenId.unpacked(self._ids.unmix(int(name.removeprefix("c").replace("-", ""), 16)))

    def mint(self, token_id: TokenId, *, part: Part = Part.TOKEN) -> str:
        number = token_id.packed()
        tag = self._tag(number, part=part)
        sides = _base25((number ^ self._mask_of(tag)) << _TAG_BITS | tag)
        return sides[:SIDE_CHARS] + self._marker + sides[SIDE_CHARS:]

    def check(self, token: str) -> Checked | None:
        """None unless the whole of it is a token of this site; upper case counts as well."""
        token = token.lower()
        if token[SIDE_CHARS:-SIDE_CHARS] != self._marker or len(token) != TOKEN_CHARS:
            return None
        sides = _from_base25(token[:SIDE_CHARS] + token[-SIDE_CHARS:])
        if sides is None:
            return None
        tag = sides & _TAG
        number = sides >> _TAG_BITS ^ self._mask_of(tag)
        if number >= 1 << _ID_BITS:
            return None
        parts = (part for part in Part if self._tag(number, part=part) == tag)
        return next((Checked(TokenId.unpacked(number), part) for part in parts), None)

    def _mask_of(self, tag: int) -> int:
        return _hashed(self._mask, tag) & _MIXED

    def _tag(self, number: int, *, part: Part) -> int:
        return _hashed(self._tags[part], number) & _TAG

    def _run_hash(self, run: str) -> int:
        return int.from_bytes(self._key.digest(run.encode(), purpose=b"token run", size=8), "big")


def day_of(date: dt.date) -> int:
    """The day as tokens count it; the count begins again after 1,024 days."""
    return (date - EPOCH).days % (1 << DAY_BITS)


def _keyed(key: SiteKey, *, purpose: bytes, size: int = 4) -> "hashlib.blake2b":
    return hashlib.blake2b(key=key.secret, person=purpose, digest_size=size)


def _hashed(keyed: "hashlib.blake2b", number: int) -> int:
    state = keyed.copy()
    state.update(number.to_bytes(5, "big"))
    return int.from_bytes(state.digest(), "big")


def _base25(number: int) -> str:
    pairs = []
    for _ in range(SIDE_CHARS):
        number, pair = divmod(number, len(_PAIRS))
        pairs.append(_PAIRS[pair])
    return "".join(reversed(pairs))


def _from_base25(text: str) -> int | None:
    number = 0
    for char in text:
        digit = _DIGIT.get(char)
        if digit is None:
            return None
        number = number * _BASE + digit
    return number
