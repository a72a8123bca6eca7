"""Toxiproxy: network faults on a path between programs: delay, thin lines, silence, resets, bytes in slices."""

import json
from collections.abc import Callable, Mapping
from typing import Final, Literal, Self
from urllib.parse import quote

import msgspec
from attrs import field, frozen

from gameday import clock
from gameday.clock import Interval
from gameday.errors import HarnessError, SystemUnreachable
from gameday.runtime.base import Layout, OnPath, Running
from gameday.servers.http_api import ANSWER_WITHIN_S, Answer, HttpApi

API: Final = "api"
Upstream = int | str | Callable[[], int | str]
_LOOK_WITHIN_S: Final = 0.3  # connecting, sending, reading
_NOT_FOUND: Final = 404
_REF: Final = "toxiproxy:"


@frozen
class Toxiproxy:
    """One TCP proxy for each of `upstreams`, on the port of the same name; its port "api" is for ToxiproxyApi.

    An upstream is a port of this host, or a HOST:PORT as servers reach it, or what gives either when the server starts.
    The proxies are written down, so that they are there again after a crash; toxics are not.
    """

    upstreams: Mapping[str, Upstream]
    name: str = field(default="toxiproxy", kw_only=True)
    image: str = field(default="ghcr.io/shopify/toxiproxy:2.5.0", kw_only=True)
    program: OnPath = field(default=OnPath(("toxiproxy-server",), in_image="/toxiproxy"), kw_only=True)

    def __attrs_post_init__(self) -> None:
        if API in self.upstreams:
            raise HarnessError(f"no proxy can be named {API!r}: that is the port of Toxiproxy's own API")

    @property
    def ports(self) -> tuple[str, ...]:
        return (API, *self.upstreams)

    def files(self, layout: Layout) -> Mapping[str, bytes]:
        proxies = [
            {
                "name": name,
                "listen": f"{layout.bind}:{layout.ports[name]}",
                "upstream": _address(upstream, layout.host),
                "enabled": True,
            }
            for name, upstream in self.upstreams.items()
        ]
        return {"proxies.json": json.dumps(proxies, indent=1).encode()}

    def command(self, layout: Layout) -> tuple[str, ...]:
        where = ("-host", layout.bind, "-port", str(layout.ports[API]))
        return (*where, "-config", f"{layout.folder}/proxies.json", "-seed", "1")

    def is_ready(self, running: Running) -> bool:
        try:
            proxies = api(running, within_s=_LOOK_WITHIN_S).proxies()
        except SystemUnreachable:
            return False
        return all(name in proxies and proxies[name].enabled for name in self.upstreams)


def _address(upstream: Upstream, host: str) -> str:
    wanted = upstream() if callable(upstream) else upstream
    return f"{host}:{wanted}" if isinstance(wanted, int) else wanted


class Toxic(msgspec.Struct, frozen=True, kw_only=True, rename={"kind": "type"}):
    """One fault on one proxy. `stream` is the direction that suffers: what upstream answers, or what it is sent.

    `toxicity` is the share of *connections*, drawn when each begins. `attributes` are whole: the server shows all of them.
    """

    name: str
    kind: str
    attributes: dict[str, int]
    stream: Literal["downstream", "upstream"] = "downstream"
    toxicity: float = 1.0


