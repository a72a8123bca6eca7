"""Each family's values are valid by the published rule, checked here by other code than made them."""

import json
import random
import re
import zlib
from collections.abc import Callable

import kingfisher_sdk
import pytest

from gameday.canary.families import (
    FAMILIES,
    BusinessPlanPrompt,
    CardPrompt,
    CloudKeyPrompt,
    EmailPrompt,
    Family,
    GitHubTokenPrompt,
    IbanPrompt,
    OpaquePrompt,
)

SAMPLES = 200
BY_NAME = pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)


def _samples(family: Family) -> list[tuple[str, ...]]:
    rng = random.Random(family.name)
    return [family.value(rng) for _ in range(SAMPLES)]


def _is_aws_pair(value: tuple[str, ...]) -> bool:
    return bool(re.fullmatch("AKIA[A-Z2-7]{16}", value[0]) and re.fullmatch("[A-Za-z0-9/+]{40}", value[1]))


def _is_github_token(value: tuple[str, ...]) -> bool:
    digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    found = re.fullmatch("ghp_([0-9A-Za-z]{30})([0-9A-Za-z]{6})", value[0])
    if not found:
        return False
    checksum = 0
    for char in found[2]:
        checksum = checksum * 62 + digits.index(char)
    return checksum == zlib.crc32(found[1].encode())


def _is_card(value: tuple[str, ...]) -> bool:
    total = 0
    for place, char in enumerate(value[0][::-1]):
        digit = int(char) << (place & 1)
        total += digit if digit < 10 else digit - 9
    return len(value[0]) == 16 and value[0].isdigit() and total % 10 == 0


def _is_email(value: tuple[str, ...]) -> bool:
    return bool(re.fullmatch(r"[a-z]+\.[0-9a-z]{12}@[a-z]+\.example\.(com|org|net)", value[0]))


def _is_iban(value: tuple[str, ...]) -> bool:
    moved = value[0][4:] + value[0][:4]
    digits = "".join(str(int(char, 36)) for char in moved)
    return bool(re.fullmatch(r"DE\d{20}", value[0])) and int(digits) % 97 == 1


def _is_plan(value: tuple[str, ...]) -> bool:
    return value[1] in value[0] and bool(re.fullmatch("[A-Za-z0-9 ]{60,}", value[0]))


def _is_opaque(value: tuple[str, ...]) -> bool:
    return bool(re.fullmatch("[0-9a-z]{32}", value[0]))


@pytest.mark.parametrize(
    ("family", "is_valid"),
    [
        (CloudKeyPrompt, _is_aws_pair),
        (GitHubTokenPrompt, _is_github_token),
        (CardPrompt, _is_card),
        (EmailPrompt, _is_email),
        (IbanPrompt, _is_iban),
        (BusinessPlanPrompt, _is_plan),
        (OpaquePrompt, _is_opaque),
    ],
    ids=lambda given: given.name if isinstance(given, Family) else "",
)
def test_every_value_is_valid_by_its_rule(family: Family, is_valid: Callable[[tuple[str, ...]], bool]) -> None:
    assert [number for number, value in enumerate(_samples(family)) if not is_valid(value)] == []


@BY_NAME
def test_values_are_long_enough_to_be_found_and_never_come_twice(family: Family) -> None:
    values = [literal for value in _samples(family) for literal in value]
    assert len(set(values)) == len(values)
    assert min(map(len, values)) >= 16


@BY_NAME
def test_the_sentence_carries_every_literal_on_one_line(family: Family) -> None:
    value = _samples(family)[0]
    text = family.text(value)
    assert all(literal in text for literal in value)
    assert "\n" not in text


@pytest.mark.parametrize("escapes", [0, 1, 2], ids=["raw", "json", "json twice"])
@BY_NAME
def test_a_real_scanner_finds_the_secrets_and_nothing_else(family: Family, escapes: int) -> None:
    scanner = kingfisher_sdk.Scanner()
    noticed = 0
    for value in _samples(family):
        text = family.text(value)
        for _ in range(escapes):
            text = json.dumps(text)
        scanner.reset_dedup()
        noticed += bool(scanner.scan(text.encode()))
    assert noticed == (SAMPLES if family.is_secret else 0)


def test_families_have_different_names() -> None:
    assert len({family.name for family in FAMILIES}) == len(FAMILIES)
