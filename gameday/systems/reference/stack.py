"""Starts the reference pipeline: servers by a runtime, its own programs beside them, and describes it as a gameday.toml would.

client -> Caddy -> gateway -> redactor, cache (Valkey), model host. Nothing in it knows of a game day.
"""

import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final, Protocol

import msgspec
from attrs import frozen

from gameday import clock
from gameday.config import Config, DetectorConfig, GatewayConfig, IngressConfig, Limits, MeshConfig, SinkConfig, Target
from gameday.place import Policy
from gameday.runtime.base import Running, Runtime, Server, start_all
from gameday.runtime.choose import On, choose
from gameday.runtime.tool import listening_socket
from gameday.runtime.watchdog import Watchdog
from gameday.servers import envoy
from gameday.servers.alertmanager import Alertmanager
from gameday.servers.caddy import HANDLERS, Caddy, CaddyAdmin
from gameday.servers.envoy import TAP, Envoy, EnvoyAdmin
from gameday.servers.jaeger import Jaeger
from gameday.servers.seaweedfs import SeaweedFS
from gameday.servers.valkey import Valkey, connect
from gameday.systems import yours
from gameday.systems.base import System
from gameday.systems.gateway_settings import GatewaySettings
from gameday.systems.reference.alerting import alerting
from gameday.systems.reference.files import TENANTS, Files
from gameday.systems.reference.jobs import NOT_EXERCISED as JOBS_NOT_EXERCISED
from gameday.systems.reference.jobs import Jobs
from gameday.systems.reference.programs import Programs
from gameday.systems.reference.runbooks import Spans, Taps, runbooks
from gameday.systems.reference.settings import Addresses
from gameday.systems.reference.tracing import KEPT_TRACES, SPANS, Tracing, start_tracing
from gameday.timeline import ServerUp

REQUESTS: Final = 1_000_000
OPTIONAL: Final[tuple[Server, ...]] = (Jaeger(), Alertmanager(config="", webhook=""))  # no wheel ships them
TAPS: Final = "mesh/taps"
INGRESS_LOG, GATEWAY_LOG, MODEL_LOG = "ingress/access-log", "gateway/log", "model/log"
_NOT_EXERCISED: Final = (
    "servers' own output: what servers and programs write to their standard output is not looked at",
    "the model: a stub that answers from its context; no model was asked",
)

Started = Callable[[], None]  # waits until it is up


class Beside(Protocol):
    """Starts what watches the logs and posts to `posts_to`; what it returns waits for it."""

    def __call__(self, logs: Sequence[Mapping[str, str | int]], *, posts_to: str) -> Started: ...


@frozen(kw_only=True)
class Stack:
    """The pipeline, up; `root` holds the files of all its parts. `reset` puts it back to its shipped settings, with an empty cache."""

    system: System
    runtime: Runtime
    root: Path
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
    webhook: str,
    keep_traces: int = KEPT_TRACES,
) -> Iterator[Stack]:
    """Everything up, in parallel. `beside` starts what watches the logs; alerts end at `webhook`, routed where that is possible.

    `keep_traces` is how many the store of traces keeps before it forgets.
    """
    with ExitStack() as stack:
        called: dict[
            str, int
        ] = {}  # ports of our programs, which are known once the runtime has said where servers call
        servers = (Caddy(lambda: called["gateway"]), Valkey(), Envoy(lambda: called["redactor"]))
        runtime = stack.enter_context(
            choose(on, (*servers, SeaweedFS()), optional=OPTIONAL, watchdog=watchdog, root=root)
        )
        gateway, redactor = (_listening(runtime, stack) for _ in range(2))
        called |= {"gateway": _port(gateway), "redactor": _port(redactor)}
        programs = Programs(root=root, watchdog=watchdog, on_up=on_up, stack=stack)
        files = Files(root=root, pipeline=pipeline)
        jobs = Jobs(root)
        routing = stack.enter_context(alerting(runtime, pipeline=pipeline, webhook=webhook))

        digests: list[str] = []

        def ready(running: Running) -> None:
            digests.append(running.digest)
            on_up(_up(running))

        with ThreadPoolExecutor(max_workers=6) as pool:
            starting = pool.submit(start_all, runtime, servers, on_ready=ready)
            traces = pool.submit(start_tracing, runtime, programs=programs, root=root, on_ready=ready, keep=keep_traces)
            router = pool.submit(routing.start)
            store = pool.submit(jobs.start, runtime, on_ready=ready)
            model = pool.submit(programs.start, "modelhost", {"log": {"file": str(files.model_log)}})
            masking = pool.submit(programs.start, "redactor", pipeline / "redactor.json", sockets=redactor)
            tracing = traces.result()
            wait_for_watcher = beside(
                [*_watched_logs(files, taps=root / "envoy" / envoy.TAPS), tracing.watched, *jobs.watched],
                posts_to=routing.posts_to,
            )
            up, model_url = starting.result(), model.result()
            masking.result()
            store.result()
            if routed := router.result():
                ready(routed)
        addresses = Addresses(
            log_file=str(files.gateway_log),
            cache_url=f"redis://{up['valkey'].addresses['valkey']}/0",
            redactor_url=f"http://{up['envoy'].addresses['http']}",  # by way of the mesh, which sees what comes in
            model_url=model_url,
            keys_file=str(files.keys),
            telemetry_url=tracing.url,
        )
        files.write(addresses, handlers=CaddyAdmin(f"http://{up['caddy'].addresses['admin']}").get(HANDLERS) or b"[]")
        gateway_url = programs.start("gateway", files.gateway, sockets=gateway)
        wait_for_watcher()
        config = _config(
            files,
            up,
            gateway_url=gateway_url,
            addresses=addresses,
            detector=msgspec.structs.replace(detector, alertmanager=routing.url or None),
            tracing=tracing,
            jobs=jobs,
        )
        system = yours.system(
            config,
            name="reference pipeline",
            evidence_parts=(files.policy_digest(), *sorted(digests)),
            not_exercised=(*routing.not_exercised, *tracing.not_exercised, *JOBS_NOT_EXERCISED, *_NOT_EXERCISED),
        )

        def reset() -> None:
            _reset(config, files, addresses)
            jobs.reset()
            routing.reset()

        yield Stack(system=system, runtime=runtime, root=root, reset=reset)


