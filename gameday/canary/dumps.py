"""Hexadecimal dumps (hexdump -C, xxd, od -t x1): the bytes that they show."""

import re
from typing import Final

_LINE: Final = re.compile(
    rb"(?m)^[0-9a-f]{6,8}(?:: ((?:(?:[0-9a-f]{2}){1,2} ){1,8})|  ?((?:[0-9a-f]{2} ){1,8} ?(?:[0-9a-f]{2} ?){0,8}))"
)


def dumped(block: bytes) -> bytes:
    """Of all lines of dumps in the block, in their order."""
    shown = b"".join(xxd or hexdump for xxd, hexdump in _LINE.findall(block))
    return bytes.fromhex(shown.decode())
