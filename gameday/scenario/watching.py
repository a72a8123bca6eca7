"""Starts the reference detector beside the reference pipeline: a process of its own, that learns its logs and a webhook."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import msgspec
from attrs import frozen

from gameday.detect.positions import Positions
from gameday.errors import ConfigError, ServerFailed
from gameday.runtime.tool import Program, python_module, start_program, without_proxies
from gameday.runtime.watchdog import Watchdog
from gameday.wait import poll_until

DETECTOR_UP_WITHIN_S: Final = 30.0  # kingfisher compiles its rules once on a machine, some 4 s


@frozen(kw_only=True)
class Watching:
    """`pipeline` holds its settings under test (detector.json); `webhook` is where its alerts go where nothing routes them."""

    pipeline: Path
    webhook: str
    positions: Path
    root: Path
    watchdog: Watchdog
    stack: ExitStack

    def start(self, logs: Sequence[Mapping[str, str | int]], *, posts_to: str = "") -> Callable[[], None]:
        """Starts it; what is returned waits until it follows its logs. `posts_to` is an Alertmanager, which then tells `webhook`."""
        settings = self.root / "detector.json"
        settings.write_bytes(
            msgspec.json.encode(
                {
                    **self._policy(),
                    "webhook": posts_to or self.webhook,
                    "positions": str(self.positions),
                    "logs": logs,
                }
            )
        )
        program = start_program(
            python_module("gameday.detect.logwatch", str(settings)),
            name="detector",
            folder=self.root,
            watchdog=self.watchdog,
            env=without_proxies(),
        )
        self.stack.callback(program.stop)
        return lambda: _wait(program, Positions(self.positions))

    def _policy(self) -> dict[str, float | bool]:
        template = self.pipeline / "detector.json"
        try:
            return msgspec.json.decode(template.read_bytes(), type=dict[str, float | bool])
        except (OSError, msgspec.MsgspecError) as error:
            raise ConfigError(
                file=str(template), key="(file)", value=None, problem=str(error), remedy="See fixtures/pipeline."
            ) from error


def _wait(program: Program, positions: Positions) -> None:
    def look() -> bool | None:
        if not program.is_alive():
            raise ServerFailed("detector", f"ended with {program.exit_code}", program.tail())
        return True if positions.path.exists() else None

    poll_until(look, what="the detector follows its logs", every_s=0.01, within_s=DETECTOR_UP_WITHIN_S)
