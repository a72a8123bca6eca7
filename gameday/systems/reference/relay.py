"""An address that stays while what answers behind it comes and goes, and that others can reach where it is on loopback."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from socketserver import BaseRequestHandler, ThreadingTCPServer
from typing import Final

CONNECT_WITHIN_S: Final = 2.0
_CHUNK_BYTES: Final = 2**16
_END_EVERY_S: Final = 0.05


@contextmanager
def relay(host: str, *, to: Callable[[], str]) -> Iterator[str]:
    """Listens on a free port of `host`; yields "HOST:PORT". Each connection is led to the "HOST:PORT" that `to` says then.

    Where `to` says "", or nobody answers there, the connection ends at once: whoever calls tries again, as with a server
    that is down.
    """

    class Handler(BaseRequestHandler):
        def handle(self) -> None:
            _lead(self.request, to=to())

    with ThreadingTCPServer((host, 0), Handler) as server:
        server.daemon_threads, server.block_on_close = True, False
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": _END_EVERY_S}, daemon=True)
        thread.start()
        try:
            yield f"{host}:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


def _lead(near: socket.socket, *, to: str) -> None:
    host, _, port = to.rpartition(":")
    if not port:
        return
    with suppress(OSError), socket.create_connection((host, int(port)), timeout=CONNECT_WITHIN_S) as far:
        far.settimeout(None)
        back = threading.Thread(target=_copy, args=(far, near), daemon=True)
        back.start()
        _copy(near, far)
        back.join()


def _copy(source: socket.socket, target: socket.socket) -> None:
    """Until either side ends; the other then learns that there is no more to come."""
    with suppress(OSError):
        while chunk := source.recv(_CHUNK_BYTES):
            target.sendall(chunk)
    for end, how in ((source, socket.SHUT_RD), (target, socket.SHUT_WR)):
        with suppress(OSError):
            end.shutdown(how)
