"""How each program of the pipeline is started: its command line, its listening sockets, its server."""

import argparse
import asyncio
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

from uvicorn.config import Config
from uvicorn.server import Server

from gameday.errors import ConfigError
from gameday.systems.reference.asgi import App

BAD_CONFIG: Final = 4
KEEP_ALIVE_S: Final = 75
CHECK_FILES_EVERY_S: Final = 0.02


def main(make_app: Callable[[Path], tuple[App, Callable[[], None]]]) -> None:
    """`make_app` returns the app and what looks for changed files; it raises ConfigError, which ends the program with 4."""
    options = _options()
    try:
        app, refresh = make_app(options.config)
    except ConfigError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(BAD_CONFIG)
    asyncio.run(_serve(app, _sockets(options), refresh))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("--config", type=Path, required=True, metavar="FILE")
    parser.add_argument(
        "--fd", type=int, action="append", default=[], metavar="N", help="a listening socket; may be repeated"
    )
    parser.add_argument(
        "--listen", action="append", default=[], metavar="HOST:PORT", help="for use by hand; may be repeated"
    )
    options = parser.parse_args()
    if not options.fd and not options.listen:
        parser.error("say where to listen: --fd N or --listen 127.0.0.1:PORT")
    return options


def _sockets(options: argparse.Namespace) -> list[socket.socket]:
    return [socket.socket(fileno=fd) for fd in options.fd] + [_bound(address) for address in options.listen]


def _bound(address: str) -> socket.socket:
    host, _, port = address.rpartition(":")
    return socket.create_server((host, int(port)), backlog=2048)


async def _serve(app: App, sockets: list[socket.socket], refresh: Callable[[], None]) -> None:
    config = Config(
        app,
        http="h11",
        ws="none",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=1,
    )
    watching = asyncio.create_task(_every(refresh))
    try:
        await Server(config).serve(sockets=sockets)
    finally:
        watching.cancel()


async def _every(refresh: Callable[[], None]) -> None:
    while True:
        refresh()
        await asyncio.sleep(CHECK_FILES_EVERY_S)
