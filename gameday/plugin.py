"""The pytest plugin: a thin shell. Nothing heavy is imported until a scenario is collected."""

from collections.abc import Generator
from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
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
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    scenarios = [item for item in items if item.get_closest_marker("gameday")]
    if scenarios and not config.option.collectonly and not _is_worker(config):
        from gameday.scenario.playing import Playing  # noqa: PLC0415 - only where there is something to play

        config.stash[_KEY] = Playing.prepare(config, scenarios)


def pytest_runtestloop(session: pytest.Session) -> None:
    playing = session.config.stash[_KEY]
    if playing is not None and not session.testsfailed:
        playing.start()


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


@pytest.hookimpl(trylast=True)  # behind junitxml, so that its file is searched as well
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    playing = session.config.stash[_KEY]
    if playing is not None:
        session.exitstatus = playing.close(exitstatus)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    playing = terminalreporter.config.stash[_KEY]
    if playing is not None:
        terminalreporter.section("gameday")
        for line in playing.lines[:-1]:
            terminalreporter.write_line(line)


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    playing = config.stash.get(_KEY, None)
    reporter = config.pluginmanager.getplugin("terminalreporter")
    if playing is not None and playing.lines and reporter is not None:
        reporter.write_line(playing.lines[-1])


def _playing(config: pytest.Config) -> "Playing":
    if _is_worker(config):
        pytest.fail("a game day runs in one process: leave -n out", pytrace=False)
    playing = config.stash[_KEY]
    if playing is None:
        raise pytest.UsageError(
            "the fixtures of gameday need the marker: @pytest.mark.gameday(failure_mode=..., layers=..., severity=...)"
        )
    return playing


def _is_worker(config: pytest.Config) -> bool:
    """Whether pytest-xdist runs this process."""
    return hasattr(config, "workerinput")
