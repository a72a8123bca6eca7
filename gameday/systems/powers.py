"""Finds a server's settings again by their ref: what `gameday clean` needs to finish an undo."""

from gameday.errors import SystemUnreachable
from gameday.servers.caddy import CaddyAdmin
from gameday.servers.powers import Settings
from gameday.systems.gateway_settings import GatewaySettings


def settings_from_ref(ref: str) -> Settings:
    match ref.partition(":")[0]:
        case "caddy":
            return CaddyAdmin.from_ref(ref)
        case "gateway":
            return GatewaySettings.from_ref(ref)
        case other:
            raise SystemUnreachable(f"no server of this version is known as {other!r}")
