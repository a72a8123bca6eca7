"""Alert routing of the reference pipeline: what detectors notice goes through a real Alertmanager, by its own routes."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from attrs import define, field, frozen

from gameday.errors import ConfigError, SystemUnreachable
from gameday.runtime.base import Running, Runtime
from gameday.servers.alertmanager import MEMORY, Alertmanager
from gameday.servers.alertmanager_api import ALERTS, AlertmanagerAPI
from gameday.systems.reference.relay import relay

ROUTES: Final = "alertmanager.yml"  # among the pipeline's settings under test


@frozen(kw_only=True)
class Alerting:
    """`posts_to` is where detectors post, from the first moment; `start` brings up what routes, where it can be had.

    `url` is the Alertmanager's, "" where there is none: detectors then post to the webhook itself, and `not_exercised` says so.
    `reset` makes it forget every alert, group and silence.
    """

    posts_to: str
    url: str
    not_exercised: tuple[str, ...]
    start: Callable[[], Running | None]
    reset: Callable[[], None]


@contextmanager
def alerting(runtime: Runtime, *, pipeline: Path, webhook: str) -> Iterator[Alerting]:
    """Nothing runs yet when it yields; the runtime stops what was started. `start` raises ConfigError where the routes are unfit."""
    with ExitStack() as stack:
        hook = _as_servers_reach(webhook, runtime=runtime, stack=stack)
        server = Alertmanager(config=_routes(pipeline), config_name=str(pipeline / ROUTES), webhook=hook)
        if why := runtime.lacks(server):
            line = f"alert routing: detectors post to the receiver directly, so no route was tried: {why}"
            yield Alerting(posts_to=webhook, url="", not_exercised=(line,), start=lambda: None, reset=lambda: None)
            return
        routing = Routing(runtime=runtime, server=server)
        url = f"http://{stack.enter_context(relay('127.0.0.1', to=routing.address))}"
        yield Alerting(posts_to=f"{url}{ALERTS}", url=url, not_exercised=(), start=routing.start, reset=routing.forget)


@define(kw_only=True)
class Routing:
    """The Alertmanager itself, which each start gives another port."""

    runtime: Runtime
    server: Alertmanager
    _running: Running | None = field(default=None, init=False)
    _config: str = field(default="", init=False)

    def address(self) -> str:
        """Empty while it is down."""
        running = self._running
        return running.addresses["http"] if running else ""

    def start(self) -> Running:
        self._running = self.runtime.start(self.server)
        self._config = AlertmanagerAPI.of(self._running).config()
        return self._running

    def forget(self) -> None:
        """Alerts and groups go with the process; the dedupe log and the silences it writes down as it ends."""
        if self._is_as_started():
            return
        running, self._running = self._running, None
        if running is not None:
            self.runtime.stop(running)
            shutil.rmtree(running.folder / MEMORY, ignore_errors=True)
        self.start()

    def _is_as_started(self) -> bool:
        """A start takes a container most of a second: it is spared where no alert came."""
        if self._running is None:
            return False
        api = AlertmanagerAPI.of(self._running)
        try:
            return not api.remembers_anything() and api.config() == self._config
        except SystemUnreachable:
            return False


def _routes(pipeline: Path) -> str:
    path = pipeline / ROUTES
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        problem = f"cannot be read: {error.strerror if isinstance(error, OSError) else 'it is not UTF-8'}"
        raise ConfigError(
            file=str(path), key="(file)", value=None, problem=problem, remedy="See fixtures/pipeline."
        ) from error


def _as_servers_reach(webhook: str, *, runtime: Runtime, stack: ExitStack) -> str:
    """A receiver listens on loopback; a container reaches this host at another address."""
    address = urlsplit(webhook)
    host = runtime.host_for_servers
    if host in {address.hostname, "127.0.0.1"}:
        return webhook
    return f"http://{stack.enter_context(relay(host, to=lambda: address.netloc))}{address.path}"
