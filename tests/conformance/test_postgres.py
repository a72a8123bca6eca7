"""What Postgres does for gameday, on both runtimes: a prompt store with rights, rows, a disk that remembers, a log of denials."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from attrs import frozen

from gameday import clock
from gameday.config import SinkConfig
from gameday.errors import ServerFailed, SinkUnreadable, SystemUnreachable
from gameday.runtime import embedded
from gameday.runtime.base import Layout, Running, Runtime
from gameday.runtime.embedded import EmbeddedRuntime, find_binary
from gameday.runtime.preparing import NOBODY, Preparation, is_open_to_others
from gameday.runtime.watchdog import Watchdog
from gameday.servers.postgres import Denied, Postgres, connect, denied, log_file
from gameday.servers.valkey import Valkey
from gameday.sinks import SINKS, Sink
from gameday.systems.reference.prompt_store import PromptStore, apply_schema, reader_of
from gameday.wait import poll_until
from tests.conformance.conftest import require_servers

TEXT = "planted, and harmless"
LONG = "a long one, without end " * 400


@frozen(kw_only=True)
class Unpreparable(Postgres):
    """Its preparation is told a word that it does not know."""

    name: str = "unpreparable"

    def preparation(self, layout: Layout) -> Preparation:  # noqa: ARG002 - as every server has it
        return Preparation(program="initdb", arguments=("--no-such-word",), makes="data")


@frozen
class Up:
    """A server that runs, with the prompt store's schema."""

    server: Postgres
    running: Running
    runtime: Runtime
    store: PromptStore

    @property
    def url(self) -> str:
        return self.server.url(self.running)

    @property
    def data(self) -> Path:
        return self.running.folder / "data"

    def do(self, statement: str, *, role: str = "") -> list[tuple[object, ...]]:
        credentials = self.store.credentials(role) if role else self.server.credentials
        with connect(self.url, credentials=credentials) as client:
            cursor = client.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def refused(self, statement: str, *, role: str) -> None:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            self.do(statement, role=role)

    def rows(self, credentials: str = "") -> Sink:
        return rows_sink(self.url, credentials=credentials or self.server.credentials)

    def settled(self) -> None:
        self.do("checkpoint")


def start(new_runtime: Callable[[], Runtime], server: Postgres) -> Up:
    runtime = new_runtime()
    running = runtime.start(server)
    store = apply_schema(server.url(running), credentials=server.credentials, tenants=["acme", "globex"])
    return Up(server, running, runtime, store)


@pytest.fixture(scope="module")
def up(on: str, new_runtime: Callable[[], Runtime]) -> Up:
    require_servers(on, Postgres())
    return start(new_runtime, Postgres())


@pytest.fixture
def forgetful(on: str, new_runtime: Callable[[], Runtime]) -> Up:
    require_servers(on, Postgres())
    return start(new_runtime, Postgres(settings={"wal_recycle": "off", "min_wal_size": "32MB"}))


@pytest.fixture(autouse=True)
def _credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GAMEDAY_TEST_POSTGRES", "nobody:knows")


def rows_sink(url: str, *, credentials: str) -> Sink:
    os.environ["GAMEDAY_TEST_POSTGRES"] = credentials
    config = SinkConfig(place="store", kind="postgres-rows", url=url, credentials="env:GAMEDAY_TEST_POSTGRES")
    return SINKS["postgres-rows"](config)


def files_sink(data: Path) -> Sink:
    return SINKS["postgres-files"](SinkConfig(place="disk", kind="postgres-files", path=str(data)))


def where(sink: Sink, text: str) -> set[str]:
    """The first words of the locators of what holds the text."""
    return {record.locator.partition("/")[0] for record in sink.records() if text.encode() in record.body}


def purge(up: Up, request_id: str, *more: str) -> int:
    argv = [sys.executable, "-P", "-m", "gameday.contain.purge_rows", "--url", up.url, "--table", "prompts"]
    argv += ["--credentials", "env:PURGER", "--under-policy", "--request-id", request_id, *more]
    env = {**os.environ, "PURGER": up.store.credentials("purger")}
    done = subprocess.run(argv, env=env, capture_output=True, text=True, check=False, timeout=60)
    assert TEXT not in done.stdout + done.stderr
    return done.returncode


