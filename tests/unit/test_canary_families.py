"""Each family's values are valid by the published rule, checked by other code than made them, and hold what finds them."""

import base64
import hashlib
import hmac
import json
import os
import random
import re
import shutil
import subprocess
import sys
import zlib
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Final

import kingfisher_sdk
import pytest
import stdnum.iban
import stdnum.luhn
import stdnum.verhoeff
from stdnum.br import cpf
from stdnum.cn import ric
from stdnum.es import ccc, dni
from stdnum.fi import hetu
from stdnum.fr import nir
from stdnum.gr import amka
from stdnum.il import idnr
from stdnum.in_ import aadhaar
from stdnum.jp import in_ as my_number
from stdnum.kr import rrn
from stdnum.nl import bsn
from stdnum.pl import pesel
from stdnum.se import personnummer
from stdnum.tr import tckimlik

from gameday.canary.anchors import Anchors, anchors_of
from gameday.canary.families import (
    FAMILIES,
    AddressPrompt,
    BusinessPlanPrompt,
    CardPrompt,
    CloudKeyPrompt,
    Draw,
    Drawn,
    EmailPrompt,
    Family,
    GitHubTokenPrompt,
    IbanPrompt,
    JwtPrompt,
    NationalIdPrompt,
    OpaquePrompt,
    OpenAIKeyPrompt,
    PhonePrompt,
    PrivateKeyPrompt,
    SlackTokenPrompt,
    StripeKeyPrompt,
)
from gameday.canary.families.iban import COUNTRIES, iban
from gameday.canary.families.jwt import SIGNING_KEY
from gameday.canary.families.national_id import NUMBERS, verhoeff_digit
from gameday.canary.families.phone import RANGES
from gameday.canary.families.private_key import pem
from gameday.canary.key import SiteKey
from gameday.canary.token import ALPHABET, TOKEN_CHARS

SEEDS: Final = 200
ANCHORS: Final = anchors_of(SiteKey(b"n" * 32))
BY_NAME = pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
SECRETS = pytest.mark.parametrize("family", [one for one in FAMILIES if one.is_secret], ids=lambda family: family.name)
BY_LOCALE = pytest.mark.parametrize(
    ("family", "locale"),
    [(family, locale) for family in FAMILIES for locale in family.locales or ("",)],
    ids=lambda given: given.name if isinstance(given, Family) else given,
)
GITLEAKS: Final = shutil.which(
    "gitleaks", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
)


def _draw(family: Family, seed: int, *, locale: str | None = None, anchors: Anchors = ANCHORS) -> Draw:
    rng = random.Random(f"{family.name} {seed}")
    token = "".join(rng.choices(ALPHABET, k=TOKEN_CHARS))
    chosen = rng.choice(family.locales or ("",)) if locale is None else locale
    return Draw(rng=rng, token=token, anchors=anchors, locale=chosen)


def _drawn(family: Family, *, locale: str | None = None, count: int = SEEDS) -> Iterator[tuple[Draw, Drawn]]:
    for seed in range(count):
        draw = _draw(family, seed, locale=locale)
        yield draw, family.draw(draw)


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text.replace("+", "-").replace("/", "_") + "=" * (-len(text) % 4))


def _holds_token(value: str, token: str) -> bool:
    """As it stands, or in the base64 of a JWT's claims or of a private key."""
    parts = [part for part in value.split(".") if re.fullmatch("[-_+/A-Za-z0-9]+", part) and len(part) % 4 != 1]
    return token in value or any(token.encode() in _decoded(part) for part in parts)


@BY_LOCALE
def test_every_value_holds_the_token_or_an_anchor(family: Family, locale: str) -> None:
    for draw, drawn in _drawn(family, locale=locale, count=20):
        lost = [
            number
            for number, value in enumerate(drawn.values)
            if not _holds_token(value, draw.token) and not any(anchor in value for anchor in drawn.anchors)
        ]
        assert lost == []


@BY_LOCALE
def test_the_same_draw_makes_the_same_values(family: Family, locale: str) -> None:
    again = [family.draw(_draw(family, seed, locale=locale)) for seed in (3, 4, 3)]
    assert (again[0] == again[2], again[0] == again[1]) == (True, False)


@BY_LOCALE
def test_the_text_has_every_value_word_for_word_and_values_have_one_line(family: Family, locale: str) -> None:
    for _, drawn in _drawn(family, locale=locale, count=20):
        text = family.text(drawn.values)
        missing = [number for number, value in enumerate(drawn.values) if value not in text]
        broken = [number for number, value in enumerate(drawn.values) if "\n" in value]
        assert (missing, broken) == ([], [])


