"""The operators' runbooks for the reference pipeline: commands, as any user's gameday.toml has them."""

import json
import sys
from pathlib import Path

from attrs import frozen

from gameday.config import Probes, RunbookConfig
from gameday.systems.reference.files import Files
from gameday.systems.reference.jobs import ARTIFACTS, BACKUPS, Jobs
from gameday.systems.reference.settings import read_value


@frozen(kw_only=True)
class Taps:
    """The mesh's tap: where it is switched, by which key, and the folder of what it captured."""

    ref: str
    key: str
    folder: Path


@frozen(kw_only=True)
class Spans:
    """How the store of traces is named to the step that copies it, and to the one that empties it."""

    seal: tuple[str, ...]
    purge: tuple[str, ...]


def runbooks(
    files: Files, *, admin: str, handlers: str, cache_url: str, models_url: str, spans: Spans, mesh: Taps, jobs: Jobs
) -> dict[str, RunbookConfig]:
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
                "gateway_setting", "--settings", str(files.gateway), "--key", "log", "--value", _approved(files, "log")
            ),
            seal=_seal(files, "--log", str(files.gateway_log)),
            purge=_program("scrub_log", "--log", str(files.gateway_log), "--field", "{alert.field}"),
            rotate=rotate,
        ),
        "spans": _runbook(
            files,
            stop=_program(
                "gateway_setting",
                "--settings",
                str(files.gateway),
                "--key",
                "telemetry",
                "--value",
                _approved(files, "telemetry"),
            ),
            seal=_seal(files, *spans.seal),
            purge=_program("purge_spans", *spans.purge, "--request-id", "{alert.request_id}"),
            rotate=rotate,
        ),
        "mesh-tap": _runbook(
            files,
            stop=_program("mesh_tap", "--mesh", mesh.ref, "--key", mesh.key),
            seal=_seal(files, "--folder", str(mesh.folder)),
            purge=_program("purge_files", "--folder", str(mesh.folder), "--request-id", "{alert.request_id}"),
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
        "ci-artifacts": _of_job(files, jobs, settings=jobs.ci.settings, place=ARTIFACTS, rotate=rotate),
        "backups": _of_job(
            files, jobs, settings=jobs.backups.settings, place=BACKUPS, rotate=rotate, purge=("--bodies",)
        ),
    }


def _of_job(
    files: Files, jobs: Jobs, *, settings: str, place: str, rotate: tuple[str, ...], purge: tuple[str, ...] = ()
) -> RunbookConfig:
    bucket = jobs.in_bucket(place)
    return _runbook(
        files,
        stop=_program("job_settings", "--settings", settings, "--approved", jobs.approved(settings)),
        seal=_seal(files, *bucket),
        purge=_program("purge_objects", *bucket, "--request-id", "{alert.request_id}", *purge),
        rotate=rotate,
    )


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


def _approved(files: Files, part: str) -> str:
    """One part of the gateway's settings as it was approved: as the pipeline is shipped."""
    return json.dumps(read_value(files.gateway, part))


def _seal(files: Files, *source: str) -> tuple[str, ...]:
    vault = ("--vault", str(files.vault), "--recipient", str(files.recipient), "--name", "{alert.id}")
    return _program("seal", *vault, *source)


def _program(module: str, *arguments: str) -> tuple[str, ...]:
    return (sys.executable, "-P", "-m", f"gameday.contain.{module}", *arguments)


def _check(argv: tuple[str, ...]) -> tuple[str, ...]:
    return (*argv, "--check")
