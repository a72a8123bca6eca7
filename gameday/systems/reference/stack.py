"""Starts the reference pipeline: servers by a runtime, its own programs beside them, and describes it as a gameday.toml would.

client -> Caddy -> gateway -> redactor, cache (Valkey), model host. Nothing in it knows of a game day.
"""

import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

from attrs import frozen

from gameday import clock
from gameday.config import Config, DetectorConfig, GatewayConfig, IngressConfig, Limits, SinkConfig, Target
from gameday.place import Policy
from gameday.runtime.base import Running, Runtime, start_all
from gameday.runtime.choose import On, choose
from gameday.runtime.tool import listening_socket
from gameday.runtime.watchdog import Watchdog
from gameday.servers.caddy import HANDLERS, Caddy, CaddyAdmin
from gameday.servers.valkey import Valkey, connect
from gameday.systems import yours
from gameday.systems.base import System
from gameday.systems.gateway_settings import GatewaySettings
from gameday.systems.reference.files import TENANTS, Files
from gameday.systems.reference.programs import Programs
from gameday.systems.reference.runbooks import runbooks
from gameday.systems.reference.settings import Addresses
from gameday.timeline import ServerUp

REQUESTS: Final = 1_000_000
INGRESS_LOG, GATEWAY_LOG, MODEL_LOG = "ingress/access-log", "gateway/log", "model/log"
_NOT_EXERCISED: Final = (
    "alert routing: the detector posts to the receiver directly, so no Alertmanager route was tried",
    "servers' own output: what servers and programs write to their standard output is not looked at",
    "the model: a stub that answers from its context; no model was asked",
)

Beside = Callable[[list[dict[str, str]]], Callable[[], None]]


@frozen(kw_only=True)
class Stack:
    """The pipeline, up. `reset` puts it back to its shipped settings, with an empty cache."""

    system: System
    runtime: Runtime
    reset: Callable[[], None]


@contextmanager
def start_stack(
    *,
    on: On,
    pipeline: Path,
    detector: DetectorConfig,
    watchdog: Watchdog,
    root: Path,
    on_up: Callable[[ServerUp], None],
    beside: Beside,
) -> Iterator[Stack]:
    """Everything up, in parallel. `beside` starts what watches the logs, and returns what waits for it."""
    with ExitStack() as stack:
        gateway: list[socket.socket] = []
        servers = (Caddy(lambda: gateway[-1].getsockname()[1]), Valkey())
        runtime = stack.enter_context(choose(on, servers, watchdog=watchdog, root=root))
        gateway += [listening_socket(f"{address}:0") for address in runtime.host_addresses]
        programs = Programs(root=root, watchdog=watchdog, on_up=on_up, stack=stack)
        files = Files(root=root, pipeline=pipeline)
        with ThreadPoolExecutor(max_workers=3) as pool:
            starting = pool.submit(start_all, runtime, servers, on_ready=lambda running: on_up(_up(running)))
            model = pool.submit(programs.start, "modelhost", {"log": {"file": str(files.model_log)}})
            redactor = pool.submit(programs.start, "redactor", pipeline / "redactor.json")
            wait_for_watcher = beside(_watched_logs(files))
            up, model_url, redactor_url = starting.result(), model.result(), redactor.result()
        addresses = Addresses(
            log_file=str(files.gateway_log),
            cache_url=f"redis://{up['valkey'].addresses['valkey']}/0",
            redactor_url=redactor_url,
            model_url=model_url,
            keys_file=str(files.keys),
        )
        files.write(addresses, handlers=CaddyAdmin(f"http://{up['caddy'].addresses['admin']}").get(HANDLERS) or b"[]")
        gateway_url = programs.start("gateway", files.gateway, sockets=gateway)
        wait_for_watcher()
        config = _config(files, up, gateway_url=gateway_url, addresses=addresses, detector=detector)
        system = yours.system(
            config,
            name="reference pipeline",
            evidence_parts=(files.policy_digest(), *sorted(server.digest for server in up.values())),
            not_exercised=_NOT_EXERCISED,
        )
        yield Stack(system=system, runtime=runtime, reset=lambda: _reset(config, files, addresses))


def _config(
    files: Files, up: dict[str, Running], *, gateway_url: str, addresses: Addresses, detector: DetectorConfig
) -> Config:
    admin = f"http://{up['caddy'].addresses['admin']}"
    url = f"http://{up['caddy'].addresses['http']}/v1"
    return Config(
        target=Target(url=url, tenants={tenant: f"file:{files.client_key(tenant)}" for tenant in TENANTS}),
        limits=Limits(requests=REQUESTS),
        sink=_sinks(files, addresses),
        detector=(detector,),
        runbook=runbooks(
            files, admin=admin, handlers=HANDLERS, cache_url=addresses.cache_url, models_url=f"{url}/models"
        ),
        ingress=IngressConfig(place=INGRESS_LOG, admin=admin, handlers=HANDLERS),
        gateway=GatewayConfig(settings=str(files.gateway), health=f"{gateway_url}/healthz", log=GATEWAY_LOG),
    )


def _sinks(files: Files, addresses: Addresses) -> tuple[SinkConfig, ...]:
    """Every place of the pipeline where bytes can rest, and what may rest there."""
    return (
        SinkConfig(
            place=INGRESS_LOG,
            kind="file",
            path=str(files.access_log),
            policy=Policy.NOTHING,
            stamp="ts",
            resolution="1ms",
            request_id="resp_headers.X-Request-Id.0",
        ),
        SinkConfig(
            place=GATEWAY_LOG,
            kind="file",
            path=str(files.gateway_log),
            policy=Policy.REDACTED,
            stamp="ts",
            request_id="request_id",
        ),
        SinkConfig(
            place=MODEL_LOG,
            kind="file",
            path=str(files.model_log),
            policy=Policy.REDACTED,
            stamp="ts",
            request_id="request_id",
        ),
        SinkConfig(
            place="cache/values",
            kind="valkey-values",
            url=addresses.cache_url,
            policy=Policy.REDACTED,
            by_tenant=True,
            owner_part=3,
        ),
        SinkConfig(place="cache/keys", kind="valkey-keys", url=addresses.cache_url, policy=Policy.NOTHING),
    )


def _watched_logs(files: Files) -> list[dict[str, str]]:
    """What an operator would point a log watcher at, in the watcher's own words."""
    return [
        {"path": str(files.access_log), "service": INGRESS_LOG, "request_id": "resp_headers.X-Request-Id.0"},
        {"path": str(files.gateway_log), "service": GATEWAY_LOG, "request_id": "request_id"},
    ]


def _up(running: Running) -> ServerUp:
    return ServerUp(
        at=clock.point(clock.now()),
        server=running.server,
        took_s=running.took_s,
        image=running.image,
        digest=running.digest,
        version=running.version,
        stand_in=running.stand_in,
    )


def _reset(config: Config, files: Files, addresses: Addresses) -> None:
    """Shipped settings, approved handlers, an empty cache: whatever the last scenario and its runbook left behind."""
    if config.ingress is None or config.gateway is None:
        return
    CaddyAdmin(config.ingress.admin).set(config.ingress.handlers, files.approved.read_bytes())
    files.keys.with_suffix(".old").unlink(missing_ok=True)
    files.write_settings(addresses)
    GatewaySettings(files.gateway, config.gateway.health).wait_in_force()
    with connect(addresses.cache_url) as client:
        client.flushdb()
