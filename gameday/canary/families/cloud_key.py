"""AWS: an access key id and its secret.

Source: AWS, IAM User Guide, "IAM identifiers" (ids of access keys begin with AKIA) and "Manage access keys" (20 and 40
characters). What follows AKIA is base32, whose bits 2 to 41 are the account's number (AWS STS, GetAccessKeyInfo).
"""

from typing import Final

from gameday.canary.families.base import Draw, Drawn, Family
from gameday.canary.families.characters import BASE32, BASE64, around_token, characters

_PREFIX: Final = "AKIA"
_CUT: Final = 6
_TOO_HIGH: Final = "OP"  # an account number has twelve digits at most, and behind AKIAP and AKIAO it may have thirteen


def _draw(draw: Draw) -> Drawn:
    name = next(name for name in draw.anchors.names if name[0] not in _TOO_HIGH)
    anchor = _PREFIX + name[:_CUT].upper()
    key_id = anchor + characters(draw.rng, of=BASE32, count=10)
    return Drawn((key_id, around_token(draw, of=BASE64, count=40)), anchors=(anchor,))


def _text(values: tuple[str, ...]) -> str:
    # One line in the style of an env file: scanners still pair id and secret after JSON escaped it twice.
    return f"Rotate these for me: AWS_ACCESS_KEY_ID={values[0]} AWS_SECRET_ACCESS_KEY={values[1]}"


CloudKeyPrompt: Final = Family(name="cloud_key", is_secret=True, is_redactable=True, draw=_draw, text=_text)