@BY_NAME
def test_values_never_come_twice_and_are_long_enough_to_be_told_from_noise(family: Family) -> None:
    values = [value for _, drawn in _drawn(family) for value in drawn.values]
    distinct, shortest = len(set(values)), min(map(len, values))
    assert distinct == SEEDS * len(family.draw(_draw(family, 0)).values)
    assert shortest >= 15


@BY_NAME
def test_anchors_are_few_and_of_six_to_fourteen_ascii_letters_or_digits(family: Family) -> None:
    anchors = {anchor for _, drawn in _drawn(family) for anchor in drawn.anchors}
    lengths = {len(anchor) for anchor in anchors if re.fullmatch("[A-Za-z0-9]+", anchor)}
    count, are_plain = len(anchors), all(re.fullmatch("[A-Za-z0-9]+", anchor) for anchor in anchors)
    assert lengths <= set(range(6, 15))
    assert (count <= 48, are_plain) == (True, True)


def test_families_have_different_names() -> None:
    assert len({family.name for family in FAMILIES}) == len(FAMILIES)


@pytest.mark.parametrize(
    "family", [EmailPrompt, PhonePrompt, AddressPrompt, NationalIdPrompt], ids=lambda family: family.name
)
def test_personal_data_come_in_twelve_locales_or_more_some_of_them_not_in_latin_letters(family: Family) -> None:
    assert len(family.locales) >= 12
    assert {locale[:2] for locale in family.locales} >= {"ja", "zh", "ru", "ar", "el", "he", "hi", "ko"}


def _is_aws_pair(draw: Draw, values: tuple[str, ...]) -> bool:
    bits = int.from_bytes(base64.b32decode(values[0][4:])[:6], "big")
    account = (bits & 0x7FFFFFFFFF80) >> 7
    shaped = re.fullmatch("AKIA[A-Z2-7]{16}", values[0]) and re.fullmatch("[A-Za-z0-9/+]{40}", values[1])
    return bool(shaped) and account < 10**12


def _is_github_token(draw: Draw, values: tuple[str, ...]) -> bool:
    digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    found = re.fullmatch("ghp_([0-9A-Za-z]{30})([0-9A-Za-z]{6})", values[0])
    if not found:
        return False
    checksum = 0
    for char in found[2]:
        checksum = checksum * 62 + digits.index(char)
    return checksum == zlib.crc32(found[1].encode())


def _matches(pattern: str) -> Callable[[Draw, tuple[str, ...]], bool]:
    return lambda _, values: bool(re.fullmatch(pattern, values[0]))


def _is_signed_jwt(draw: Draw, values: tuple[str, ...]) -> bool:
    head, claims, signature = values[0].split(".")
    wanted = hmac.new(SIGNING_KEY, f"{head}.{claims}".encode(), hashlib.sha256).digest()
    read = json.loads(_decoded(claims))
    is_hs256 = json.loads(_decoded(head)) == {"alg": "HS256", "typ": "JWT"}
    return is_hs256 and wanted == _decoded(signature) and read["jti"] == draw.token and read["iat"] < read["exp"]


def _is_pkcs8(draw: Draw, values: tuple[str, ...]) -> bool:
    content = base64.b64decode(values[0], validate=True)
    return len(values[0]) == 64 and content[:16].hex() == "302e020100300506032b657004220420" and len(content) == 48


def _is_card(draw: Draw, values: tuple[str, ...]) -> bool:
    begins = "4[0-9]{15}|5[1-5][0-9]{14}|2(?:22[1-9]|2[3-9][0-9]|[3-6][0-9]{2}|7[01][0-9]|720)[0-9]{12}"
    others = "3[47][0-9]{13}|6011[0-9]{12}|62[0-9]{17}"
    return bool(re.fullmatch(f"{begins}|{others}", values[0])) and stdnum.luhn.is_valid(values[0])


def _is_iban(draw: Draw, values: tuple[str, ...]) -> bool:
    return bool(stdnum.iban.is_valid(values[0], check_country=False)) and draw.anchors.digits in values[0][4:]


def _is_email(draw: Draw, values: tuple[str, ...]) -> bool:
    local, _, domain = values[0].partition("@")
    is_reserved = re.fullmatch(r"[a-z]+\.example\.(com|org|net)", domain)
    return bool(re.fullmatch(r"[-a-z0-9_]+(\.[-a-z0-9_]+)+", local) and is_reserved) and len(local) <= 64


def _is_plan(draw: Draw, values: tuple[str, ...]) -> bool:
    words = values[0].split()
    names = [word for word in re.findall("[A-Za-z]+", values[0]) if word in ANCHORS.names]
    return 45 <= len(words) <= 80 and 7 <= len(words) / len(names) <= 10


