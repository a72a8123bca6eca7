"""An HTTP/1.1 client for the next hop: keep-alive connections, plain and chunked bodies. Small, because start-up time counts."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import NamedTuple
from urllib.parse import urlsplit


class HopFailed(OSError):
    """The next hop could not be reached, or broke its answer off."""


class Connection(NamedTuple):
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    def is_usable(self) -> bool:
        return not self.reader.at_eof() and not self.writer.is_closing()


class Answer:
    """`is_complete` once its chunks were read to the end; only then can its connection be used again."""

    def __init__(self, status: int, headers: Mapping[str, str], reader: asyncio.StreamReader) -> None:
        self.status, self.headers, self._reader = status, headers, reader
        self.is_complete = False

    async def chunks(self) -> AsyncIterator[bytes]:
        """The body as it comes in. Raises HopFailed where it is broken off."""
        try:
            if self.headers.get("transfer-encoding", "").lower() == "chunked":
                while chunk := await self._chunk():
                    yield chunk
            elif length := int(self.headers.get("content-length", "0")):
                yield await self._reader.readexactly(length)
        except (OSError, EOFError, ValueError) as error:
            raise HopFailed(f"answer broken off: {type(error).__name__}") from error
        self.is_complete = True

    async def _chunk(self) -> bytes:
        size = int((await self._reader.readuntil(b"\r\n")).split(b";")[0], 16)
        return (await self._reader.readexactly(size + 2))[:-2]

    async def body(self) -> bytes:
        return b"".join([chunk async for chunk in self.chunks()])


class Hop:
    """A server at `http://host:port[/prefix]` and the idle connections to it."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._host, self._port, self._prefix = parts.hostname or "127.0.0.1", parts.port or 80, parts.path.rstrip("/")
        self._idle: list[Connection] = []

    @asynccontextmanager
    async def exchange(
        self, method: str, path: str, *, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> AsyncIterator[Answer]:
        """One request and its answer. The connection is closed where the block ends before the answer does."""
        connection, answer = await self._ask(self._head(method, path, body, headers or {}) + body)
        try:
            yield answer
        finally:
            if answer.is_complete and answer.headers.get("connection", "").lower() != "close":
                self._idle.append(connection)
            else:
                connection.writer.close()

    def close(self) -> None:
        """Closes what is idle; what is in use closes itself."""
        while self._idle:
            self._idle.pop().writer.close()

    def _head(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> bytes:
        lines = [
            f"{method} {self._prefix}{path} HTTP/1.1",
            f"host: {self._host}:{self._port}",
            f"content-length: {len(body)}",
        ]
        lines += ["content-type: application/json", *(f"{name}: {value}" for name, value in headers.items())]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")

    async def _ask(self, request: bytes) -> tuple[Connection, Answer]:
        # The server may close an idle connection just as we take it: asking once more is safe, no hop changes anything.
        while self._idle:
            connection = self._idle.pop()
            if connection.is_usable():
                try:
                    return connection, await self._send(connection, request)
                except HopFailed:
                    continue
        fresh = await self._connect()
        return fresh, await self._send(fresh, request)

    async def _connect(self) -> Connection:
        try:
            return Connection(*await asyncio.open_connection(self._host, self._port))
        except OSError as error:
            raise HopFailed(f"cannot connect: {type(error).__name__}") from error

    async def _send(self, connection: Connection, request: bytes) -> Answer:
        try:
            connection.writer.write(request)
            await connection.writer.drain()
            status, headers = _parse_head(await connection.reader.readuntil(b"\r\n\r\n"))
        except (OSError, EOFError, ValueError, asyncio.LimitOverrunError) as error:
            connection.writer.close()
            raise HopFailed(f"no answer: {type(error).__name__}") from error
        except asyncio.CancelledError:
            connection.writer.close()
            raise
        return Answer(status, headers, connection.reader)


def _parse_head(head: bytes) -> tuple[int, dict[str, str]]:
    first, *lines = head.decode("latin-1").split("\r\n")[:-2]
    pairs = (line.partition(":") for line in lines)
    return int(first.split(" ")[1]), {name.lower(): value.strip() for name, _, value in pairs}


_HOPS: dict[str, Hop] = {}


def hop_to(url: str) -> Hop:
    """One pool for each address in this process."""
    if url not in _HOPS:
        _HOPS[url] = Hop(url)
    return _HOPS[url]
