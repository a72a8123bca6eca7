"""`gameday pipeline`: the reference pipeline as a system of its own, for a gameday in another terminal that did not start it."""

import argparse
import signal
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Final

import msgspec

from gameday import clock
from gameday.config import Config, DetectorConfig, Limits, load
from gameday.errors import UsageError
from gameday.runtime.choose import On
from gameday.runtime.tool import listening_socket
from gameday.runtime.watchdog import Watchdog
from gameday.scenario.watching import Watching
from gameday.shipped import shipped
from gameday.systems.reference.stack import start_stack
from gameday.toml_write import dumps

FIRST_LINE: Final = "# Written by 'gameday pipeline': it describes a pipeline that runs, and goes with it."
_AN_HOUR_S: Final = 3600.0
Say = Callable[[str], None]


def pipe(options: argparse.Namespace, *, say: Say) -> int:
    """Runs the pipeline until Ctrl-C or SIGTERM; returns 0."""
    target = None if options.write_config is None else _target(Path(options.write_config))
    pipeline = shipped("fixtures/pipeline") if options.pipeline is None else Path(options.pipeline)
    for number in (signal.SIGINT, signal.SIGTERM):  # also where a shell started it in the background, deaf to Ctrl-C
        signal.signal(number, _end_once)
    with suppress(KeyboardInterrupt), running(on=options.on, pipeline=pipeline, say=say) as config:
        say(f"the pipeline is up: {config.target.url}")
        with _written(target, config, say=say):
            say("Ctrl-C ends it, and removes its logs, keys and vault")
            while True:
                clock.sleep(_AN_HOUR_S)
    say("the pipeline is down")
    return 0


def _end_once(*_: object) -> None:
    """A second Ctrl-C must not cut the tidying short."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


@contextmanager
def running(*, on: On, pipeline: Path, say: Say) -> Iterator[Config]:
    """The pipeline and the detector that watches it, up; yields what describes them. All of it is gone afterwards."""
    with ExitStack() as stack:
        watchdog = stack.enter_context(Watchdog.start())
        root = Path(tempfile.mkdtemp(prefix="gameday-pipeline-"))
        watchdog.watch_folder(root)
        detector = DetectorConfig(listen=_free_address(), positions=str(root / "positions.json"))
        watching = Watching(
            pipeline=pipeline,
            webhook=f"http://{detector.listen}/",
            positions=root / "positions.json",
            root=root,
            watchdog=watchdog,
            stack=stack,
        )
        up = stack.enter_context(
            start_stack(
                on=on,
                pipeline=pipeline,
                detector=detector,
                watchdog=watchdog,
                root=root,
                on_up=lambda server: say(f"{server.server} is up after {server.took_s:.2f} s"),
                beside=watching.start,
                webhook=watching.webhook,
            )
        )
        yield msgspec.structs.replace(up.system.config, limits=Limits())


@contextmanager
def _written(target: Path | None, config: Config, *, say: Say) -> Iterator[None]:
    """The file, for as long as the pipeline runs. Somebody else's changes to it are left where they are."""
    if target is None:
        yield
        return
    text = f"{FIRST_LINE}\n\n{dumps(config)}"
    draft = _draft(target)
    draft.write_text(text, "utf-8")
    load(draft)
    draft.replace(target)
    say(f"{target} describes it. In another terminal, in this folder: gameday run test_f1_ingress_access_log.py")
    try:
        yield
    finally:
        with suppress(OSError, UnicodeDecodeError):
            if target.read_text("utf-8") == text:
                target.unlink()


def _target(path: Path) -> Path:
    """Raises UsageError where it would replace a file that somebody else wrote."""
    try:
        if path.exists() and not path.read_bytes().startswith(FIRST_LINE.encode()):
            raise UsageError(f"{path} exists already, and is yours. Name another file with --write-config.")
        _draft(path).touch()
        _draft(path).unlink()
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}. Name another with --write-config.") from error
    return path


def _draft(path: Path) -> Path:
    return path.with_name(f".{path.name}.draft")


def _free_address() -> str:
    """An address that nobody listens on: the detector posts to it, and each run listens there while it lasts."""
    with listening_socket("127.0.0.1:0") as free:
        host, port = free.getsockname()[:2]
    return f"{host}:{port}"
