"""Other scanners, as commands: how fast they are, and in which files they find something. One that is not installed is None."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

from attrs import frozen

_READ_AT_LEAST: Final = 0.5  # of the file; else the tool has taken it for something that it does not look into
_DURATION: Final = re.compile(r"(\d+(?:\.\d+)?)(ms|µs|h|m|s|)")
_UNITS: Final = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "µs": 1e-6, "": 1.0}
_PATH: Final = os.pathsep.join((os.environ.get("PATH", os.defpath), str(Path(sys.executable).parent)))


@frozen
class Rival:
    """`command(path)` makes it scan a file or folder; `bytes_read`, `took` and `files` understand what it then writes."""

    name: str
    command: Callable[[Path], Sequence[str]]
    bytes_read: re.Pattern[str]
    took: re.Pattern[str]
    files: Callable[[str], set[str]]

    def is_here(self) -> bool:
        return shutil.which(self.command(Path())[0], path=_PATH) is not None

    def ran(self, path: Path) -> "subprocess.CompletedProcess[str]":
        environ = os.environ | {"GOMAXPROCS": "1", "PATH": _PATH}
        return subprocess.run(self.command(path), capture_output=True, check=False, text=True, env=environ)

    def files_with_findings(self, folder: Path) -> set[str]:
        return {str(Path(name).relative_to(folder)) for name in self.files(self.ran(folder).stdout)}

    def seconds(self, path: Path, *, empty: Path) -> float | None:
        """By its own report, less what it takes for hardly anything; None where it does not read such a file."""
        started, done = self.ran(empty), self.ran(path)
        read = self.bytes_read.search(done.stdout + done.stderr)
        if read is None or int(read[1]) < path.stat().st_size * _READ_AT_LEAST:
            return None
        return max(self._took(done) - self._took(started), 1e-3)

    def _took(self, done: "subprocess.CompletedProcess[str]") -> float:
        said = self.took.search(done.stdout + done.stderr)
        return sum(float(number) * _UNITS[unit] for number, unit in _DURATION.findall(said[1])) if said else 0.0


def _gitleaks(path: Path) -> Sequence[str]:
    quiet = (
        "--no-banner",
        "--no-color",
        "--redact",
        "--exit-code",
        "0",
        "--report-format",
        "json",
        "--report-path",
        "-",
    )
    return ("gitleaks", "dir", str(path), *quiet, "--max-decode-depth", "8", "--max-archive-depth", "8")


def _gitleaks_files(output: str) -> set[str]:
    start = output.find("[\n")
    findings: list[dict[str, Any]] = json.loads(output[start:]) if start >= 0 else []
    return {str(finding["File"]).partition("!")[0] for finding in findings}  # what follows "!" is within an archive


def _kingfisher(path: Path) -> Sequence[str]:
    quiet = ("--no-validate", "--no-update-check", "--redact", "--no-dedup", "--format", "json", "--confidence", "low")
    return ("kingfisher", "scan", str(path), "--jobs", "1", *quiet, "--git-history", "none", "--extraction-depth", "8")


def _kingfisher_files(output: str) -> set[str]:
    found = set[str]()
    for line in output.splitlines():
        report = json.loads(line) if line.startswith("{") else {}
        findings = report.get("findings")
        for each in findings if isinstance(findings, list) else []:
            found.add(str(each["finding"]["path"]).partition("!")[0])
    return found


GITLEAKS: Final = Rival(
    "gitleaks", _gitleaks, re.compile(r"scanned ~(\d+) bytes"), re.compile(r" in ([\dhmsµ.]+)"), _gitleaks_files
)
KINGFISHER: Final = Rival(
    "kingfisher",
    _kingfisher,
    re.compile(r'"bytes_scanned":(\d+)'),
    re.compile(r'"scan_duration":([\d.]+)'),
    _kingfisher_files,
)
RIVALS: Final = (GITLEAKS, KINGFISHER)


def ripgrep(path: Path, *, literals: Path, words: Sequence[str] = ("-c",)) -> "subprocess.CompletedProcess[str]":
    command = ("rg", "-j1", "-a", "-F", *words, "-f", str(literals), str(path))
    return subprocess.run(command, capture_output=True, check=False, text=True)
