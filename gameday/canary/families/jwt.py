"""JSON Web Tokens, HS256 (RFC 7519, RFC 7515, RFC 7518 section 3.2). The draw's token is a claim, so its base64 stands in the value."""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Final

from gameday.canary.families.base import Draw, Drawn, Family

SIGNING_KEY: Final = b"gameday signs its made-up tokens with these bytes"  # public on purpose: they open nothing
_FIRST_ISSUED_S: Final = 1_767_225_600  # 2026-01-01
_YEAR_S: Final = 31_536_000


def encoded(content: bytes) -> str:
    """Base64 for URLs, without padding (RFC 7515 section 2)."""
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def _part(claims: Mapping[str, object]) -> str:
    return encoded(json.dumps(claims, separators=(",", ":")).encode())


def _draw(draw: Draw) -> Drawn:
    issued_s = _FIRST_ISSUED_S + draw.rng.randrange(_YEAR_S)
    claims = {"iss": "https://login.example", "jti": draw.token, "iat": issued_s, "exp": issued_s + 3600}
    signed = f"{_part({'alg': 'HS256', 'typ': 'JWT'})}.{_part(claims)}"
    signature = hmac.digest(SIGNING_KEY, signed.encode(), hashlib.sha256)
    return Drawn((f"{signed}.{encoded(signature)}",))


JwtPrompt: Final = Family(
    name="jwt",
    is_secret=True,
    is_redactable=True,
    draw=_draw,
    text=lambda values: f"The gateway refuses the header Authorization: Bearer {values[0]} and I cannot see why",
)
