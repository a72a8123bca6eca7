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
class System:
    """`config` describes it in the words of gameday.toml. A power that it does not lend is None.

    `evidence_parts` are what evidence may be pooled over; `not_exercised` what it cannot speak about, with the reason.
    """

    name: str
    config: Config
    ingress: Ingress | None = None
    cache: AnswerCache | None = None
    log: GatewayLog | None = None
    evidence_parts: tuple[str, ...] = ()
    not_exercised: tuple[str, ...] = ()
    places: tuple[Place, ...] = field(factory=tuple)

    def place(self, name: str) -> Place:
        return next(place for place in self.places if place.name == name)
