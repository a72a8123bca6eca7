"""One pytest session as a game day: which arms it owes, how each came out, and what it all came to."""

import inspect
from contextlib import ExitStack
from typing import Final, NoReturn, Self

import pytest

from gameday import clock
from gameday.clock import Instant
from gameday.errors import DirtyOutput, ExpectationFailed, GamedayError, UndoFailed, UsageError
from gameday.scenario.closing import close
from gameday.scenario.game import Game, Options
from gameday.scenario.options import options_of, outputs_of
from gameday.scenario.script import Meta, Script
from gameday.scenario.session import open_game
from gameday.scenario.sharing import Refusal, refuse
from gameday.scenario.terminal import Copy, Progress
from gameday.systems.base import System
from gameday.timeline import Arm, ArmEnded, ArmStarted, Outcome, Planned
from gameday.verdict import Verdict

SCRIPT: Final = pytest.StashKey[Script]()
STARTED: Final = pytest.StashKey[Instant]()
ENDED: Final = pytest.StashKey[ArmEnded]()
_BROKE: Final = (ExpectationFailed, UndoFailed, AssertionError)


class Playing:
    def __init__(self, session: pytest.Session, options: Options, planned: list[Planned]) -> None:
        config = session.config
        self._session, self._config, self._options, self._planned = session, config, options, planned
        self._copy, self._progress = Copy.of(config), Progress(config)
        self._game: Game | None = None
        self._stack = ExitStack()
        self.lines: tuple[str, ...] = ()

    @classmethod
    def prepare(cls, config: pytest.Config, items: list[pytest.Item]) -> Self:
        """Reads the options and every scenario's marker; raises pytest.UsageError where one of them is wrong."""
        config.option.showlocals = False
        return cls(items[0].session, options_of(config), [_plan(item) for item in items])

    @property
    def game(self) -> Game:
        if self._game is None:
            raise UsageError("the game day has not been started")
        return self._game

    @property
    def system(self) -> System:
        return self.game.system

    def start(self) -> None:
        """Brings the system up; ends the session in one line where that cannot be done. Twice is once."""
        if self._game is None:
            refusal = self._open()
            if refusal is not None:
                self._stop(refusal)
            for planned in self._planned:
                self.game.record(planned)

    def _open(self) -> Refusal | None:
        """Why the system cannot be brought up; None where it is up."""
        try:
            self._game = self._stack.enter_context(open_game(self._options, say=self._progress.say))
        except UsageError as error:
            return Refusal(why=str(error), code=4)
        except GamedayError as error:
            return Refusal(why=str(error), code=3)
        except Exception as error:
            if self._options.share is not None:  # ends the worker: its next arm would try again
                refuse(self._session, Refusal(why=f"internal error: {type(error).__name__}", code=3))
            raise
        return None

    def _stop(self, refusal: Refusal) -> NoReturn:
        self._stack.close()
        if self._options.share is not None:
            refuse(self._session, refusal)
            pytest.fail(f"gameday: {refusal.why}", pytrace=False)
        self.lines = (refusal.why, f"verdict: {Verdict.INCONCLUSIVE}")
        pytest.exit(f"gameday: {refusal.why}", returncode=refusal.code)

    def script(self, item: pytest.Item) -> Script:
        """Begins one arm."""
        meta = _meta(item)
        self._progress.say(f"{meta.scenario} ({meta.arm})")
        self.game.record(ArmStarted(at=clock.point(clock.now()), scenario=meta.scenario, arm=meta.arm))
        script = Script(self.game, meta)
        item.stash[SCRIPT], item.stash[STARTED] = script, clock.now()
        return script

    def finish(self, item: pytest.Item) -> None:
        """What every arm owes after its last line."""
        if SCRIPT in item.stash:
            item.stash[SCRIPT].finish()

    def note(self, item: pytest.Item, call: pytest.CallInfo[None], report: pytest.TestReport) -> None:
        """Cleans the report of one phase, and writes down how the arm came out."""
        if self._game is None:
            return
        self._clean(call, report)
        if item.get_closest_marker("gameday") and ENDED not in item.stash and _is_last(call, report):
            if SCRIPT in item.stash:
                item.stash[SCRIPT].account_for_alerts()
            meta, outcome = _meta(item), _outcome(call, report)
            why = "" if outcome is Outcome.HELD else self._why(call, report)
            start = item.stash.get(STARTED, clock.now())
            at = clock.between(start, clock.now())
            item.stash[ENDED] = ArmEnded(at=at, scenario=meta.scenario, arm=meta.arm, outcome=outcome, why=why)
            self.game.record(item.stash[ENDED])
            self.game.sync()
            self._reset()

    def _reset(self) -> None:
        try:
            self.game.reset()
        except GamedayError as error:
            self.game.problem("the system could not be put back to its settings", str(error))

    def _clean(self, call: pytest.CallInfo[None], report: pytest.TestReport) -> None:
        """No canary text in a traceback or a captured stream; no traceback where the message is made for the user."""
        if call.excinfo is not None and isinstance(call.excinfo.value, GamedayError):
            report.longrepr = f"{type(call.excinfo.value).__name__}: {call.excinfo.value}"
        if report.failed and report.longrepr is not None:
            text = str(report.longrepr)
            scrubbed = self.game.scrubber.scrub(text)
            if scrubbed != text:
                report.longrepr = scrubbed
        report.sections = [(name, self.game.scrubber.scrub(text)) for name, text in report.sections]

    def _why(self, call: pytest.CallInfo[None], report: pytest.TestReport) -> str:
        if report.skipped:
            return f"skipped: {report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr}"
        text = str(call.excinfo.value) if call.excinfo is not None else ""
        return self.game.scrubber.scrub(text.split("\n")[0])

    def close(self, exitstatus: int) -> int:
        """Takes everything down, judges, reports; returns pytest's exit status: 1 unless the verdict is PASS."""
        if self._game is None:
            return int(exitstatus)
        if self._options.share is not None:
            return self._hand_over(exitstatus)
        self._progress.say("taking everything down, searching all output")
        try:
            closing = close(self.game, outputs=outputs_of(self._config), texts=(self._copy.text,))
        except DirtyOutput as error:
            self.lines = (str(error), f"verdict: {Verdict.FAIL}")
            return exitstatus or 1
        except GamedayError as error:
            self.lines = (str(error), f"verdict: {Verdict.INCONCLUSIVE}")
            return exitstatus or 1
        finally:
            self._stack.close()
        self.lines = closing.lines
        return int(exitstatus) or (0 if closing.verdict is Verdict.PASS else 1)

    def _hand_over(self, exitstatus: int) -> int:
        """A worker judges nothing: the controller does, when all parts are there."""
        self.game.note_uncovered()
        try:
            self._stack.close()
        except GamedayError as error:
            refuse(self._session, Refusal(why=str(error), code=3))
        return int(exitstatus)


