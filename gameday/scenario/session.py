"""Opens a run and closes it: folder, journal, system, receivers and detectors, and at the end the sweeps."""

import hashlib
import secrets
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from http import HTTPStatus
from importlib.metadata import version
from pathlib import Path
from typing import Final

from gameday import clock, config
from gameday.alert import Alert
from gameday.canary.find import Finder
from gameday.canary.key import SiteKey, load_or_make
from gameday.canary.mint import Mint
from gameday.canary.patterns import forms_digest
from gameday.canary.scrub import Scrubber
from gameday.config import Config
from gameday.detect.receiver import Receiver
from gameday.errors import SystemUnreachable, UsageError
from gameday.journal import FORMAT, JOURNAL, Journal, part_file
from gameday.runtime.tool import run_command
from gameday.runtime.watchdog import Watchdog
from gameday.scenario.game import Game, Options
from gameday.scenario.inbox import Inbox
from gameday.scenario.ledger import Ledger
from gameday.scenario.oracle import Oracle
from gameday.scenario.sharing import Share, run_id
from gameday.scenario.traffic import Traffic
from gameday.scenario.unknown import Beneath
from gameday.scenario.watching import Watching
from gameday.servers.jaeger import MAX_TRACES
from gameday.sinks import SINKS, AnswersSink, Sink
from gameday.systems import yours
from gameday.systems.base import System
from gameday.systems.client import Client, Message
from gameday.systems.reference.stack import Stack, start_stack
from gameday.systems.reference.tracing import KEPT_TRACES
from gameday.timeline import Problem, RunStarted, ServerUp, SystemReady

Say = Callable[[str], None]
Reset = Callable[[], None]
_CLOCKS_DIFFER_S: Final = 1.0  # the detector's host and ours, at most
_PACKAGES: Final = ("gameday", "pytest", "httpx", "uvicorn", "kingfisher-secret-scanner", "testcontainers")


@contextmanager
def open_game(options: Options, *, say: Say) -> Iterator[Game]:
    """Everything up, and at the end everything down, whatever happens in between. `say` is given lines of progress."""
    key = load_or_make()
    run = options.run or run_id()
    folder = options.reports / run
    seed = secrets.randbits(32) if options.seed is None else options.seed
    with ExitStack() as stack:
        journal = stack.enter_context(Journal(_journal_file(folder, options.share)))
        journal.append(_started(run=run, seed=seed, key=key, options=options))
        inbox = Inbox()
        system, reset, beneath = _bring_up(options, journal=journal, inbox=inbox, stack=stack, say=say)
        game = _game(
            options,
            folder=folder,
            run=run,
            seed=seed,
            key=key,
            system=system,
            journal=journal,
            inbox=inbox,
            reset=reset,
            beneath=beneath,
            say=say,
        )
        stack.callback(game.traffic.close)
        yield game


def _game(
    options: Options,
    *,
    folder: Path,
    run: str,
    seed: int,
    key: SiteKey,
    system: System,
    journal: Journal,
    inbox: Inbox,
    reset: Reset,
    beneath: Beneath | None,
    say: Say,
) -> Game:
    finder, ledger, answers = Finder(key), Ledger(), AnswersSink()
    share = options.share
    first_serial, stride = (0, 1) if share is None else (share.number, share.stride)
    tenants = tuple(system.config.target.tenants)
    mint = Mint(key, run=run, seed=seed, tenants=tenants, first_serial=first_serial, stride=stride)
    return Game(
        folder=folder,
        run=run,
        seed=seed,
        day=mint.day,
        key=key,
        options=options,
        system=system,
        journal=journal,
        oracle=Oracle(
            places=system.places,
            sinks=sinks_of(system.config, answers),
            finder=finder,
            ledger=ledger,
            record=journal.append,
        ),
        traffic=Traffic(
            system=system,
            mint=mint,
            finder=finder,
            ledger=ledger,
            answers=answers,
            record=journal.append,
            run=run if share is None else f"{run}-{share.worker}",
        ),
        finder=finder,
        ledger=ledger,
        scrubber=Scrubber(finder),
        inbox=inbox,
        reset=reset,
        beneath=beneath,
        say=say,
    )


def _bring_up(
    options: Options, *, journal: Journal, inbox: Inbox, stack: ExitStack, say: Say
) -> tuple[System, Reset, Beneath | None]:
    start = clock.now()
    if options.config is not None:
        system = _yours(options.config)
        _receivers(system.config, journal=journal, inbox=inbox, stack=stack, say=say)
        runtime, why = "none", "the system was not started by gameday"
        reset: Reset = _nothing
        beneath = None
    else:
        reference = _reference(options, journal=journal, inbox=inbox, stack=stack, say=say)
        system, runtime, why = reference.system, reference.runtime.name, reference.runtime.why
        reset, beneath = reference.reset, Beneath.of(reference.root)
    now = clock.now()
    journal.append(
        SystemReady(
            at=clock.point(now),
            system=system.name,
            runtime=runtime,
            runtime_why=why,
            took_s=now.mono_s - start.mono_s,
            places=system.places,
            evidence_key=_evidence_key(system, runtime, options.traffic),
            not_exercised=system.not_exercised,
        )
    )
    say(f"{system.name} is up after {now.mono_s - start.mono_s:.1f} s ({why})")
    return system, reset, beneath


