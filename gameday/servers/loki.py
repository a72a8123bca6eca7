"""Loki: the log store, and what gameday asks of it: push, read on in time, request a deletion, flush."""

import datetime as dt
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Annotated, Final
from urllib.parse import urlencode

import msgspec
from attrs import field, frozen

from gameday.errors import HarnessError, SystemUnreachable
from gameday.runtime.base import Layout, OnPath, Running
from gameday.servers.http_api import HttpApi

ANSWER_WITHIN_S: Final = 5.0
PAGE_LINES: Final = 1000  # 5000 would be taken; a page is read at once
_LOOK_WITHIN_S: Final = 0.4  # two calls
_NS: Final = 10**9


class MoreThanAPage(HarnessError):
    """More lines than a page holds bear one timestamp, so that nobody can read past them."""


@frozen(kw_only=True)
class Loki:
    """Listens at its port "http"; "grpc" is for its own parts. Whoever reaches it may read, write and delete: there are no tenants.

    A deletion hides lines from queries: at once if nobody has read a line since it started, else within 5 minutes. It is carried out
    on the volume after a further restart and about 70 s. It is quiet: at its usual log level one search prints the query six times.
    """

    name: str = "loki"
    image: str = "grafana/loki:3.7.8"
    program: OnPath = field(default=OnPath(("loki",), in_image="/usr/bin/loki"))
    ports: tuple[str, ...] = ("http", "grpc")

    def files(self, layout: Layout) -> Mapping[str, bytes]:
        return {"loki.yaml": json.dumps(config(layout), indent=1).encode()}  # JSON is YAML

    def command(self, layout: Layout) -> tuple[str, ...]:
        return (f"-config.file={layout.folder}/loki.yaml",)

    def is_ready(self, running: Running) -> bool:
        """It takes lines before it answers queries. Labels are asked for: reading lines would make deletions slow to show."""
        try:
            _call(url_of(running), "GET", "/ready", within_s=_LOOK_WITHIN_S)
            _call(url_of(running), "GET", "/loki/api/v1/labels", within_s=_LOOK_WITHIN_S)
        except SystemUnreachable:
            return False
        return True


def url_of(running: Running) -> str:
    return f"http://{running.addresses['http']}"


def config(layout: Layout) -> dict[str, object]:
    folder, http_port, grpc_port = layout.folder, layout.ports["http"], layout.ports["grpc"]
    in_memory: dict[str, object] = {"kvstore": {"store": "inmemory"}}
    return {
        "auth_enabled": False,
        "analytics": {"reporting_enabled": False},
        "server": {
            "http_listen_address": layout.bind,
            "http_listen_port": http_port,
            "grpc_listen_address": "127.0.0.1",  # where its parts find each other: they are one process
            "grpc_listen_port": grpc_port,
            "log_level": "warn",
        },
        "common": {
            "instance_addr": "127.0.0.1",
            "path_prefix": folder,
            "replication_factor": 1,
            "ring": in_memory,
            "storage": {"filesystem": {"chunks_directory": f"{folder}/chunks", "rules_directory": f"{folder}/rules"}},
        },
        "schema_config": {"configs": [_SCHEMA]},
        "frontend_worker": {"frontend_address": f"127.0.0.1:{grpc_port}"},  # else queries are answered after 10 s
        "ingester": _INGESTER,
        "compactor": {"working_directory": f"{folder}/compactor", **_COMPACTOR},
        "limits_config": _LIMITS,
    }


_SCHEMA: Final = {
    "from": "2020-01-01",
    "store": "tsdb",
    "object_store": "filesystem",
    "schema": "v13",
    "index": {"prefix": "index_", "period": "24h"},
}
# Lines come to rest on the volume within seconds: there they can be deleted, and lines stamped long ago can be read at all.
_INGESTER: Final = {
    "lifecycler": {"min_ready_duration": "0s", "final_sleep": "0s"},
    "chunk_idle_period": "2s",
    "flush_check_period": "1s",
    "wal": {"checkpoint_duration": "2s"},
}
_COMPACTOR: Final = {
    "retention_enabled": True,  # without it there are no deletions
    "delete_request_store": "filesystem",
    "delete_request_cancel_period": "0s",
    "retention_delete_delay": "0s",
    "compaction_interval": "1s",
    "apply_retention_interval": "2s",
}
_LIMITS: Final = {
    "max_query_length": "0s",  # a look reads all of it
    "split_queries_by_interval": "24h",
    "reject_old_samples": False,
    "ingestion_rate_mb": 64,
    "ingestion_burst_size_mb": 128,
    "per_stream_rate_limit": "64MB",
    "per_stream_rate_limit_burst": "128MB",
}


@frozen(kw_only=True)
class Entry:
    """One line. `labels` holds what Loki keeps beside it as well: its index labels and its structured metadata."""

    at_ns: int
    line: str = field(repr=False)
    labels: Mapping[str, str] = field(repr=False)


