"""What Caddy and Valkey do for the framework, on both runtimes."""

import http.client
import json
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Final, Self

import pytest
import redis
from attrs import frozen

from gameday.errors import SystemUnreachable
from gameday.runtime.base import Layout, Running, Runtime, start_all
from gameday.servers import caddy, valkey
from gameday.servers.caddy import HANDLERS, Caddy, CaddyAdmin, access_log, admin
from gameday.servers.valkey import Valkey, connect
from gameday.wait import poll_until

LOG_BODIES: Final = {"handler": "log_append", "key": "req_body", "value": "{http.request.body}", "early": True}
PORTS: Final = {"valkey": 1, "http": 2, "admin": 3}
INSIDE: Final = Layout(folder="/gameday", ports=PORTS, bind="0.0.0.0", host="172.18.0.1")  # noqa: S104 - in a container
OUTSIDE: Final = Layout(folder="/x", ports=PORTS, bind="127.0.0.1", host="127.0.0.1")


class Upstream:
    """Listens on every address that servers of a runtime call. A stream's second event waits for `go_on`."""

    def __init__(self, addresses: tuple[str, ...]) -> None:
        self.go_on = go_on = threading.Event()

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                self.send_response(200)
                self.send_header("X-Request-Id", self.headers.get("X-Ask-Id", "none"))
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "text/event-stream")
                self.end_headers()
                self.wfile.write(b"data: first\n\n")
                self.wfile.flush()
                go_on.wait(10)
                self.wfile.write(b"data: second\n\n")

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name in the standard library
                """Says nothing."""

        first = ThreadingHTTPServer((addresses[0], 0), Handler)
        self.port: int = first.server_address[1]
        self._servers = [first] + [ThreadingHTTPServer((address, self.port), Handler) for address in addresses[1:]]

    def __enter__(self) -> Self:
        for server in self._servers:
            threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        for server in self._servers:
            server.shutdown()
            server.server_close()


@frozen
class Stack:
    upstream: Upstream
    running: Mapping[str, Running]

    @property
    def gateway(self) -> Running:
        return self.running["caddy"]

    def post(self, body: str, *, request_id: str, headers: Mapping[str, str] | None = None) -> str:
        connection = http.client.HTTPConnection(self.gateway.addresses["http"], timeout=5)
        connection.request("POST", "/v1/chat", body, {"X-Ask-Id": request_id, **(headers or {})})
        answer = connection.getresponse().read().decode()
        connection.close()
        return answer

    def logged(self, request_id: str) -> str:
        """The line of the access log that says it is of this request."""

        def look() -> str | None:
            for line in access_log(self.gateway).read_text().splitlines():
                if json.loads(line)["resp_headers"]["X-Request-Id"] == [request_id]:
                    return line
            return None

        return poll_until(look, what=f"{request_id} in the access log", every_s=0.01, within_s=5).value


@pytest.fixture(scope="module")
def stack(new_runtime: Callable[[], Runtime]) -> Iterator[Stack]:
    with new_runtime() as runtime, Upstream(runtime.host_addresses) as upstream:
        yield Stack(upstream, start_all(runtime, [Caddy(lambda: upstream.port), Valkey()]))


def test_a_request_reaches_a_program_of_this_host_and_is_logged_without_its_body(stack: Stack) -> None:
    assert stack.post("a prompt nobody logs", request_id="plain") == "a prompt nobody logs"
    assert "a prompt nobody logs" not in stack.logged("plain")


def test_body_logging_is_switched_on_and_off_while_it_runs(stack: Stack) -> None:
    control = admin(stack.gateway)
    before = control.get(HANDLERS)
    assert before is not None
    switched = control.set(HANDLERS, json.dumps([LOG_BODIES, *json.loads(before)]).encode())
    assert 0 < switched.width_s < 5
    stack.post("prompt while on", request_id="on")
    assert json.loads(stack.logged("on"))["req_body"] == "prompt while on"
    control.set(HANDLERS, before)
    stack.post("prompt while off", request_id="off")
    assert "prompt while off" not in stack.logged("off")
    assert control.get(HANDLERS) == before


def test_credentials_are_redacted_by_default(stack: Stack) -> None:
    stack.post("", request_id="secret", headers={"Authorization": "Bearer sesame", "Cookie": "session=sesame"})
    assert "sesame" not in stack.logged("secret")
    assert "REDACTED" in stack.logged("secret")


