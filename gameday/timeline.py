"""What happened: events, in the order in which they became known. Facts only; nothing here is judged.

Every event has `at`, an interval on the monotonic axis of the run, and the scenario and arm in which it happened ("" where
it belongs to the run). Events are written to the journal as they are, one JSON line each, tagged by `event`.
Where several processes played one run, `worker` names the one whose stack it happened on ("" where it belongs to the run).
"""

from collections.abc import Iterable
from enum import StrEnum
from typing import Final, TypeVar

import msgspec

from gameday.clock import Instant, Interval
from gameday.place import Place

# What a Tally counts, beside requests, secrets and redaction: spans, and those of them that carry any part of a prompt;
# attempts to get at a place, and those that got in; the same attempts, and those that its audit log missed; records
# whose time to live had passed, when nobody could look whether they are gone.
SPANS: Final = "spans"
ATTEMPTS: Final = "access-attempt"
UNLOGGED: Final = "access-unlogged"
RETENTION: Final = "retention"


class Arm(StrEnum):
    CONTROL = "control"  # the same steps, nothing injected: silence is expected
    FAULT = "fault"


class Phase(StrEnum):
    """When a request was sent. What is left of a fault-phase request belongs to its incident, and to no rate."""

    BASELINE = "baseline"
    FAULT = "fault"
    CONTAINED = "contained"  # after the runbook, before the fault was undone by us
    AFTER = "after"


class Outcome(StrEnum):
    HELD = "held"  # came out as it must
    BROKE = "broke"  # came out otherwise
    UNKNOWN = "unknown"  # was not run, or could not look


class Event(msgspec.Struct, frozen=True, kw_only=True, tag_field="event", omit_defaults=True):
    at: Interval
    scenario: str = ""
    arm: Arm | None = None
    worker: str = ""


class RunStarted(Event, frozen=True, kw_only=True, tag="run_started"):
    """`wall` ties the monotonic axis to the calendar; `gate` is what the command line asked to be judged by."""

    format: int
    run: str
    wall: Instant
    seed: int
    key_id: str
    argv: tuple[str, ...]
    commit: str
    versions: dict[str, str]


class ServerUp(Event, frozen=True, kw_only=True, tag="server_up"):
    """One server or program of the stack is ready. `stand_in`: the image bears the label gameday.stand-in."""

    server: str
    took_s: float
    image: str = ""
    digest: str = ""
    version: str = ""
    stand_in: bool = False


class SystemReady(Event, frozen=True, kw_only=True, tag="system_ready"):
    """`evidence_key`: digest of what evidence may be pooled over; `not_exercised`: what this run cannot speak about, with the reason."""

    system: str
    runtime: str
    runtime_why: str
    took_s: float
    places: tuple[Place, ...]
    evidence_key: str
    not_exercised: tuple[str, ...] = ()


class Planned(Event, frozen=True, kw_only=True, tag="planned"):
    """A scenario arm that this run owes an outcome. `title` is what must hold, `story` what happens.

    `expect_no_leak`: the defence must hold under the fault, so its requests count.
    """

    title: str
    failure_mode: str
    layers: tuple[str, ...]
    severity: str
    node: str
    expect_no_leak: bool = False
    story: str = ""


class ArmStarted(Event, frozen=True, kw_only=True, tag="arm_started"):
    pass


class ArmEnded(Event, frozen=True, kw_only=True, tag="arm_ended"):
    outcome: Outcome
    why: str = ""


class Planted(msgspec.Struct, frozen=True, kw_only=True):
    """One canary in one slot of one request. `has_value`: it carries the family's value, not only the token."""

    canary: str
    family: str
    slot: str
    is_secret: bool
    is_redactable: bool
    has_value: bool = True


class Sent(Event, frozen=True, kw_only=True, tag="sent"):
    """A request went through the system; `at` is from its first byte out to its last byte in."""

    request: str
    tenant: str
    phase: Phase
    planted: tuple[Planted, ...]
    status: int
    stream: bool = False


class FaultPlanned(Event, frozen=True, kw_only=True, tag="fault_planned"):
    """Written and fsync'd before the fault is injected. `undo` is JSON that `gameday clean` can carry out; `leaks_to` are places."""

    fault: str
    summary: str
    origin: str
    leaks_to: tuple[str, ...]
    undo: str


class FaultInjected(Event, frozen=True, kw_only=True, tag="fault_injected"):
    fault: str
    is_active: bool


class FaultUndone(Event, frozen=True, kw_only=True, tag="fault_undone"):
    """`already`: what the fault had changed did not bear our change any more (a runbook had put it right)."""

    fault: str
    is_active: bool
    already: bool = False


class Look(Event, frozen=True, kw_only=True, tag="look"):
    """One look at one place. It is evidence of absence only if it is complete and stands behind its barrier."""

    place: str
    sink: str
    records: int
    is_complete: bool
    behind_barrier: bool
    why: str = ""


