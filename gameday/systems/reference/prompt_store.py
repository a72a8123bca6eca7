"""The prompt store of the reference pipeline: kept prompts and what they cost, in Postgres, each role with its own rights."""

import re
import secrets
from collections.abc import Mapping, Sequence
from typing import Final

import psycopg
from attrs import field, frozen
from psycopg import sql

from gameday.errors import SystemUnreachable
from gameday.servers.postgres import connect
from gameday.shipped import shipped

SCHEMA: Final = "fixtures/pipeline/prompt_store.sql"
ROLES: Final = ("writer", "auditor", "purger")
_TENANT: Final = re.compile(r"[a-z][a-z0-9_]{0,40}\Z")


@frozen(kw_only=True)
class PromptStore:
    """A store that has its schema. `passwords` are by role: writer, auditor, purger and `reader_of(tenant)`."""

    url: str
    passwords: Mapping[str, str] = field(repr=False)

    def credentials(self, role: str) -> str:
        return f"{role}:{self.passwords[role]}"

    def keep(self, *, tenant: str, request_id: str, body: str, ttl_s: float) -> None:
        """Keeps one prompt, as the writer. Raises SystemUnreachable."""
        try:
            with connect(self.url, credentials=self.credentials("writer")) as client:
                client.execute(
                    "insert into prompts (tenant, request_id, expires_at, body)"
                    " values (%s, %s, now() + make_interval(secs => %s), %s)",
                    (tenant, request_id, ttl_s, body),
                )
        except psycopg.Error as error:
            raise _unreachable("keeps no prompt", error) from None  # its own text may quote one

    def purge_expired(self) -> int:
        """Deletes what is past its time, as the purger; how many rows it were. Raises SystemUnreachable."""
        try:
            with connect(self.url, credentials=self.credentials("purger")) as client:
                return client.execute("delete from prompts where expires_at < now()").rowcount
        except psycopg.Error as error:
            raise _unreachable("deletes no expired prompt", error) from None


def reader_of(tenant: str) -> str:
    """The role that sees this tenant's prompts and no other."""
    if not _TENANT.match(tenant):
        raise SystemUnreachable(f"no role can be named after the tenant {tenant!r}: use small letters, digits and _")
    return f"reader_{tenant}"


def apply_schema(url: str, *, credentials: str, tenants: Sequence[str]) -> PromptStore:
    """Makes the tables and roles in an empty database, as its owner, in one transaction. Raises SystemUnreachable."""
    readers = [reader_of(tenant) for tenant in tenants]
    passwords = {role: secrets.token_hex(16) for role in (*ROLES, *readers)}
    try:
        with connect(url, credentials=credentials, autocommit=False) as client:
            client.execute(shipped(SCHEMA).read_bytes())
            for reader in readers:
                client.execute(sql.SQL("create role {} in role reader").format(sql.Identifier(reader)))
            for role, password in passwords.items():
                _let_in(client, role=role, password=password)
    except psycopg.Error as error:
        raise _unreachable("takes no schema", error) from None
    return PromptStore(url=url, passwords=passwords)


def _let_in(client: "psycopg.Connection[tuple[object, ...]]", *, role: str, password: str) -> None:
    # Hashed here: a server that logs its statements would log the password.
    verifier = client.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256").decode()
    client.execute(sql.SQL("alter role {} login password {}").format(sql.Identifier(role), sql.Literal(verifier)))


def _unreachable(what: str, error: psycopg.Error) -> SystemUnreachable:
    return SystemUnreachable(f"the prompt store {what}: {error.sqlstate or ''} {type(error).__name__}")
