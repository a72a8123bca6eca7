"""Ed25519 private keys: PKCS#8 in PEM (RFC 8410 section 7, RFC 7468 section 10). The key itself begins with the draw's token."""

import base64
from typing import Final

from gameday.canary.families.base import Draw, Drawn, Family

# SEQUENCE { version 0, SEQUENCE { OID 1.3.101.112 }, OCTET STRING { OCTET STRING, of 32 bytes: } }
_DER_BEFORE_KEY: Final = bytes.fromhex("302e020100300506032b657004220420")
_KEY_BYTES: Final = 32


def _draw(draw: Draw) -> Drawn:
    token = draw.token.encode()
    key = token + draw.rng.randbytes(_KEY_BYTES - len(token))
    return Drawn((base64.b64encode(_DER_BEFORE_KEY + key).decode(),))


def pem(body: str) -> str:
    """The value, which is one line of 64 characters, with the two lines around it."""
    return f"-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----\n"


PrivateKeyPrompt: Final = Family(
    name="private_key",
    is_secret=True,
    is_redactable=True,
    draw=_draw,
    text=lambda values: f"Write the unit file for the server that signs with this key:\n{pem(values[0])}",
)