class Proxy(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    listen: str
    upstream: str
    enabled: bool
    toxics: tuple[Toxic, ...] = ()


def latency(name: str = "latency", *, delay_ms: int, jitter_ms: int = 0) -> Toxic:
    return _toxic(name, "latency", latency=delay_ms, jitter=jitter_ms)


def bandwidth(name: str = "bandwidth", *, kb_per_s: int) -> Toxic:
    """0 lets nothing through until it is removed."""
    return _toxic(name, "bandwidth", rate=kb_per_s)


def timeout(name: str = "timeout", *, after_ms: int) -> Toxic:
    """Nothing comes through, and the connection is closed `after_ms` later; 0: not before the toxic is removed."""
    return _toxic(name, "timeout", timeout=after_ms)


def reset_peer(name: str = "reset_peer", *, after_ms: int = 0) -> Toxic:
    return _toxic(name, "reset_peer", timeout=after_ms)


def slicer(name: str = "slicer", *, size_bytes: int, spread_bytes: int = 0, delay_us: int = 0) -> Toxic:
    """Pieces of this size, give or take the spread. Without a delay the kernel may put them together again."""
    return _toxic(name, "slicer", average_size=size_bytes, size_variation=spread_bytes, delay=delay_us)


def _toxic(name: str, kind: str, **attributes: int) -> Toxic:
    for key, value in attributes.items():
        if value < 0:
            raise HarnessError(f"{kind}: {key} = {value}: Toxiproxy would take a negative number and do nothing")
    return Toxic(name=name, kind=kind, attributes=attributes)


def api(running: Running, *, within_s: float = ANSWER_WITHIN_S) -> "ToxiproxyApi":
    return ToxiproxyApi(f"http://{running.addresses[API]}", within_s=within_s)


@frozen
class ToxiproxyApi:
    """Adds, removes and lists toxics and proxies. Raises SystemUnreachable.

    As Settings: a key is a proxy's name, its value a JSON list of its toxics, in the order of their names.
    """

    url: str
    within_s: float = field(default=ANSWER_WITHIN_S, kw_only=True)

    @property
    def ref(self) -> str:
        """A text from which `from_ref` makes it again, in another process."""
        return f"{_REF}{self.url}"

    @classmethod
    def from_ref(cls, ref: str) -> Self:
        if not ref.startswith(f"{_REF}http://"):
            raise SystemUnreachable(f"not a Toxiproxy API: {ref!r}. It looks like toxiproxy:http://127.0.0.1:8474")
        return cls(ref.removeprefix(_REF))

    def get(self, key: str) -> bytes | None:
        proxy = self.proxies().get(key)
        return None if proxy is None else msgspec.json.encode(sorted(proxy.toxics, key=lambda toxic: toxic.name))

    def set(self, key: str, value: bytes) -> Interval:
        """Makes the proxy's toxics these; when the last change took effect, somewhere within."""
        start = clock.now()
        try:
            wanted = {toxic.name: toxic for toxic in msgspec.json.decode(value, type=list[Toxic])}
        except msgspec.MsgspecError as error:
            raise SystemUnreachable(f"not a list of toxics: {error}") from error
        here = {toxic.name: toxic for toxic in self.toxics(key)}
        for name, toxic in here.items():
            if wanted.get(name) != toxic:
                self.remove(key, name)
        for name, toxic in wanted.items():
            if here.get(name) != toxic:
                self.add(key, toxic)
        return clock.between(start, clock.now())

    def proxies(self) -> dict[str, Proxy]:
        return self._api.parsed(self._called("GET", "/proxies"), type=dict[str, Proxy])

    def toxics(self, proxy: str) -> tuple[Toxic, ...]:
        return self._api.parsed(self._called("GET", f"/proxies/{_part(proxy)}/toxics"), type=tuple[Toxic, ...])

    def add(self, proxy: str, toxic: Toxic) -> Interval:
        """New and open connections suffer from now on. Raises also where the server took something else than was meant."""
        start = clock.now()
        answer = self._called("POST", f"/proxies/{_part(proxy)}/toxics", msgspec.json.encode(toxic))
        end = clock.now()
        if (taken := self._api.parsed(answer, type=Toxic)) != toxic:
            self.remove(proxy, toxic.name)  # what the server does not know it ignores: that would be no fault at all
            raise SystemUnreachable(f"Toxiproxy at {self.url} took {taken} for {toxic}; it was removed again")
        return clock.between(start, end)

    def remove(self, proxy: str, toxic: str) -> bool:
        """Whether it was there."""
        return self._deleted(f"/proxies/{_part(proxy)}/toxics/{_part(toxic)}")

    def add_proxy(self, name: str, *, listen: str, upstream: str) -> Proxy:
        """`listen` and `upstream` as the server sees them; port 0 is a free one, and the answer tells which."""
        wanted = {"name": name, "listen": listen, "upstream": upstream, "enabled": True}
        return self._api.parsed(self._called("POST", "/proxies", msgspec.json.encode(wanted)), type=Proxy)

    def remove_proxy(self, name: str) -> bool:
        """Whether it was there; its connections are closed."""
        return self._deleted(f"/proxies/{_part(name)}")

    def switch(self, proxy: str, *, is_on: bool) -> Interval:
        """Off, it drops open connections and refuses new ones; its toxics stay."""
        start = clock.now()
        self._called("POST", f"/proxies/{_part(proxy)}", msgspec.json.encode({"enabled": is_on}))
        return clock.between(start, clock.now())

    def reset(self) -> None:
        """Removes every toxic and switches every proxy on."""
        self._called("POST", "/reset")

    def _deleted(self, path: str) -> bool:
        answer = self._api.call("DELETE", path)
        if not answer.is_ok and answer.status != _NOT_FOUND:
            raise self._api.refused("DELETE", path, answer)
        return answer.is_ok

    def _called(self, method: str, path: str, body: bytes | None = None) -> Answer:
        answer = self._api.call(method, path, body=body)
        if not answer.is_ok:
            raise self._api.refused(method, path, answer)
        return answer

    @property
    def _api(self) -> HttpApi:
        return HttpApi(self.url, what="Toxiproxy's API", within_s=self.within_s, quotes=True)


def _part(name: str) -> str:
    return quote(name, safe="")
