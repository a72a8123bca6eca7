"""The operators' runbooks for the reference pipeline: commands, as any user's gameday.toml has them."""

import json
import sys

from gameday.config import Probes, RunbookConfig
from gameday.systems.reference.files import Files
from gameday.systems.reference.settings import read_value


def runbooks(files: Files, *, admin: str, handlers: str, cache_url: str, models_url: str) -> dict[str, RunbookConfig]:
    rotate = _program("rotate_keys", "--keys", str(files.keys), "--clients", str(files.clients), "--url", models_url)
    return {
        "ingress-log": _runbook(
            files,
            stop=_program("ingress_handlers", "--admin", admin, "--path", handlers, "--approved", str(files.approved)),
            seal=_seal(files, "--log", str(files.access_log)),
            purge=_program("scrub_log", "--log", str(files.access_log), "--field", "{alert.field}"),
            rotate=rotate,
        ),
        "gateway-log": _runbook(
            files,
            stop=_program(
                "gateway_setting", "--settings", str(files.gateway), "--key", "log", "--value", _approved_log(files)
            ),
            seal=_seal(files, "--log", str(files.gateway_log)),
            purge=_program("scrub_log", "--log", str(files.gateway_log), "--field", "{alert.field}"),
            rotate=rotate,
        ),
        "shared-cache": _runbook(
            files,
            stop=_program(
                "gateway_setting", "--settings", str(files.gateway), "--key", "cache.enabled", "--value", "false"
            ),
            seal=_seal(files, "--cache", cache_url, "--pattern", "gw:cache:*"),
            purge=_program("purge_cache", "--cache", cache_url, "--pattern", "gw:cache:*"),
            rotate=rotate,
        ),
    }


def _runbook(
    files: Files, *, stop: tuple[str, ...], seal: tuple[str, ...], purge: tuple[str, ...], rotate: tuple[str, ...]
) -> RunbookConfig:
    """Each step is its own probe, asked with --check."""
    return RunbookConfig(
        stop=stop,
        seal=seal,
        purge=purge,
        rotate=rotate,
        probe=Probes(stop=_check(stop), seal=_check(seal), purge=_check(purge), rotate=_check(rotate)),
        vault=str(files.vault),
    )


def _approved_log(files: Files) -> str:
    """The log's settings as they were approved: those that the pipeline is shipped with."""
    return json.dumps(read_value(files.gateway, "log"))


def _seal(files: Files, *source: str) -> tuple[str, ...]:
    vault = ("--vault", str(files.vault), "--recipient", str(files.recipient), "--name", "{alert.id}")
    return _program("seal", *vault, *source)


def _program(module: str, *arguments: str) -> tuple[str, ...]:
    return (sys.executable, "-P", "-m", f"gameday.contain.{module}", *arguments)


def _check(argv: tuple[str, ...]) -> tuple[str, ...]:
    return (*argv, "--check")
