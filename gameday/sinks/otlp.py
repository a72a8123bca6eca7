"""OTLP's JSON, taken apart into records: one for each span, log record and data point, with all that stands around it."""

import re
from collections.abc import Iterator
from typing import Final

import msgspec
from attrs import frozen

from gameday.errors import SinkUnreadable, SystemUnreachable
from gameday.servers.otlp import send_traces, sentinel_span
from gameday.sighting import Record
from gameday.sinks.base import Sink

_POINTS: Final = ("gauge", "sum", "histogram", "exponentialHistogram", "summary")
# Below each key the next; a key that holds no child is where a record ends, so that a resource without a span is one too.
_LEVELS: Final = (
    (("resourceSpans",), ("scopeSpans",), ("spans",)),
    (("resourceLogs",), ("scopeLogs",), ("logRecords",)),
    (("resourceMetrics",), ("scopeMetrics",), ("metrics",), _POINTS, ("dataPoints",)),
)
_TIMES: Final = ("endTimeUnixNano", "observedTimeUnixNano", "timeUnixNano")
_HEX: Final = re.compile(r"[0-9a-f]{16,32}")


@frozen(kw_only=True)
class Leaf:
    """`document` is the export without everything that belongs to another item; `item` is the innermost object in it."""

    document: object
    item: object
    resource: object = None

    @property
    def body(self) -> bytes:
        return msgspec.json.encode(self.document)

    @property
    def stamp_s(self) -> float | None:
        """When it ended or was observed, in wall-clock seconds."""
        for key in _TIMES:
            value = str(_get(self.item, key) or "")
            if value.isascii() and value.isdigit() and 0 < int(value) < 2**64:
                return int(value) / 1e9
        return None

    @property
    def span(self) -> str:
        """The ids of its trace and span; empty where it is no span, or bears an id that is none."""
        ids = [str(_get(self.item, key) or "") for key in ("traceId", "spanId")]
        return "/".join(ids) if _get(self.item, "endTimeUnixNano") and all(map(_HEX.fullmatch, ids)) else ""

    def attribute(self, name: str) -> str | None:
        """A text among its own attributes, or else its resource's; of several texts the first."""
        own, around = (_attribute(holder, name) for holder in (self.item, self.resource))
        return around if own is None else own


def leaves(export: object) -> Iterator[Leaf]:
    """Nothing is lost: each text and key of `export` stands in at least one leaf. What is not OTLP is one leaf, whole."""
    chosen = [levels for levels in _LEVELS if isinstance(export, dict) and levels[0][0] in export]
    if len(chosen) == 1:
        yield from _below(export, chosen[0])
    elif export != {}:
        yield Leaf(document=export, item=export)


def _below(node: object, levels: tuple[tuple[str, ...], ...], resource: object = None) -> Iterator[Leaf]:
    key = next((key for key in levels[0] if _get(node, key)), None) if levels else None
    if not isinstance(node, dict) or key is None:
        yield Leaf(document=node, item=node, resource=resource)
        return
    around = {name: value for name, value in node.items() if name != key}
    children = node[key] if isinstance(node[key], list) else [node[key]]
    for child in children:
        for leaf in _below(child, levels[1:], node.get("resource", resource)):
            yield Leaf(document={**around, key: leaf.document}, item=leaf.item, resource=leaf.resource)


def _get(node: object, key: str) -> object:
    return node.get(key) if isinstance(node, dict) else None


def _attribute(holder: object, name: str) -> str | None:
    attributes = _get(holder, "attributes")
    for attribute in attributes if isinstance(attributes, list) and name else ():
        if _get(attribute, "key") == name:
            return _text(_get(attribute, "value"))
    return None


def _text(value: object) -> str | None:
    several = _get(_get(value, "arrayValue"), "values")
    text = _get(several[0] if isinstance(several, list) and several else value, "stringValue")
    return text if isinstance(text, str) else None


@frozen
class PlantableSink:
    """A sink of what arrives by OTLP over HTTP at `otlp`, and so takes a harmless span from us there."""

    sink: Sink
    otlp: str

    @property
    def name(self) -> str:
        return self.sink.name

    def records(self, *, after: str | None = None) -> Iterator[Record]:
        return self.sink.records(after=after)

    def plant(self, sentinel: str) -> None:
        try:
            send_traces(self.otlp, sentinel_span(sentinel))
        except SystemUnreachable as error:
            raise SinkUnreadable(self.name, f"it takes no sentinel: {error}") from error
