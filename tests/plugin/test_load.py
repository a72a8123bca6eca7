"""`gameday load` as a user runs it: real servers, a real locust, and what the journal says afterwards."""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import product
from pathlib import Path

import pytest
from attrs import frozen

from gameday.canary.families import CardPrompt, CloudKeyPrompt, EmailPrompt, GitHubTokenPrompt, IbanPrompt
from gameday.canary.find import Finder
from gameday.canary.key import load_or_make
from gameday.canary.mint import Canary, Mint
from gameday.errors import UsageError
from gameday.journal import read
from gameday.metrics import measure_all
from gameday.metrics.evidence import upper_bound
from gameday.scenario.load_process import check_locust
from gameday.scenario.loading import load
from gameday.shipped import shipped
from gameday.sweep.outputs import holds_bytes
from gameday.timeline import RunStarted, Sent, Sighted, Swept, Tally, Timeline
from gameday.wait import poll_until

needs_locust = pytest.mark.skipif(
    importlib.util.find_spec("locust") is None, reason="locust is not installed: pip install 'gameday[load]'"
)
FAMILIES = (CloudKeyPrompt, GitHubTokenPrompt, CardPrompt, EmailPrompt, IbanPrompt)
TENANTS = ("acme", "globex")
SLOTS = ("system", "history", "user")
SENT_FILE = "gameday-load-*/sent.jsonl"


@frozen(kw_only=True)
class Ran:
    """One finished `gameday load`; `sent_file` and `locusts` are as they were in the middle of the run."""

    exit_code: int
    output: str
    folder: Path
    temp_root: Path
    key_file: Path
    sent_file: bytes
    sent_mode: int
    locusts: int

    @property
    def timeline(self) -> Timeline:
        return read(self.folder)


@contextmanager
def home() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="gdt") as folder:  # a short path: servers put sockets below it
        (Path(folder) / "tmp").mkdir()
        yield Path(folder)


