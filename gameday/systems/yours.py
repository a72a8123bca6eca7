"""A system that gameday did not start: all that is known of it stands in gameday.toml."""

from pathlib import Path

from gameday import config as configuration
from gameday.config import Config
from gameday.errors import ConfigError
from gameday.place import Place, Policy
from gameday.servers.caddy import CaddyAdmin
from gameday.servers.envoy import EnvoyAdmin
from gameday.systems.base import AnswerCache, Backups, Ci, GatewayLog, Ingress, Mesh, System, Traces
from gameday.systems.gateway_settings import GatewaySettings
from gameday.systems.job_settings import JobSettingsFile

ANSWERS = Place(name=configuration.ANSWERS, policy=Policy.FULL, by_tenant=True, is_final=True)


def system(
    config: Config, *, name: str, evidence_parts: tuple[str, ...] = (), not_exercised: tuple[str, ...] = ()
) -> System:
    """The system that a configuration describes; a power that it does not describe is not lent."""
    declared = tuple(sink.to_place() for sink in config.sink)
    places = (*declared, ANSWERS)
    return System(
        name=name,
        config=config,
        places=places,
        ingress=_ingress(config, places),
        cache=_cache(config, places),
        mesh=_mesh(config, places),
        log=_log(config, places),
        traces=_traces(config, places),
        ci=_ci(config, places),
        backups=_backups(config, places),
        evidence_parts=evidence_parts,
        not_exercised=not_exercised,
    )


def _ingress(config: Config, places: tuple[Place, ...]) -> Ingress | None:
    if config.ingress is None:
        return None
    place = _declared(
        config.ingress.place, places, key="ingress.place", remedy="Add a sink that reads the ingress' access log."
    )
    return Ingress(settings=CaddyAdmin(config.ingress.admin), handlers=config.ingress.handlers, access_log=place)


def _cache(config: Config, places: tuple[Place, ...]) -> AnswerCache | None:
    values = next((sink.place for sink in config.sink if sink.kind == "valkey-values"), None)
    if config.gateway is None or values is None:
        return None
    settings = GatewaySettings(Path(config.gateway.settings), config.gateway.health)
    return AnswerCache(settings=settings, answers=ANSWERS, values=next(p for p in places if p.name == values))


def _mesh(config: Config, places: tuple[Place, ...]) -> Mesh | None:
    if config.mesh is None:
        return None
    tap = _declared(config.mesh.place, places, key="mesh.place", remedy="Add a sink that reads the folder of the taps.")
    return Mesh(settings=EnvoyAdmin(config.mesh.admin), key=config.mesh.key, tap=tap)


def _log(config: Config, places: tuple[Place, ...]) -> GatewayLog | None:
    if config.gateway is None or not config.gateway.log:
        return None
    lines = _declared(config.gateway.log, places, key="gateway.log", remedy="Add a sink that reads the gateway's log.")
    return GatewayLog(settings=GatewaySettings(Path(config.gateway.settings), config.gateway.health), lines=lines)


def _traces(config: Config, places: tuple[Place, ...]) -> Traces | None:
    if config.gateway is None or not config.gateway.spans:
        return None
    spans = _declared(
        config.gateway.spans, places, key="gateway.spans", remedy="Add a sink that reads the gateway's spans."
    )
    return Traces(settings=GatewaySettings(Path(config.gateway.settings), config.gateway.health), spans=spans)


def _ci(config: Config, places: tuple[Place, ...]) -> Ci | None:
    if config.ci is None:
        return None
    artifacts = _declared(config.ci.place, places, key="ci.place", remedy="Add a sink that reads the bucket.")
    return Ci(settings=JobSettingsFile(Path(config.ci.settings)), artifacts=artifacts)


def _backups(config: Config, places: tuple[Place, ...]) -> Backups | None:
    if config.backups is None:
        return None
    objects, snapshots = (
        _declared(name, places, key=f"backups.{key}", remedy="Add a sink that reads them.")
        for key, name in (("objects", config.backups.objects), ("snapshots", config.backups.snapshots))
    )
    settings = JobSettingsFile(Path(config.backups.settings))
    return Backups(settings=settings, objects=objects, snapshots=snapshots)


def _declared(name: str, places: tuple[Place, ...], *, key: str, remedy: str) -> Place:
    for place in places:
        if place.name == name:
            return place
    raise ConfigError(file="gameday.toml", key=key, value=name, problem="no [[sink]] has this place", remedy=remedy)
