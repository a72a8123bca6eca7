"""What has to be right before a game day begins."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from gameday.canary.key import load_or_make
from gameday.errors import UsageError
from gameday.runtime.base import Server
from gameday.runtime.probes import probe_all
from gameday.servers.caddy import Caddy
from gameday.servers.envoy import Envoy
from gameday.servers.seaweedfs import SeaweedFS
from gameday.servers.valkey import Valkey
from gameday.systems.reference.stack import OPTIONAL

SERVERS: Final[tuple[Server, ...]] = (Caddy(0), Valkey(), Envoy(0), SeaweedFS(), *OPTIONAL)
_NO_RUNTIME: Final = 3


def examine(say: Callable[[str], None]) -> int:
    """`gameday doctor`: a line for each probe, with its remedy. 0 if the servers can be started here, else 3."""
    probes = probe_all(SERVERS)
    for probe in probes:
        say(f"{'ok  ' if probe.ok else 'no  '} {probe.what}: {probe.says}")
        if not probe.ok and probe.remedy:
            say(f"     {probe.remedy}")
    docker = all(probe.ok for probe in probes if probe.what.startswith(("docker", "image")))
    optional = {f"program {server.program.name}" for server in OPTIONAL}
    embedded = all(probe.ok for probe in probes if probe.what.startswith("program") and probe.what not in optional)
    say(f"docker runtime: {'works' if docker else 'not here'}; embedded runtime: {'works' if embedded else 'not here'}")
    return 0 if docker or embedded else _NO_RUNTIME


def check_setup(reports: Path) -> None:
    """Raises UsageError where the key cannot be used or the reports cannot be written."""
    load_or_make()
    try:
        reports.mkdir(parents=True, exist_ok=True)
        probe = reports / ".writable"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise UsageError(
            f"{reports}: reports cannot be written there: {error.strerror}. Choose another --reports."
        ) from error
