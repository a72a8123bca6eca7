"""A sweep by the workers of a Dask cluster: the same result, also while its workers are killed."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from gameday.errors import HarnessError, UsageError
from gameday.sweep import cluster as cluster_module
from gameday.sweep.lines import lines
from gameday.sweep.sweeping import Standing, sweep
from tests.unit.sweep_twin import KILLS, TwinSpec

pytest.importorskip("distributed")
ROOT = Path(__file__).parents[2]
TWIN = TwinSpec()


class Cluster:
    """A scheduler and two workers with their nannies, each a process of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._processes: list[subprocess.Popen[str]] = []
        self.address = self._start_scheduler()
        self._begin("distributed.cli.dask_worker", self.address, "--nworkers", "2", "--nthreads", "1", "--no-dashboard")

    def _start_scheduler(self) -> str:
        program = "distributed.cli.dask_scheduler"
        process = self._begin(program, "--host", "127.0.0.1", "--port", "0", "--no-dashboard")
        assert process.stderr is not None
        for line in process.stderr:
            if address := re.search(r"tcp://127\.0\.0\.1:\d+", line):
                return address[0]
        raise AssertionError("the scheduler did not begin")

    def _begin(self, module: str, *arguments: str) -> subprocess.Popen[str]:
        log = subprocess.PIPE if "scheduler" in module else subprocess.DEVNULL
        process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            stderr=log,
            stdout=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
            cwd=self._folder,
            env={**os.environ, "PYTHONPATH": str(ROOT), "DASK_TEMPORARY_DIRECTORY": str(self._folder)},
        )
        self._processes.append(process)
        return process

    def end(self) -> None:
        """With all that they began, at once: nothing of theirs is kept."""
        for process in reversed(self._processes):
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
        self._processes = []


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    cluster = Cluster(tmp_path_factory.mktemp("dask"))
    yield cluster
    cluster.end()


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "tree"
    root.mkdir()
    for number in range(300):
        (root / f"{number:03}.log").write_bytes(b"x" * number + b"mark-%04d" % (number % 7))
    with (root / "large").open("wb") as file:
        file.truncate(400 << 20)
        file.seek(300 << 20)
        file.write(b"mark-9999")
    return root


def workers_of(address: str) -> list[int]:
    from distributed import Client  # noqa: PLC0415

    with cast("Any", Client)(address, set_as_default=False) as client:
        return list(client.run(os.getpid).values())


def test_a_cluster_finds_what_this_machine_finds_while_its_workers_are_killed(cluster: Cluster, tree: Path) -> None:
    here = sweep([str(tree)], finder_spec=TWIN, workers=1)
    assert list(lines(sweep([str(tree)], finder_spec=TWIN, dask=cluster.address))) == list(lines(here))
    doomed = workers_of(cluster.address)

    def kill_one(_: Standing) -> None:
        if doomed:
            os.kill(doomed.pop(), signal.SIGKILL)

    killed = sweep([str(tree)], finder_spec=TWIN, dask=cluster.address, on_progress=kill_one)
    assert not doomed
    assert list(lines(killed)) == list(lines(here))


def test_a_file_that_kills_every_dask_worker_is_told(cluster: Cluster, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(KILLS + os.fsencode(tmp_path / "never") + b"\n")
    (tmp_path / "b").write_bytes(b"mark-0001")
    swept = sweep([str(tmp_path)], finder_spec=TWIN, dask=cluster.address)
    assert [Path(one.path).name for one in swept.unseen] == ["a"]
    assert len(swept.sightings) == 1


def test_a_scheduler_that_goes_away_ends_the_sweep(tmp_path: Path, tree: Path) -> None:
    cluster = Cluster(tmp_path)

    def stop(standing: Standing) -> None:
        if standing.done_bytes:
            cluster.end()

    with pytest.raises(HarnessError, match="the Dask scheduler went away"):
        sweep([str(tree)], finder_spec=TWIN, dask=cluster.address, on_progress=stop)


def test_no_scheduler_is_a_usage_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "b").write_bytes(b"mark-0001")
    monkeypatch.setattr(cluster_module, "_CONNECT_WITHIN_S", 1)
    with pytest.raises(UsageError, match="no Dask scheduler answers"):
        sweep([str(tmp_path)], finder_spec=TWIN, dask="tcp://127.0.0.1:9")