def test_what_runs_is_what_is_pinned_and_is_nobodys(up: Up) -> None:
    assert up.running.version.startswith("18.6")
    assert up.do("show server_version") == [("18.6",)]
    assert (up.running.folder / "data").stat().st_uid == (NOBODY if os.geteuid() == 0 else os.geteuid())


def test_it_keeps_to_its_folder_and_opens_no_socket_file(up: Up) -> None:
    assert up.do("show unix_socket_directories") == [("",)]
    assert up.do("show log_directory") == [("log",)]
    assert up.do("show hba_file")[0][0] in {"/gameday/pg_hba.conf", f"{up.running.folder}/pg_hba.conf"}


def test_a_wrong_password_is_refused_and_logged_with_the_role(up: Up) -> None:
    before = clock.now().wall_s - 1
    with pytest.raises(psycopg.OperationalError):
        connect(up.url, credentials="postgres:wrong")
    assert seen(up, before) == [("postgres", "28P01")]


def test_each_has_a_password_of_its_own_that_is_not_shown() -> None:
    one, other = Postgres(), Postgres()
    assert one.password != other.password
    assert one.password not in repr(one)
    layout = Layout(folder="/x", ports={"postgres": 20000}, bind="127.0.0.1", host="127.0.0.1")
    assert one.password not in " ".join((*one.command(layout), *one.preparation(layout).arguments))


def test_a_server_that_cannot_be_prepared_fails_with_the_last_lines(on: str, runtime: Runtime) -> None:
    require_servers(on, Postgres())
    with pytest.raises(ServerFailed, match="initdb ended with 1") as caught:
        runtime.start(Unpreparable())
    assert "no-such-word" in caught.value.last_lines


