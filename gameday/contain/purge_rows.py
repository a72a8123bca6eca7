"""Purge: deletes one request's rows from a Postgres table, and rewrites the table so that the disk forgets them too.

`python -m gameday.contain.purge_rows --url postgresql://HOST:PORT/DB --credentials env:NAME --table T --request-id ID`.
The write-ahead log keeps what was written until the server drops the old files: it does so here only with `wal_recycle = off`.
Standbys, archives, dumps and the server's own log are not reached. `--check` asks whether such rows can still be queried.
"""

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import sql

from gameday.config import secret
from gameday.contain.program import run_step
from gameday.errors import HarnessError
from gameday.servers.postgres import connect


@contextmanager
def _client(options: argparse.Namespace) -> Iterator["psycopg.Connection[tuple[object, ...]]"]:
    if not options.request_id:
        raise HarnessError("the alert names no request, so there is nothing to purge by")
    credentials = secret(options.credentials, key="--credentials") if options.credentials else ""
    try:
        with connect(options.url, credentials=credentials) as client:
            yield client
    except psycopg.Error as error:  # its own text may quote a row
        raise HarnessError(f"the database: {error.sqlstate or 'no answer'} {type(error).__name__}") from None


def _on_rows(options: argparse.Namespace, action: str) -> sql.Composed:
    table, column = sql.Identifier(*options.table.split(".")), sql.Identifier(options.column)
    return sql.SQL(action).format(table=table, column=column)


def _is_safe(options: argparse.Namespace) -> bool:
    with _client(options) as client:
        # Counted rather than looked for: a policy that hides rows would make any place look purged.
        client.execute("set row_security = off" if not options.under_policy else "set row_security = on")
        query = _on_rows(options, "select count(*) from {table} where {column} = %s")
        return client.execute(query, (options.request_id,)).fetchone() == (0,)


def _act(options: argparse.Namespace) -> None:
    with _client(options) as client:
        client.execute(_on_rows(options, "delete from {table} where {column} = %s"), (options.request_id,))
        client.execute(_on_rows(options, "vacuum full {table}"))
        client.execute("checkpoint")  # the table's old file goes with this one
        client.execute("select pg_switch_wal()")
        client.execute("checkpoint")  # and the write-ahead log's old files with this one


def main() -> int:
    parser = argparse.ArgumentParser(prog="purge_rows", description=__doc__)
    parser.add_argument("--url", required=True)
    parser.add_argument("--credentials", help="env:NAME or file:PATH of ROLE:PASSWORD")
    parser.add_argument("--table", required=True, help="its name, or SCHEMA.NAME")
    parser.add_argument("--column", default="request_id")
    parser.add_argument("--request-id", required=True)
    parser.add_argument(
        "--under-policy", action="store_true", help="the role is let through by a row policy that shows it every row"
    )
    return run_step(parser, check=_is_safe, act=_act)


if __name__ == "__main__":
    sys.exit(main())