@pytest.mark.parametrize(
    ("family", "is_valid"),
    [
        (CloudKeyPrompt, _is_aws_pair),
        (GitHubTokenPrompt, _is_github_token),
        (OpenAIKeyPrompt, _matches(r"sk-proj-[-_A-Za-z0-9]{74}T3BlbkFJ[-_A-Za-z0-9]{74}")),
        (StripeKeyPrompt, _matches("sk_live_51[A-Za-z0-9]{97}")),
        (SlackTokenPrompt, _matches("xoxb-[0-9]{12}-[0-9]{12}-[A-Za-z0-9]{24}")),
        (JwtPrompt, _is_signed_jwt),
        (PrivateKeyPrompt, _is_pkcs8),
        (CardPrompt, _is_card),
        (IbanPrompt, _is_iban),
        (EmailPrompt, _is_email),
        (BusinessPlanPrompt, _is_plan),
        (OpaquePrompt, _matches("[0-9a-z]{32}")),
    ],
    ids=lambda given: given.name if isinstance(given, Family) else "",
)
def test_every_value_is_valid_by_its_rule(family: Family, is_valid: Callable[[Draw, tuple[str, ...]], bool]) -> None:
    wrong = [seed for seed, (draw, drawn) in enumerate(_drawn(family)) if not is_valid(draw, drawn.values)]
    assert wrong == []


def test_cards_have_fifteen_sixteen_and_nineteen_digits_and_some_are_of_mastercards_second_series() -> None:
    cards = [drawn.values[0] for _, drawn in _drawn(CardPrompt)]
    assert {len(card) for card in cards} == {15, 16, 19}
    assert any(card.startswith("2223") for card in cards)


@pytest.mark.parametrize("country", COUNTRIES)
def test_ibans_of_every_country_have_its_length_structure_and_check_digits(country: str) -> None:
    rng = random.Random(country)
    made = [iban(country, COUNTRIES[country](rng, ANCHORS.digits)) for _ in range(SEEDS)]
    assert [seed for seed, one in enumerate(made) if not stdnum.iban.is_valid(one, check_country=False)] == []


def _has_cin(bban: str) -> bool:
    odd = "BAKPLCQDREVOSFTGUHMINJWZYX"  # place in it = value of the letter, or of the digit as A to J, at odd places
    values = (odd.index(chr(65 + int(char))) if place % 2 == 0 else int(char) for place, char in enumerate(bban[1:]))
    return ord(bban[0]) - 65 == sum(values) % 26


NATIONAL_CHECKS: Final[dict[str, Callable[[str], bool]]] = {
    "FR": lambda bban: (89 * int(bban[:5]) + 15 * int(bban[5:10]) + 3 * int(bban[10:21]) + int(bban[21:])) % 97 == 0,
    "BE": lambda bban: int(bban[:10]) % 97 == int(bban[10:]) % 97,
    "PT": lambda bban: int(bban) % 97 == 1,
    "NL": lambda bban: sum(int(digit) * (10 - place) for place, digit in enumerate(bban[4:])) % 11 == 0,
    "PL": lambda bban: (
        sum(int(bban[place]) * weight for place, weight in enumerate((3, 9, 7, 1, 3, 9, 7, 1))) % 10 == 0
    ),
    "FI": lambda bban: bool(stdnum.luhn.is_valid(bban)),
    "ES": ccc.is_valid,
    "IT": _has_cin,
}


@pytest.mark.parametrize(
    ("country", "published"),
    [
        ("BE", "539007547034"),
        ("PT", "000201231234567890154"),
        ("NL", "ABNA0417164300"),
        ("PL", "109010140000071219812874"),
        ("FI", "12345600000785"),
        ("ES", "21000418450200051332"),
        ("IT", "X0542811101000000123456"),
    ],
)
def test_the_checks_know_the_registrys_own_examples(country: str, published: str) -> None:
    assert NATIONAL_CHECKS[country](published)


@pytest.mark.parametrize("country", NATIONAL_CHECKS)
def test_ibans_have_their_countries_own_check_digits(country: str) -> None:
    rng = random.Random(country)
    bbans = [COUNTRIES[country](rng, ANCHORS.digits) for _ in range(SEEDS)]
    assert [seed for seed, bban in enumerate(bbans) if not NATIONAL_CHECKS[country](bban)] == []


def _is_snils(text: str) -> bool:
    digits, check = re.sub("[^0-9]", "", text)[:9], int(text[-2:])
    return sum(int(digit) * (9 - place) for place, digit in enumerate(digits)) % 101 % 100 == check


