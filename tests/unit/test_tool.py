"""Programs that stay, and commands that end."""

import signal
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from gameday import clock
from gameday.errors import HarnessError, ServerFailed, UsageError
from gameday.runtime import reaper, tool
from gameday.runtime.tool import (
    OUTPUT_CAP_BYTES,
    Program,
    listening_socket,
    python_module,
    run_command,
    start_program,
    without_proxies,
)
from gameday.runtime.watchdog import Watchdog
from gameday.wait import poll_until


@pytest.fixture(scope="module")
def watchdog() -> Iterator[Watchdog]:
    with Watchdog.start() as watchdog:
        yield watchdog


def run(script: str, *, within_s: float = 10, stdin: bytes = b"") -> tool.Finished:
    return run_command(["/bin/sh", "-c", script], within_s=within_s, stdin=stdin)


def start(code: str, *args: str, folder: Path, watchdog: Watchdog, pass_fds: tuple[int, ...] = ()) -> Program:
    argv = [sys.executable, "-c", code, *args]
    env = without_proxies(SEEN="yes")
    return start_program(argv, name="one", folder=folder, watchdog=watchdog, env=env, pass_fds=pass_fds)


def test_a_command_gives_its_exit_code_and_what_it_wrote_to_both_outputs() -> None:
    done = run("echo out; echo err >&2; exit 3")
    assert (done.exit_code, done.timed_out) == (3, False)
    assert sorted(done.output.split()) == ["err", "out"]


def test_a_command_that_a_signal_ended_has_the_signal_for_its_code() -> None:
    assert run("kill -9 $$").exit_code == -signal.SIGKILL


def test_no_shell_reads_a_command() -> None:
    assert run_command(["/bin/echo", "$HOME; ls *"], within_s=10).output == "$HOME; ls *\n"


def test_what_is_fed_arrives() -> None:
    assert run("cat", stdin=b"runbook").output == "runbook"


def test_a_command_that_does_not_read_what_it_is_fed_ends_all_the_same() -> None:
    assert run("exit 0", stdin=b"x" * 10_000_000).exit_code == 0


def test_its_interval_spans_the_run() -> None:
    before = clock.now()
    done = run("exit 0")
    after = clock.now()
    assert before.mono_s <= done.at.earliest_s < done.at.latest_s <= after.mono_s


def test_at_its_deadline_the_whole_group_is_killed() -> None:
    done = run("sleep 60 & echo $!; wait", within_s=0.3)
    assert (done.exit_code, done.timed_out) == (None, True)
    assert done.at.width_s < 5
    assert_gone(int(done.output))


def test_nothing_of_its_group_outlives_a_command() -> None:
    done = run("sleep 60 & echo $!")
    assert (done.exit_code, done.timed_out) == (0, False)
    assert done.at.width_s < 5
    assert_gone(int(done.output))


def test_hostile_output_is_cut_to_its_end_and_made_text() -> None:
    done = run("head -c 300000 /dev/urandom; printf '\\377end'")
    assert len(done.output) <= OUTPUT_CAP_BYTES
    assert done.output.endswith("\ufffdend")


def test_endless_output_does_not_outlast_the_deadline() -> None:
    done = run("yes", within_s=0.2)
    assert done.timed_out
    assert done.at.width_s < 5


@pytest.mark.parametrize("argv", [["/nonexistent/runbook"], ["/etc/hostname"], [], ["a\0b"]])
def test_a_command_that_cannot_run_is_the_users_error(argv: list[str]) -> None:
    with pytest.raises(UsageError, match="cannot run"):
        run_command(argv, within_s=1)


def test_a_program_runs_in_its_folder_until_it_is_stopped(tmp_path: Path, watchdog: Watchdog) -> None:
    code = """if True:
        import os, signal, sys
        print(os.getcwd(), os.environ["SEEN"], flush=True)
        print("last", file=sys.stderr, flush=True)
        signal.pause()
    """
    program = start(code, folder=tmp_path, watchdog=watchdog)
    poll_until(lambda: "last" in program.tail() or None, what="its words", every_s=0.01, within_s=10)
    assert program.is_alive()
    assert program.tail() == f"{tmp_path} yes\nlast"
    assert program.tail(1) == "last"
    assert program.log.stat().st_mode & 0o777 == 0o600
    program.stop()
    program.stop()
    assert program.exit_code == -signal.SIGTERM