class Sighted(Event, frozen=True, kw_only=True, tag="sighted"):
    """A canary was seen at a place for the first time; `at` is the look. `request` and `tenant` are the canary's own.

    `persisted`: when it came to rest. `record_request` and `owner` are what the record says of itself. `is_skewed`: the
    record's stamp lies outside what is possible, and was not used.
    """

    place: str
    canary: str
    request: str
    tenant: str
    phase: Phase
    parts: tuple[str, ...]
    form: tuple[str, ...]
    locator: str
    persisted: Interval
    is_forbidden: bool
    record_request: str = ""
    owner: str = ""
    is_skewed: bool = False


class Expired(Event, frozen=True, kw_only=True, tag="expired"):
    """A prompt was due to be gone from a place, and that was read from its beginning, over `at`: is it readable still?

    `since`: from when it rested there, or its record's own stamp where that is earlier. `request` and `phase` are the prompt's.
    """

    place: str
    canary: str
    request: str
    phase: Phase
    since: Interval
    is_readable: bool


class Alerted(Event, frozen=True, kw_only=True, tag="alerted"):
    """When the detector says that it noticed (the alert's startsAt)."""

    alert: str


class Delivered(Event, frozen=True, kw_only=True, tag="delivered"):
    """An alert reached the receiver. `names` is the request whose leak it names, "" if none; `how` says by what it was matched.

    `is_ambiguous`: it fits several open leaks, so that it names none.
    """

    alert: str
    alertname: str
    severity: str
    names: str = ""
    how: str = ""
    place: str = ""
    is_ambiguous: bool = False


class Watched(Event, frozen=True, kw_only=True, tag="watched"):
    """Somebody waited, over `at`, for an alert that names `request`."""

    request: str
    noticed: bool


class Acknowledged(Event, frozen=True, kw_only=True, tag="acknowledged"):
    request: str
    alert: str


class StepDone(Event, frozen=True, kw_only=True, tag="step_done"):
    """One runbook step ran over `at`. `before` and `after` are what its own probe said; "" where it has none."""

    request: str
    runbook: str
    step: str
    exit_code: int
    before: str = ""
    after: str = ""
    why: str = ""


class Stopped(Event, frozen=True, kw_only=True, tag="stopped"):
    """The source was proven stopped: a fresh canary sent after `at` did not persist anywhere, behind the barrier."""

    request: str
    fresh: str


class Verified(Event, frozen=True, kw_only=True, tag="verified"):
    """A complete look at a place did not find what had leaked there."""

    request: str
    place: str


class Sealed(Event, frozen=True, kw_only=True, tag="sealed"):
    """The forensic copy: whether it exists, is encrypted, and lies in a vault outside the reports."""

    request: str
    is_sealed: bool
    why: str = ""


class Contained(Event, frozen=True, kw_only=True, tag="contained"):
    """How the incident stood at `at`: contained | stopped, not purged | purged, still leaking | came back | unknown."""

    request: str
    state: str
    why: str = ""


class Tally(Event, frozen=True, kw_only=True, tag="tally"):
    """`part` of `whole` things of one kind at one place; `is_complete`: all of them were looked at.

    `phase`: of the requests that they belong to; None where they belong to none, so that they always count.
    """

    place: str
    what: str
    part: int
    whole: int
    is_complete: bool
    phase: Phase | None = None


class Uncovered(Event, frozen=True, kw_only=True, tag="uncovered"):
    """Something that appeared in the course of the run, and that no place covers. `kind` is file, port or bucket."""

    kind: str
    name: str


class Problem(Event, frozen=True, kw_only=True, tag="problem"):
    """gameday itself could not do something; what hangs on it is unknown."""

    what: str
    why: str


class Swept(Event, frozen=True, kw_only=True, tag="swept"):
    """Both sweeps over the run's outputs. A sweep that did not find its own sentinel has not swept."""

    files: int
    by_finder: int
    by_bytes: int
    finder_works: bool
    bytes_work: bool


class RunEnded(Event, frozen=True, kw_only=True, tag="run_ended"):
    wall: Instant


AnyEvent = (
    RunStarted
    | ServerUp
    | SystemReady
    | Planned
    | ArmStarted
    | ArmEnded
    | Sent
    | FaultPlanned
    | FaultInjected
    | FaultUndone
    | Look
    | Sighted
    | Expired
    | Alerted
    | Delivered
    | Watched
    | Acknowledged
    | StepDone
    | Stopped
    | Verified
    | Sealed
    | Contained
    | Tally
    | Uncovered
    | Problem
    | Swept
    | RunEnded
)


E = TypeVar("E", bound=Event)


class Timeline:
    """The events of one or more runs, in order."""

    def __init__(self, events: Iterable[AnyEvent]) -> None:
        self.events: tuple[AnyEvent, ...] = tuple(events)

    def of(self, kind: type[E]) -> tuple[E, ...]:
        return tuple(event for event in self.events if isinstance(event, kind))

    @property
    def places(self) -> dict[str, Place]:
        return {place.name: place for ready in self.of(SystemReady) for place in ready.places}

    @property
    def has_ended(self) -> bool:
        """Whether every run in it was closed in order; a run that was killed was not."""
        return len(self.of(RunStarted)) == len(self.of(RunEnded)) > 0

    @property
    def clock_ran(self) -> bool:
        """Whether time advanced in the course of every request."""
        return all(sent.at.width_s > 0 for sent in self.of(Sent))
