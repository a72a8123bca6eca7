"""What the command line of pytest asked for."""

from pathlib import Path
from typing import Final, Literal, cast

import pytest

from gameday.scenario.game import Options
from gameday.scenario.sharing import Share, is_worker, share_of
from gameday.shipped import shipped

ONE_SYSTEM: Final = (
    "several workers would disturb one another on the one system of your gameday.toml: leave -n out. "
    "Only the reference pipeline can be brought up once for each worker."
)


def options_of(config: pytest.Config) -> Options:
    """Raises pytest.UsageError where one of them is wrong."""

    def get(name: str) -> str | None:
        return cast("str | None", config.getoption(f"--gameday-{name}"))

    def path(name: str) -> Path | None:
        value = get(name)
        return None if value is None else Path(value)

    on = get("on")
    if on not in {"auto", "docker", "embedded"}:
        raise pytest.UsageError(f"--gameday-on = {on!r}: it is auto, docker or embedded")
    try:
        seed, watch_s = int(get("seed") or 0), float(get("watch") or 0)
    except ValueError as error:
        raise pytest.UsageError(
            f"--gameday-seed is a whole number and --gameday-watch a number of seconds: {error}"
        ) from error
    share = _share(config)
    return Options(
        reports=path("reports") or Path("reports"),
        pipeline=path("pipeline") or shipped("fixtures/pipeline"),
        argv=share.argv if share else tuple(str(argument) for argument in config.invocation_params.args),
        on=cast("Literal['auto', 'docker', 'embedded']", on),
        config=path("config"),
        run=share.run if share else get("run"),
        seed=share.seed if share else seed if get("seed") is not None else None,
        watch_s=watch_s,
        slo_run=path("slo-run"),
        slo_release=path("slo-release"),
        share=share,
    )


def _share(config: pytest.Config) -> Share | None:
    if not is_worker(config):
        return None
    share = share_of(config)
    if share is None:
        raise pytest.UsageError("a game day's workers run on one host, and few of them may die: leave --tx out")
    if share.workers > 1 and config.getoption("--gameday-config"):
        raise pytest.UsageError(ONE_SYSTEM)
    return share


def outputs_of(config: pytest.Config) -> list[Path]:
    """What else than the run's folder is written, and has to be searched."""
    junit = getattr(config.option, "xmlpath", None)
    return [Path(junit)] if junit else []
