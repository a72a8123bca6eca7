"""The gate, attacked: each layer broken once, and never PASS."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from gameday import journal, slo
from gameday.errors import UsageError
from gameday.gate import Gate, decide, pooled
from gameday.timeline import (
    Arm,
    ArmEnded,
    ArmStarted,
    Contained,
    Delivered,
    FaultInjected,
    FaultUndone,
    Look,
    Outcome,
    Phase,
    Problem,
    RunEnded,
    Swept,
    Tally,
    Timeline,
    Verified,
)
from gameday.verdict import Verdict
from tests.unit.timelines import CACHE, GATEWAY, LEAK, Story, at, closed, sound

FIXTURES: Final = Path(__file__).parents[2] / "fixtures" / "slo"
RUN: Final = slo.load(FIXTURES / "run.yaml")
RELEASE: Final = slo.load(FIXTURES / "release.yaml")


def gate(timeline: Timeline) -> Gate:
    return decide(timeline, RUN, file="fixtures/slo/run.yaml")


def without(kind: type, story: Story | None = None) -> Timeline:
    return Timeline(event for event in closed(story or sound()).events if not isinstance(event, kind))


def replaced(kind: type, story: Story) -> Timeline:
    """A game day without events of one kind, and with those that a story tells instead."""
    kept = [event for event in sound().events if not isinstance(event, kind)]
    return closed(Story().add(*kept[2:], *story.events[2:]))


def test_a_sound_system_passes_a_game_day() -> None:
    decided = gate(closed(sound()))
    assert decided.reasons == ()
    assert decided.verdict is Verdict.PASS
    assert decided.name == "run"


ATTACKS: Final[tuple[tuple[str, Callable[[], Timeline], str], ...]] = (
    ("a deaf detector", lambda: without(Delivered), "M2: request-bodies took more than 48 s, still open"),
    (
        "an alert that names another leak",
        lambda: replaced(Delivered, Story().delivered("r9")),
        "M2: request-bodies took more than 48 s",
    ),
    (
        "an ambiguous alert",
        lambda: closed(sound().delivered("", is_ambiguous=True)),
        "request-bodies: alert Leak fits several open leaks",
    ),
    ("a skipped arm", lambda: without(ArmEnded), "request-bodies (fault) was planned and did not end"),
    (
        "an arm that could not look",
        lambda: replaced(ArmEnded, Story().ended(control=Outcome.UNKNOWN)),
        "request-bodies (control) could not be settled",
    ),
    (
        "a blind sink",
        lambda: replaced(Look, Story().looked(is_complete=False)),
        "no place was looked at completely, behind a barrier",
    ),
    (
        "one blind sink",
        lambda: replaced(Look, Story().looked(but=GATEWAY.name).looked(60, is_complete=False)),
        "gateway/log was never looked at completely, behind a barrier: search API answered 503",
    ),
    ("no barrier", lambda: replaced(Look, Story().looked(behind_barrier=False)), "no place was looked at"),
    ("no look", lambda: without(Look), "no place was looked at"),
    ("looks before the requests", lambda: replaced(Look, Story().looked(3)), "M7: no secret outside a fault"),
    ("a clock that stood", lambda: closed(sound().sent("x", when=at(50, 50))), "the clock stood still"),
    ("a run that was killed", lambda: without(RunEnded), "its journal has no end"),
    ("no sweep", lambda: without(Swept), "outputs were not swept"),
    ("a sweep that does not work", lambda: sound().swept(works=False).over().timeline, "its own sentinel"),
    ("an undo that was lost", lambda: without(FaultUndone), "nothing says that it was undone"),
    (
        "a fault that did nothing",
        lambda: closed(sound().add(FaultInjected(at=at(7), scenario=LEAK, arm=Arm.FAULT, fault="f", is_active=False))),
        "did not become active",
    ),
    (
        "a problem of our own",
        lambda: closed(sound().add(Problem(at=at(60), scenario=LEAK, what="sink cache", why="timeout"))),
        "request-bodies: gameday had a problem with sink cache: timeout",
    ),
    ("no proof of containment", lambda: without(Contained), "X3: 1 could not be looked at"),
    ("never verified", lambda: without(Verified), "M3: request-bodies took more than 80 s"),
    ("nothing at all", lambda: Timeline(()), "M2: no leak was watched for an alert"),
    (
        "a canary of a request that nobody recorded",
        lambda: closed(sound().seen("ghost")),
        "ingress/log held a canary of a request that the journal does not know",
    ),
)


def test_a_place_that_one_worker_never_looked_at_is_unknown_although_another_did() -> None:
    begun = [ArmStarted(at=at(1), scenario=name, arm=Arm.CONTROL) for name in ("one", "two")]
    workers = {"gw0": Story().add(begun[0]).looked(), "gw1": Story().add(begun[1]).looked(but=GATEWAY.name)}
    merged = journal.merge({name: story.timeline for name, story in workers.items()})
    assert "gateway/log was never looked at completely, behind a barrier" in gate(merged).reasons
    complete = journal.merge(dict.fromkeys(workers, workers["gw0"].timeline))
    assert not any("never looked at" in reason for reason in gate(complete).reasons)


@pytest.mark.parametrize(("timeline", "reason"), [attack[1:] for attack in ATTACKS], ids=[a[0] for a in ATTACKS])
def test_an_attack_is_inconclusive_and_said(timeline: Callable[[], Timeline], reason: str) -> None:
    decided = gate(timeline())
    assert decided.verdict is Verdict.INCONCLUSIVE
    assert any(reason in said for said in decided.reasons), decided.reasons


FAILURES: Final[tuple[tuple[str, Callable[[], Timeline], str], ...]] = (
    ("dirty output", lambda: sound().swept(hits=2).over().timeline, "gameday's own outputs hold canary text: 2 by"),
    (
        "an undo that lies",
        lambda: closed(sound().undone(is_active=True)),
        "request-bodies: the fault f was left active",
    ),
    (
        "a leak that no fault made",
        lambda: closed(sound().seen("b1", parts=("token",), phase=Phase.BASELINE)),
        "ingress/log held 1 prompt that nobody put there: b1",
    ),
    (
        "another tenant's bytes",
        lambda: closed(sound().seen("b1", place=CACHE.name, owner="globex", phase=Phase.BASELINE)),
        "X1: 1 of 2 (cache); the limit is 0",
    ),
    (
        "a control that leaks",
        lambda: replaced(ArmEnded, Story().ended(control=Outcome.BROKE)),
        "X2: 1 of 2; the limit is 0: request-bodies (control) broke",
    ),
    (
        "a leak that came back",
        lambda: closed(sound().contained(state="came back")),
        "X3: 1 of 1 (ingress/log); the limit is 0: request-bodies: came back",
    ),
    (
        "an alert that came too late",
        lambda: replaced(Delivered, Story().delivered(when=at(400))),
        "M2: request-bodies took 6 min 28 s to 6 min 30 s to be detected; the limit is < 5 min",
    ),
)


@pytest.mark.parametrize(("timeline", "reason"), [one[1:] for one in FAILURES], ids=[one[0] for one in FAILURES])
def test_a_failure_is_a_failure_and_stands_first(timeline: Callable[[], Timeline], reason: str) -> None:
    decided = gate(timeline())
    assert decided.verdict is Verdict.FAIL
    assert any(reason in said for said in decided.reasons), decided.reasons


def test_what_fails_is_said_before_what_is_unknown() -> None:
    story = sound().seen("b1", phase=Phase.BASELINE).seen("f1", phase=Phase.AFTER)
    reasons = gate(story.timeline).reasons
    assert reasons[0] == "ingress/log held 2 prompts that nobody put there: b1, f1"
    assert "cut off" in " ".join(reasons[1:])


def test_a_fault_that_was_undone_at_the_second_try_is_undone() -> None:
    story = sound()
    kept = [event for event in story.events if not isinstance(event, FaultUndone)]
    twice = Story().add(*kept[2:]).undone(is_active=True).undone()
    assert gate(closed(twice)).verdict is Verdict.PASS


def test_judging_nothing_is_inconclusive() -> None:
    decided = decide(closed(sound()), (), file="empty.yaml")
    assert (decided.verdict, decided.reasons) == (Verdict.INCONCLUSIVE, ("no objective was judged",))


def loaded_run(run: str, checks: int, *, failed: int = 0, key: str = "k") -> Timeline:
    story = Story(run=run, key=key).sent(f"b-{run}").looked()
    for what in ("requests", "redaction"):
        story.add(Tally(at=at(60), place=GATEWAY.name, what=what, part=failed, whole=checks, is_complete=True))
    return closed(story)


def test_a_release_says_how_many_checks_are_missing() -> None:
    decided = decide(loaded_run("one", 1203), RELEASE, file="release.yaml")
    assert decided.verdict is Verdict.INCONCLUSIVE
    assert "M10: 1,204 clean of 29,956 needed; 28,752 missing" in decided.reasons
    assert "M1: 1,204 clean of 2,995,731 needed; 2,994,527 missing" in decided.reasons


def test_evidence_adds_up_over_runs_until_a_release_passes() -> None:
    runs = [loaded_run(name, 1_500_000) for name in ("one", "two")]
    assert decide(runs[0], RELEASE, file="release.yaml").verdict is Verdict.INCONCLUSIVE
    assert decide(pooled(runs), RELEASE, file="release.yaml").verdict is Verdict.PASS


def test_a_release_fails_by_a_rate_that_is_proven_too_high() -> None:
    decided = decide(loaded_run("one", 100_000, failed=50), RELEASE, file="release.yaml")
    assert decided.verdict is Verdict.FAIL
    assert any(said.startswith("M10: 50 of 100,001 failed (0.05 %); the limit is < 0.01 %") for said in decided.reasons)


def test_one_untrustworthy_run_spoils_the_pool() -> None:
    bad = Timeline(event for event in loaded_run("two", 1_500_000).events if not isinstance(event, Swept))
    decided = decide(pooled([loaded_run("one", 1_500_000), bad]), RELEASE, file="release.yaml")
    assert decided.verdict is Verdict.INCONCLUSIVE


@pytest.mark.parametrize("key", ["other", ""])
def test_runs_of_different_things_are_not_pooled(key: str) -> None:
    with pytest.raises(UsageError, match="run two has the evidence key"):
        pooled([loaded_run("one", 1), loaded_run("two", 1, key=key)])


def test_a_run_counts_once() -> None:
    with pytest.raises(UsageError, match="run one is given twice"):
        pooled([loaded_run("one", 1), loaded_run("one", 1)])


def test_no_run_is_nothing_to_judge() -> None:
    with pytest.raises(UsageError, match="no run"):
        pooled([])


def test_one_run_needs_no_evidence_key() -> None:
    assert pooled([loaded_run("one", 1, key="")]).has_ended
