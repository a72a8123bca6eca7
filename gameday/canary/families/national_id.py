"""National identity numbers behind a coined holder's name (the anchor), each with its country's check digits.

Made here and not by Faker, whose numbers depend on today's date, and whose check digits are missing for some countries.
The numbers are random: all but the Finnish ones, which are of the range for artificial persons, may be somebody's.
"""

import datetime as dt
import random
from collections.abc import Callable
from typing import Final

from gameday.canary.families.base import Draw, Drawn, Family
from gameday.canary.families.card import luhn_digit
from gameday.canary.families.characters import DIGITS, characters, listed
from gameday.canary.families.iban import weighted

_FIRST_BIRTH: Final = dt.date(1940, 1, 1)
_DAYS: Final = 21_000  # until June 1997
# The group D5 (Verhoeff, Error Detecting Decimal Codes, 1969) and the powers of its permutation.
_D5: Final = listed(
    "0123456789 1234067895 2340178956 3401289567 4012395678 5987604321 6598710432 7659821043 8765932104 9876543210"
)
_SWAPS: Final = listed("0123456789 1576283094 5803796142 8916043527 9453126870 4286573901 2793806415 7046913258")


def verhoeff_digit(digits: str) -> str:
    check = 0
    for place, char in enumerate(reversed(digits), start=1):
        check = int(_D5[check][int(_SWAPS[place % 8][int(char)])])
    return str(next(digit for digit in range(10) if _D5[check][digit] == "0"))


def _digits(rng: random.Random, count: int) -> str:
    return characters(rng, of=DIGITS, count=count)


def _born(rng: random.Random, layout: str) -> str:
    return (_FIRST_BIRTH + dt.timedelta(days=rng.randrange(_DAYS))).strftime(layout)


def _swedish(rng: random.Random) -> str:
    """Personnummer (Skatteverket SKV 704): Luhn."""
    born, number = _born(rng, "%y%m%d"), f"{rng.randrange(1, 1000):03d}"
    return f"{born}-{number}{luhn_digit(born + number)}"


def _finnish(rng: random.Random) -> str:
    """Henkilötunnus (Digital and Population Data Services Agency): mod 31; 900 to 999 are given to nobody."""
    born, number = _born(rng, "%d%m%y"), f"9{_digits(rng, 2)}"
    return f"{born}-{number}{'0123456789ABCDEFHJKLMNPRSTUVWXY'[int(born + number) % 31]}"


def _spanish(rng: random.Random) -> str:
    """DNI (Real Decreto 1553/2005): the letter is the number mod 23."""
    number = _digits(rng, 8)
    return number + "TRWAGMYFPDXBNJZSQVHLCKE"[int(number) % 23]


def _french(rng: random.Random) -> str:
    """NIR (INSEE): sex, year, month, department, commune, order, and 97 less the number mod 97."""
    place = f"{rng.randrange(21, 96):02d}{rng.randrange(1, 400):03d}{rng.randrange(1, 1000):03d}"
    number = f"{rng.choice('12')}{_born(rng, '%y%m')}{place}"
    return f"{number}{97 - int(number) % 97:02d}"


def _dutch(rng: random.Random) -> str:
    """BSN (RvIG): weights 9 to 2 and -1, a multiple of 11."""
    while True:
        number = f"{rng.randrange(1, 10)}{_digits(rng, 7)}"
        check = weighted(number, (9, 8, 7, 6, 5, 4, 3, 2)) % 11
        if check in range(10):
            return f"{number}{check}"


def _polish(rng: random.Random) -> str:
    """PESEL (Ustawa o ewidencji ludności, art. 15): weights 1, 3, 7, 9."""
    number = _born(rng, "%y%m%d") + _digits(rng, 4)
    return f"{number}{-weighted(number, (1, 3, 7, 9, 1, 3, 7, 9, 1, 3)) % 10}"


def _brazilian(rng: random.Random) -> str:
    """CPF (Receita Federal): two digits mod 11."""
    number = _digits(rng, 9)
    for count in (9, 10):
        number += str(weighted(number, tuple(range(count + 1, 1, -1))) * 10 % 11 % 10)
    return number