def push(
    url: str,
    line: str,
    *,
    labels: Mapping[str, str],
    at_ns: int,
    metadata: Mapping[str, str] | None = None,
    within_s: float = ANSWER_WITHIN_S,
) -> None:
    """Returns when queries see the line, unless it is stamped over 3 hours ago: then only when its chunk was flushed."""
    value: list[object] = [str(at_ns), line, *([dict(metadata)] if metadata else [])]
    body = {"streams": [{"stream": dict(labels), "values": [value]}]}
    _call(url, "POST", "/loki/api/v1/push", body=msgspec.json.encode(body), within_s=within_s)


def read(
    url: str,
    selector: str,
    *,
    start_ns: int,
    end_ns: int,
    page_lines: int = PAGE_LINES,
    within_s: float = ANSWER_WITHIN_S,
) -> Iterator[Entry]:
    """Every line with start <= stamp < end, oldest first, each once. Raises SystemUnreachable, or MoreThanAPage."""

    def page(start: int) -> list[Entry]:
        asked = {"query": selector, "start": str(start), "end": str(end_ns), "limit": str(page_lines)}
        answer = _call(
            url, "GET", "/loki/api/v1/query_range", params=asked | {"direction": "forward"}, within_s=within_s
        )
        return _entries(url, answer)

    return paged(page, start_ns=start_ns, page_lines=page_lines)


def paged(page: Callable[[int], list[Entry]], *, start_ns: int, page_lines: int) -> Iterator[Entry]:
    """Every entry of pages that begin at or after a stamp: each begins where the last one ended, not behind it."""
    at_start: set[tuple[object, ...]] = set()
    while True:
        entries = page(start_ns)
        fresh = [entry for entry in entries if entry.at_ns > start_ns or _identity(entry) not in at_start]
        yield from fresh
        if len(entries) < page_lines:
            return
        if not fresh:
            raise MoreThanAPage(f"over {page_lines} lines are stamped {start_ns}; what follows them cannot be read")
        last_ns = entries[-1].at_ns
        kept = at_start if last_ns == start_ns else set()
        start_ns, at_start = last_ns, kept | {_identity(entry) for entry in entries if entry.at_ns == last_ns}


def _identity(entry: Entry) -> tuple[object, ...]:
    return (entry.at_ns, entry.line, *sorted(entry.labels.items()))


def request_deletion(url: str, query: str, *, start_s: float, end_s: float, within_s: float = ANSWER_WITHIN_S) -> None:
    """Asks for what `query` selects to be deleted; the end may not lie in the future.

    Loki keeps the query on its volume: it must not hold the text that is to go.
    """
    asked = {"query": query, "start": _rfc3339(start_s), "end": _rfc3339(end_s)}
    _call(url, "POST", "/loki/api/v1/delete", params=asked, within_s=within_s)


def _rfc3339(wall_s: float) -> str:
    """Whole seconds would leave out what was stamped within the last one."""
    return dt.datetime.fromtimestamp(wall_s, tz=dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def flush(url: str, *, within_s: float = ANSWER_WITHIN_S) -> None:
    """Asks for all lines in memory to be written out; they are about a second later."""
    _call(url, "POST", "/flush", within_s=within_s)


class _Stream(msgspec.Struct):
    stream: dict[str, str]
    values: list[tuple[str, str]]


class _Data(msgspec.Struct):
    result: list[_Stream]
    kind: Annotated[str, msgspec.Meta(pattern="^streams$")] = msgspec.field(name="resultType")


class _Answer(msgspec.Struct):
    data: _Data


def _entries(url: str, answer: bytes) -> list[Entry]:
    try:
        streams = msgspec.json.decode(answer, type=_Answer).data.result
        found = [Entry(at_ns=int(at), line=line, labels=one.stream) for one in streams for at, line in one.values]
    except (msgspec.MsgspecError, ValueError) as error:
        # Neither the answer nor the decoder's words are quoted: both may hold what rests there.
        raise SystemUnreachable(f"Loki at {url} answered a query with something else than lines") from error
    return sorted(found, key=lambda entry: entry.at_ns)


def _call(
    url: str,
    method: str,
    path: str,
    *,
    params: Mapping[str, str] | None = None,
    body: bytes | None = None,
    within_s: float,
) -> bytes:
    api = HttpApi(url.rstrip("/"), what="Loki", within_s=within_s)
    headers = {"Content-Type": "application/json"} if body is not None else {}
    answer = api.call(method, f"{path}?{urlencode(params)}" if params else path, body=body, headers=headers)
    if not answer.is_ok:
        # What it says is not shown: it repeats lines, labels and queries.
        raise SystemUnreachable(f"Loki at {url} refused {method} of {path}: {answer.status}")
    return answer.body
