"""Jobs beside the system that a scenario lets run: they are handed the exchange that was recorded of what was sent."""

import uuid
from pathlib import Path
from typing import Final

import msgspec

from gameday.config import Target, secret
from gameday.errors import UsageError
from gameday.scenario.traffic import Sent
from gameday.systems.base import System
from gameday.systems.reference.backup import back_up
from gameday.systems.reference.capture import capture
from gameday.systems.reference.ci_job import run_ci
from gameday.systems.reference.job_files import Exchange

_NEVER_ANSWERED: Final = "the answer that was recorded before the model changed"


def replay_in_ci(system: System, sent: Sent) -> None:
    """One CI run that replays this exchange in a test that fails: the answer is another than the test expects."""
    if system.config.ci is None:
        raise UsageError("run_ci: gameday.toml describes no CI job. Add [ci], or skip where `System.ci` is None.")
    run_ci(Path(system.config.ci.settings), (_exchange(system.config.target, sent),), run=uuid.uuid4().hex)


def back_up_capture(system: System, sent: Sent) -> None:
    """The exchange is kept in the debug capture, where it may be, and then the backup job runs."""
    if system.config.backups is None:
        raise UsageError(
            "back_up: gameday.toml describes no backup job. Add [backups], or skip where `System.backups` is None."
        )
    settings = Path(system.config.backups.settings)
    capture(settings, _exchange(system.config.target, sent))
    back_up(settings, run=uuid.uuid4().hex)


def _exchange(target: Target, sent: Sent) -> Exchange:
    return Exchange(
        request_id=sent.request_id,
        url=f"{target.url.rstrip('/')}/chat/completions",
        status=sent.status,
        request_body=msgspec.json.encode({"messages": sent.messages}).decode(),
        response_body=sent.answer.decode("utf-8", "replace"),
        request_headers={
            "content-type": "application/json",
            "authorization": f"Bearer {secret(target.tenants[sent.tenant])}",
        },
        response_headers={target.request_id.removeprefix("header:"): sent.request_id},
        expected=_NEVER_ANSWERED,
    )
