"""Prompt families: kinds of sensitive text, made up, each valid by the published rule of its kind, none of it anyone's."""

import random
import string
import zlib
from collections.abc import Callable
from typing import Final

from attrs import frozen

_BASE62: Final = string.digits + string.ascii_uppercase + string.ascii_lowercase
_AWS_ID: Final = string.ascii_uppercase + "234567"
_BASE64: Final = string.ascii_letters + string.digits + "+/"
_PLAIN: Final = "0123456789cdfhjkmnpqrvwxy"
_TEST_CARD_PREFIXES: Final = ("411111", "424242", "400005", "401288", "520082", "545454", "555555", "510510", "222300")


@frozen(kw_only=True)
class Family:
    """One kind of prompt.

    `is_secret`: its values count as exposed secrets (M7). `is_redactable`: a detector can know its values; of others the
    values count as prose. `value` makes the literals, each of which counts as the value; `text` is a sentence with all of them.
    """

    name: str
    is_secret: bool
    is_redactable: bool
    value: Callable[[random.Random], tuple[str, ...]]
    text: Callable[[tuple[str, ...]], str]


def _chars(rng: random.Random, *, of: str, count: int) -> str:
    return "".join(rng.choices(of, k=count))


def _cloud_key(rng: random.Random) -> tuple[str, ...]:
    return "AKIA" + _chars(rng, of=_AWS_ID, count=16), _chars(rng, of=_BASE64, count=40)


def _cloud_key_text(value: tuple[str, ...]) -> str:
    # One line in the style of an env file: scanners still pair id and secret after JSON escaped it twice.
    return f"Rotate these for me: AWS_ACCESS_KEY_ID={value[0]} AWS_SECRET_ACCESS_KEY={value[1]}"


def github_checksum(body: str) -> str:
    """CRC32 in six base62 digits (github.blog, 2021-04-05, "Behind GitHub's new authentication token formats")."""
    number, digits = zlib.crc32(body.encode()), []
    for _ in range(6):
        number, digit = divmod(number, 62)
        digits.append(_BASE62[digit])
    return "".join(reversed(digits))


def _github_token(rng: random.Random) -> tuple[str, ...]:
    body = _chars(rng, of=_BASE62, count=30)
    return (f"ghp_{body}{github_checksum(body)}",)


def luhn_digit(digits: str) -> str:
    """The check digit that follows `digits` (ISO/IEC 7812-1, annex B)."""
    doubled = (int(char) * (2 - place % 2) for place, char in enumerate(reversed(digits)))
    return str(-sum(number // 10 + number % 10 for number in doubled) % 10)


def _card(rng: random.Random) -> tuple[str, ...]:
    digits = rng.choice(_TEST_CARD_PREFIXES) + _chars(rng, of=string.digits, count=9)
    return (digits + luhn_digit(digits),)


def _email(rng: random.Random) -> tuple[str, ...]:
    name, part = rng.choice(("mara", "jonas", "ines", "tomas")), rng.choice(("mail", "office", "team"))
    return (f"{name}.{_chars(rng, of=_PLAIN, count=12)}@{part}.example.{rng.choice(('com', 'org', 'net'))}",)


def _iban(rng: random.Random) -> tuple[str, ...]:
    account = "9" + _chars(rng, of=string.digits, count=17)  # no German bank's number begins with 9
    check = 98 - int(account + "131400") % 97  # "DE00" as digits: D = 13, E = 14 (ISO 13616-1)
    return (f"DE{check:02d}{account}",)


def _coined(rng: random.Random) -> str:
    return "".join(rng.choice("bdfgklmnprstvz") + rng.choice("aeiou") for _ in range(5)).capitalize()


def _business_plan(rng: random.Random) -> tuple[str, ...]:
    name = f"{_coined(rng)} {_coined(rng)}"
    city, share = rng.choice(("Lisbon", "Oslo", "Turin", "Graz", "Cork")), rng.randrange(11, 98)
    move = rng.choice(("undercut the market leader", "buy its largest supplier", "close the second plant"))
    return f"Project {name} will {move} in {city} by {share} percent before the board meets in spring", name


def _opaque(rng: random.Random) -> tuple[str, ...]:
    return (_chars(rng, of=_PLAIN, count=32),)


CloudKeyPrompt: Final = Family(
    name="cloud_key", is_secret=True, is_redactable=True, value=_cloud_key, text=_cloud_key_text
)
GitHubTokenPrompt: Final = Family(
    name="github_token",
    is_secret=True,
    is_redactable=True,
    value=_github_token,
    text=lambda value: f"Clone the repository with {value[0]} and list its branches",
)
CardPrompt: Final = Family(
    name="card",
    is_secret=False,
    is_redactable=True,
    value=_card,
    text=lambda value: f"Refund the order that was paid with card {value[0]} please",
)
EmailPrompt: Final = Family(
    name="email",
    is_secret=False,
    is_redactable=True,
    value=_email,
    text=lambda value: f"Draft an answer to {value[0]} about the late delivery",
)
IbanPrompt: Final = Family(
    name="iban",
    is_secret=False,
    is_redactable=True,
    value=_iban,
    text=lambda value: f"Is IBAN {value[0]} the right account for the deposit",
)
BusinessPlanPrompt: Final = Family(
    name="business_plan",
    is_secret=False,
    is_redactable=False,
    value=_business_plan,
    text=lambda value: f"Turn this into three slides. {value[0]}",
)
OpaquePrompt: Final = Family(
    name="opaque",
    is_secret=False,
    is_redactable=False,
    value=_opaque,
    text=lambda value: f"The reading room keeps it under {value[0]} on the third floor",
)

FAMILIES: Final = (
    CloudKeyPrompt,
    GitHubTokenPrompt,
    CardPrompt,
    EmailPrompt,
    IbanPrompt,
    BusinessPlanPrompt,
    OpaquePrompt,
)
