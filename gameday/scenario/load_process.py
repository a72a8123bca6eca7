"""Runs locust in a process of its own, watched, with progress, and reads what it left."""

import importlib.util
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

import msgspec
from attrs import define, frozen

from gameday import clock
from gameday.config import Target
from gameday.errors import UsageError
from gameday.runtime.tool import Program, start_program, without_proxies
from gameday.runtime.watchdog import Watchdog
from gameday.scenario.game import Game
from gameday.scenario.load_wire import ORDERS_VARIABLE, Line, Orders, Reply, read_lines, read_replies
from gameday.wait import NotInTime, poll_until

FIRST_SERIAL: Final = 64  # those below are left to whoever sends through the game itself
MAX_REQUESTS: Final = 20_000  # of one run: 11 MB of journal, and a final look of some 40 s
FOR_BARRIERS: Final = 4
START_WITHIN_S: Final = 30.0
END_WITHIN_S: Final = 15  # how long locust waits for answers that are still due
_STATS: Final = "locust-stats"
_LOCUSTFILE: Final = Path(__file__).parents[1] / "load/locustfile.py"


class Stats(msgspec.Struct, frozen=True, kw_only=True):
    """Of one name of requests, as locust counted; `response_times`: how many took so many milliseconds."""

    num_requests: int
    response_times: dict[str, int]


@frozen(kw_only=True)
class Load:
    """What a load run left. `exit_code` is None where it had to be stopped; `replies` are read once, from memory."""

    exit_code: int | None
    tail: str
    lines: tuple[Line, ...]
    replies: tuple[Reply, ...]
    stats: tuple[Stats, ...]


def check_locust() -> None:
    """Raises UsageError where locust is not installed."""
    if importlib.util.find_spec("locust") is None:
        raise UsageError("gameday load needs locust, which is not installed. Run: pip install 'gameday[load]'")


def run_locust(game: Game, *, users: int, run_time_s: int, say: Callable[[str], None]) -> Load:
    """Returns when it has ended, or was stopped at its deadline; no process of it is left, however this is left."""
    with Watchdog.start() as watchdog, _folder(watchdog) as folder, _in_memory() as answers:
        orders = _orders(game, folder, answers)
        (folder / "orders.json").write_bytes(msgspec.json.encode(orders))
        sent = Path(orders.sent_file)
        sent.touch(mode=0o600)
        program = start_program(
            _command(game, users=users, run_time_s=run_time_s),
            name="locust",
            folder=game.folder,
            watchdog=watchdog,
            env=_environment() | {ORDERS_VARIABLE: str(folder / "orders.json")},
            pass_fds=[orders.answers_fd],
        )
        try:
            _wait(program, Progress(sent, say=say), within_s=run_time_s + START_WITHIN_S + END_WITHIN_S)
            exit_code = program.exit_code
        finally:
            program.stop()
        return Load(
            exit_code=exit_code,
            tail=program.tail(),
            lines=tuple(read_lines(sent.read_bytes())),
            replies=tuple(read_replies(answers)),
            stats=_stats(game.folder / f"{_STATS}.json"),
        )


@define
class Progress:
    """Says once in two seconds how many requests went out."""

    sent: Path
    say: Callable[[str], None]
    _next_s: float = 0.0
    _seen_bytes: int = 0
    _requests: int = 0

    def tell(self) -> None:
        now_s = clock.now().mono_s
        if now_s < self._next_s:
            return
        with self.sent.open("rb") as file:
            file.seek(self._seen_bytes)
            new = file.read()
        self._seen_bytes += len(new)
        self._requests += new.count(b"\n")
        if self._next_s:
            self.say(f"{self._requests:,} requests so far")
        self._next_s = now_s + 2.0


def _wait(program: Program, progress: Progress, *, within_s: float) -> None:
    def look() -> bool | None:
        progress.tell()
        return None if program.is_alive() else True

    try:
        poll_until(look, what="locust has ended", every_s=0.05, within_s=within_s)
    except NotInTime:
        progress.say(f"locust did not end within {within_s:g} s, and is stopped")


def _orders(game: Game, folder: Path, answers: BinaryIO) -> Orders:
    limits = game.system.config.limits
    return Orders(
        run=game.run,
        seed=game.seed,
        day=game.day,
        target=_from_anywhere(game.system.config.target),
        sent_file=str(folder / "sent.jsonl"),
        answers_fd=answers.fileno(),
        requests=max(0, min(limits.requests - FOR_BARRIERS, MAX_REQUESTS)),
        max_error_rate=limits.max_error_rate,
        first_serial=FIRST_SERIAL,
    )


def _command(game: Game, *, users: int, run_time_s: int) -> tuple[str, ...]:
    return (
        *(sys.executable, "-P", "-m", "locust", "--headless", "--locustfile", str(_LOCUSTFILE)),
        *("--host", game.system.config.target.url, "--users", str(users), "--spawn-rate", str(users)),
        *("--run-time", f"{run_time_s}s", "--stop-timeout", str(END_WITHIN_S), "--exit-code-on-error", "0"),
        *("--only-summary", "--loglevel", "WARNING", "--json-file", str(game.folder.absolute() / _STATS)),
    )


def _from_anywhere(target: Target) -> Target:
    """Its references to files hold in another working folder as well."""
    tenants = {
        tenant: f"file:{Path(name).expanduser().absolute()}" if kind == "file" else f"{kind}:{name}"
        for tenant, (kind, _, name) in (
            (tenant, reference.partition(":")) for tenant, reference in target.tenants.items()
        )
    }
    return msgspec.structs.replace(target, tenants=tenants)


def _environment() -> dict[str, str]:
    """Without what would change locust's options behind our back."""
    kept = {key: value for key, value in without_proxies().items() if not key.startswith("LOCUST_")}
    key_file = kept.get("GAMEDAY_KEY_FILE")
    return kept | ({"GAMEDAY_KEY_FILE": str(Path(key_file).absolute())} if key_file else {})


@contextmanager
def _folder(watchdog: Watchdog) -> Iterator[Path]:
    """Outside of the reports; gone with the watchdog."""
    folder = Path(tempfile.mkdtemp(prefix="gameday-load-"))
    watchdog.watch_folder(folder)
    yield folder


@contextmanager
def _in_memory() -> Iterator[BinaryIO]:
    with os.fdopen(os.memfd_create("gameday-answers"), "rb") as file:
        yield file


def _stats(path: Path) -> tuple[Stats, ...]:
    """Empty where locust wrote none."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=tuple[Stats, ...])
    except (OSError, msgspec.MsgspecError):
        return ()
