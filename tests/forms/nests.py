"""Forms in forms."""

import base64
import bz2
import functools
import gzip
import json
import lzma
import random
import urllib.parse
import zlib
from collections.abc import Sequence
from typing import Final

import lz4.frame
from backports import zstd

from tests.forms.documents import DOCUMENTS
from tests.forms.form import Form, Pack, of_bytes
from tests.forms.packed import pack_file, tarred, zipped


def _in_json(body: bytes) -> bytes:
    return json.dumps({"level": "info", "data": body.decode("latin-1")}).encode()


PACKS: Final[dict[str, Pack]] = {
    "gzip": gzip.compress,
    "zlib": zlib.compress,
    "zstd": zstd.compress,
    "xz": lzma.compress,
    "bzip2": bz2.compress,
    "lz4": lz4.frame.compress,
    "zip": zipped,
    "tar": tarred,
}
SPELLINGS: Final[dict[str, Pack]] = {
    "base64": base64.b64encode,
    "base64 for URLs": lambda body: base64.urlsafe_b64encode(body).rstrip(b"="),
    "wrapped base64": base64.encodebytes,
    "hex": lambda body: body.hex().encode(),
    "JSON": _in_json,
    "percent": lambda body: urllib.parse.quote_from_bytes(body, safe="").encode(),
    "UTF-16": lambda body: body.decode("latin-1").encode("utf-16-le"),
}


def packed_in_turn(body: bytes, chain: Sequence[str]) -> bytes:
    """The first of the chain is the innermost."""
    return functools.reduce(lambda inner, name: (PACKS | SPELLINGS)[name](inner), chain, body)


def _nest(*chain: str) -> Form:
    return of_bytes(" of ".join(reversed(chain)), lambda body: packed_in_turn(body, chain))


def _document_in_mail(text: str, token: str, rng: random.Random) -> bytes:
    document = next(form for form in DOCUMENTS if form.name == "DOCX (file)").make(text, token, rng)
    return b"content-transfer-encoding: base64\r\n\r\n" + base64.encodebytes(document)


NESTS: Final[tuple[Form, ...]] = (
    _nest("gzip", "base64"),
    _nest("zlib", "base64"),
    _nest("zlib", "base64", "JSON"),
    _nest("zstd", "base64"),
    _nest("xz", "base64"),
    _nest("bzip2", "base64"),
    _nest("lz4", "base64"),
    _nest("zip", "base64"),
    _nest("gzip", "wrapped base64"),
    _nest("gzip", "hex"),
    _nest("zstd", "hex"),
    _nest("gzip", "base64", "gzip"),
    _nest("gzip", "base64", "gzip", "base64"),
    _nest("base64", "gzip"),
    _nest("hex", "base64", "zstd"),
    _nest("JSON", "JSON", "base64"),
    _nest("JSON", "gzip", "base64", "JSON"),
    _nest("zip", "zip"),
    _nest("zip", "zip", "zip"),
    _nest("tar", "gzip", "zip"),
    _nest("gzip", "gzip", "gzip"),
    _nest("gzip", "tar", "zstd"),
    _nest("gzip", "base64", "base64"),
    _nest("gzip", "base64", "percent"),
    _nest("gzip", "base64", "UTF-16"),
    of_bytes("git pack in tar.gz", lambda body: gzip.compress(tarred(pack_file(body), name="objects/pack-1.pack"))),
    Form("DOCX in mail", _document_in_mail),
)