def test_the_access_log_is_readable_by_this_user_only(stack: Stack) -> None:
    stack.post("", request_id="mode")
    stack.logged("mode")
    assert access_log(stack.gateway).stat().st_mode & 0o777 == 0o600


def test_a_stream_is_passed_on_as_it_comes(stack: Stack) -> None:
    stack.upstream.go_on.clear()
    connection = http.client.HTTPConnection(stack.gateway.addresses["http"], timeout=5)
    connection.request("GET", "/v1/stream")
    response = connection.getresponse()
    assert response.readline() == b"data: first\n"
    stack.upstream.go_on.set()
    assert response.read() == b"\ndata: second\n\n"
    connection.close()


def test_a_value_that_is_not_there_is_none_and_cannot_be_set(stack: Stack) -> None:
    control = admin(stack.gateway)
    assert control.get("apps/http/servers/gw/nothing") is None
    assert control.get("apps/no/such/thing") is None
    with pytest.raises(SystemUnreachable, match="refused PATCH"):
        control.set("apps/http/servers/gw/nothing", b"1")
    with pytest.raises(SystemUnreachable, match="refused PATCH"):
        control.set(HANDLERS, b'[{"handler":"no such handler"}]')
    assert stack.post("still here", request_id="after") == "still here"


def test_an_admin_api_is_found_again_by_its_ref(stack: Stack) -> None:
    control = admin(stack.gateway)
    assert control.ref == f"caddy:http://{stack.gateway.addresses['admin']}"
    assert CaddyAdmin.from_ref(control.ref).get(HANDLERS) == control.get(HANDLERS)


def test_valkey_keeps_its_data_in_memory_and_tells_of_keys(stack: Stack) -> None:
    with connect(stack.running["valkey"].addresses["valkey"]) as client:
        client.set("answer", "42")
        assert client.get("answer") == b"42"
        settings = client.config_get("*")
        assert isinstance(settings, dict)
        wanted = {"save": "", "appendonly": "no", "rdbcompression": "no"}
        assert {key: settings[key] for key in wanted} == wanted
        assert set("KEA") <= set(str(settings["notify-keyspace-events"]))


def test_a_client_sends_no_commands_of_its_own(stack: Stack) -> None:
    with connect(stack.running["valkey"].addresses["valkey"]) as client:
        client.ping()
        stats = client.info("commandstats")
        assert isinstance(stats, dict)
        assert not [name for name in stats if "client" in name or "hello" in name]


def test_a_dump_lands_in_the_servers_folder_and_is_readable_here(stack: Stack) -> None:
    running = stack.running["valkey"]
    with connect(running.addresses["valkey"]) as client:
        client.set("prompt", "in clear, in clear, in clear, in clear")
        client.save()
    assert b"in clear, in clear, in clear, in clear" in (running.folder / "dump.rdb").read_bytes()


def test_a_cache_that_is_not_there_fails_at_once_with_rediss_own_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    with connect(f"127.0.0.1:{port}") as client, pytest.raises(redis.ConnectionError):
        client.ping()


def test_an_admin_api_that_is_not_there_is_unreachable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    with pytest.raises(SystemUnreachable, match="does not answer"):
        CaddyAdmin(f"http://127.0.0.1:{port}").get(HANDLERS)


@pytest.mark.parametrize("ref", ["", "caddy:", "http://127.0.0.1:1", "valkey:127.0.0.1:1"])
def test_a_ref_of_something_else_is_refused(ref: str) -> None:
    with pytest.raises(SystemUnreachable, match="not a Caddy admin API"):
        CaddyAdmin.from_ref(ref)


def test_protection_is_given_up_in_a_container_only() -> None:
    assert b"protected-mode no\n" in valkey.config(INSIDE)
    assert b"protected-mode yes\n" in valkey.config(OUTSIDE)


@pytest.mark.parametrize("layout", [INSIDE, OUTSIDE])
def test_caddy_keeps_to_its_folder_and_its_ports(layout: Layout) -> None:
    text = json.dumps(caddy.config(layout, f"{layout.host}:7"))
    assert f'"filename": "{layout.folder}/access.log"' in text
    assert f'"listen": "{layout.bind}:3", "config": {{"persist": false}}' in text
    assert f'"dial": "{layout.host}:7"' in text


def test_a_port_that_is_known_late_is_asked_for_at_the_start() -> None:
    assert b'"127.0.0.1:77"' in Caddy(lambda: 77).files(OUTSIDE)["caddy.json"]
    assert Path(Caddy(7).command(OUTSIDE)[-1]).name in Caddy(7).files(OUTSIDE)
