"""What a scenario counts itself is written down under its arm and phase, and judged from there."""

from types import SimpleNamespace
from typing import cast

import pytest

from gameday.errors import UsageError
from gameday.place import Place
from gameday.scenario.game import Game
from gameday.scenario.script import Meta, Script
from gameday.timeline import AnyEvent, Arm, Phase, Tally

STORE = Place(name="prompt-store")


def playing(events: list[AnyEvent]) -> Script:
    """A script whose game can do no more than write down."""
    game = SimpleNamespace(
        record=events.append,
        inbox=SimpleNamespace(clear=lambda: None),
        oracle=SimpleNamespace(enter=lambda *_: None),
    )
    return Script(cast("Game", game), Meta(scenario="s", arm=Arm.CONTROL))


def told(events: list[AnyEvent]) -> list[tuple[str, int, int, bool, Phase | None, Arm | None]]:
    tallies = [event for event in events if isinstance(event, Tally)]
    return [(one.what, one.part, one.whole, one.is_complete, one.phase, one.arm) for one in tallies]


@pytest.mark.parametrize(
    ("logged", "log"), [(5, (0, 5, True)), (3, (2, 5, True)), (7, (0, 5, True)), (None, (0, 5, False))]
)
def test_attempts_are_two_tallies(logged: int | None, log: tuple[int, int, bool]) -> None:
    events: list[AnyEvent] = []
    playing(events).attempts(5, at=STORE, succeeded=1, logged=logged)
    assert told(events) == [
        ("access-attempt", 1, 5, True, Phase.BASELINE, Arm.CONTROL),
        ("access-unlogged", *log, Phase.BASELINE, Arm.CONTROL),
    ]


def test_a_part_of_more_than_its_whole_is_refused() -> None:
    events: list[AnyEvent] = []
    with pytest.raises(UsageError, match="6 of 5 rows at prompt-store"):
        playing(events).tally("rows", part=6, whole=5, place=STORE)
    assert events == []