def _yours(file: Path) -> System:
    """The user's system; what gameday did not start it cannot know, and says so."""
    read = config.load(file)
    config.check_ready(read, file)
    _knock(read.target, file)
    return yours.system(
        read,
        name=read.target.url,
        evidence_parts=(hashlib.sha256(file.read_bytes()).hexdigest(),),
        not_exercised=(
            f"the versions and settings behind {read.target.url}: gameday did not start this system",
            f"places that {file.name} has no [[sink]] for",
        ),
    )


def _knock(target: config.Target, file: Path) -> None:
    """One harmless question for each tenant: who is not let in learns it before anything is opened."""
    client = Client(target)
    try:
        for tenant in target.tenants:
            hello = Message(role="user", text="Is anybody there?")
            answer = client.ask((hello,), tenant=tenant, request_id=f"gameday-{secrets.token_hex(8)}")
            if answer.status != HTTPStatus.OK:
                said = answer.problem or f"status {answer.status} from {target.url}"
                raise SystemUnreachable(f"tenant {tenant!r} got {said}. Check [target] in {file}.")
    finally:
        client.close()


def _nothing() -> None:
    """A system of the user's is left as its runbooks leave it."""


def _reference(options: Options, *, journal: Journal, inbox: Inbox, stack: ExitStack, say: Say) -> Stack:
    watchdog = stack.enter_context(Watchdog.start())
    root = Path(tempfile.mkdtemp(prefix="gameday-"))
    watchdog.watch_folder(root)
    detector = config.DetectorConfig(positions=str(root / "positions.json"))
    receiver = _receiver(detector, journal=journal, on_alert=inbox.put)
    stack.callback(receiver.close)

    def up(server: ServerUp) -> None:
        journal.append(server)
        say(f"{server.server} is up after {server.took_s:.2f} s")

    return stack.enter_context(
        start_stack(
            on=options.on,
            pipeline=options.pipeline,
            detector=detector,
            watchdog=watchdog,
            root=root,
            on_up=up,
            beside=Watching(
                pipeline=options.pipeline,
                webhook=receiver.url,
                positions=root / "positions.json",
                root=root,
                watchdog=watchdog,
                stack=stack,
            ).start,
            webhook=receiver.url,
            keep_traces=MAX_TRACES if options.traffic == "load" else KEPT_TRACES,
        )
    )


def _receivers(system: Config, *, journal: Journal, inbox: Inbox, stack: ExitStack, say: Say) -> None:
    """An alert that began before the run, and is told again or only now, is no answer to anything in it."""
    began_s = clock.now().mono_s - _CLOCKS_DIFFER_S

    def take(alert: Alert) -> None:
        if alert.posted is not None and alert.posted.latest_s < began_s:
            say("an alert came that began before this run: it was left out")
        else:
            inbox.put(alert)

    for detector in system.detector:
        stack.callback(_receiver(detector, journal=journal, on_alert=take).close)


def _receiver(detector: config.DetectorConfig, *, journal: Journal, on_alert: Callable[[Alert], None]) -> Receiver:
    def problem(why: str) -> None:
        journal.append(Problem(at=clock.point(clock.now()), what="a webhook could not be read", why=why))

    return Receiver(detector, on_alert=on_alert, on_problem=problem)


def sinks_of(system: Config, answers: AnswersSink) -> dict[str, Sink]:
    """By place. What the tenants were answered is read from `answers`, whoever asked."""
    return {yours.ANSWERS.name: answers} | {sink.place: SINKS[sink.kind](sink) for sink in system.sink}


def _started(*, run: str, seed: int, key: SiteKey, options: Options) -> RunStarted:
    now = clock.now()
    return RunStarted(
        at=clock.point(now),
        format=FORMAT,
        run=run,
        wall=now,
        seed=seed,
        key_id=key.key_id,
        argv=options.argv,
        commit=_commit(),
        versions={"python": sys.version.split()[0], **{package: version(package) for package in _PACKAGES}},
    )


def _journal_file(folder: Path, share: Share | None) -> Path:
    """The run's journal, or this worker's part of it; raises UsageError where that part has been written before."""
    file = folder / JOURNAL if share is None else part_file(folder, share.worker)
    file.parent.mkdir(parents=True, exist_ok=True)
    if share is not None and file.exists():
        raise UsageError(f"{file} is there already: a run of this name was cut off. Name another run, or delete it.")
    return file


def _commit() -> str:
    try:
        done = run_command(["git", "-C", str(Path(__file__).parent), "rev-parse", "--short=12", "HEAD"], within_s=2)
    except Exception:  # noqa: BLE001 - a run outside of a checkout has no commit
        return ""
    return done.output.strip() if done.exit_code == 0 else ""


def _evidence_key(system: System, runtime: str, traffic: str) -> str:
    parts = (system.name, runtime, traffic, version("gameday"), forms_digest(), *system.evidence_parts)
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]
