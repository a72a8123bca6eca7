"""Starts the pipeline's own programs, each with a socket that is bound already."""

import json
import socket
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import httpx
from attrs import frozen

from gameday import clock
from gameday.errors import ServerFailed
from gameday.runtime.tool import Program, listening_socket, python_module, start_program, without_proxies
from gameday.runtime.watchdog import Watchdog
from gameday.timeline import ServerUp
from gameday.wait import poll_until

UP_WITHIN_S: Final = 20.0
_HTTP_OK: Final = 200


@frozen(kw_only=True)
class Programs:
    root: Path
    watchdog: Watchdog
    on_up: Callable[[ServerUp], None]
    stack: ExitStack

    def start(self, name: str, settings: Mapping[str, object] | Path, *, sockets: Sequence[socket.socket] = ()) -> str:
        """Starts gameday.systems.reference.NAME and returns its URL on loopback once it is healthy."""
        start = clock.now()
        listening = list(sockets) or [listening_socket("127.0.0.1:0")]
        path = settings if isinstance(settings, Path) else self._written(name, settings)
        fds = [number.fileno() for number in listening]
        arguments = [part for fd in fds for part in ("--fd", str(fd))]
        program = start_program(
            python_module(f"gameday.systems.reference.{name}", "--config", str(path), *arguments),
            name=name,
            folder=self.root,
            watchdog=self.watchdog,
            env=without_proxies(),
            pass_fds=fds,
        )
        self.stack.callback(program.stop)
        url = f"http://127.0.0.1:{listening[0].getsockname()[1]}"
        for number in listening:
            number.close()
        self._wait(program, url)
        now = clock.now()
        self.on_up(ServerUp(at=clock.point(now), server=name, took_s=now.mono_s - start.mono_s))
        return url

    def _written(self, name: str, settings: Mapping[str, object]) -> Path:
        path = self.root / f"{name}.json"
        path.write_text(json.dumps(settings))
        return path

    def _wait(self, program: Program, url: str) -> None:
        def look() -> bool | None:
            if not program.is_alive():
                raise ServerFailed(program.name, f"ended with {program.exit_code}", program.tail())
            try:
                return True if httpx.get(f"{url}/healthz", trust_env=False, timeout=1).status_code == _HTTP_OK else None
            except httpx.HTTPError:
                return None

        poll_until(look, what=f"{program.name} is healthy", every_s=0.01, within_s=UP_WITHIN_S)
