"""The controller of pytest -n. It plays nothing itself: it tells the workers apart, and closes the run that they played.

Light to import: every session of pytest-xdist has one of these, and few have scenarios.
"""

import itertools
import secrets
from pathlib import Path
from typing import Any, Final

import pytest

from gameday.errors import DirtyOutput, GamedayError
from gameday.journal import part_files
from gameday.scenario.sharing import Refusal, Share, give, refusal_of, run_id
from gameday.scenario.terminal import Copy, Progress
from gameday.verdict import Verdict

_RESTARTS: Final = 4  # of each worker that dies: pytest-xdist allows as many


class Conducting:
    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._copy, self._progress = Copy.of(config), Progress(config)
        self._run = config.getoption("--gameday-run") or run_id()
        self._seed = _seed(config)
        self._numbers = itertools.count()
        self._lost: dict[str, None] = {}
        self._refused: list[Refusal] = []
        self.lines: tuple[str, ...] = ()

    @property
    def _folder(self) -> Path:
        return Path(self._config.getoption("--gameday-reports")) / self._run

    def configure(self, node: Any) -> None:
        """Gives a worker its part. One on another host gets none: its clock is not ours."""
        workers, number = int(node.workerinput["workercount"]), next(self._numbers)
        stride = workers + max(_RESTARTS * workers, int(self._config.getoption("maxworkerrestart", None) or 0)) + 1
        if not node.gateway.spec.popen or number >= stride:
            return
        share = Share(
            worker=node.gateway.id,
            workers=workers,
            run=self._run,
            seed=self._seed,
            argv=tuple(str(argument) for argument in self._config.invocation_params.args),
            number=number,
            stride=stride,
        )
        give(node.workerinput, share)

    def down(self, node: Any, *, error: object | None) -> None:
        """A worker ended; `error` where it did not do so by itself."""
        if error is not None:
            self._lost[f"{node.gateway.id} died before its time"] = None
        refusal = refusal_of(getattr(node, "workeroutput", {}))
        if refusal is not None and refusal not in self._refused:
            self._refused.append(refusal)

    def close(self, exitstatus: int) -> int:
        """Merges, sweeps, judges, reports; returns pytest's exit status as one process would have."""
        if self._has_played():
            exitstatus = self._close(exitstatus)
        if not self._refused:
            return int(exitstatus)
        said = self.lines or (f"verdict: {Verdict.INCONCLUSIVE}",)
        self.lines = (*(refusal.why for refusal in self._refused), *said)
        return max(refusal.code for refusal in self._refused)

    def _has_played(self) -> bool:
        """Whether any arm began: where no system came up there is nothing to judge."""
        parts = part_files(self._folder).values()
        return any(b'"event":"arm_started"' in part.read_bytes() for part in parts)

    def _close(self, exitstatus: int) -> int:
        from gameday.scenario.gathering import Gathering  # noqa: PLC0415 - heavy, and only for a game day
        from gameday.scenario.options import options_of, outputs_of  # noqa: PLC0415

        self._progress.say("merging what the workers wrote, searching all output")
        problems = [*self._lost, *(refusal.why for refusal in self._refused)]
        try:
            gathering = Gathering(options=options_of(self._config), folder=self._folder, problems=problems)
            closing = gathering.close(outputs=outputs_of(self._config), texts=(self._copy.text,))
        except DirtyOutput as error:
            self.lines = (str(error), f"verdict: {Verdict.FAIL}")
            return exitstatus or 1
        except GamedayError as error:
            self.lines = (str(error), f"verdict: {Verdict.INCONCLUSIVE}")
            return exitstatus or 1
        self.lines = closing.lines
        return int(exitstatus) or (0 if closing.verdict is Verdict.PASS else 1)


def _seed(config: pytest.Config) -> int:
    said = config.getoption("--gameday-seed")
    try:
        return secrets.randbits(32) if said is None else int(said)
    except ValueError as error:
        raise pytest.UsageError(f"--gameday-seed is a whole number: {error}") from error
