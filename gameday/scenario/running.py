"""`gameday run`: set-up checks, then pytest over the scenarios, then the gate's exit status."""

import argparse
import os
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import pytest
from attrs import frozen

from gameday import config as configuration
from gameday.clock import now, utc
from gameday.errors import UsageError
from gameday.gate import decide
from gameday.journal import read
from gameday.scenario.options import ONE_SYSTEM
from gameday.scenario.setup import check_setup
from gameday.scenario.undoing import finish_undos
from gameday.shipped import shipped
from gameday.slo import load
from gameday.verdict import Verdict

_OK: Final = 0
_TESTS_FAILED: Final = 1
_NONE_COLLECTED: Final = 5


def run(options: argparse.Namespace) -> int:
    """Returns 0 pass, 1 fail, 2 inconclusive, 3 harness error, 4 usage."""
    reports = Path(options.reports)
    files = _files(options)
    workers = _workers(options.workers, files)
    check_setup(reports)
    finish_undos(reports, say=print)
    name = f"{utc(now().wall_s).replace('-', '').replace(':', '').replace('T', '-').removesuffix('Z')}-{os.getpid()}"
    code = int(pytest.main([*_arguments(options, name, files), *workers]))
    if code == _NONE_COLLECTED:
        raise UsageError(f"no scenario was found in {', '.join(_scenarios(options))}")
    if code in {_OK, _TESTS_FAILED}:
        return _verdict(reports / name, files.slo_run).exit_code or code  # a refused report is not in the journal
    return code


def _verdict(folder: Path, slo: Path | None) -> Verdict:
    file = slo or shipped("fixtures/slo/run.yaml")
    return decide(read(folder), load(file), file=str(file)).verdict


@frozen(kw_only=True)
class _Files:
    """What the user wrote. It was read once before anything starts, so that what is wrong in it is told at once."""

    config: Path | None
    slo_run: Path | None
    slo_release: Path | None


def _files(options: argparse.Namespace) -> _Files:
    """The command line's words go before those of gameday.toml."""
    path = config_file(options)
    slo = configuration.SloConfig()
    if path is not None:
        config = configuration.load(path)
        configuration.check_ready(config, path)
        slo = config.slo
    objectives = [
        Path(name) if name else None for name in (options.slo_run or slo.run, options.slo_release or slo.release)
    ]
    for file in objectives:
        if file is not None:
            load(file)
    return _Files(config=path, slo_run=objectives[0], slo_release=objectives[1])


def _workers(wanted: str | None, files: _Files) -> list[str]:
    """As pytest-xdist is told; nothing for one process."""
    if wanted is None or wanted == "0":
        return []
    if not wanted.isdecimal() and wanted != "auto":
        raise UsageError(f"-n {wanted}: it is how many workers play at once, such as 2, or auto")
    if find_spec("xdist") is None:
        raise UsageError(f"-n {wanted} needs pytest-xdist: pip install 'pytest-xdist>=3.8,<4', or leave -n out")
    if files.config is not None and wanted != "1":
        raise UsageError(f"-n {wanted}: {ONE_SYSTEM}")
    return ["-n", wanted]


def dry_run(options: argparse.Namespace) -> int:
    """Says what a run would touch."""
    path = config_file(options)
    if path is None:
        print(f"target: the reference pipeline, started by gameday on loopback ({options.on})")  # noqa: T201
        return _OK
    for line in _touched(configuration.load(path)):
        print(line)  # noqa: T201
    return _OK


def _touched(config: configuration.Config) -> list[str]:
    lines = [f"target: {config.target.url}, as tenants {', '.join(config.target.tenants)}"]
    lines += [f"budget: {config.limits.requests} requests; given up when {config.limits.abort_if}"]
    lines += [
        f"reads:  {sink.place} ({sink.kind} {sink.path or sink.url}), policy {sink.policy}" for sink in config.sink
    ]
    lines += [f"hears:  alerts at http://{detector.listen}/" for detector in config.detector]
    if config.ingress:
        lines.append(f"changes and puts back: {config.ingress.admin} {config.ingress.handlers}")
    if config.mesh:
        lines.append(f"changes and puts back: {config.mesh.admin} {config.mesh.key}")
    for name, book in config.runbook.items():
        steps = [(step, getattr(book, step)) for step in configuration.STEPS]
        lines += [f"runs:   {name}, {step}: {' '.join(argv)}" for step, argv in steps if argv is not None]
    return lines


def config_file(options: argparse.Namespace) -> Path | None:
    """The gameday.toml that was named, or the one that lies here."""
    if options.config:
        return Path(options.config)
    here = Path("gameday.toml")
    return here if here.exists() else None


def _scenarios(options: argparse.Namespace) -> list[str]:
    """Where the scenarios lie; a bare file name that is not here is one of the shipped scenarios."""
    if not options.scenarios:
        here = Path("scenarios")
        return [str(here if here.is_dir() else shipped("scenarios"))]
    return [
        name if Path(name.split("::")[0]).exists() else str(shipped("scenarios") / name) for name in options.scenarios
    ]


def _arguments(options: argparse.Namespace, name: str, files: _Files) -> list[str]:
    wanted = {
        "on": options.on,
        "run": name,
        "reports": options.reports,
        "watch": options.watch,
        "config": files.config,
        "pipeline": options.pipeline,
        "seed": options.seed,
        "slo-run": files.slo_run,
        "slo-release": files.slo_release,
    }
    flags = [f"--gameday-{option}={value}" for option, value in wanted.items() if value is not None]
    known = ("-W", "ignore:Module already imported")  # by this command, before pytest could rewrite its asserts
    return [*_scenarios(options), *flags, *known, "-p", "no:cacheprovider", "-q", "--no-header"]
