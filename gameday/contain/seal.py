"""Seal: the forensic copy, encrypted with age to the owner's public key, before anything is purged.

`python -m gameday.contain.seal --vault DIR --recipient FILE --name NAME (--log FILE | --cache URL --pattern P |
--jaeger URL --traces N | --folder DIR | --bucket B --url URL --credentials env:NAME|file:PATH)`.
"""

import argparse
import io
import os
import sys
import tarfile
from pathlib import Path

import msgspec
import pyrage

from gameday import clock
from gameday.config import secret
from gameday.contain.program import run_step
from gameday.errors import HarnessError


def sealed_files(vault: Path, name: str) -> list[Path]:
    return sorted(vault.glob(f"{name}-*.age"))


def seal(body: bytes, *, vault: Path, recipient: str, name: str) -> Path:
    """Writes one encrypted file (mode 0600) and returns where it lies."""
    vault.mkdir(parents=True, exist_ok=True, mode=0o700)
    target = vault / f"{name}-{clock.now().wall_s:.6f}.age"
    fd = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(fd, "wb") as file:
        file.write(pyrage.encrypt(body, [pyrage.x25519.Recipient.from_str(recipient)]))
        file.flush()
        os.fsync(file.fileno())
    return target


def _entries(url: str, pattern: str) -> bytes:
    from gameday.servers.valkey import connect  # noqa: PLC0415 - a log's copy needs no client

    with connect(url) as client:
        found = {bytes(key).hex(): bytes(client.dump(key) or b"").hex() for key in client.scan_iter(match=pattern)}
    return msgspec.json.encode(found)


def _packed(folder: Path) -> bytes:
    """A tar of every file."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        archive.add(folder, arcname=folder.name)
    return packed.getvalue()


def _spans(url: str, traces: int) -> bytes:
    from gameday.servers.jaeger import all_spans  # noqa: PLC0415 - a log's copy needs no client

    return msgspec.json.encode(all_spans(url, max_traces=traces))


def _objects(url: str, bucket: str, credentials: str) -> bytes:
    """A tar of every version of every object."""
    from botocore.exceptions import (  # type: ignore[import-untyped,unused-ignore] # noqa: PLC0415 - slow to import
        BotoCoreError,
        ClientError,
    )

    from gameday.servers.seaweedfs import kept_client  # noqa: PLC0415 - a log's copy needs no client

    packed = io.BytesIO()
    client = kept_client(url, secret(credentials, key="--credentials"))
    try:
        with tarfile.open(fileobj=packed, mode="w") as archive:
            for page in client.get_paginator("list_object_versions").paginate(Bucket=bucket):
                for one in page.get("Versions", ()):
                    where = {"Bucket": bucket, "Key": one["Key"], "VersionId": one["VersionId"]}
                    body = client.get_object(**where)["Body"].read()
                    info = tarfile.TarInfo(f"{one['VersionId']}/{one['Key']}")
                    info.size = len(body)
                    archive.addfile(info, io.BytesIO(body))
    except (BotoCoreError, ClientError) as error:
        raise HarnessError(f"the bucket {bucket}: {type(error).__name__}") from None
    return packed.getvalue()


def _body(options: argparse.Namespace) -> bytes:
    if options.log:
        return Path(options.log).read_bytes()
    if options.folder:
        return _packed(Path(options.folder))
    if options.bucket:
        return _objects(options.url, options.bucket, options.credentials)
    return _spans(options.jaeger, options.traces) if options.jaeger else _entries(options.cache, options.pattern)


def _is_safe(options: argparse.Namespace) -> bool:
    return bool(sealed_files(Path(options.vault), options.name))


def _act(options: argparse.Namespace) -> None:
    body = _body(options)
    if not body:
        raise HarnessError("there is nothing to seal")
    seal(body, vault=Path(options.vault), recipient=Path(options.recipient).read_text().strip(), name=options.name)


def main() -> int:
    parser = argparse.ArgumentParser(prog="seal", description=__doc__)
    parser.add_argument("--vault", required=True)
    parser.add_argument("--recipient", required=True, help="a file with an age public key")
    parser.add_argument("--name", required=True)
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--log")
    source.add_argument("--cache")
    source.add_argument("--jaeger")
    source.add_argument("--folder")
    source.add_argument("--bucket")
    parser.add_argument("--url", default="")
    parser.add_argument("--credentials", default="")
    parser.add_argument("--traces", type=int, default=0)
    parser.add_argument("--pattern", default="*")
    return run_step(parser, check=_is_safe, act=_act)


if __name__ == "__main__":
    sys.exit(main())
