"""Asks an OpenAI-compatible endpoint, as any client would, and says when."""

from collections.abc import Sequence

import httpx
import msgspec
from attrs import field, frozen

from gameday import clock
from gameday.clock import Instant
from gameday.config import Target, secret
from gameday.errors import SystemUnreachable

_CHAT = "/chat/completions"


@frozen(kw_only=True)
class Message:
    role: str
    text: str = field(repr=False)


@frozen(kw_only=True)
class Answer:
    """What came back. `status` 0: nothing did, `problem` says why."""

    request_id: str
    status: int
    body: bytes = field(repr=False)
    started: Instant
    completed: Instant
    problem: str = ""


class Client:
    """One connection pool to one target. Keys are read anew for every request, because they are rotated."""

    def __init__(self, target: Target, *, timeout_s: float = 10.0) -> None:
        self._target = target
        self._url = target.url.rstrip("/") + _CHAT
        self._request_id = target.request_id.removeprefix("header:")
        self._http = httpx.Client(trust_env=False, timeout=timeout_s)

    def ask(
        self,
        messages: Sequence[Message],
        *,
        tenant: str,
        request_id: str,
        stream: bool = False,
        malformed: bool = False,
    ) -> Answer:
        """Sends one chat completion and reads all of its answer; what cannot be reached is an Answer with status 0.

        `malformed`: one parameter of the request has the wrong type, so that an API that validates refuses it.
        """
        body = {
            "model": self._target.model,
            "messages": [{"role": message.role, "content": message.text} for message in messages],
            "stream": "sometimes" if malformed else stream,
        }
        started = clock.now()
        try:
            response = self._post(msgspec.json.encode(body), tenant=tenant, request_id=request_id)
        except httpx.HTTPError as error:
            return Answer(
                request_id=request_id,
                status=0,
                body=b"",
                started=started,
                completed=clock.now(),
                problem=f"{type(error).__name__} from {self._target.url}",
            )
        return Answer(
            request_id=response.headers.get(self._request_id, request_id),
            status=response.status_code,
            body=_text(response),
            started=started,
            completed=clock.now(),
        )

    def _post(self, body: bytes, *, tenant: str, request_id: str) -> httpx.Response:
        headers = {
            "content-type": "application/json",
            "authorization": f"Bearer {self._key(tenant)}",
            self._request_id: request_id,
        }
        if self._target.exercise_tag:
            headers[self._target.exercise_tag.removeprefix("header:")] = "true"
        try:
            return self._http.post(self._url, content=body, headers=headers)
        except (httpx.RemoteProtocolError, httpx.ReadError):
            # A reload closes kept-alive connections: the request was not taken, and is sent once more.
            return self._http.post(self._url, content=body, headers=headers)

    def _key(self, tenant: str) -> str:
        reference = self._target.tenants.get(tenant)
        if reference is None:
            raise SystemUnreachable(f"the target has no tenant {tenant!r}; it has {', '.join(self._target.tenants)}")
        return secret(reference)

    def close(self) -> None:
        self._http.close()


class _Delta(msgspec.Struct):
    content: str = ""


class _Choice(msgspec.Struct):
    delta: _Delta = msgspec.field(default_factory=_Delta)


class _Chunk(msgspec.Struct):
    choices: tuple[_Choice, ...] = ()


def _text(response: httpx.Response) -> bytes:
    return as_read(response.content, content_type=response.headers.get("content-type", ""))


def as_read(content: bytes, *, content_type: str) -> bytes:
    """The answer's bytes; of a stream the bytes and, behind them, its deltas joined as the reader sees them."""
    if "text/event-stream" not in content_type:
        return content
    return content + b"\n" + "".join(_deltas(content)).encode()


def _deltas(stream: bytes) -> list[str]:
    texts = []
    for line in stream.splitlines():
        if line.startswith(b"data: {"):
            try:
                chunk = msgspec.json.decode(line[len(b"data: ") :], type=_Chunk)
            except (msgspec.DecodeError, msgspec.ValidationError):
                continue
            texts += [choice.delta.content for choice in chunk.choices]
    return texts
