"""Finds a server's settings again by their ref: what `gameday clean` needs to finish an undo."""

from collections.abc import Callable
from typing import Final

from gameday.errors import SystemUnreachable
from gameday.servers.bucket_settings import BucketSettings
from gameday.servers.caddy import CaddyAdmin
from gameday.servers.collector_settings import CollectorSettings
from gameday.servers.envoy import EnvoyAdmin
from gameday.servers.powers import Settings
from gameday.servers.toxiproxy import ToxiproxyApi
from gameday.systems.gateway_settings import GatewaySettings
from gameday.systems.job_settings import JobSettingsFile

_KINDS: Final[dict[str, Callable[[str], Settings]]] = {
    "bucket": BucketSettings.from_ref,
    "caddy": CaddyAdmin.from_ref,
    "collector": CollectorSettings.from_ref,
    "envoy": EnvoyAdmin.from_ref,
    "gateway": GatewaySettings.from_ref,
    "job": JobSettingsFile.from_ref,
    "toxiproxy": ToxiproxyApi.from_ref,
}


def settings_from_ref(ref: str) -> Settings:
    kind = ref.partition(":")[0]
    if kind not in _KINDS:
        raise SystemUnreachable(f"no server of this version is known as {kind!r}")
    return _KINDS[kind](ref)
