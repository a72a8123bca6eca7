"""A system under test, as data: where to send, where to look, whom to call, and which powers a fault may use."""

from attrs import field, frozen

from gameday.config import Config
from gameday.place import Place
from gameday.servers.powers import Settings


@frozen(kw_only=True)
class Ingress:
    """The reverse proxy in front: its settings, the path of its handlers in them, and the place that is its access log."""

    settings: Settings
    handlers: str
    access_log: Place


@frozen(kw_only=True)
class AnswerCache:
    """The gateway's cache of answers: the gateway's settings, and the places where its entries and answers end up."""

    settings: Settings
    answers: Place
    values: Place


@frozen(kw_only=True)
class GatewayLog:
    """The gateway's own log: the gateway's settings, and the place where its lines rest."""

    settings: Settings
    lines: Place


@frozen(kw_only=True)
class Traces:
    """The gateway's traces: the gateway's settings, and the place where its spans rest."""

    settings: Settings
    spans: Place


@frozen(kw_only=True)
class Mesh:
    """A hop of the mesh that can capture what goes by: its settings, the tap's switch in them, and where captures rest.

    The switch is a number: of 100 requests, so many are captured.
    """

    settings: Settings
    key: str
    tap: Place


@frozen(kw_only=True)
class Collector:
    """The collector of telemetry: its settings, the place where the spans that it hands on rest, and its own log."""

    settings: Settings
    spans: Place
    own_log: Place


@frozen(kw_only=True)
class Ci:
    """The CI job: its settings, and the place where its artifacts rest."""

    settings: Settings
    artifacts: Place


@frozen(kw_only=True)
class Backups:
    """The backup job: its settings, and the places where its backups and its snapshots rest."""

    settings: Settings
    objects: Place
    snapshots: Place


@frozen(kw_only=True)
class Bucket:
    """A bucket: its policy and lifecycle as settings, the place that its objects are, and what of them everybody may read."""

    settings: Settings
    name: str
    objects: Place
    by_anyone: Place


@frozen(kw_only=True)
class System:
    """`config` describes it in the words of gameday.toml. A power that it does not lend is None.

    `evidence_parts` are what evidence may be pooled over; `not_exercised` what it cannot speak about, with the reason.
    """

    name: str
    config: Config
    ingress: Ingress | None = None
    cache: AnswerCache | None = None
    log: GatewayLog | None = None
    mesh: Mesh | None = None
    traces: Traces | None = None
    collector: Collector | None = None
    ci: Ci | None = None
    backups: Backups | None = None
    bucket: Bucket | None = None
    evidence_parts: tuple[str, ...] = ()
    not_exercised: tuple[str, ...] = ()
    places: tuple[Place, ...] = field(factory=tuple)

    def place(self, name: str) -> Place:
        return next(place for place in self.places if place.name == name)
