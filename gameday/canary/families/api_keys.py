"""Keys of one word: GitHub, OpenAI, Stripe and Slack. Each holds the draw's token."""

import zlib
from typing import Final

from gameday.canary.families.base import Draw, Drawn, Family
from gameday.canary.families.characters import BASE62, DIGITS, URL64, around_token, characters


def github_checksum(body: str) -> str:
    """CRC32 in six base62 digits (github.blog, 2021-04-05, "Behind GitHub's new authentication token formats")."""
    number, digits = zlib.crc32(body.encode()), []
    for _ in range(6):
        number, digit = divmod(number, 62)
        digits.append(BASE62[digit])
    return "".join(reversed(digits))


def _github_token(draw: Draw) -> Drawn:
    body = around_token(draw, of=BASE62, count=30)
    return Drawn((f"ghp_{body}{github_checksum(body)}",))


def _openai_key(draw: Draw) -> Drawn:
    """A project key: 74 characters on each side of base64("OpenAI") (gitleaks, rule openai-api-key, by GitHub's partner list)."""
    left, right = around_token(draw, of=URL64, count=74), characters(draw.rng, of=URL64, count=73)
    return Drawn((f"sk-proj-{left}T3BlbkFJ{right}{draw.rng.choice(BASE62)}",))


def _stripe_key(draw: Draw) -> Drawn:
    """A live secret key (docs.stripe.com/keys), with 99 characters behind the prefix; kingfisher lets sk_test_ keys pass."""
    return Drawn((f"sk_live_51{around_token(draw, of=BASE62, count=97)}",))


def _slack_token(draw: Draw) -> Drawn:
    """A bot token (docs.slack.dev, "Tokens": xoxb-): the numbers of team and bot, and 24 characters."""
    team, bot = ("".join((draw.rng.choice(DIGITS[1:]), characters(draw.rng, of=DIGITS, count=11))) for _ in range(2))
    return Drawn((f"xoxb-{team}-{bot}-{around_token(draw, of=BASE62, count=24)}",))


GitHubTokenPrompt: Final = Family(
    name="github_token",
    is_secret=True,
    is_redactable=True,
    draw=_github_token,
    text=lambda values: f"Clone the repository with {values[0]} and list its branches",
)
OpenAIKeyPrompt: Final = Family(
    name="openai_key",
    is_secret=True,
    is_redactable=True,
    draw=_openai_key,
    text=lambda values: f"Why does the batch job fail with OPENAI_API_KEY={values[0]} in its environment",
)
StripeKeyPrompt: Final = Family(
    name="stripe_key",
    is_secret=True,
    is_redactable=True,
    draw=_stripe_key,
    text=lambda values: f"List last week's payouts with STRIPE_SECRET_KEY={values[0]} and sum them up",
)
SlackTokenPrompt: Final = Family(
    name="slack_token",
    is_secret=True,
    is_redactable=True,
    draw=_slack_token,
    text=lambda values: f"Post the summary to the channel with SLACK_BOT_TOKEN={values[0]} when it is done",
)
