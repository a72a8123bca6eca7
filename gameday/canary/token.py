"""Tokens: 19 characters that say, to the holder of the key alone, which prompt they stand for.

`LLLLLLL MMMMM RRRRRRR`: a keyed mixing of a 32-bit id, the site's marker, a keyed 32-bit tag. The marker stands in the
middle, so that every fragment of 12 characters holds it whole. The alphabet has one case, no vowel and no leet partner.
"""

import hashlib
from typing import Final

from attrs import frozen

from gameday.canary.key import SiteKey

ALPHABET: Final = "0123456789cdfhjkmnpqrvwxy"
RUN_BITS: Final = 10
TENANT_BITS: Final = 3
SLOT_BITS: Final = 3
SERIAL_BITS: Final = 16
TOKEN_CHARS: Final = 19
SIDE_CHARS: Final = 7  # on each side of the marker

_DIGIT: Final = {char: number for number, char in enumerate(ALPHABET)}
_MARKER_SHAPE: Final = ("23456789", "qvwxkj", "23456789", "qvwxkj", "23456789")  # never part of a hexadecimal id
_HALF: Final = 0xFFFF


@frozen(kw_only=True)
class TokenId:
    """What a token stands for: `run` is a keyed hash of the run's name, the others count from 0."""

    run: int
    tenant: int
    slot: int
    serial: int

    def packed(self) -> int:
        number = self.run
        for part, bits in ((self.tenant, TENANT_BITS), (self.slot, SLOT_BITS), (self.serial, SERIAL_BITS)):
            number = number << bits | part
        return number

    @classmethod
    def unpacked(cls, number: int) -> "TokenId":
        rest, serial = divmod(number, 1 << SERIAL_BITS)
        rest, slot = divmod(rest, 1 << SLOT_BITS)
        run, tenant = divmod(rest, 1 << TENANT_BITS)
        return cls(run=run, tenant=tenant, slot=slot, serial=serial)


class Mixing:
    """A keyed permutation of 32-bit numbers (Feistel, four rounds): mixed numbers never collide and show no order."""

    def __init__(self, key: SiteKey, *, purpose: bytes) -> None:
        rounds = range(4)
        self._rounds = [_keyed(key, purpose=purpose + b"%d" % number, size=2) for number in rounds]

    def mix(self, number: int) -> int:
        left, right = number >> 16, number & _HALF
        for each in self._rounds:
            left, right = right, left ^ _hashed(each, right)
        return left << 16 | right

    def unmix(self, number: int) -> int:
        left, right = number >> 16, number & _HALF
        for each in reversed(self._rounds):
            left, right = right ^ _hashed(each, left), left
        return left << 16 | right


class Tokens:
    """Mints and checks a site's tokens; no table is needed for either."""

    def __init__(self, key: SiteKey) -> None:
        chosen = key.digest(b"", purpose=b"token marker", size=len(_MARKER_SHAPE))
        marker = "".join(chars[byte % len(chars)] for chars, byte in zip(_MARKER_SHAPE, chosen, strict=True))
        self.marker = marker.encode()
        self._marker = marker
        self._mixing = Mixing(key, purpose=b"token id")
        self._tag = _keyed(key, purpose=b"token tag", size=4)
        self._key = key

    def run_number(self, run: str) -> int:
        """Two of 1,024 runs may share one."""
        return int.from_bytes(self._key.digest(run.encode(), purpose=b"token run", size=4), "big") % (1 << RUN_BITS)

    def mint(self, token_id: TokenId) -> str:
        number = token_id.packed()
        return _base25(self._mixing.mix(number)) + self._marker + _base25(_hashed(self._tag, number))

    def check(self, token: str) -> TokenId | None:
        """None unless the whole of it is a token of this site; upper case counts as well."""
        token = token.lower()
        left, marker, right = token[:SIDE_CHARS], token[SIDE_CHARS:-SIDE_CHARS], token[-SIDE_CHARS:]
        mixed = _from_base25(left) if marker == self._marker and len(token) == TOKEN_CHARS else None
        if mixed is None:
            return None
        number = self._mixing.unmix(mixed)
        return TokenId.unpacked(number) if _base25(_hashed(self._tag, number)) == right else None


def _keyed(key: SiteKey, *, purpose: bytes, size: int) -> "hashlib.blake2b":
    return hashlib.blake2b(key=key.secret, person=purpose, digest_size=size)


def _hashed(keyed: "hashlib.blake2b", number: int) -> int:
    state = keyed.copy()
    state.update(number.to_bytes(4, "big"))
    return int.from_bytes(state.digest(), "big")


def _base25(number: int) -> str:
    chars = []
    for _ in range(SIDE_CHARS):
        number, digit = divmod(number, len(ALPHABET))
        chars.append(ALPHABET[digit])
    return "".join(reversed(chars))


def _from_base25(text: str) -> int | None:
    number = 0
    for char in text:
        digit = _DIGIT.get(char)
        if digit is None:
            return None
        number = number * len(ALPHABET) + digit
    return number if number < 1 << 32 else None