def test_a_program_that_ended_by_itself_is_seen_to_be_dead(tmp_path: Path, watchdog: Watchdog) -> None:
    program = start("raise SystemExit(7)", folder=tmp_path, watchdog=watchdog)
    poll_until(lambda: None if program.is_alive() else True, what="its end", every_s=0.01, within_s=10)
    assert program.exit_code == 7
    program.stop()
    assert program.exit_code == 7


def test_a_program_that_ignores_sigterm_is_killed(
    tmp_path: Path, watchdog: Watchdog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tool, "STOP_WITHIN_S", 0.1)
    code = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); signal.pause()"
    program = start(code, folder=tmp_path, watchdog=watchdog)
    poll_until(lambda: "deaf" in program.tail() or None, what="deaf", every_s=0.01, within_s=10)
    program.stop()
    assert program.exit_code == -signal.SIGKILL


def test_a_program_that_is_not_there_failed_to_start(tmp_path: Path, watchdog: Watchdog) -> None:
    with pytest.raises(ServerFailed, match="could not be started from /nonexistent"):
        start_program(["/nonexistent"], name="none", folder=tmp_path, watchdog=watchdog, env={})


def test_a_program_answers_on_a_socket_that_was_bound_for_it(tmp_path: Path, watchdog: Watchdog) -> None:
    code = "import socket, sys; s = socket.socket(fileno=int(sys.argv[1])); c, _ = s.accept(); c.sendall(b'hello')"
    with listening_socket("127.0.0.1:0") as listener:
        address = listener.getsockname()
        fd = listener.fileno()
        program = start(code, str(fd), folder=tmp_path, watchdog=watchdog, pass_fds=(fd,))
    with socket.create_connection(address, timeout=10) as connection:
        assert connection.recv(16) == b"hello"
    program.stop()


def test_a_program_does_not_hold_the_watchdogs_pipe_open(tmp_path: Path, watchdog: Watchdog) -> None:
    assert watchdog._child.stdin
    pipe = str(Path(f"/proc/self/fd/{watchdog._child.stdin.fileno()}").readlink())
    code = "import os; print(sorted(os.path.realpath(f'/proc/self/fd/{n}') for n in os.listdir('/proc/self/fd')))"
    program = start(code, folder=tmp_path, watchdog=watchdog)
    poll_until(lambda: None if program.is_alive() else True, what="its end", every_s=0.01, within_s=10)
    assert "/dev/null" in program.tail()
    assert pipe not in program.tail()
    program.stop()


def test_an_address_that_is_taken_is_named(tmp_path: Path) -> None:
    with listening_socket("127.0.0.1:0") as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(HarnessError, match=address):
            listening_socket(address)


@pytest.mark.parametrize("address", ["127.0.0.1", "127.0.0.1:x", "127.0.0.1:99999", "no.such.host.invalid:1"])
def test_an_address_that_is_none_is_refused(address: str) -> None:
    with pytest.raises(HarnessError, match="cannot listen on"):
        listening_socket(address)


def test_our_own_modules_run_by_name(tmp_path: Path, watchdog: Watchdog) -> None:
    argv = python_module("platform", "--terse")
    program = start_program(argv, name="platform", folder=tmp_path, watchdog=watchdog, env=without_proxies())
    poll_until(lambda: None if program.is_alive() else True, what="its end", every_s=0.01, within_s=10)
    assert program.exit_code == 0
    assert "Linux" in program.tail()
    program.stop()


def test_proxies_are_not_handed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "https_proxy", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    env = without_proxies(EXTRA="1")
    assert not [name for name in env if "proxy" in name.lower()]
    assert env["EXTRA"] == "1"


def assert_gone(pid: int) -> None:
    poll_until(lambda: _is_gone(pid), what=f"{pid} gone", every_s=0.01, within_s=5)


def _is_gone(pid: int) -> bool | None:
    """A zombie counts: whoever adopted it has yet to look."""
    try:
        is_zombie = ") Z " in Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return True
    return True if is_zombie or reaper.start_time(pid) is None else None