def run_load(home: Path, *, seconds: int, change: Callable[[dict[str, dict[str, object]]], None] | None = None) -> Ran:
    argv = [
        sys.executable,
        "-m",
        "gameday.cli",
        "load",
        "--on",
        "embedded",
        "--users",
        "8",
        "--run-time",
        f"{seconds}s",
    ]
    if change is not None:
        argv += ["--pipeline", str(pipeline(home, change))]
    temp_root, key_file = home / "tmp", home / "site.key"
    environment = os.environ | {"GAMEDAY_KEY_FILE": str(key_file), "TMPDIR": str(temp_root)}
    with subprocess.Popen(
        [*argv, "--reports", str(home / "reports")],
        cwd=home,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as process:
        sent, mode = peek(temp_root, process)
        locusts = len(locusts_in(home))
        output = process.communicate(timeout=60)[0].decode()
    folders = list((home / "reports").iterdir())
    assert len(folders) == 1, output
    return Ran(
        exit_code=process.returncode,
        output=output,
        folder=folders[0],
        temp_root=temp_root,
        key_file=key_file,
        sent_file=sent,
        sent_mode=mode,
        locusts=locusts,
    )


def peek(temp_root: Path, process: "subprocess.Popen[bytes]") -> tuple[bytes, int]:
    def look() -> tuple[bytes, int] | None:
        for file in temp_root.glob(SENT_FILE):
            if file.stat().st_size:
                return file.read_bytes(), file.stat().st_mode & 0o777
        return None if process.poll() is None else (b"", 0)

    return poll_until(look, what="requests go out", every_s=0.02, within_s=40).value


def pipeline(home: Path, change: Callable[[dict[str, dict[str, object]]], None]) -> Path:
    folder = home / "pipeline"
    shutil.copytree(shipped("fixtures/pipeline"), folder)
    settings = json.loads((folder / "gateway.json").read_text())
    change(settings)
    (folder / "gateway.json").write_text(json.dumps(settings))
    return folder


@pytest.fixture(scope="module")
def clean() -> Iterator[Ran]:
    with home() as folder:
        yield run_load(folder, seconds=3)


@pytest.fixture(scope="module")
def unredacted() -> Iterator[Ran]:
    with home() as folder:
        yield run_load(folder, seconds=2, change=lambda settings: settings["redactor"].update(enabled=False))


@pytest.fixture(scope="module", params=["clean", "unredacted"])
def either(request: pytest.FixtureRequest) -> Ran:
    ran = request.getfixturevalue(request.param)
    assert isinstance(ran, Ran)
    return ran


@needs_locust
def test_a_pipeline_that_redacts_lets_nothing_through_and_one_short_run_cannot_prove_it(clean: Ran) -> None:
    assert (clean.exit_code, clean.output.splitlines()[-1]) == (2, "verdict: INCONCLUSIVE"), clean.output
    requests = len(clean.timeline.of(Sent))
    measured = measure_all(clean.timeline)
    assert requests > 50
    assert (measured["M1"].part, measured["M1"].whole, measured["M1"].unknown) == (0, requests, 0)
    assert (measured["M10"].part, measured["M10"].whole, measured["M10"].unknown) == (0, 3 * requests, 0)
    assert measured["M7"].part == measured["X1"].part == 0
    assert 0 < upper_bound(0, 3 * requests) < 0.05
    assert f"M10: {3 * requests:,} clean of 29,956 needed; {29_956 - 3 * requests:,} missing" in clean.output


@needs_locust
def test_every_family_went_out_in_every_slot_streamed_and_not_for_every_tenant(clean: Ran) -> None:
    sent = clean.timeline.of(Sent)
    seen = {(one.family, one.slot, request.stream) for request in sent for one in request.planted}
    assert seen == set(product((family.name for family in FAMILIES), SLOTS, (True, False)))
    assert {request.tenant for request in sent} == set(TENANTS)


@needs_locust
def test_the_look_saw_the_prompts_where_they_may_rest(clean: Ran) -> None:
    """Silence counts because the same look found what was left of every prompt after redaction."""
    requests = len(clean.timeline.of(Sent))
    seen = {tally.place: tally for tally in clean.timeline.of(Tally) if tally.what == "sighted"}
    assert (seen["model/log"].part, seen["model/log"].whole) == (0, 3 * requests)
    assert seen["gateway/log"].whole == requests
    assert seen["answers"].whole > 0
    assert seen["ingress/access-log"].whole == 0


@needs_locust
def test_a_pipeline_without_redaction_fails_and_its_places_are_named(unredacted: Ran) -> None:
    assert (unredacted.exit_code, unredacted.output.splitlines()[-1]) == (1, "verdict: FAIL"), unredacted.output
    measured = measure_all(unredacted.timeline)["M10"]
    assert measured.part == measured.whole == 3 * len(unredacted.timeline.of(Sent))
    assert set(measured.where) == {"model/log", "gateway/log", "cache/values"}
    said = next(line for line in unredacted.output.splitlines() if line.startswith("M10: "))
    assert all(place in said for place in measured.where)
    assert {sighted.scenario for sighted in unredacted.timeline.of(Sighted)} == {"load"}


@needs_locust
def test_requests_that_the_target_refused_are_no_clean_checks() -> None:
    with home() as folder:
        ran = run_load(folder, seconds=2, change=lambda settings: settings["redactor"].update(timeout_s=0.0001))
        assert (ran.exit_code, ran.output.splitlines()[-1]) == (2, "verdict: INCONCLUSIVE"), ran.output
        assert "the target refused" in ran.output
        refused = next(tally for tally in ran.timeline.of(Tally) if tally.what == "refused")
        assert 20 <= refused.part == refused.whole < 60  # abort_if ends the load early
        assert measure_all(ran.timeline)["M10"].whole is None


@needs_locust
def test_no_canary_text_is_in_anything_that_the_run_wrote(either: Ran) -> None:
    finder = Finder(load_or_make(either.key_file))
    canaries = minted(either)
    values = holds_bytes(value.encode() for canary in canaries for value in canary.values)
    outputs = {path.name: path.read_bytes() for path in either.folder.rglob("*") if path.is_file()}
    outputs |= {"the terminal": either.output.encode(), "what was sent": either.sent_file}
    assert {"journal.jsonl", "index.html", "locust.log", "locust-stats.json"} <= outputs.keys()
    dirty = [name for name, data in outputs.items() if values(data) or finder.find(data).sightings]
    assert not dirty
    assert values(b"before " + canaries[-1].values[0].encode() + b" after")
    assert finder.find(canaries[-1].text.encode()).sightings
    assert all(not sweep.by_finder and not sweep.by_bytes for sweep in either.timeline.of(Swept))


def minted(ran: Ran) -> list[Canary]:
    """Every canary that the run may have sent: each serial in each family."""
    started = ran.timeline.of(RunStarted)[0]
    mint = Mint(load_or_make(ran.key_file), run=started.run, seed=started.seed, tenants=TENANTS)
    known = {planted.canary for sent in ran.timeline.of(Sent) for planted in sent.planted}
    serials = range(64, 64 + len(ran.timeline.of(Sent)))
    every = [
        mint.canary(family, tenant=tenant, slot=slot, serial=serial)
        for family, tenant, slot, serial in product(FAMILIES, TENANTS, SLOTS, serials)
    ]
    assert known <= {canary.id for canary in every}
    return every


@needs_locust
def test_what_was_sent_is_for_its_owner_alone_and_is_gone_with_locust(either: Ran) -> None:
    assert either.sent_file
    assert either.sent_mode == 0o600
    assert not list(either.temp_root.glob("gameday-*"))
    assert either.locusts == 1
    assert not locusts_in(either.folder)


def locusts_in(folder: Path) -> list[str]:
    """The processes of locust whose command line names this folder."""
    found = []
    for process in Path("/proc").iterdir():
        try:
            command = (process / "cmdline").read_bytes() if process.name.isdigit() else b""
        except OSError:
            continue
        if str(folder).encode() in command and b"locustfile" in command:
            found.append(process.name)
    return found


def test_without_locust_the_remedy_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(UsageError, match=r"pip install 'gameday\[load\]'"):
        check_locust()


@pytest.mark.parametrize(("users", "run_time"), [(0, "10s"), (20, "10"), (20, "0s"), (20, "1d"), (20, "soon")])
def test_a_load_that_cannot_be_is_refused_before_anything_starts(users: int, run_time: str) -> None:
    with pytest.raises(UsageError):
        load(Namespace(users=users, run_time=run_time))
