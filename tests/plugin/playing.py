"""Plays a game day in a process of its own, with something broken on purpose."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Final

from attrs import frozen

from gameday import journal
from gameday.shipped import shipped
from gameday.timeline import Timeline

F1: Final = str(shipped("scenarios/test_f1_ingress_access_log.py"))
F2: Final = str(shipped("scenarios/test_f2_shared_cache_key.py"))


@frozen(kw_only=True)
class Played:
    """How `gameday run` ended, what it wrote to the terminal, and its journal."""

    exit_code: int
    output: str
    folder: Path

    @property
    def timeline(self) -> Timeline:
        return journal.read(self.folder)


@frozen(kw_only=True)
class Player:
    """`tmp_path` holds everything: the key, the reports, the sabotage."""

    tmp_path: Path

    def env(self, sabotage: str = "") -> dict[str, str]:
        env = {**os.environ, "GAMEDAY_KEY_FILE": str(self.tmp_path / "site.key"), "PYTHONPATH": str(self.tmp_path)}
        if sabotage:
            (self.tmp_path / "sabotage.py").write_text(sabotage)
            env["PYTEST_PLUGINS"] = "sabotage"
        return env

    def play(self, *scenarios: str, sabotage: str = "", arguments: tuple[str, ...] = ()) -> Played:
        """`sabotage` is the source of a module that is imported before the game day begins."""
        reports = self.tmp_path / "reports"
        command = [
            sys.executable, "-m", "gameday.cli", "run", *scenarios,
            "--on", "embedded", "--reports", str(reports), *arguments,
        ]  # fmt: skip
        done = subprocess.run(
            command, env=self.env(sabotage), capture_output=True, text=True, timeout=120, check=False, cwd=self.tmp_path
        )
        folders = sorted(reports.glob("*/"), key=lambda path: path.stat().st_mtime)
        return Played(
            exit_code=done.returncode, output=done.stdout + done.stderr, folder=folders[-1] if folders else reports
        )

    def pipeline(
        self,
        *,
        detector: dict[str, object] | None = None,
        gateway: dict[str, object] | None = None,
        redactor: dict[str, object] | None = None,
    ) -> str:
        """A folder with the pipeline's settings, some of them changed; `gateway` by dotted key."""
        folder = self.tmp_path / "pipeline"
        folder.mkdir(exist_ok=True)
        for file in shipped("fixtures/pipeline").iterdir():
            if file.suffix != ".json":
                (folder / file.name).write_bytes(file.read_bytes())
                continue
            settings = json.loads(file.read_text())
            for key, value in (gateway or {}).items() if file.name == "gateway.json" else ():
                part, _, name = key.partition(".")
                settings[part][name] = value
            settings |= {"detector.json": detector, "redactor.json": redactor}.get(file.name) or {}
            (folder / file.name).write_text(json.dumps(settings))
        return str(folder)
