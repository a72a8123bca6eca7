"""Purge: deletes all versions of each object that carries a request id, and aborts the unfinished uploads to its key.

An object carries the id in its key, metadata or tags; with --bodies also in its body, which is unpacked if it is a pack.
`python -m gameday.contain.purge_objects --url URL --bucket B --credentials env:NAME|file:PATH --request-id ID [--prefix P] [--bodies]`.

An upload's metadata is told to nobody, so --uploads aborts every unfinished one below the prefix. Deleted bytes stay on the disk of
a SeaweedFS until it vacuums: --master URL --volume URL makes it do so; names of keys stay in its filer's own log and database.
"""

import argparse
import sys
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from gameday.config import secret
from gameday.contain.carrying import LOOKED_INTO_BYTES, carries, request_id
from gameday.contain.program import run_step
from gameday.errors import HarnessError
from gameday.servers.seaweedfs import REGION, connect

if TYPE_CHECKING:
    from botocore.client import BaseClient  # type: ignore[import-untyped,unused-ignore]

Where = Mapping[str, str]


def _is_safe(options: argparse.Namespace) -> bool:
    client = _client(options)
    try:
        found = next(_carriers(client, options), None) or next(_uploads(client, options), None)
        return found is None and not _keeps_deleted(options)
    except _errors() as error:
        raise HarnessError(_told(error)) from None


def _keeps_deleted(options: argparse.Namespace) -> bool:
    if not options.volume:
        return False
    from gameday.contain.vacuum import deleted_bytes  # noqa: PLC0415 - its client takes time, and few ask for it

    return bool(deleted_bytes(options.volume, bucket=options.bucket))


def _act(options: argparse.Namespace) -> None:
    client = _client(options)
    try:
        keys = {where["Key"] for where in _carriers(client, options)}
        for where in _versions(client, options):
            if where["Key"] in keys:
                client.delete_object(**where)
        for upload in _uploads(client, options):
            client.abort_multipart_upload(**upload)
    except _errors() as error:
        raise HarnessError(_told(error)) from None
    if options.master and options.volume:
        from gameday.contain.vacuum import vacuum  # noqa: PLC0415

        vacuum(options.master, volume_server=options.volume, bucket=options.bucket)


def _carriers(client: "BaseClient", options: argparse.Namespace) -> Iterator[Where]:
    for where in _versions(client, options, markers=False):
        if options.request_id in where["Key"] or _says(client, where, options):
            yield where


def _says(client: "BaseClient", where: Where, options: argparse.Namespace) -> bool:
    about = client.head_object(**where).get("Metadata", {})
    tags = client.get_object_tagging(**where).get("TagSet", ())
    said = [*about.values(), *(tag["Value"] for tag in tags)]
    if any(options.request_id in text for text in said):
        return True
    if not options.bodies:
        return False
    return carries(client.get_object(**where)["Body"].read(LOOKED_INTO_BYTES), options.request_id)


def _versions(client: "BaseClient", options: argparse.Namespace, *, markers: bool = True) -> Iterator[Where]:
    pages = client.get_paginator("list_object_versions").paginate(Bucket=options.bucket, Prefix=options.prefix)
    for page in pages:
        for one in (*page.get("Versions", ()), *(page.get("DeleteMarkers", ()) if markers else ())):
            yield {"Bucket": options.bucket, "Key": one["Key"], "VersionId": one["VersionId"]}


def _uploads(client: "BaseClient", options: argparse.Namespace) -> Iterator[Where]:
    pages = client.get_paginator("list_multipart_uploads").paginate(Bucket=options.bucket, Prefix=options.prefix)
    for page in pages:
        for one in page.get("Uploads", ()):
            if options.uploads or options.request_id in one["Key"]:
                yield {"Bucket": options.bucket, "Key": one["Key"], "UploadId": one["UploadId"]}


def _client(options: argparse.Namespace) -> "BaseClient":
    key, _, hidden = secret(options.credentials, key="--credentials").partition(":")
    return connect(
        {
            "AWS_ENDPOINT_URL": options.url,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ACCESS_KEY_ID": key,
            "AWS_SECRET_ACCESS_KEY": hidden,
        }
    )


def _told(error: Exception) -> str:
    """S3's sentences may quote a key; its code does not."""
    answer: dict[str, Any] = getattr(error, "response", None) or {}
    code = answer.get("Error", {}).get("Code") or type(error).__name__
    return f"the object store: {code} {getattr(error, 'operation_name', '')}".rstrip()


def _errors() -> tuple[type[Exception], ...]:
    from botocore.exceptions import (  # type: ignore[import-untyped,unused-ignore] # noqa: PLC0415 - slow to import
        BotoCoreError,
        ClientError,
    )

    return BotoCoreError, ClientError


def main() -> int:
    parser = argparse.ArgumentParser(prog="purge_objects", description=__doc__)
    for name in ("--url", "--bucket", "--credentials"):
        parser.add_argument(name, required=True)
    parser.add_argument("--request-id", type=request_id, required=True)
    for name in ("--prefix", "--master", "--volume"):
        parser.add_argument(name, default="")
    for name in ("--bodies", "--uploads"):
        parser.add_argument(name, action="store_true")
    return run_step(parser, check=_is_safe, act=_act)


if __name__ == "__main__":
    sys.exit(main())
