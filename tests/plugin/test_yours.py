"""The first step of "yours": a gameday run against a pipeline that this gameday did not start, as two processes."""

import json
import os
import re
import signal
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from attrs import frozen

from gameday import clock
from gameday.wait import poll_until

GAMEDAY = Path(sys.executable).with_name("gameday")
SCENARIO = "test_f1_ingress_access_log.py"
PASS, FAIL, USAGE = 0, 1, 4


@frozen
class Pipeline:
    """What runs in the first terminal, and the empty folder in which the second one stands."""

    folder: Path
    env: dict[str, str]
    process: "subprocess.Popen[bytes]"

    @property
    def file(self) -> Path:
        return self.folder / "gameday.toml"

    @property
    def root(self) -> Path:
        """Where the pipeline keeps its logs, keys and vault."""
        vault = tomllib.loads(self.file.read_text())["runbook"]["ingress-log"]["vault"]
        return Path(vault).parent

    def handlers(self) -> object:
        ingress = tomllib.loads(self.file.read_text())["ingress"]
        return httpx.get(f"{ingress['admin']}/config/{ingress['handlers']}", trust_env=False).json()

    def logged_bodies(self) -> set[str]:
        lines = (self.root / "caddy" / "access.log").read_text().splitlines()
        return {json.loads(line).get("req_body", "") for line in lines}

    def gameday(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        argv = [str(GAMEDAY), *arguments]
        return subprocess.run(
            argv, cwd=self.folder, env=self.env, capture_output=True, text=True, check=False, timeout=50
        )

    def end(self) -> int:
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(timeout=20)


@contextmanager
def piped(folder: Path) -> Iterator[Pipeline]:
    folder.mkdir()
    env = {name: value for name, value in os.environ.items() if not name.startswith(("GAMEDAY_", "PYTEST_"))}
    env["GAMEDAY_KEY_FILE"] = str(folder.parent / "site.key")
    argv = [str(GAMEDAY), "pipeline", "--on", "embedded", "--write-config", "gameday.toml"]
    with (folder.parent / "pipeline.out").open("wb") as out:
        process = subprocess.Popen(argv, cwd=folder, env=env, stdout=out, stderr=subprocess.STDOUT)
    try:
        pipeline = Pipeline(folder, env, process)
        poll_until(
            lambda: (pipeline.file.exists() or process.poll() is not None) or None,
            what="gameday.toml",
            every_s=0.05,
            within_s=40,
        )
        assert process.poll() is None, (folder.parent / "pipeline.out").read_text()
        yield pipeline
    finally:
        process.terminate()
        process.wait(timeout=20)


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    with piped(tmp_path_factory.mktemp("yours") / "empty") as pipeline:
        yield pipeline


def running_in(root: Path) -> list[str]:
    """The command lines of the processes that work in this folder or name it."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                here = str((entry / "cwd").resolve())
            except OSError:
                continue
            if str(root) in f"{command} {here}":
                found.append(command)
    return found


def test_the_first_scenario_passes_against_a_pipeline_that_gameday_did_not_start(pipeline: Pipeline) -> None:
    before = pipeline.handlers()
    done = pipeline.gameday("run", SCENARIO)
    assert done.returncode == PASS, done.stdout + done.stderr
    assert done.stdout.rstrip().endswith("verdict: PASS")
    reports = list(pipeline.folder.glob("reports/*/index.html"))
    assert len(reports) == 1
    assert "gameday did not start this system" in reports[0].read_text()
    assert pipeline.handlers() == before
    assert {body.strip() for body in pipeline.logged_bodies()} <= {"", "[purged]"}
    assert {path.name for path in pipeline.folder.iterdir()} == {"gameday.toml", "reports"}


def test_it_passes_again_with_the_keys_that_were_rotated(pipeline: Pipeline) -> None:
    assert pipeline.gameday("run", SCENARIO).returncode == PASS


def test_an_alert_of_before_the_run_is_nobodys_false_alarm(pipeline: Pipeline) -> None:
    key_pair = "AKIAQ3EGRDXZVUWPLMKN aws_secret_access_key=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"
    log = pipeline.root / "gateway-log.jsonl"
    with log.open("a") as file:
        file.write(json.dumps({"request_id": "long-ago", "message": key_pair}) + "\n")
    clock.sleep(1.5)  # it counts as old when it is older than two hosts' clocks may differ
    done = pipeline.gameday("run", SCENARIO)
    assert done.returncode == PASS, done.stdout + done.stderr
    assert "an alert came that began before this run" in done.stdout


def test_a_purge_that_does_nothing_fails_the_run_and_the_fault_is_undone_all_the_same(pipeline: Pipeline) -> None:
    before = pipeline.handlers()
    text = pipeline.file.read_text()
    broken, count = re.subn(
        r'^purge = .*scrub_log.*"\{alert\.field\}"\]$', 'purge = ["true"]', text, flags=re.MULTILINE
    )
    assert count == 2, "of the ingress and of the gateway"
    other = pipeline.folder / "no-purge.toml"
    other.write_text(broken)
    done = pipeline.gameday("run", "--config", other.name, SCENARIO)
    other.unlink()
    assert done.returncode == FAIL, done.stdout + done.stderr
    assert "stopped, not purged" in done.stdout
    assert pipeline.handlers() == before


def test_a_run_that_is_not_let_in_opens_nothing(pipeline: Pipeline) -> None:
    text = pipeline.file.read_text()
    other = pipeline.folder / "no-key.toml"
    wrong = pipeline.folder / "wrong.key"
    wrong.write_text("not a key of the gateway")
    other.write_text(re.sub(r"^acme = .*$", f'acme = "file:{wrong}"', text, flags=re.MULTILINE))
    done = pipeline.gameday("run", "--config", other.name, SCENARIO)
    other.unlink()
    wrong.unlink()
    assert done.returncode == 3, done.stdout + done.stderr
    assert "tenant 'acme' got status 401" in done.stdout


def test_a_file_of_the_users_own_is_not_replaced(pipeline: Pipeline) -> None:
    own = pipeline.folder / "own.toml"
    own.write_text("# mine\n")
    done = pipeline.gameday("pipeline", "--write-config", own.name)
    assert (done.returncode, own.read_text()) == (USAGE, "# mine\n")
    own.unlink()


def test_ctrl_c_ends_the_pipeline_and_leaves_nothing(tmp_path: Path) -> None:
    with piped(tmp_path / "empty") as pipeline:
        root = pipeline.root
        assert len(running_in(root)) >= 5
        assert pipeline.end() == 0
        assert running_in(root) == []
        assert not root.exists()
        assert list(pipeline.folder.iterdir()) == []
