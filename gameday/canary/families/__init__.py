"""Prompt families: kinds of sensitive text, made up, each valid by the published rule of its kind, none of it anyone's."""

from typing import Final

from gameday.canary.families.address import AddressPrompt
from gameday.canary.families.api_keys import GitHubTokenPrompt, OpenAIKeyPrompt, SlackTokenPrompt, StripeKeyPrompt
from gameday.canary.families.base import Draw, Drawn, Family
from gameday.canary.families.business_plan import BusinessPlanPrompt
from gameday.canary.families.card import CardPrompt
from gameday.canary.families.cloud_key import CloudKeyPrompt
from gameday.canary.families.email_address import EmailPrompt
from gameday.canary.families.iban import IbanPrompt
from gameday.canary.families.jwt import JwtPrompt
from gameday.canary.families.national_id import NationalIdPrompt
from gameday.canary.families.opaque import OpaquePrompt
from gameday.canary.families.phone import PhonePrompt
from gameday.canary.families.private_key import PrivateKeyPrompt

FAMILIES: Final = (
    CloudKeyPrompt,
    GitHubTokenPrompt,
    OpenAIKeyPrompt,
    StripeKeyPrompt,
    SlackTokenPrompt,
    JwtPrompt,
    PrivateKeyPrompt,
    CardPrompt,
    IbanPrompt,
    EmailPrompt,
    PhonePrompt,
    AddressPrompt,
    NationalIdPrompt,
    BusinessPlanPrompt,
    OpaquePrompt,
)

__all__ = [
    "FAMILIES",
    "AddressPrompt",
    "BusinessPlanPrompt",
    "CardPrompt",
    "CloudKeyPrompt",
    "Draw",
    "Drawn",
    "EmailPrompt",
    "Family",
    "GitHubTokenPrompt",
    "IbanPrompt",
    "JwtPrompt",
    "NationalIdPrompt",
    "OpaquePrompt",
    "OpenAIKeyPrompt",
    "PhonePrompt",
    "PrivateKeyPrompt",
    "SlackTokenPrompt",
    "StripeKeyPrompt",
]
