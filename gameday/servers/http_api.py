"""An HTTP API of a server: one call at a time, no proxy, no retry, no redirect, bounded in time and size."""

import functools
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final, TypeVar

import httpx
import msgspec
from attrs import field, frozen

from gameday.errors import SystemUnreachable

ANSWER_WITHIN_S: Final = 5.0
MAX_BYTES: Final = 64 * 2**20
T = TypeVar("T")


@frozen(kw_only=True)
class Answer:
    """What came back, whatever its status."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)

    @property
    def is_ok(self) -> bool:
        return 200 <= self.status < 300  # noqa: PLR2004 - every kind of success


@frozen
class HttpApi:
    """`what` names it in messages, such as "Envoy's admin API". Raises SystemUnreachable.

    A message quotes neither a path nor an answer: in a store either may hold prompt text. `quotes` says that here they hold none.
    """

    url: str
    what: str = field(kw_only=True)
    within_s: float = field(default=ANSWER_WITHIN_S, kw_only=True)
    quotes: bool = field(default=False, kw_only=True)

    def call(
        self, method: str, path: str, *, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """`path` begins with a slash, or is a whole URL that an earlier answer named."""
        with self._mapped(), self._open(method, path, body=body, headers=headers) as response:
            return Answer(status=response.status_code, headers=response.headers, body=self._body(response))

    @contextmanager
    def stream(self, path: str, *, headers: Mapping[str, str] | None = None) -> Iterator[Iterator[bytes]]:
        """The body of a GET as it is stored, in pieces, of any size."""
        stored = {"Accept-Encoding": "identity", **(headers or {})}
        with self._mapped(), self._open("GET", path, body=None, headers=stored) as response:
            if not response.is_success:
                raise self.refused("GET", path, Answer(status=response.status_code, headers={}, body=b""))
            yield response.iter_raw()

    def parsed(self, answer: Answer, *, type: type[T]) -> T:  # noqa: A002 - as msgspec calls it
        try:
            return msgspec.json.decode(answer.body, type=type)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise SystemUnreachable(
                f"what answers at {self.url} is not {self.what}: its answer is not what was asked for"
            ) from error

    def refused(self, method: str, path: str, answer: Answer) -> SystemUnreachable:
        if not self.quotes:
            return SystemUnreachable(f"{self.what} at {self.url} refused a {method}: {answer.status}")
        said = answer.body[:300].decode("utf-8", errors="replace").strip()
        return SystemUnreachable(
            f"{self.what} at {self.url} refused {method} of {path!r}: {answer.status} {said}".rstrip()
        )

    @contextmanager
    def _open(
        self, method: str, path: str, *, body: bytes | None, headers: Mapping[str, str] | None
    ) -> Iterator[httpx.Response]:
        url = path if "://" in path else f"{self.url.rstrip('/')}{path}"
        verify = no_tls() if url.startswith("http://") else True
        with (
            httpx.Client(trust_env=False, timeout=self.within_s, verify=verify) as client,
            client.stream(method, url, content=body, headers={"Connection": "close", **(headers or {})}) as response,
        ):
            yield response

    def _body(self, response: httpx.Response) -> bytes:
        parts, size = [], 0
        for part in response.iter_bytes():
            parts.append(part)
            size += len(part)
            if size > MAX_BYTES:
                raise SystemUnreachable(f"{self.what} at {self.url} answers with more than {MAX_BYTES} bytes")
        return b"".join(parts)

    @contextmanager
    def _mapped(self) -> Iterator[None]:
        try:
            yield
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            # The client's own words may hold what a server said; the kind of error is enough.
            raise SystemUnreachable(f"{self.what} at {self.url} does not answer: {type(error).__name__}") from error


@functools.cache
def no_tls() -> ssl.SSLContext:
    """Trusts nobody. For plain http:// only: to load the trusted authorities takes 20 ms, each time."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
