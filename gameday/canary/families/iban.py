"""IBANs: ISO 13616-1, each country's structure by the SWIFT IBAN registry, with its own check digits where they are simple.

The site's digits (the anchor) stand where bank and branch stand, in NL at the front of the account. National check digits:
BE, ES, FI, FR, IT, NL, PL, PT. Not computed: DE, GB and AT, where each bank has a method of its own; CH has none.
"""

import random
from collections.abc import Callable
from typing import Final

from gameday.canary.families.base import Draw, Drawn, Family
from gameday.canary.families.card import luhn_digit
from gameday.canary.families.characters import DIGITS, characters

_LETTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_ITALIAN_ODD: Final = (1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23)
_SPANISH: Final = (1, 2, 4, 8, 5, 10, 9, 7, 3, 6)
_POLISH: Final = (3, 9, 7, 1, 3, 9, 7)
_DUTCH: Final = tuple(range(10, 0, -1))


def iban(country: str, bban: str) -> str:
    """With the two digits that ISO 7064 mod 97-10 asks for."""
    digits = "".join(str(int(char, 36)) for char in f"{bban}{country}00")
    return f"{country}{98 - int(digits) % 97:02d}{bban}"


def weighted(digits: str, weights: tuple[int, ...]) -> int:
    return sum(int(digit) * weight for digit, weight in zip(digits, weights, strict=True))


def _digits(rng: random.Random, count: int) -> str:
    return characters(rng, of=DIGITS, count=count)


def _letters(rng: random.Random) -> str:
    return characters(rng, of=_LETTERS, count=4)


def _german(rng: random.Random, digits: str) -> str:
    return f"9{digits}{_digits(rng, 11)}"  # no German bank's number begins with 9


def _british(rng: random.Random, digits: str) -> str:
    return _letters(rng) + digits + _digits(rng, 8)


def _french(rng: random.Random, digits: str) -> str:
    """Bank 5, branch 5, account 11, key 2 (clé RIB)."""
    number = digits + _digits(rng, 15)
    return f"{number}{97 - int(number) * 100 % 97:02d}"


def _spanish(rng: random.Random, digits: str) -> str:
    """Bank 4, branch 4, check digits 2 (one for the bank, one for the account), account 10."""
    bank, account = digits + _digits(rng, 2), _digits(rng, 10)
    checks = (11 - weighted(number, _SPANISH) % 11 for number in (f"00{bank}", account))
    return bank + "".join(str({10: 1, 11: 0}.get(check, check)) for check in checks) + account


def _italian(rng: random.Random, digits: str) -> str:
    """CIN 1, bank (ABI) 5, branch (CAB) 5, account 12."""
    number = digits + _digits(rng, 16)
    total = sum(int(char) if place % 2 else _ITALIAN_ODD[int(char)] for place, char in enumerate(number))
    return _LETTERS[total % 26] + number


def _dutch(rng: random.Random, digits: str) -> str:
    """Bank 4 letters, account 10 digits whose sum, weighted 10 to 1, is a multiple of 11."""
    while True:
        account = digits + _digits(rng, 3)
        check = -weighted(f"{account}0", _DUTCH) % 11
        if check in range(10):
            return f"{_letters(rng)}{account}{check}"


def _belgian(rng: random.Random, digits: str) -> str:
    number = digits + _digits(rng, 4)
    return f"{number}{int(number) % 97 or 97:02d}"


def _austrian(rng: random.Random, digits: str) -> str:
    return digits + _digits(rng, 10)


def _polish(rng: random.Random, digits: str) -> str:
    """Bank and branch 7, their check digit, account 16."""
    bank = digits + _digits(rng, 1)
    return f"{bank}{-weighted(bank, _POLISH) % 10}{_digits(rng, 16)}"


def _portuguese(rng: random.Random, digits: str) -> str:
    number = digits + _digits(rng, 13)
    return f"{number}{98 - int(number) * 100 % 97:02d}"


def _swiss(rng: random.Random, digits: str) -> str:
    return digits + _digits(rng, 11)


def _finnish(rng: random.Random, digits: str) -> str:
    number = digits + _digits(rng, 7)
    return number + luhn_digit(number)


COUNTRIES: Final[dict[str, Callable[[random.Random, str], str]]] = {
    "DE": _german,
    "GB": _british,
    "FR": _french,
    "ES": _spanish,
    "IT": _italian,
    "NL": _dutch,
    "BE": _belgian,
    "AT": _austrian,
    "PL": _polish,
    "PT": _portuguese,
    "CH": _swiss,
    "FI": _finnish,
}


def _draw(draw: Draw) -> Drawn:
    country = draw.rng.choice(tuple(COUNTRIES))
    return Drawn((iban(country, COUNTRIES[country](draw.rng, draw.anchors.digits)),), anchors=(draw.anchors.digits,))


IbanPrompt: Final = Family(
    name="iban",
    is_secret=False,
    is_redactable=True,
    draw=_draw,
    text=lambda values: f"Is IBAN {values[0]} the right account for the deposit",
)
