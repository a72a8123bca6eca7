"""Runs a runbook's commands. A command is given the alert and nothing else; it never passes through a shell."""

import re
from pathlib import Path
from typing import Final

from attrs import frozen

from gameday.alert import Alert
from gameday.clock import Interval
from gameday.config import STEPS, RunbookConfig, seconds
from gameday.errors import ConfigError
from gameday.runtime.tool import Finished, run_command

_KILLED: Final = -1
_WORD: Final = re.compile(r"\{alert\.([\w-]+)\}")


@frozen(kw_only=True)
class StepResult:
    """What one step did. `before` and `after` are "safe", "unsafe" or "unknown" by its probe, "" where it has none."""

    step: str
    at: Interval
    exit_code: int
    before: str
    after: str
    why: str

    @property
    def is_done(self) -> bool:
        return self.exit_code == 0 and self.after in {"safe", ""}


@frozen
class Runbook:
    name: str
    config: RunbookConfig

    @property
    def steps(self) -> tuple[str, ...]:
        return tuple(step for step in STEPS if getattr(self.config, step) is not None)

    def run(self, step: str, alert: Alert) -> StepResult:
        """Runs one of `steps`, its probe before and after it."""
        before = self._probe(step, alert)
        done = self._command(getattr(self.config, step), alert)
        after = self._probe(step, alert)
        return StepResult(
            step=step,
            at=done.at,
            exit_code=_KILLED if done.exit_code is None else done.exit_code,
            before=before,
            after=after,
            why=_why(done),
        )

    def _probe(self, step: str, alert: Alert) -> str:
        argv = getattr(self.config.probe, step)
        if argv is None:
            return ""
        code = self._command(argv, alert).exit_code
        return "unknown" if code is None else {0: "safe", 1: "unsafe"}.get(code, "unknown")

    def _command(self, argv: tuple[str, ...], alert: Alert) -> Finished:
        words = alert.words()
        return run_command([self._filled(part, words) for part in argv], within_s=seconds(self.config.within))

    def _filled(self, part: str, words: dict[str, str]) -> str:
        def word(match: re.Match[str]) -> str:
            if match[1] not in words:
                raise ConfigError(
                    file="gameday.toml",
                    key=f"runbook.{self.name}",
                    value=part,
                    problem=f"the alert has no {match[1]!r}; it has {', '.join(sorted(words))}",
                    remedy="Use one of these words, or let the detector's match table read it",
                )
            return words[match[1]]

        return _WORD.sub(word, part)


def _why(done: Finished) -> str:
    if done.timed_out:
        return "it did not end in time"
    return "" if done.exit_code == 0 else f"exit {done.exit_code}"


def vault_of(config: RunbookConfig) -> Path | None:
    return None if config.vault is None else Path(config.vault).expanduser()
