"""One run that several processes play (pytest -n): what the controller tells each worker, and what a worker tells it.

Light to import: a controller knows only at the end whether there was a game day.
"""

import secrets
from typing import Final

import msgspec
import pytest

from gameday import clock

KEY: Final = "gameday"  # among what pytest-xdist carries between controller and worker


class Share(msgspec.Struct, frozen=True, kw_only=True):
    """One worker's part of a run. It mints the serials `number`, `number + stride`, ..., which no other worker does."""

    worker: str
    workers: int
    run: str
    seed: int
    argv: tuple[str, ...]
    number: int
    stride: int


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """Why a worker could not play; `code` is the exit status that one process would have ended with."""

    why: str
    code: int


def give(workerinput: dict[str, object], share: Share) -> None:
    """Text alone crosses: pytest-xdist carries no types of ours."""
    workerinput[KEY] = msgspec.json.encode(share).decode()


def share_of(config: pytest.Config) -> Share | None:
    """This process's part; None where it is no worker, or one that the controller has no part for."""
    said = getattr(config, "workerinput", {}).get(KEY)
    return None if said is None else msgspec.json.decode(said, type=Share)


def refuse(session: pytest.Session, refusal: Refusal) -> None:
    """Ends this worker, and with it the run; the controller tells why."""
    getattr(session.config, "workeroutput", {})[KEY] = msgspec.json.encode(refusal).decode()
    session.shouldfail = f"gameday: {refusal.why}"


def refusal_of(workeroutput: dict[str, object]) -> Refusal | None:
    said = workeroutput.get(KEY)
    return msgspec.json.decode(said, type=Refusal) if isinstance(said, str) else None


def is_worker(config: pytest.Config) -> bool:
    """Whether pytest-xdist runs this process."""
    return hasattr(config, "workerinput")


def run_id() -> str:
    stamp = clock.utc(clock.now().wall_s).replace("-", "").replace(":", "").replace("T", "-").removesuffix("Z")
    return f"{stamp}-{secrets.token_hex(2)}"
