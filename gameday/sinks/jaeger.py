"""Everything that a Jaeger keeps, by its query API. Every look asks for all of it, and yields what is new."""

import hashlib
import secrets
from collections.abc import Iterator

import msgspec
from attrs import define, field, frozen

from gameday.config import SinkConfig, seconds
from gameday.errors import SinkUnreadable, SystemUnreachable
from gameday.servers.jaeger import MAX_TRACES, keeps_at_most, span_groups
from gameday.sighting import Record
from gameday.sinks.base import Sink
from gameday.sinks.otlp import Leaf, PlantableSink, leaves


def jaeger_sink(config: SinkConfig) -> Sink:
    """Plantable where `config.otlp` says whither spans are sent."""
    sink = JaegerSink(config)
    return PlantableSink(sink, config.otlp) if config.otlp else sink


@frozen
class _Group:
    """What this sink knows of a group of spans that it decoded: the number of its last record, and its traces."""

    last: int
    traces: frozenset[str]


@define
class JaegerSink:
    """`url` is that of the query API; `limit` is how many traces the store keeps at most, and a look asks for.

    A span that comes late has an early time, so a cursor is not a time: it is how many records this sink had given. The
    cursor of another sink is none, and reads all. A store that is full forgets its oldest trace for each new one: a look
    counts as long as it shows a trace of the look before, which proves that nothing came and went in between.
    """

    config: SinkConfig
    _id: str = field(factory=lambda: secrets.token_hex(4), init=False)
    _given: dict[bytes, int] = field(factory=dict, init=False)
    _groups: dict[bytes, _Group] = field(factory=dict, init=False)
    _traces: frozenset[str] = field(factory=frozenset, init=False)

    @property
    def name(self) -> str:
        return "jaeger spans"

    def records(self, *, after: str | None = None) -> Iterator[Record]:
        found = {_digest(group): group for group in self._groups_now()}
        for digest, group in found.items():
            if digest not in self._groups:
                self._groups[digest] = self._numbered(group)
        self._groups = {digest: self._groups[digest] for digest in found}
        self._check_whole(frozenset().union(*(group.traces for group in self._groups.values())))
        given = self._number_of(after)
        fresh = [
            (self._given[_digest(leaf.body)], leaf)
            for digest, group in found.items()
            if self._groups[digest].last > given
            for leaf in leaves(_export(group))
        ]
        for number, leaf in sorted(fresh, key=lambda one: one[0]):
            if number > given:
                yield self._record(leaf, number)

    @property
    def _limit(self) -> int:
        return self.config.limit or MAX_TRACES

    def _number_of(self, cursor: str | None) -> int:
        sink, _, number = (cursor or "").partition(":")
        return int(number) if sink == self._id else 0

    def _groups_now(self) -> list[bytes]:
        try:
            return [bytes(group) for group in span_groups(self.config.url, max_traces=self._limit)]
        except SystemUnreachable as error:
            raise SinkUnreadable(self.name, str(error)) from error

    def _numbered(self, group: bytes) -> _Group:
        """Gives each of its records a number, in the order in which this sink first saw them; one that changed is another."""
        found = list(leaves(_export(group)))
        numbers = [self._given.setdefault(_digest(leaf.body), len(self._given) + 1) for leaf in found]
        traces = frozenset(leaf.span.partition("/")[0] for leaf in found)
        return _Group(last=max(numbers, default=0), traces=traces - {""})

    def _check_whole(self, traces: frozenset[str]) -> None:
        before, self._traces = self._traces, traces
        if len(traces) < self._limit:
            return
        try:
            is_all = keeps_at_most(self.config.url, self._limit)
        except SystemUnreachable as error:
            raise SinkUnreadable(self.name, str(error)) from error
        if not is_all:
            raise SinkUnreadable(self.name, f"it keeps more than {self._limit} traces: set limit to its max_traces")
        if not traces & before:
            raise SinkUnreadable(
                self.name, f"it is full with {self._limit} traces, and forgot others before they were looked at"
            )

    def _record(self, leaf: Leaf, number: int) -> Record:
        return Record(
            body=leaf.body,
            locator=leaf.span or f"span:{_digest(leaf.body).hex()}",
            cursor=f"{self._id}:{number}",
            stamp_s=leaf.stamp_s,
            resolution_s=seconds(self.config.resolution),
            request_id=leaf.attribute(self.config.request_id),
        )


def _export(group: bytes) -> dict[str, object]:
    return {"resourceSpans": [msgspec.json.decode(group)]}


def _digest(content: bytes) -> bytes:
    return hashlib.blake2b(content, digest_size=16).digest()
