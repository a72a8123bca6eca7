"""What a sink yields, and what the harness found in it."""

from attrs import field, frozen


@frozen(kw_only=True)
class Record:
    """One thing that rests at a place, as it is there.

    `locator` names it without quoting it (`path:offset`, a key's digest). `stamp_s` is the record's own wall-clock stamp,
    good to `resolution_s`. `request_id` is what the record itself says it belongs to; `owner` the tenant it is kept for.
    `cursor` is where a later look goes on.
    """

    body: bytes = field(repr=False)
    locator: str
    cursor: str
    stamp_s: float | None = None
    resolution_s: float = 0.0
    request_id: str | None = None
    owner: str | None = None


@frozen(kw_only=True)
class Sighting:
    """A canary found in bytes: which one, what of it survived (token, value, prose), in which form, and where (byte offset)."""

    canary: str
    parts: frozenset[str]
    form: tuple[str, ...]
    offset: int
    place: str = ""
