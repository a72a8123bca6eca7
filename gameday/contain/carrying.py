"""Whether bytes carry a request id: as they are, or in what they pack (gzip, zip, tar), to a bounded size and depth."""

import argparse
import gzip
import io
import re
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from typing import Final

LOOKED_INTO_BYTES: Final = 64 * 2**20
_DEPTH: Final = 3
_ID: Final = re.compile(r"[A-Za-z0-9._:-]{8,128}")
_BROKEN: Final = (
    OSError,
    EOFError,
    zlib.error,
    tarfile.TarError,
    zipfile.BadZipFile,
    NotImplementedError,
    RuntimeError,
)


def request_id(text: str) -> str:
    """A request id as an argument. One that is short, or empty because the alert has none, would fit everything."""
    if not _ID.fullmatch(text):
        raise argparse.ArgumentTypeError("a request id has 8 to 128 letters, digits, dots, colons, dashes")
    return text


def carries(body: bytes, wanted: str, *, depth: int = _DEPTH) -> bool:
    """Whether the id stands in it. A pack that is broken is looked at as it is."""
    if wanted.encode() in body:
        return True
    return depth > 0 and any(carries(member, wanted, depth=depth - 1) for member in _members(body))


def _members(body: bytes) -> Iterator[bytes]:
    try:
        if body.startswith(b"\x1f\x8b"):
            with gzip.open(io.BytesIO(body)) as file:
                yield file.read(LOOKED_INTO_BYTES)
        elif body.startswith(b"PK\x03\x04"):
            yield from _zipped(body)
        elif body[257:262] == b"ustar":
            yield from _tarred(body)
    except _BROKEN:
        return


def _zipped(body: bytes) -> Iterator[bytes]:
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        for info in archive.infolist():
            yield info.filename.encode()
            with archive.open(info) as file:
                yield file.read(LOOKED_INTO_BYTES)


def _tarred(body: bytes) -> Iterator[bytes]:
    with tarfile.open(fileobj=io.BytesIO(body)) as archive:
        for info in archive:
            yield info.name.encode()
            if info.isreg() and (file := archive.extractfile(info)):
                yield file.read(LOOKED_INTO_BYTES)
