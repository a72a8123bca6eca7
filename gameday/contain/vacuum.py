"""SeaweedFS keeps the bytes of what was deleted in its volumes until it vacuums them; here it is told to, and asked whether it did."""

from typing import Final

import httpx
import msgspec

from gameday.errors import HarnessError
from gameday.wait import poll_until

_ANY_GARBAGE: Final = "0.0000001"
_ANSWER_WITHIN_S: Final = 10.0
_DONE_WITHIN_S: Final = 30.0
_QUIET_LOOKS: Final = 6  # the filer hands deletions on to the volumes in batches, up to some seconds later
_EVERY_S: Final = 0.5


class _Volume(msgspec.Struct):
    collection: str = msgspec.field(name="Collection")
    deleted_bytes: int = msgspec.field(name="DeletedByteCount")


class _Status(msgspec.Struct):
    volumes: tuple[_Volume, ...] | None = msgspec.field(name="Volumes")


def deleted_bytes(volume_server: str, *, bucket: str) -> int:
    """How many bytes of deleted objects of the bucket this volume server still has on its disk."""
    status = msgspec.json.decode(_get(f"{volume_server}/status"), type=_Status)
    return sum(one.deleted_bytes for one in status.volumes or () if one.collection == bucket)


def vacuum(master: str, *, volume_server: str, bucket: str) -> None:
    """Returns when nothing deleted was left in several looks in a row. Raises NotInTime where something stays."""
    quiet = 0

    def look() -> bool | None:
        nonlocal quiet
        quiet = quiet + 1 if deleted_bytes(volume_server, bucket=bucket) == 0 else 0
        if not quiet:
            _get(f"{master}/vol/vacuum?garbageThreshold={_ANY_GARBAGE}")
        return True if quiet >= _QUIET_LOOKS else None

    poll_until(look, what=f"the vacuum of {bucket}", every_s=_EVERY_S, within_s=_DONE_WITHIN_S)


def _get(url: str) -> bytes:
    try:
        return httpx.get(url, trust_env=False, timeout=_ANSWER_WITHIN_S).raise_for_status().content
    except httpx.HTTPError as error:
        raise HarnessError(f"{url.partition('?')[0]}: {type(error).__name__}") from error
