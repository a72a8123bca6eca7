"""What Toxiproxy does for gameday on both runtimes: it breaks the path to a real server, and mends it again."""

import socket
from collections.abc import Callable, Iterator
from contextlib import suppress

import msgspec
import pytest
import redis
from attrs import evolve, frozen

from gameday.errors import HarnessError, SystemUnreachable
from gameday.runtime.base import Layout, Running, Runtime
from gameday.servers.toxiproxy import (
    Toxic,
    Toxiproxy,
    ToxiproxyApi,
    api,
    bandwidth,
    latency,
    reset_peer,
    slicer,
    timeout,
)
from gameday.servers.valkey import Valkey, connect
from gameday.systems.powers import settings_from_ref
from tests.conformance.conftest import require_servers
from tests.conformance.test_servers import Upstream

ALL = (
    latency(delay_ms=1),
    bandwidth(kb_per_s=10_000),
    timeout(after_ms=9),
    reset_peer(after_ms=9),
    slicer(size_bytes=64),
)


@frozen
class Path:
    """Two proxies: "cache" leads to a Valkey, "web" to a program of this host."""

    running: Running
    upstream: Upstream

    @property
    def api(self) -> ToxiproxyApi:
        return api(self.running)

    def ping(self) -> bool:
        """Whether the cache answers within a client's patience."""
        with connect(self.running.addresses["cache"]) as client, suppress(redis.RedisError):
            return bool(client.ping())
        return False

    def web(self, body: bytes) -> bytes:
        """The answer's raw bytes, as far as they come."""
        host, _, port = self.running.addresses["web"].rpartition(":")
        with socket.create_connection((host, int(port)), timeout=5) as connection, suppress(ConnectionError):
            connection.sendall(b"POST / HTTP/1.0\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
            return b"".join(iter(lambda: connection.recv(65536), b""))
        return b""


@pytest.fixture(scope="module")
def path(on: str, new_runtime: Callable[[], Runtime]) -> Iterator[Path]:
    require_servers(on, Toxiproxy({}), Valkey())
    with new_runtime() as runtime, Upstream(runtime.host_addresses) as upstream:
        cache = runtime.start(Valkey())
        to: dict[str, str | Callable[[], int]] = {"cache": cache.for_servers["valkey"], "web": lambda: upstream.port}
        yield Path(runtime.start(Toxiproxy(to)), upstream)


@pytest.fixture(autouse=True)
def mended(request: pytest.FixtureRequest) -> Iterator[None]:
    yield
    if "path" in request.fixturenames:
        request.getfixturevalue("path").api.reset()


def test_the_version_is_pinned_and_is_what_runs(path: Path) -> None:
    assert Toxiproxy({}).image == "ghcr.io/shopify/toxiproxy:2.5.0"
    assert path.running.version.endswith("2.5.0")


def test_both_paths_are_open_at_the_start(path: Path) -> None:
    assert path.ping()
    assert path.web(b"through").endswith(b"through")
    assert {name: proxy.toxics for name, proxy in path.api.proxies().items()} == {"cache": (), "web": ()}


def test_a_silent_path_stalls_the_client_and_heals_when_the_toxic_is_removed(path: Path) -> None:
    path.api.add("cache", timeout(after_ms=0))
    assert not path.ping()
    assert path.web(b"the other path is whole").endswith(b"whole")
    assert path.api.remove("cache", "timeout")
    assert path.ping()
    assert not path.api.remove("cache", "timeout")


def test_a_reset_ends_the_answer_early(path: Path) -> None:
    path.api.add("web", reset_peer())
    assert path.web(b"x" * 9) == b""


def test_a_delay_on_an_open_connection_outlasts_its_clients_patience(path: Path) -> None:
    with connect(path.running.addresses["cache"]) as client:
        client.ping()
        path.api.add("cache", latency(delay_ms=10_000))
        with pytest.raises(redis.TimeoutError):
            client.ping()


@pytest.mark.parametrize(
    "toxic", [slicer(size_bytes=7, delay_us=10), bandwidth(kb_per_s=1000)], ids=["slicer", "bandwidth"]
)
def test_a_slow_path_changes_no_byte(path: Path, toxic: Toxic) -> None:
    body = bytes(range(256)) * 4
    path.api.add("web", toxic)
    assert path.web(body).endswith(body)


def test_a_path_that_is_switched_off_refuses_and_comes_back_with_its_toxics(path: Path) -> None:
    path.api.add("cache", latency(delay_ms=1))
    path.api.switch("cache", is_on=False)
    assert not path.ping()
    path.api.switch("cache", is_on=True)
    assert path.ping()
    assert [toxic.name for toxic in path.api.toxics("cache")] == ["latency"]


@pytest.mark.parametrize("toxic", ALL, ids=lambda toxic: toxic.kind)
def test_every_toxic_is_taken_as_it_is_meant_and_listed(path: Path, toxic: Toxic) -> None:
    assert path.api.add("web", toxic).width_s >= 0
    assert path.api.toxics("web") == (toxic,)


def test_an_attribute_that_the_server_does_not_know_is_no_fault_and_says_so(path: Path) -> None:
    typo = Toxic(name="typo", kind="latency", attributes={"latancy": 100})
    with pytest.raises(SystemUnreachable, match="removed again"):
        path.api.add("web", typo)
    assert path.api.toxics("web") == ()


def test_what_the_server_refuses_is_told_in_its_words(path: Path) -> None:
    with pytest.raises(SystemUnreachable, match="invalid toxic type"):
        path.api.add("web", Toxic(name="x", kind="no-such", attributes={}))
    with pytest.raises(SystemUnreachable, match="proxy not found"):
        path.api.add("nowhere", latency(delay_ms=1))
    path.api.add("web", latency(delay_ms=1))
    with pytest.raises(SystemUnreachable, match="already exists"):
        path.api.add("web", latency(delay_ms=2))


def test_toxics_are_a_setting_that_a_stranger_puts_back_from_the_journal_alone(path: Path) -> None:
    was = path.api.get("web")
    assert was == b"[]"
    ours = msgspec.json.encode([latency(delay_ms=1), slicer(size_bytes=9)])
    path.api.set("web", ours)
    assert msgspec.json.decode(path.api.get("web") or b"") == msgspec.json.decode(ours)
    path.api.set("web", msgspec.json.encode([latency(delay_ms=3)]))
    assert path.api.toxics("web") == (latency(delay_ms=3),)
    settings_from_ref(path.api.ref).set("web", was)
    assert path.api.toxics("web") == ()
    assert path.api.get("nowhere") is None


def test_a_proxy_is_added_and_removed_while_it_runs(path: Path) -> None:
    added = path.api.add_proxy("more", listen="127.0.0.1:0", upstream="127.0.0.1:1")
    assert not added.listen.endswith(":0")
    assert "more" in path.api.proxies()
    assert path.api.remove_proxy("more")
    assert not path.api.remove_proxy("more")


def test_an_api_that_is_not_there_is_unreachable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    nobody = ToxiproxyApi(f"http://127.0.0.1:{port}")
    for call in (nobody.proxies, nobody.reset, lambda: nobody.get("web"), lambda: nobody.remove("web", "x")):
        with pytest.raises(SystemUnreachable, match="does not answer"):
            call()


@pytest.mark.parametrize("ref", ["", "toxiproxy:", "envoy:http://127.0.0.1:1"])
def test_a_ref_of_something_else_is_refused(ref: str) -> None:
    with pytest.raises(SystemUnreachable, match="not a Toxiproxy API"):
        ToxiproxyApi.from_ref(ref)


def test_a_negative_number_is_refused_since_the_server_would_take_it() -> None:
    with pytest.raises(HarnessError, match="-1"):
        latency(delay_ms=-1)


def test_it_listens_where_it_is_told_and_calls_this_host() -> None:
    inside = Layout(folder="/gameday", ports={"api": 1, "a": 2, "b": 3}, bind="0.0.0.0", host="172.18.0.1")  # noqa: S104
    server = Toxiproxy({"a": 7, "b": "172.18.0.9:8"})
    assert server.ports == ("api", "a", "b")
    proxies = msgspec.json.decode(server.files(inside)["proxies.json"], type=list[dict[str, object]])
    assert [(proxy["listen"], proxy["upstream"]) for proxy in proxies] == [
        ("0.0.0.0:2", "172.18.0.1:7"),
        ("0.0.0.0:3", "172.18.0.9:8"),
    ]
    assert server.command(inside)[:4] == ("-host", "0.0.0.0", "-port", "1")  # noqa: S104 - of a container


def test_no_proxy_takes_the_name_of_the_api() -> None:
    with pytest.raises(HarnessError, match="'api'"):
        Toxiproxy({"api": 1})
    assert evolve(Toxiproxy({"a": 1}), name="other").ports == ("api", "a")
