"""The contract of every fault, on both runtimes: off before, on when injected, off when undone, twice as well as once."""

from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from gameday.faults import (
    FAULTS,
    ArtifactsUploadedOnFailure,
    BackupCopiesDebugCapture,
    BodiesOnError,
    CassetteWithRealHeaders,
    DebugLogLevel,
    Fault,
    FullSampling,
    MeshTap,
    RequestBodyLogging,
    SharedCacheKey,
    SnapshotWithDebugCapture,
    SpanContentCapture,
    SpanStatusText,
    ValidationEcho,
    undo,
)
from gameday.scenario.game import Game, Options
from gameday.scenario.session import open_game
from gameday.shipped import shipped
from gameday.systems.base import Backups, Ci, GatewayLog, System, Traces
from gameday.systems.powers import settings_from_ref
from tests.conformance.conftest import require_docker


@pytest.fixture(scope="module")
def game(on: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Game]:
    if on == "docker":
        require_docker()
    folder = tmp_path_factory.mktemp(f"faults-{on}")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GAMEDAY_KEY_FILE", str(folder / "site.key"))
        options = Options(
            reports=folder,
            pipeline=shipped("fixtures/pipeline"),
            argv=(),
            on="docker" if on == "docker" else "embedded",
        )
        with open_game(options, say=lambda _: None) as game:
            yield game


def body_logging(system: System) -> Fault:
    assert system.ingress is not None
    return RequestBodyLogging(system.ingress)


def shared_key(system: System) -> Fault:
    assert system.cache is not None
    return SharedCacheKey(system.cache)


def log_fault(kind: Callable[[GatewayLog], Fault]) -> Callable[[System], Fault]:
    def make(system: System) -> Fault:
        assert system.log is not None
        return kind(system.log)

    return make


def mesh_tap(system: System) -> Fault:
    assert system.mesh is not None
    return MeshTap(system.mesh)


def span_fault(kind: Callable[[Traces], Fault]) -> Callable[[System], Fault]:
    def make(system: System) -> Fault:
        assert system.traces is not None
        system.traces.settings.set("telemetry.capture_content", b'"no_content"')  # FullSampling prepares another
        return kind(system.traces)

    return make


def ci_fault(kind: Callable[[Ci], Fault]) -> Callable[[System], Fault]:
    def make(system: System) -> Fault:
        assert system.ci is not None
        return kind(system.ci)

    return make


def backup_fault(kind: Callable[[Backups], Fault]) -> Callable[[System], Fault]:
    def make(system: System) -> Fault:
        assert system.backups is not None
        return kind(system.backups)

    return make


def full_sampling(traces: Traces) -> Fault:
    fault = FullSampling(traces)
    fault.prepare()
    return fault


MAKERS = {
    "RequestBodyLogging": body_logging,
    "DebugLogLevel": log_fault(DebugLogLevel),
    "BodiesOnError": log_fault(BodiesOnError),
    "ValidationEcho": log_fault(ValidationEcho),
    "SharedCacheKey": shared_key,
    "MeshTap": mesh_tap,
    "SpanContentCapture": span_fault(SpanContentCapture),
    "SpanStatusText": span_fault(SpanStatusText),
    "FullSampling": span_fault(full_sampling),
    "ArtifactsUploadedOnFailure": ci_fault(ArtifactsUploadedOnFailure),
    "CassetteWithRealHeaders": ci_fault(CassetteWithRealHeaders),
    "BackupCopiesDebugCapture": backup_fault(BackupCopiesDebugCapture),
    "SnapshotWithDebugCapture": backup_fault(SnapshotWithDebugCapture),
}
# What the reference pipeline has no server for yet is held to the same contract where its server is tested.
ELSEWHERE = {
    "CollectorDebugExporter": "test_collector.py",
    "CollectorRedactionRemoved": "test_collector.py",
    "LifecycleRuleOff": "test_jobs.py",
    "PublicBucket": "test_jobs.py",
}
every_fault = pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS.keys())


def test_every_fault_is_held_to_the_contract() -> None:
    assert {fault.__name__ for fault in FAULTS} == MAKERS.keys() | ELSEWHERE.keys()
    for fault, file in ELSEWHERE.items():
        assert f"{fault}(" in Path(__file__).with_name(file).read_text("utf-8"), f"{file} does not make {fault}"


@every_fault
def test_a_fault_is_off_then_on_then_off_again(game: Game, make: Callable[[System], Fault]) -> None:
    fault = make(game.system)
    assert not fault.is_active()
    plan = fault.plan()
    at = fault.inject()
    assert at.width_s >= 0
    assert fault.is_active()
    assert undo(fault.settings, plan)
    assert not fault.is_active()
    assert not undo(fault.settings, plan)
    assert not fault.is_active()


@every_fault
def test_a_stranger_can_undo_it_from_the_journal_alone(game: Game, make: Callable[[System], Fault]) -> None:
    fault = make(game.system)
    written = msgspec.json.encode(fault.plan())
    fault.inject()
    plan = msgspec.json.decode(written, type=type(fault.plan()))
    assert undo(settings_from_ref(plan.ref), plan)
    assert not fault.is_active()


@every_fault
def test_an_undo_touches_only_what_still_bears_our_change(game: Game, make: Callable[[System], Fault]) -> None:
    fault = make(game.system)
    plan = fault.plan()
    fault.inject()
    game.reset()
    before = fault.settings.get(plan.key)
    assert not undo(fault.settings, plan)
    assert fault.settings.get(plan.key) == before


@every_fault
def test_a_fault_says_where_it_leaks_to_and_those_places_are_looked_at(
    game: Game, make: Callable[[System], Fault]
) -> None:
    fault = make(game.system)
    places = {place.name for place in game.system.places}
    assert fault.origin.name in fault.leaks_to
    assert set(fault.leaks_to) <= places
