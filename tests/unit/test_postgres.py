"""What is read of a Postgres' log, what is written into its configuration, and what a server that refuses root is given."""

import json
import os
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gameday.config import SinkConfig
from gameday.errors import RuntimeMissing, SystemUnreachable
from gameday.runtime import preparing
from gameday.runtime.base import Layout
from gameday.runtime.preparing import (
    NOBODY,
    Prepared,
    Unprivileged,
    copied,
    is_open_to_others,
    open_folder,
    pending,
    stop_signal_of,
    user_for,
)
from gameday.servers.postgres import DENIED, Postgres, config, denied
from gameday.servers.valkey import Valkey
from gameday.sinks import SINKS
from gameday.systems.reference.prompt_store import reader_of

LAYOUT: Final = Layout(folder="/x", ports={"postgres": 20000}, bind="127.0.0.1", host="127.0.0.1")
STAMP: Final = "2026-11-23 12:14:11.125 UTC"


def line(**fields: object) -> bytes:
    return json.dumps({"timestamp": STAMP, "error_severity": "ERROR", **fields}).encode() + b"\n"


def log(folder: Path, *lines: bytes) -> Path:
    path = folder / "postgres.json"
    path.write_bytes(b"".join(lines))
    return path


def test_a_denial_has_role_code_and_time(tmp_path: Path) -> None:
    path = log(tmp_path, line(user="auditor", dbname="postgres", session_id="a.b", state_code="42501", message="no"))
    (one,) = denied(path)
    assert (one.role, one.code, one.database, one.session) == ("auditor", "42501", "postgres", "a.b")
    assert one.at_s == pytest.approx(1795436051.125)


@pytest.mark.parametrize("code", sorted(DENIED))
def test_every_kind_of_denial_counts(tmp_path: Path, code: str) -> None:
    assert [one.code for one in denied(log(tmp_path, line(state_code=code)))] == [code]


def test_other_errors_and_older_denials_do_not_count(tmp_path: Path) -> None:
    path = log(tmp_path, line(state_code="42P01"), line(message="ready"), line(state_code="42501"))
    assert len(denied(path)) == 1
    assert denied(path, since_s=1795436051.2) == ()


def test_a_line_that_is_still_being_written_is_left_for_later(tmp_path: Path) -> None:
    assert denied(log(tmp_path, line(state_code="42501"), line(state_code="42501")[:-9])) == denied(
        log(tmp_path, line(state_code="42501"))
    )


@pytest.mark.parametrize(
    "bad", [b"not json\n", b"\xff\n", b"{}\n", line(timestamp="2026-11-23 12:14:11.125 CET"), b"[]\n"]
)
def test_a_log_that_is_not_understood_is_not_a_log_without_denials(tmp_path: Path, bad: bytes) -> None:
    with pytest.raises(SystemUnreachable, match="line 2"):
        denied(log(tmp_path, line(), bad))


def test_a_log_that_is_not_there_is_not_a_log_without_denials(tmp_path: Path) -> None:
    with pytest.raises(SystemUnreachable, match="cannot be read"):
        denied(tmp_path / "nowhere.json")


@given(st.binary())
def test_whatever_a_log_holds_it_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = log(tmp_path_factory.mktemp("log"), content)
    try:
        assert all(one.code in DENIED for one in denied(path))
    except SystemUnreachable as error:
        assert "line" in str(error)  # noqa: PT017 - either is right


def settings(written: bytes) -> Mapping[str, str]:
    pairs = (one.partition(" = ") for one in written.decode().splitlines())
    return {name: value for name, _, value in pairs}


def test_what_the_user_sets_wins_and_is_quoted() -> None:
    found = settings(config(LAYOUT, {"wal_recycle": "off", "max_connections": "7", "cluster_name": "it's \\ one"}))
    assert found["wal_recycle"] == "'off'"
    assert found["max_connections"] == "'7'"
    assert found["cluster_name"] == "'it''s \\\\ one'"


def test_it_logs_no_statement_unless_it_is_asked_to() -> None:
    files = Postgres().files(LAYOUT)
    assert settings(files["postgresql.conf"])["log_statement"] == "'none'"
    assert settings(files["postgresql.conf"])["log_min_error_statement"] == "'panic'"
    assert settings(Postgres(log_statement="all").files(LAYOUT)["postgresql.conf"])["log_statement"] == "'all'"


@pytest.mark.parametrize("tenant", ["", "Acme", "a-b", "a b", "1st", "x" * 60, "acme\n"])
def test_a_tenant_whose_name_makes_no_role_is_refused(tenant: str) -> None:
    with pytest.raises(SystemUnreachable, match="tenant"):
        reader_of(tenant)


@pytest.mark.parametrize("kind", ["postgres-rows", "postgres-files"])
def test_both_sinks_can_be_made_from_a_config(kind: str) -> None:
    sink = SINKS[kind](SinkConfig(place="store", kind="postgres-rows", url="postgresql://127.0.0.1:1/p", path="/x"))
    assert "store" in sink.name


def test_only_a_server_that_says_so_is_prepared_or_run_as_another(tmp_path: Path) -> None:
    assert isinstance(Postgres(), Prepared)
    assert isinstance(Postgres(), Unprivileged)
    assert not isinstance(Valkey(), Prepared | Unprivileged)
    assert user_for(Valkey()) is None
    assert (stop_signal_of(Valkey()), stop_signal_of(Postgres())) == (signal.SIGTERM, signal.SIGINT)
    assert pending(Valkey(), layout=LAYOUT, folder=tmp_path) is None


def test_as_root_it_is_nobody_and_else_it_is_us(monkeypatch: pytest.MonkeyPatch) -> None:
    for euid, user in ((0, NOBODY), (1000, None)):
        monkeypatch.setattr(os, "geteuid", lambda euid=euid: euid)
        assert user_for(Postgres()) == user


def test_what_is_prepared_is_not_prepared_again(tmp_path: Path) -> None:
    wanted = pending(Postgres(), layout=LAYOUT, folder=tmp_path)
    assert wanted is not None
    assert wanted.program == "initdb"
    (tmp_path / wanted.makes).parent.mkdir(parents=True)
    (tmp_path / wanted.makes).touch()
    assert pending(Postgres(), layout=LAYOUT, folder=tmp_path) is None


def test_a_folder_below_a_closed_one_is_not_open_to_others(tmp_path: Path) -> None:
    inner = tmp_path / "closed" / "inner"
    inner.mkdir(parents=True)
    inner.chmod(0o755)
    inner.parent.chmod(0o700)
    assert not is_open_to_others(inner)
    assert is_open_to_others(Path("/"))


def test_a_folder_for_another_user_lies_where_he_gets_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))
    tmp_path.chmod(0o700)
    made = open_folder("postgres")
    assert not made.is_relative_to(tmp_path)
    made.rmdir()
    monkeypatch.setattr(preparing, "is_open_to_others", lambda _: False)
    with pytest.raises(RuntimeMissing, match="TMPDIR"):
        open_folder("postgres")


def test_a_copy_may_be_read_by_all_and_keeps_to_its_folder(tmp_path: Path) -> None:
    source, to = tmp_path / "program", tmp_path / "copy"
    source.write_bytes(b"x")
    source.chmod(0o700)
    to.mkdir()
    copied([(source, "bin/program"), (source, "../escaped"), (tmp_path / "gone", "gone")], to=to)
    assert (to / "bin" / "program").stat().st_mode & 0o777 == 0o755
    assert sorted(path.name for path in to.rglob("*")) == ["bin", "program"]
    assert not (tmp_path / "escaped").exists()
