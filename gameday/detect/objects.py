"""What lies in a bucket, as JSON lines: an object's text with the request that its metadata names; a packed folder file by file."""

import io
import tarfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec
from attrs import define, field

from gameday.servers.seaweedfs import connect

if TYPE_CHECKING:
    from botocore.client import BaseClient  # type: ignore[import-untyped,unused-ignore]

_GZIP: Final = b"\x1f\x8b"
_READ_BYTES: Final = 2**24
_BROKEN: Final = (tarfile.TarError, OSError, EOFError, zlib.error)


@define
class NewObjects:
    """Each object of a bucket once. `env` is a file with the variables of AWS's tools; until it is there, nothing can be read."""

    bucket: str
    env: Path
    _client: "BaseClient | None" = field(default=None, init=False)
    _seen: set[tuple[str, str, str]] = field(factory=set, init=False)

    def lines(self) -> list[bytes] | None:
        """None where the store did not answer: it has not been read up to here."""
        from botocore.exceptions import (  # type: ignore[import-untyped,unused-ignore] # noqa: PLC0415 - slow to import
            BotoCoreError,
            ClientError,
        )

        try:
            return self._fresh(self._connected())
        except (BotoCoreError, ClientError, OSError, msgspec.MsgspecError):
            return None

    def _connected(self) -> "BaseClient":
        if self._client is None:
            self._client = connect(msgspec.json.decode(self.env.read_bytes(), type=dict[str, str]))
        return self._client

    def _fresh(self, client: "BaseClient") -> list[bytes]:
        lines, seen = [], set()
        for page in client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket):
            for one in page.get("Contents", ()):
                identity = (one["Key"], one["ETag"], str(one["LastModified"]))
                seen.add(identity)
                if identity not in self._seen:
                    answer = client.get_object(Bucket=self.bucket, Key=one["Key"])
                    requests = answer.get("Metadata", {}).get("request-ids", "")
                    lines += object_lines(answer["Body"].read(_READ_BYTES), key=one["Key"], requests=requests)
        self._seen = seen
        return lines


def object_lines(body: bytes, *, key: str, requests: str = "") -> list[bytes]:
    """Of a pack each file is a line, or many where it holds JSON lines; what cannot be unpacked is given as it is."""
    if body.startswith(_GZIP):
        try:
            return [line for name, content in _members(body) for line in _told(content, f"{key}/{name}", requests)]
        except _BROKEN:
            pass
    return [_line(body, key=key, requests=requests)]


def _members(body: bytes) -> Iterator[tuple[str, bytes]]:
    with tarfile.open(fileobj=io.BytesIO(body), mode="r:gz") as archive:
        for info in archive:
            if info.isreg() and (file := archive.extractfile(info)):
                yield info.name, file.read(_READ_BYTES)


def _told(content: bytes, key: str, requests: str) -> list[bytes]:
    """Lines that are JSON already say themselves what request they belong to."""
    lines = content.splitlines()
    if lines and all(line.startswith(b"{") and line.endswith(b"}") for line in lines):
        return [line + b"\n" for line in lines]
    return [_line(content, key=key, requests=requests)]


def _line(body: bytes, *, key: str, requests: str) -> bytes:
    said = {"request_id": requests, "key": key, "body": body.decode("utf-8", "replace")}
    return msgspec.json.encode(said) + b"\n"