def _turkish(rng: random.Random) -> str:
    """Turkish identification number (NVI)."""
    number = f"{rng.randrange(1, 10)}{_digits(rng, 8)}"
    number += str(weighted(number, (7, -1, 7, -1, 7, -1, 7, -1, 7)) % 10)
    return f"{number}{sum(map(int, number)) % 10}"


def _chinese(rng: random.Random) -> str:
    """Resident identity number (GB 11643-1999): ISO 7064 mod 11-2."""
    number = f"{rng.choice(('110101', '110105', '120101', '310101', '310104'))}{_born(rng, '%Y%m%d')}{_digits(rng, 3)}"
    return number + "10X98765432"[weighted(number, tuple(pow(2, place, 11) for place in range(17, 0, -1))) % 11]


def _korean(rng: random.Random) -> str:
    """Resident registration number, as given until October 2020: sex, place (up to 95), mod 11."""
    number = f"{_born(rng, '%y%m%d')}{rng.choice('12')}{rng.randrange(96):02d}{_digits(rng, 3)}"
    check = (11 - weighted(number, (2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5)) % 11) % 10
    return f"{number[:6]}-{number[6:]}{check}"


def _japanese(rng: random.Random) -> str:
    """Individual Number (Order of the Ministry for Internal Affairs 85 of 2014, article 5): mod 11."""
    number = _digits(rng, 11)
    rest = weighted(number, (6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2)) % 11
    return f"{number}{0 if rest <= 1 else 11 - rest}"


def _russian(rng: random.Random) -> str:
    """SNILS (order of the Pension Fund 192p of 2006): weights 9 to 1, mod 101, of numbers above 001-001-998."""
    number = f"{rng.randrange(2, 1000):03d}{_digits(rng, 6)}"
    check = weighted(number, tuple(range(9, 0, -1))) % 101 % 100
    return f"{number[:3]}-{number[3:6]}-{number[6:]} {check:02d}"


def _with_luhn(first: str, count: int) -> Callable[[random.Random], str]:
    def drawn(rng: random.Random) -> str:
        number = first + _digits(rng, count)
        return number + luhn_digit(number)

    return drawn


def _greek(rng: random.Random) -> str:
    """AMKA (Law 3655/2008): day of birth, four digits, Luhn."""
    number = _born(rng, "%d%m%y") + _digits(rng, 4)
    return number + luhn_digit(number)


def _indian(rng: random.Random) -> str:
    """Aadhaar (UIDAI): twelve digits, the first not 0 or 1, Verhoeff."""
    number = f"{rng.randrange(2, 10)}{_digits(rng, 10)}"
    return number + verhoeff_digit(number)


NUMBERS: Final[dict[str, Callable[[random.Random], str]]] = {
    "sv_SE": _swedish,
    "fi_FI": _finnish,
    "es_ES": _spanish,
    "fr_FR": _french,
    "nl_NL": _dutch,
    "pl_PL": _polish,
    "pt_BR": _brazilian,
    "tr_TR": _turkish,
    "zh_CN": _chinese,
    "ko_KR": _korean,
    "ja_JP": _japanese,
    "ru_RU": _russian,
    "ar_SA": _with_luhn("1", 8),  # national identity number (Absher): Luhn, citizens' begin with 1
    "el_GR": _greek,
    "he_IL": _with_luhn("", 8),  # Teudat Zehut (Population Authority): Luhn
    "hi_IN": _indian,
}
LOCALES: Final = tuple(NUMBERS)


def _draw(draw: Draw) -> Drawn:
    name = draw.rng.choice(draw.anchors.names)
    return Drawn((f"{name} {NUMBERS[draw.locale or LOCALES[0]](draw.rng)}",), anchors=(name,))


NationalIdPrompt: Final = Family(
    name="national_id",
    is_secret=False,
    is_redactable=True,
    draw=_draw,
    text=lambda values: f"Open the file of {values[0]} and tell me what is missing",
    locales=LOCALES,
)
