"""Waiting for a condition: it comes true, its time runs out, or time stands still."""

import pytest

from gameday import clock
from gameday.errors import ClockStopped
from gameday.wait import NotInTime, poll_until


def test_what_comes_true_is_told_with_the_interval_in_which_it_did() -> None:
    looks = iter((None, None, "there"))
    polled = poll_until(lambda: next(looks), what="it", every_s=0.001, within_s=5)
    assert polled.value == "there"
    assert polled.at.width_s > 0


def test_what_does_not_come_true_is_told_with_what_was_seen_last() -> None:
    with pytest.raises(NotInTime, match=r"it: not within 0.02 s \(\d+ looks; the last one saw half of it\)"):
        poll_until(lambda: None, what="it", every_s=0.001, within_s=0.02, seen=lambda: "half of it")


def test_a_clock_that_stands_still_ends_the_wait_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    still, looks = clock.now(), []
    monkeypatch.setattr(clock, "now", lambda: still)
    with pytest.raises(ClockStopped, match=r"the monotonic clock moved 0\.000 s"):
        poll_until(lambda: looks.append(1), what="it", every_s=0.001, within_s=60)
    assert len(looks) < 100