def _config(
    files: Files,
    up: dict[str, Running],
    *,
    gateway_url: str,
    addresses: Addresses,
    detector: DetectorConfig,
    tracing: Tracing,
    jobs: Jobs,
) -> Config:
    admin = f"http://{up['caddy'].addresses['admin']}"
    url = f"http://{up['caddy'].addresses['http']}/v1"
    return Config(
        target=Target(url=url, tenants={tenant: f"file:{files.client_key(tenant)}" for tenant in TENANTS}),
        limits=Limits(requests=REQUESTS),
        sink=(*_sinks(files, addresses), tracing.sink, _tap_sink(up["envoy"]), *jobs.sinks),
        detector=(detector,),
        runbook=runbooks(
            files,
            admin=admin,
            handlers=HANDLERS,
            cache_url=addresses.cache_url,
            models_url=f"{url}/models",
            spans=Spans(seal=tracing.seal, purge=tracing.purge),
            mesh=Taps(ref=envoy.admin(up["envoy"]).ref, key=TAP, folder=envoy.taps(up["envoy"])),
            jobs=jobs,
        ),
        mesh=MeshConfig(place=TAPS, admin=f"http://{up['envoy'].addresses['admin']}", key=TAP),
        ci=jobs.ci,
        backups=jobs.backups,
        ingress=IngressConfig(place=INGRESS_LOG, admin=admin, handlers=HANDLERS),
        gateway=GatewayConfig(
            settings=str(files.gateway), health=f"{gateway_url}/healthz", log=GATEWAY_LOG, spans=SPANS
        ),
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


def _tap_sink(running: Running) -> SinkConfig:
    # A tap is written when its exchange has ended, some 20 ms behind at most; a tap that is off leaves no marker.
    return SinkConfig(
        place=TAPS, kind="envoy-tap", path=str(envoy.taps(running)), policy=Policy.NOTHING, settle="100ms"
    )


def _listening(runtime: Runtime, stack: ExitStack) -> list[socket.socket]:
    """One socket for each address by which servers and this host call a program; closed again if it never starts."""
    sockets = [listening_socket(f"{address}:0") for address in runtime.host_addresses]
    for each in sockets:
        stack.callback(each.close)
    return sockets


def _port(sockets: Sequence[socket.socket]) -> int:
    """Of the address that servers call."""
    return int(sockets[-1].getsockname()[1])


def _watched_logs(files: Files, *, taps: Path) -> list[dict[str, str | int]]:
    """What an operator would point a log watcher at, in the watcher's own words."""
    return [
        {"path": str(files.access_log), "service": INGRESS_LOG, "request_id": "resp_headers.X-Request-Id.0"},
        {"path": str(files.gateway_log), "service": GATEWAY_LOG, "request_id": "request_id"},
        {"path": taps.as_uri(), "service": TAPS, "request_id": "request_id", "kind": "tap"},
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
    if config.mesh is not None:
        EnvoyAdmin(config.mesh.admin).set(config.mesh.key, b"0")
    files.keys.with_suffix(".old").unlink(missing_ok=True)
    files.write_settings(addresses)
    GatewaySettings(files.gateway, config.gateway.health).wait_in_force()
    with connect(addresses.cache_url) as client:
        client.flushdb()