@pytest.mark.skipif(os.geteuid() != 0, reason="only who is root runs it as another user")
def test_a_program_that_others_cannot_reach_is_copied_with_its_wheel(
    watchdog: Watchdog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    require_servers("embedded", Postgres())
    own = find_binary(Postgres().program).path
    monkeypatch.setattr(embedded, "is_open_to_others", lambda path: path != own and is_open_to_others(path))
    with EmbeddedRuntime(watchdog=watchdog, root=tmp_path) as runtime:
        running = runtime.start(Postgres())
        ran = Path(f"/proc/{(running.folder / 'postgres.pid').read_text().split()[0]}/exe").readlink()
    assert ran != own
    assert ran.parts[-4:] == own.parts[-4:]


def test_it_starts_again_in_its_folder_with_what_it_kept(on: str, runtime: Runtime) -> None:
    require_servers(on, Postgres())
    server = Postgres()
    running = runtime.start(server)
    with connect(server.url(running), credentials=server.credentials) as client:
        client.execute("create table kept (body text)")
    runtime.stop(running)
    again = runtime.start(server)
    with connect(server.url(again), credentials=server.credentials) as client:
        assert client.execute("select count(*) from kept").fetchone() == (0,)


def test_the_other_servers_run_as_they_did(runtime: Runtime) -> None:
    running = runtime.start(Valkey())
    assert running.folder.stat().st_uid == os.geteuid()
    assert not running.folder.is_symlink()


def test_each_role_may_do_its_own_work_and_no_other(up: Up) -> None:
    up.do("truncate prompts")
    up.store.keep(tenant="acme", request_id="r1", body=TEXT, ttl_s=60)
    assert up.do("select body from prompts", role=reader_of("acme")) == [(TEXT,)]
    assert up.do("select tenant from prompts", role="auditor") == [("acme",)]
    for role in ("writer", "auditor", "purger"):
        up.refused("select body from prompts", role=role)
    for role in (reader_of("acme"), "auditor"):
        up.refused("delete from prompts", role=role)
    up.refused("update prompts set tenant = 'globex'", role="writer")


def test_a_tenants_reader_is_shown_no_other_tenants_rows_and_nothing_is_logged_of_it(up: Up) -> None:
    up.do("truncate prompts")
    up.store.keep(tenant="acme", request_id="r1", body=TEXT, ttl_s=60)
    before = clock.now().wall_s
    assert up.do("select body from prompts", role=reader_of("globex")) == []
    up.refused("select body from prompts", role="auditor")
    assert seen(up, before) == [("auditor", "42501")]


def seen(up: Up, since_s: float) -> list[tuple[str, str]]:
    """What its log says was denied; the log is written by another process than the one that denied it."""

    def look() -> tuple[Denied, ...] | None:
        return denied(log_file(up.running), since_s=since_s - 0.001) or None

    found = poll_until(look, what="the denial in the log", every_s=0.02, within_s=10).value
    return [(one.role, one.code) for one in found]


def test_a_prompt_past_its_time_is_deleted_and_others_are_not(up: Up) -> None:
    up.do("truncate prompts")
    up.store.keep(tenant="acme", request_id="old", body=TEXT, ttl_s=-1)
    up.store.keep(tenant="acme", request_id="new", body=TEXT, ttl_s=60)
    assert up.store.purge_expired() == 1
    assert up.do("select request_id from prompts") == [("new",)]


def test_the_log_holds_no_prompt_even_where_a_statement_failed(up: Up) -> None:
    for statement in (f"insert into prompts (body) values ('{TEXT}')", f"select '{TEXT}' from nowhere"):  # noqa: S608 - ours
        with pytest.raises(psycopg.Error):
            up.do(statement, role="writer")
    with pytest.raises(SystemUnreachable) as caught:
        up.store.keep(tenant="acme", request_id="\0", body=TEXT, ttl_s=60)
    assert TEXT not in str(caught.value)
    assert TEXT.encode() not in log_file(up.running).read_bytes()


def test_a_store_that_does_not_answer_says_so() -> None:
    gone = PromptStore(url="postgresql://127.0.0.1:1/postgres", passwords={"writer": "x", "purger": "x"})
    with pytest.raises(SystemUnreachable):
        gone.keep(tenant="acme", request_id="r1", body=TEXT, ttl_s=60)
    with pytest.raises(SystemUnreachable):
        gone.purge_expired()
    with pytest.raises(SystemUnreachable):
        apply_schema(gone.url, credentials="postgres:x", tenants=["acme"])


def test_every_row_of_every_table_is_read_with_owner_stamp_and_request(up: Up) -> None:
    up.do("truncate prompts; drop schema if exists other cascade")
    up.store.keep(tenant="acme", request_id="r1", body=LONG + TEXT, ttl_s=60)
    up.do("create schema other; create table other.notes (raw bytea, words text[])")
    up.do(f"insert into other.notes values ('{TEXT}', null), ('', array['{TEXT}'])")  # noqa: S608 - ours
    found = [record for record in up.rows().records() if TEXT.encode() in record.body]
    assert sorted(record.locator.partition(":")[0] for record in found) == [
        "other.notes",
        "other.notes",
        "public.prompts",
    ]
    row = next(record for record in found if record.locator.startswith("public"))
    assert (row.owner, row.request_id) == ("acme", "r1")
    assert row.stamp_s is not None
    assert abs(row.stamp_s - clock.now().wall_s) < 60
    assert not any(TEXT in record.locator for record in found)


def test_a_later_look_sees_what_came_and_what_went(up: Up) -> None:
    up.do("truncate prompts; drop schema if exists other cascade")
    assert where(up.rows(), TEXT) == set()
    up.store.keep(tenant="acme", request_id="r1", body=TEXT, ttl_s=60)
    assert len(where(up.rows(), TEXT)) == 1
    up.do("delete from prompts")
    assert where(up.rows(), TEXT) == set()


def test_the_name_of_a_column_is_read_too(up: Up) -> None:
    up.do(f'drop schema if exists other cascade; create schema other; create table other.t ("{TEXT}" int)')
    assert where(up.rows(), TEXT) == {"other.t:columns"}
    up.do("drop schema other cascade")


@pytest.mark.parametrize("role", ["auditor", "reader_acme"])
def test_a_role_from_which_something_is_hidden_could_not_look(up: Up, role: str) -> None:
    with pytest.raises(SinkUnreadable, match="42501"):
        list(up.rows(up.store.credentials(role)).records())


def test_a_row_policy_that_hides_rows_is_noticed_even_where_every_table_may_be_read(up: Up) -> None:
    up.do("grant pg_read_all_data to reader_acme")
    with pytest.raises(SinkUnreadable, match="bypass row security"):
        list(up.rows(up.store.credentials("reader_acme")).records())
    up.do("revoke pg_read_all_data from reader_acme")


@pytest.mark.parametrize("credentials", ["postgres:wrong", "no password"])
def test_a_database_that_lets_nobody_in_could_not_be_looked_at(up: Up, credentials: str) -> None:
    with pytest.raises(SinkUnreadable):
        list(up.rows(credentials).records())


def test_a_database_that_does_not_answer_could_not_be_looked_at() -> None:
    with pytest.raises(SinkUnreadable, match="does not answer"):
        list(rows_sink("postgresql://127.0.0.1:1/postgres", credentials="postgres:x").records())


def test_a_deleted_row_is_still_on_the_disk(up: Up) -> None:
    up.do("truncate prompts")
    text = f"{TEXT} and deleted"
    assert where(files_sink(up.data), text) == set()
    up.store.keep(tenant="acme", request_id="r1", body=text, ttl_s=60)
    up.do("delete from prompts")
    up.settled()
    assert where(up.rows(), text) == set()
    assert where(files_sink(up.data), text) == {"base", "pg_wal"}


def test_what_lies_across_two_pieces_is_not_cut(up: Up) -> None:
    path = up.data / "base" / "across"
    path.write_bytes(b"\0" * (2**20 - 5) + TEXT.encode() + b"\0" * 100)
    sink = files_sink(up.data)
    assert where(sink, TEXT) >= {"base"}
    assert max(len(record.body) for record in sink.records()) <= 2**20
    path.unlink()


def test_a_folder_that_is_no_data_directory_could_not_be_looked_at(tmp_path: Path) -> None:
    with pytest.raises(SinkUnreadable, match="PG_VERSION"):
        list(files_sink(tmp_path).records())
    with pytest.raises(SinkUnreadable):
        list(files_sink(tmp_path / "nowhere").records())


def test_a_purge_takes_one_requests_rows_from_table_and_disk_but_not_from_the_write_ahead_log(up: Up) -> None:
    up.do("truncate prompts")
    up.store.keep(tenant="acme", request_id="leaked", body=f"{TEXT} to be purged", ttl_s=60)
    up.store.keep(tenant="acme", request_id="other", body="to be kept", ttl_s=60)
    up.settled()
    assert purge(up, "leaked", "--check") == 1
    assert purge(up, "leaked") == 0
    assert purge(up, "leaked", "--check") == 0
    assert up.do("select request_id from prompts") == [("other",)]
    assert where(up.rows(), f"{TEXT} to be purged") == set()
    assert where(files_sink(up.data), f"{TEXT} to be purged") == {"pg_wal"}, "recycled files are renamed, not emptied"


def test_with_wal_recycle_off_a_purge_takes_it_from_the_write_ahead_log_too(forgetful: Up) -> None:
    forgetful.store.keep(tenant="acme", request_id="leaked", body=TEXT, ttl_s=60)
    forgetful.settled()
    assert where(files_sink(forgetful.data), TEXT) == {"base", "pg_wal"}
    assert purge(forgetful, "leaked") == 0
    assert where(files_sink(forgetful.data), TEXT) == set()
    forgetful.runtime.close()


@pytest.mark.parametrize(
    "more", [("--url", "postgresql://127.0.0.1:1/postgres"), ("--table", "nowhere"), ("--request-id", "")]
)
@pytest.mark.parametrize("check", [("--check",), ()])
def test_a_purge_that_could_not_be_done_is_never_called_safe(
    up: Up, more: tuple[str, ...], check: tuple[str, ...]
) -> None:
    assert purge(up, "r1", *more, *check) == 2


def test_a_role_to_which_a_policy_hides_rows_cannot_call_the_table_purged(up: Up) -> None:
    argv = [sys.executable, "-P", "-m", "gameday.contain.purge_rows", "--url", up.url, "--table", "prompts"]
    argv += ["--credentials", "env:READER", "--request-id", "r1", "--check"]
    env = {**os.environ, "READER": up.store.credentials("reader_acme")}
    assert subprocess.run(argv, env=env, capture_output=True, check=False, timeout=60).returncode == 2