ID_CHECKS: Final[dict[str, Callable[[str], bool]]] = {
    "sv_SE": personnummer.is_valid,
    "fi_FI": lambda number: bool(hetu.is_valid(number, allow_temporary=True)),
    "es_ES": dni.is_valid,
    "fr_FR": nir.is_valid,
    "nl_NL": bsn.is_valid,
    "pl_PL": pesel.is_valid,
    "pt_BR": cpf.is_valid,
    "tr_TR": tckimlik.is_valid,
    "zh_CN": ric.is_valid,
    "ko_KR": rrn.is_valid,
    "ja_JP": my_number.is_valid,
    "ru_RU": _is_snils,
    "ar_SA": lambda number: len(number) == 10 and number[0] == "1" and bool(stdnum.luhn.is_valid(number)),
    "el_GR": amka.is_valid,
    "he_IL": idnr.is_valid,
    "hi_IN": aadhaar.is_valid,
}


@pytest.mark.parametrize("locale", NUMBERS)
def test_national_ids_have_their_countries_check_digits_behind_a_coined_name(locale: str) -> None:
    held = [drawn.values[0].partition(" ") for _, drawn in _drawn(NationalIdPrompt, locale=locale)]
    assert [seed for seed, (_, _, number) in enumerate(held) if not ID_CHECKS[locale](number)] == []
    assert all(name in ANCHORS.names for name, _, _ in held)


def test_the_verhoeff_digit_is_that_of_the_published_example() -> None:
    assert verhoeff_digit("236") == "3"
    assert stdnum.verhoeff.is_valid("2363")


@pytest.mark.parametrize("locale", RANGES)
def test_phone_numbers_are_possible_and_of_their_country(locale: str) -> None:
    phonenumbers = pytest.importorskip("phonenumbers", reason="pip install phonenumbers")
    numbers = [phonenumbers.parse(drawn.values[0]) for _, drawn in _drawn(PhonePrompt, locale=locale, count=50)]
    assert [seed for seed, one in enumerate(numbers) if not phonenumbers.is_valid_number(one)] == []
    assert {phonenumbers.region_code_for_number(one) for one in numbers} == {locale[3:]}


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
def test_openssl_reads_the_private_key_whose_bytes_begin_with_the_token() -> None:
    for draw, drawn in _drawn(PrivateKeyPrompt, count=5):
        read = subprocess.run(
            ["openssl", "pkey", "-noout", "-text"],
            input=pem(drawn.values[0]),
            capture_output=True,
            text=True,
            check=False,
        )
        private = read.stdout.partition("pub:")[0].partition("priv:")[2]
        begins = bytes.fromhex(re.sub("[^0-9a-f]", "", private)).startswith(draw.token.encode())
        assert (read.returncode, "ED25519" in read.stdout, begins) == (0, True, True)


def test_three_words_of_prose_in_a_row_seldom_come_in_another_paragraph() -> None:
    seen: dict[tuple[str, ...], int] = {}
    for _, drawn in _drawn(BusinessPlanPrompt, count=1000):
        words = re.findall(r"\w+", drawn.values[0].lower())
        for three in {tuple(words[at : at + 3]) for at in range(len(words) - 2)}:
            seen[three] = seen.get(three, 0) + 1
    share = sum(count for count in seen.values() if count > 1) / sum(seen.values())
    assert share < 0.03


@cache
def _scanner() -> kingfisher_sdk.Scanner:
    return kingfisher_sdk.Scanner()


@pytest.mark.parametrize("escapes", [0, 1, 2], ids=["raw", "json", "json twice"])
@BY_NAME
def test_a_real_scanner_finds_the_secrets_and_nothing_else(family: Family, escapes: int) -> None:
    scanner, noticed = _scanner(), 0
    for _, drawn in _drawn(family, count=60):
        text = family.text(drawn.values)
        for _ in range(escapes):
            text = json.dumps(text)
        scanner.reset_dedup()
        noticed += any(finding.visible for finding in scanner.scan(text.encode()))
    assert noticed == (60 if family.is_secret else 0)


def _in_one_file(family: Family, *, count: int) -> str:
    return "\n\n".join(family.text(drawn.values) for _, drawn in _drawn(family, count=count))


@SECRETS
def test_secrets_are_found_in_one_file_too(family: Family) -> None:
    findings = kingfisher_sdk.Scanner().scan(_in_one_file(family, count=20).encode())
    assert sum(finding.visible for finding in findings) >= 20


@pytest.mark.skipif(GITLEAKS is None, reason="gitleaks is not installed: it is in the extra 'bench'")
@SECRETS
def test_gitleaks_finds_the_secrets(family: Family) -> None:
    command = [str(GITLEAKS), "stdin", "--redact", "--no-banner", "--exit-code", "77"]
    text = family.text(family.draw(_draw(family, 1)).values)
    ended = subprocess.run(command, input=text.encode(), capture_output=True, check=False, timeout=60)
    assert ended.returncode == 77