def _plan(item: pytest.Item) -> Planned:
    marker = item.get_closest_marker("gameday")
    values = marker.kwargs if marker else {}
    missing = {"failure_mode", "layers", "severity"} - values.keys()
    if missing:
        raise pytest.UsageError(f"{item.nodeid}: the marker gameday lacks {', '.join(sorted(missing))}")
    meta = _meta(item)
    function = getattr(item, "function", None)
    return Planned(
        at=clock.point(clock.now()),
        scenario=meta.scenario,
        arm=meta.arm,
        title=meta.scenario.replace("_", " ").capitalize(),
        story=inspect.getdoc(function) or "",
        failure_mode=values["failure_mode"],
        layers=tuple(values["layers"]),
        severity=values["severity"],
        node=item.nodeid,
        expect_no_leak=meta.expect_no_leak,
    )


def _meta(item: pytest.Item) -> Meta:
    marker = item.get_closest_marker("gameday")
    callspec = getattr(item, "callspec", None)
    arm = callspec.params.get("gameday", "fault") if callspec else "fault"
    name = getattr(item, "originalname", item.name).removeprefix("test_")
    return Meta(scenario=name, arm=Arm(arm), expect_no_leak=bool(marker and marker.kwargs.get("expect_no_leak", False)))


def _is_last(call: pytest.CallInfo[None], report: pytest.TestReport) -> bool:
    """The call, or the set-up where that already ended it."""
    return call.when == "call" or (call.when == "setup" and not report.passed)


def _outcome(call: pytest.CallInfo[None], report: pytest.TestReport) -> Outcome:
    if report.passed:
        return Outcome.HELD
    if not report.skipped and call.excinfo is not None and isinstance(call.excinfo.value, _BROKE):
        return Outcome.BROKE
    return Outcome.UNKNOWN
