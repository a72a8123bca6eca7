"""A Valkey client of the few commands that the cache needs: redis-py alone would double the gateway's start-up time."""

import asyncio
from typing import Final, NamedTuple
from urllib.parse import unquote, urlsplit

Reply = bytes | int | None
DEFAULT_PORT: Final = 6379


class ValkeyFailed(OSError):
    """Valkey could not be reached, broke off, or answered with an error."""


class Connection(NamedTuple):
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def ask(self, *words: str | bytes) -> Reply:
        """Raises ValkeyFailed where Valkey answers with an error; the connection can be used on."""
        self.writer.write(_encoded(words))
        line = (await self.reader.readuntil(b"\r\n"))[:-2]
        kind, rest = line[:1], line[1:]
        if kind == b"$":
            return None if rest == b"-1" else (await self.reader.readexactly(int(rest) + 2))[:-2]
        if kind == b"-":
            raise ValkeyFailed(rest.split(b" ")[0].decode())  # the rest may repeat the command's words
        return int(rest) if kind == b":" else rest


class Valkey:
    """The server at `redis://[user:password@]host[:port][/db]`, and the idle connections to it."""

    def __init__(self, url: str) -> None:
        self._url = urlsplit(url)
        self._idle: list[Connection] = []

    async def get(self, key: str) -> bytes | None:
        reply = await self._ask("GET", key)
        return reply if isinstance(reply, bytes) else None

    async def set(self, key: str, value: bytes, *, ttl_s: int) -> None:
        await self._ask("SET", key, value, "EX", str(ttl_s))

    async def _ask(self, *words: str | bytes) -> Reply:
        while self._idle:
            connection = self._idle.pop()
            if not connection.reader.at_eof():
                break
            connection.writer.close()
        else:
            connection = await self._connect()
        return await self._ask_on(connection, *words)

    async def _ask_on(self, connection: Connection, *words: str | bytes) -> Reply:
        is_whole = False
        try:
            reply = await connection.ask(*words)
            is_whole = True
        except (EOFError, ValueError) as error:
            raise ValkeyFailed(type(error).__name__) from error
        finally:
            if is_whole:
                self._idle.append(connection)
            else:
                connection.writer.close()
        return reply

    async def _connect(self) -> Connection:
        try:
            streams = await asyncio.open_connection(self._url.hostname or "127.0.0.1", self._url.port or DEFAULT_PORT)
        except OSError as error:
            raise ValkeyFailed(f"cannot connect: {type(error).__name__}") from error
        connection = Connection(*streams)
        if self._url.password:
            await connection.ask("AUTH", unquote(self._url.username or "default"), unquote(self._url.password))
        if database := self._url.path.strip("/"):
            await connection.ask("SELECT", database)
        return connection


def _encoded(words: tuple[str | bytes, ...]) -> bytes:
    parts = [f"*{len(words)}\r\n".encode()]
    for word in words:
        raw = word.encode() if isinstance(word, str) else word
        parts += [f"${len(raw)}\r\n".encode(), raw, b"\r\n"]
    return b"".join(parts)
