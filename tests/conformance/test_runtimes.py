"""The contract of a runtime, on each of them; and that nothing outlives a session that was killed."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import httpx
import pytest
from attrs import field, frozen

from gameday import clock
from gameday.errors import HarnessError, ServerFailed
from gameday.runtime import reaper
from gameday.runtime.base import Layout, Running, Runtime, start_all
from gameday.runtime.daemon import Daemon
from gameday.runtime.embedded import EmbeddedRuntime
from gameday.runtime.watchdog import Watchdog
from gameday.servers.caddy import HANDLERS, Caddy, admin
from gameday.servers.valkey import Valkey, connect
from gameday.wait import poll_until


@frozen(kw_only=True)
class Broken(Valkey):
    """Reads a word that no Valkey knows, and gives up."""

    name: str = "broken"

    def files(self, layout: Layout) -> Mapping[str, bytes]:  # noqa: ARG002 - as every server has it
        return {"valkey.conf": b"no-such-word yes\n"}


@frozen(kw_only=True)
class Robbed(Valkey):
    """Finds, the first time, that somebody took its port after the runtime had chosen it."""

    thieves: list[socket.socket] = field(factory=list)

    def files(self, layout: Layout) -> Mapping[str, bytes]:
        if not self.thieves:
            self.thieves.append(socket.create_server(("127.0.0.1", layout.ports["valkey"])))
        return super().files(layout)


def test_servers_start_side_by_side_and_answer(runtime: Runtime) -> None:
    seen: list[str] = []
    running = start_all(runtime, [Caddy(1), Valkey()], on_ready=lambda one: seen.append(one.server))
    assert sorted(seen) == sorted(running) == ["caddy", "valkey"]
    assert all(_accepts(address) for one in running.values() for address in one.addresses.values())
    assert connect(running["valkey"].addresses["valkey"]).ping()


def test_what_runs_says_what_it_is(runtime: Runtime) -> None:
    running = runtime.start(Valkey())
    assert running.digest.startswith("sha256:")
    assert running.version.startswith("9.1.2")
    assert running.took_s > 0
    assert (running.folder / "valkey.conf").is_file()


def test_ports_are_open_on_loopback_only(runtime: Runtime) -> None:
    running = runtime.start(Caddy(1))
    for address in running.addresses.values():
        assert _listens_at(int(address.rpartition(":")[2])) == {"127.0.0.1"}


def test_a_server_that_dies_at_its_start_fails_with_its_last_lines(runtime: Runtime) -> None:
    start = clock.now()
    with pytest.raises(ServerFailed) as caught:
        runtime.start(Broken())
    assert "no-such-word" in caught.value.last_lines
    assert "exited with code 1" in caught.value.problem
    assert clock.between(start, clock.now()).width_s < 10, "it waited for a dead server"


def test_the_others_are_stopped_if_one_fails(runtime: Runtime) -> None:
    ready: list[Running] = []
    with pytest.raises(ServerFailed, match="broken"):
        start_all(runtime, [Valkey(), Broken()], on_ready=ready.append)
    assert not [one for one in ready if _accepts(one.addresses["valkey"])]
    assert _accepts(runtime.start(Valkey()).addresses["valkey"]), "its name is free again"


def test_an_error_while_progress_is_shown_stops_them_all(runtime: Runtime) -> None:
    ready: list[Running] = []

    def show(one: Running) -> None:
        ready.append(one)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        start_all(runtime, [Valkey(), Valkey(name="second")], on_ready=show)
    assert not _accepts(ready[0].addresses["valkey"])


def test_two_servers_of_one_name_are_refused(runtime: Runtime) -> None:
    runtime.start(Valkey())
    with pytest.raises(HarnessError, match="runs already"):
        runtime.start(Valkey())


def test_stopping_twice_is_fine(runtime: Runtime) -> None:
    running = runtime.start(Valkey())
    runtime.stop(running)
    runtime.stop(running)
    assert not _accepts(running.addresses["valkey"])


def test_the_tail_is_what_it_wrote_last(runtime: Runtime) -> None:
    running = runtime.start(Valkey())
    assert "Ready to accept connections" in runtime.tail(running, 3)
    assert len(runtime.tail(running, 2).splitlines()) == 2


def test_closing_leaves_nothing_running_and_works_twice(runtime: Runtime, on: str) -> None:
    running = start_all(runtime, [Caddy(1), Valkey()])
    runtime.close()
    runtime.close()
    assert not any(_accepts(address) for one in running.values() for address in one.addresses.values())
    if on == "docker":
        assert not _networks_with_address(runtime.host_for_servers)


def test_a_port_that_was_taken_is_replaced_by_another(tmp_path: Path, watchdog: Watchdog) -> None:
    server = Robbed()
    with EmbeddedRuntime(watchdog=watchdog, root=tmp_path) as runtime:
        running = runtime.start(server)
        thief = server.thieves[0]
        assert running.addresses["valkey"] != f"127.0.0.1:{thief.getsockname()[1]}"
        thief.close()


SESSION = """
import json, os, sys, tempfile
from pathlib import Path
from gameday.runtime.base import start_all
from gameday.runtime.choose import choose
from gameday.runtime.watchdog import Watchdog
from gameday.servers.caddy import HANDLERS, Caddy, admin
from gameday.servers.valkey import Valkey
servers, watchdog, root = [Caddy(1), Valkey()], Watchdog.start(), Path(tempfile.mkdtemp())
watchdog.watch_folder(root)
runtime = choose(sys.argv[1], servers, watchdog=watchdog, root=root)
running = start_all(runtime, servers)
addresses = [address for one in running.values() for address in one.addresses.values()]
print(json.dumps({"addresses": addresses, "root": str(root), "host": runtime.host_for_servers}), flush=True)
sys.stdin.read()
"""


@pytest.fixture
def session(on: str, new_runtime: Callable[[], Runtime]) -> Iterator["subprocess.Popen[bytes]"]:
    argv = [sys.executable, "-W", "error", "-c", SESSION, on]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        yield process
        process.kill()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_session_that_is_killed_leaves_nothing(
    session: "subprocess.Popen[bytes]", on: str, number: signal.Signals
) -> None:
    assert session.stdout
    told = json.loads(session.stdout.readline())
    assert all(_accepts(address) for address in told["addresses"])
    os.kill(session.pid, number)
    session.wait(10)

    def left() -> list[str]:
        found = [address for address in told["addresses"] if _accepts(address)]
        found += [told["root"]] if Path(told["root"]).exists() else []
        return found + (_left_in_docker(session.pid, told["host"]) if on == "docker" else [])

    poll_until(
        lambda: None if left() else True, what="nothing left", every_s=0.05, within_s=15, seen=lambda: str(left())
    )


def test_a_number_that_belongs_to_another_process_by_now_is_not_ended() -> None:
    with _sleeper() as stranger:
        reaper.end_groups({stranger.pid: "1"})
        assert stranger.poll() is None
        stranger.kill()


def test_a_group_that_ignores_sigterm_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reaper, "TERM_TO_KILL_S", 0.1)
    with _sleeper("trap '' TERM; echo deaf; sleep 60 & wait") as deaf:
        assert deaf.stdout
        assert deaf.stdout.readline() == b"deaf\n"
        reaper.end_groups({deaf.pid: reaper.start_time(deaf.pid) or ""})
        assert deaf.wait(5) == -signal.SIGKILL


def test_what_was_forgotten_is_left_alone(tmp_path: Path) -> None:
    kept, gone = tmp_path / "kept", tmp_path / "gone"
    kept.mkdir()
    gone.mkdir()
    with _sleeper() as spared, _sleeper() as ended:
        with Watchdog.start() as watchdog:
            for pid in (spared.pid, ended.pid):
                watchdog.watch_group(pid)
            for folder in (kept, gone):
                watchdog.watch_folder(folder)
            watchdog.forget_group(spared.pid)
            watchdog.forget_folder(kept)
        assert ended.wait(5) == -signal.SIGTERM
        assert spared.poll() is None
        spared.kill()
    assert kept.exists()
    assert not gone.exists()


def test_the_watchdog_cleans_up_where_dockers_client_cannot_be_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "docker.py").write_text("raise ImportError('broken on purpose')\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    folder = tmp_path / "folder"
    folder.mkdir()
    with Watchdog.start() as watchdog:
        watchdog.watch_label("gameday.session=none")
        watchdog.watch_folder(folder)
    assert not folder.exists()


def test_the_watchdog_is_deaf_to_interrupts() -> None:
    with Watchdog.start() as watchdog:
        poll_until(lambda: _ignores(watchdog.pid, signal.SIGTERM), what="it listens", every_s=0.01, within_s=5)
        os.kill(watchdog.pid, signal.SIGINT)
        os.kill(watchdog.pid, signal.SIGTERM)
        watchdog.watch_folder(Path("/nonexistent/gameday"))
        assert reaper.start_time(watchdog.pid)


def test_a_watchdog_that_was_killed_is_missed_at_once() -> None:
    with Watchdog.start() as watchdog:
        os.kill(watchdog.pid, signal.SIGKILL)
        poll_until(lambda: _is_zombie(watchdog.pid), what="it is dead", every_s=0.01, within_s=5)
        with pytest.raises(HarnessError, match="the watchdog"):
            watchdog.watch_folder(Path("/nonexistent/gameday"))
        watchdog.forget_folder(Path("/nonexistent/gameday"))


def _sleeper(script: str = "sleep 60 & wait") -> "subprocess.Popen[bytes]":
    return subprocess.Popen(["/bin/sh", "-c", script], stdout=subprocess.PIPE, start_new_session=True)


def _accepts(address: str) -> bool:
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout=1).close()
    except OSError:
        return False
    return True


def _listens_at(port: int) -> set[str]:
    """The addresses, IPv4 and IPv6, on which somebody of this host listens at the port."""
    found = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in Path(table).read_text().splitlines()[1:]:
            address, _, number = line.split()[1].partition(":")
            if line.split()[3] == "0A" and int(number, 16) == port:
                found.add(socket.inet_ntoa(bytes.fromhex(address)[::-1]) if len(address) == 8 else address)
    return found


def _left_in_docker(pid: int, gateway: str) -> list[str]:
    with Daemon.reach() as daemon:
        labels = [label for label in daemon.orphan_labels() if f"/{pid}:" in label]
    return labels + (["network"] if _networks_with_address(gateway) else [])


def _networks_with_address(address: str) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind((address, 0))
        except OSError:
            return False
        return True


def _ignores(pid: int, number: signal.Signals) -> bool | None:
    status = Path(f"/proc/{pid}/status").read_text()
    ignored = next(int(line.split()[1], 16) for line in status.splitlines() if line.startswith("SigIgn"))
    return True if ignored & (1 << (number - 1)) else None


def _is_zombie(pid: int) -> bool | None:
    return True if ") Z " in Path(f"/proc/{pid}/stat").read_text() else None


def test_a_server_reaches_another_one_at_its_address_for_servers(runtime: Runtime) -> None:
    front, back = runtime.start(Caddy(1)), runtime.start(Caddy(1, name="back"))
    hello = {"handler": "static_response", "body": "hello from the back"}
    admin(back).set(HANDLERS, json.dumps([hello]).encode())
    proxy = {"handler": "reverse_proxy", "upstreams": [{"dial": back.for_servers["http"]}]}
    admin(front).set(HANDLERS, json.dumps([proxy]).encode())
    assert httpx.get(f"http://{front.addresses['http']}/", trust_env=False).text == "hello from the back"
