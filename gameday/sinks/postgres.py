"""What a Postgres shows: every row of every table of one database. A state, read whole at each look.

The role of `credentials` must see everything: where a right or a row policy hides anything from it, the look fails.
"""

from collections.abc import Iterator
from typing import Any, Final

import psycopg
from attrs import field, frozen
from psycopg import sql

from gameday.config import SinkConfig, seconds, secret
from gameday.errors import ConfigError, SinkUnreadable
from gameday.servers.postgres import connect
from gameday.sighting import Record

_ROWS_AT_ONCE: Final = 200
_LISTED: Final = """
    select n.nspname, c.relname, a.attname, t.typname
    from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
    join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    join pg_type t on t.oid = a.atttypid
    where c.relkind in ('r', 'm') and (n.nspname !~ '^pg_' and n.nspname <> 'information_schema' {more})
    order by 1, 2, a.attnum
"""
_TABLES: Final = _LISTED.format(more="or c.relname = 'pg_largeobject' and n.nspname = 'pg_catalog'")
_BEFORE: Final = (
    "set transaction isolation level repeatable read, read only",
    "set local row_security = off",  # a policy that would hide rows is an error then
    "set local statement_timeout = '60s'",
    "set local lock_timeout = '10s'",
)
_STAMPS: Final = {"timestamptz", "timestamp"}


@frozen
class _Table:
    schema: str
    name: str
    types: dict[str, str]  # by column

    def query(self) -> sql.Composed:
        return sql.SQL("select ctid::text, {stamp}, {columns} from only {table}").format(
            stamp=self._stamp(),
            columns=sql.SQL(", ").join(map(self._column, self.types)),
            table=sql.Identifier(self.schema, self.name),
        )

    def _column(self, name: str) -> sql.Composable:
        column = sql.Identifier(name)
        return column if self.types[name] == "bytea" else sql.SQL("{}::text").format(column)

    def _stamp(self) -> sql.Composable:
        if self.types.get("stored_at") not in _STAMPS:
            return sql.SQL("null")
        return sql.SQL("extract(epoch from {})::float8").format(sql.Identifier("stored_at"))


@frozen
class PostgresRowsSink:
    """`url` is postgresql://HOST:PORT/DATABASE, `credentials` where ROLE:PASSWORD lies.

    A row belongs to the tenant in its column `tenant`, to the request in its column `request_id`, or the one of that key's name.
    """

    config: SinkConfig
    _login: str = field(default="", kw_only=True, repr=False)

    @property
    def name(self) -> str:
        return f"postgres rows of {self.config.place}"

    def records(self, *, after: str | None = None) -> Iterator[Record]:  # noqa: ARG002 - a state has no cursor
        try:
            with connect(self.config.url, credentials=self._credentials(), autocommit=False) as client:
                for setting in _BEFORE:
                    client.execute(setting.encode())
                for table in _tables(client):
                    yield self._about(table)
                    yield from self._rows(client, table)
        except psycopg.Error as error:
            raise SinkUnreadable(self.name, _told(error)) from None  # its own text may quote a row

    def _credentials(self) -> str:
        if self._login or self.config.credentials is None:
            return self._login
        try:
            found = secret(self.config.credentials, key="sink.credentials")
        except ConfigError as error:
            raise SinkUnreadable(self.name, str(error)) from error
        if ":" not in found:
            raise SinkUnreadable(self.name, f"behind {self.config.credentials} is no ROLE:PASSWORD")
        return found

    def _about(self, table: _Table) -> Record:
        body = "\n".join((table.schema, table.name, *table.types)).encode()
        return Record(body=body, locator=f"{table.schema}.{table.name}:columns", cursor="")

    def _rows(self, client: "psycopg.Connection[tuple[Any, ...]]", table: _Table) -> Iterator[Record]:
        with client.cursor(name="gameday") as cursor:
            cursor.itersize = _ROWS_AT_ONCE
            cursor.execute(table.query())
            for place, stamp, *values in cursor:
                yield self._record(table, place, stamp, dict(zip(table.types, values, strict=True)))

    def _record(self, table: _Table, place: str, stamp: float | None, row: dict[str, Any]) -> Record:
        return Record(
            body=b"\n".join(name.encode() + b"=" + _bytes(value) for name, value in row.items()),
            locator=f"{table.schema}.{table.name}:{place}",
            cursor="",
            stamp_s=stamp,
            resolution_s=seconds(self.config.resolution),
            request_id=_text(row.get(self.config.request_id or "request_id")),
            owner=_text(row.get("tenant")),
        )


def _tables(client: "psycopg.Connection[tuple[Any, ...]]") -> list[_Table]:
    found: dict[tuple[str, str], dict[str, str]] = {}
    for schema, table, column, kind in client.execute(_TABLES.encode()):
        found.setdefault((schema, table), {})[column] = kind
    return [_Table(schema, table, types) for (schema, table), types in found.items()]


def _bytes(value: object) -> bytes:
    return bytes(value) if isinstance(value, bytes | memoryview) else str("" if value is None else value).encode()


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _told(error: psycopg.Error) -> str:
    if error.sqlstate is None:
        return f"it does not answer: {type(error).__name__}"
    hint = (
        ". Give the role the right to read every table and to bypass row security" if error.sqlstate == "42501" else ""
    )
    return f"{error.sqlstate} {type(error).__name__}{hint}"
