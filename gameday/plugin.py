"""The pytest plugin: a thin shell. Nothing heavy is imported until a scenario is collected."""

from collections.abc import Generator
from typing import TYPE_CHECKING, Any, Final

import pytest

from gameday.scenario.sharing import Refusal, is_worker, refuse

if TYPE_CHECKING:
    from gameday.scenario.conducting import Conducting
    from gameday.scenario.playing import Playing
    from gameday.scenario.script import Script
    from gameday.systems.base import System

ARMS: Final = ("control", "fault")
_OPTIONS: Final = (
    ("on", "auto", "where the servers run: auto, docker or embedded"),
    ("config", None, "a gameday.toml: your system instead of the reference pipeline"),
    ("pipeline", None, "folder with the reference pipeline's settings under test (default: fixtures/pipeline)"),
    ("seed", None, "seed of the run, to repeat one"),
    ("run", None, "name of the run's folder"),
    ("reports", "reports", "folder for reports"),
    ("watch", "10", "how many seconds to wait for an alert"),
    ("slo-run", None, "objectives of today's gate"),
    ("slo-release", None, "objectives of the release gate"),
)
_KEY: Final = pytest.StashKey["Playing | None"]()
_CONTROLLER: Final = pytest.StashKey["Conducting"]()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("gameday", "prompt leakage game day")
    for name, default, text in _OPTIONS:
        group.addoption(f"--gameday-{name}", default=default, help=text, metavar=name.upper().replace("-", "_"))


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers",
        "gameday(failure_mode, layers, severity, expect_no_leak=False): a leak to rehearse; runs as control and with its fault",
    )
    config.stash[_KEY] = None


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "gameday" in metafunc.fixturenames and metafunc.definition.get_closest_marker("gameday"):
        metafunc.parametrize("gameday", ARMS, indirect=True, ids=ARMS)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(session: pytest.Session, config: pytest.Config, items: list[pytest.Item]) -> None:
    scenarios = [item for item in items if item.get_closest_marker("gameday")]
    if not scenarios or config.option.collectonly:
        return
    from gameday.scenario.playing import Playing  # noqa: PLC0415 - only where there is something to play

    try:
        config.stash[_KEY] = Playing.prepare(config, scenarios)
    except pytest.UsageError as error:
        if not is_worker(config):
            raise
        refuse(session, Refusal(why=str(error), code=pytest.ExitCode.USAGE_ERROR))


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist takes over, which asks a worker for its items one by one
def pytest_runtestloop(session: pytest.Session) -> bool | None:
    playing = session.config.stash[_KEY]
    if is_worker(session.config):
        if playing is not None and session.testsfailed:
            session.shouldfail = "errors during collection"
        return True if session.shouldfail else None
    if playing is not None and not session.testsfailed:
        playing.start()
    return None


@pytest.fixture(name="gameday")
def _gameday(request: pytest.FixtureRequest) -> "Script":
    """One arm of the scenario: what a scenario is written against."""
    return _playing(request.config).script(request.node)


@pytest.fixture
def gameday_pipeline(request: pytest.FixtureRequest) -> "System":
    """The system under test: the reference pipeline, or what --gameday-config describes."""
    return _playing(request.config).system


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, object, object]:
    result = yield
    playing = pyfuncitem.config.stash[_KEY]
    if playing is not None:
        playing.finish(pyfuncitem)
    return result


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    playing = item.config.stash[_KEY]
    if playing is not None:
        playing.note(item, call, report)
    return report


@pytest.hookimpl(trylast=True)  # behind junitxml, so that its file is searched as well, and behind the workers' end
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    played = _played(session.config)
    if played is not None:
        session.exitstatus = played.close(exitstatus)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    played = _played(terminalreporter.config)
    if played is not None and played.lines:
        terminalreporter.section("gameday")
        for line in played.lines[:-1]:
            terminalreporter.write_line(line)


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    played = _played(config)
    reporter = config.pluginmanager.getplugin("terminalreporter")
    if played is not None and played.lines and reporter is not None:
        reporter.write_line(played.lines[-1])


# -- pytest -n: a worker plays as one process does, on a stack of its own; the controller closes the run


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    if session.config.pluginmanager.hasplugin("dsession"):
        from gameday.scenario.conducting import Conducting  # noqa: PLC0415 - only under pytest-xdist

        session.config.stash[_CONTROLLER] = Conducting(session.config)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    node.config.stash[_CONTROLLER].configure(node)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object | None) -> None:
    node.config.stash[_CONTROLLER].down(node, error=error)


@pytest.hookimpl(optionalhook=True, wrapper=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Generator[None, Any, Any]:
    scheduler = yield
    if config.getoption("dist") not in {"load", "loadgroup", "worksteal"}:
        return scheduler
    from gameday.scenario.scheduling import ScenariosOrElse  # noqa: PLC0415 - imports pytest-xdist

    return ScenariosOrElse(config, log, otherwise=scheduler)


def _playing(config: pytest.Config) -> "Playing":
    playing = config.stash[_KEY]
    if playing is None:
        raise pytest.UsageError(
            "the fixtures of gameday need the marker: @pytest.mark.gameday(failure_mode=..., layers=..., severity=...)"
        )
    if is_worker(config):
        playing.start()  # by its first scenario: one that gets none needs no system
    return playing


def _played(config: pytest.Config) -> "Playing | Conducting | None":
    """What has something to close and to say; None where there is no game day."""
    return config.stash.get(_CONTROLLER, None) or config.stash.get(_KEY, None)
