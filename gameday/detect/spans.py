"""OTLP's JSON, taken apart into one flat JSON line for each span: its slots and attributes by name."""

from collections.abc import Iterator

import msgspec

JsonObject = dict[str, object]


def span_lines(export: bytes) -> Iterator[bytes]:
    """Every span of an export, or of an answer that holds resourceSpans. What is no such thing is given as one line, as it is."""
    try:
        document = msgspec.json.decode(export, type=JsonObject)
    except (msgspec.DecodeError, msgspec.ValidationError):
        yield export
        return
    for resource in _objects(document, "resourceSpans"):
        about = _named(_object(resource, "resource"))
        for scope in _objects(resource, "scopeSpans"):
            for span in _objects(scope, "spans"):
                yield msgspec.json.encode({**about, "scope": scope.get("scope"), **_slots(span)}) + b"\n"


def _slots(span: JsonObject) -> JsonObject:
    """Its attributes by their names; events and links as they are, so that each can be named as the field that holds something."""
    return {**{key: value for key, value in span.items() if key != "attributes"}, **_named(span)}


def _named(holder: JsonObject) -> JsonObject:
    return {str(each.get("key")): _plain(_object(each, "value")) for each in _objects(holder, "attributes")}


def _plain(value: JsonObject) -> object:
    return next(iter(value.values()), None)


def _objects(holder: JsonObject, key: str) -> list[JsonObject]:
    found = holder.get(key)
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def _object(holder: JsonObject, key: str) -> JsonObject:
    found = holder.get(key)
    return found if isinstance(found, dict) else {}
