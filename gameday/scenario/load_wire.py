"""What `gameday load` and its locust process tell each other: orders one way, what was sent and answered the other.

What was sent goes through a file, one JSON line a request, from which every prompt can be minted again with the key, and
nothing can be without it. Answers may hold prompt text: they go through a file in memory, which has no name on any disk.
"""

from collections.abc import Iterable, Iterator
from typing import BinaryIO, Final

import msgspec

from gameday.clock import Instant
from gameday.config import Target

ORDERS_VARIABLE: Final = "GAMEDAY_LOAD_ORDERS"  # holds the path of a file with the orders
_SIZE_BYTES: Final = 4
_ENCODER: Final = msgspec.msgpack.Encoder()


class Orders(msgspec.Struct, frozen=True, kw_only=True):
    """`requests` is the budget, `answers_fd` the file in memory; serials below `first_serial` belong to others."""

    run: str
    seed: int
    day: int
    target: Target
    sent_file: str
    answers_fd: int
    requests: int
    max_error_rate: float
    first_serial: int
    stride: int = 1


class Planting(msgspec.Struct, frozen=True, array_like=True):
    """Enough to mint one canary again; tenant and run are known."""

    family: str
    slot: str
    serial: int


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One request. `status` 0: it was not answered."""

    request: str
    tenant: str
    stream: bool
    status: int
    started: Instant
    completed: Instant
    planted: tuple[Planting, ...]


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """The body of one answer, as it came."""

    request: str
    tenant: str
    content_type: str
    stamp_s: float
    body: bytes

    def __repr__(self) -> str:
        return f"Reply({self.request})"


def write_reply(file: BinaryIO, reply: Reply) -> None:
    data = _ENCODER.encode(reply)
    file.write(len(data).to_bytes(_SIZE_BYTES, "big") + data)
    file.flush()


def read_replies(file: BinaryIO) -> Iterator[Reply]:
    """From the beginning; one that was cut off at the end is left out."""
    file.seek(0)
    while len(size := file.read(_SIZE_BYTES)) == _SIZE_BYTES:
        data = file.read(int.from_bytes(size, "big"))
        if len(data) < int.from_bytes(size, "big"):
            return
        yield msgspec.msgpack.decode(data, type=Reply)


def read_lines(data: bytes) -> Iterable[Line]:
    """A last line that was cut off is left out."""
    return [msgspec.json.decode(line, type=Line) for line in data.split(b"\n")[:-1]]
