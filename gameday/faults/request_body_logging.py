"""Request bodies in the ingress access log (F1, L1; mistake 1): somebody wanted to see what failed."""

from typing import Final

import msgspec
from attrs import frozen

from gameday.clock import Interval
from gameday.errors import HarnessError
from gameday.faults.base import Undo
from gameday.place import Place
from gameday.servers.powers import Settings
from gameday.systems.base import Ingress

# `early`: without it Caddy logs the placeholder after the body was read, which is an empty string.
BODY_LOGGING: Final = {"handler": "log_append", "key": "req_body", "value": "{http.request.body}", "early": True}


@frozen
class RequestBodyLogging:
    """Adds `log_append` with the request's body to the route that serves the target, by Caddy's admin API."""

    ingress: Ingress
    name = "RequestBodyLogging"

    @property
    def settings(self) -> Settings:
        return self.ingress.settings

    @property
    def origin(self) -> Place:
        return self.ingress.access_log

    @property
    def leaks_to(self) -> tuple[str, ...]:
        return (self.origin.name,)

    def plan(self) -> Undo:
        was = self._handlers()
        ours = [BODY_LOGGING, *was]
        return Undo(ref=self.settings.ref, key=self.ingress.handlers, was=_json(was), ours=_json(ours))

    def inject(self) -> Interval:
        return self.settings.set(self.ingress.handlers, _json([BODY_LOGGING, *self._handlers()]).encode())

    def is_active(self) -> bool:
        return any(handler.get("handler") == "log_append" for handler in self._handlers())

    def _handlers(self) -> list[dict[str, object]]:
        current = self.settings.get(self.ingress.handlers)
        if current is None:
            raise HarnessError(
                f"{self.settings.ref} has no handlers at {self.ingress.handlers}. Set ingress.handlers in gameday.toml."
            )
        return msgspec.json.decode(current, type=list[dict[str, object]])


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
