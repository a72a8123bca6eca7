"""What a record says of itself: a JSON document, and what stands at a dotted path in it."""

import msgspec


def parsed(document: bytes) -> object:
    """The JSON document; None where it is none."""
    try:
        return msgspec.json.decode(document)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def at(fields: object, path: str) -> object:
    """What stands at a dotted path, such as resp_headers.X-Request-Id.0; None where nothing does."""
    if not path:
        return None
    for key in path.split("."):
        if isinstance(fields, dict):
            fields = fields.get(key)
        elif isinstance(fields, list) and key.isdigit() and int(key) < len(fields):
            fields = fields[int(key)]
        else:
            return None
    return fields


def text_at(fields: object, path: str) -> str | None:
    found = at(fields, path)
    return found if isinstance(found, str) else None


def number_at(fields: object, path: str) -> float | None:
    found = at(fields, path)
    return float(found) if isinstance(found, int | float) else None
