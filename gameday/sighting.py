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
    """A canary found in bytes: which one, what of it survived (token, value, prose), in which form, and where (byte offset).

    `slot` is the one it was sent in, "" where that is not known. `share` is how much of its text is exposed, from 0 to 1:
    None where the text is not known (a canary of another run).
    """

    canary: str
    parts: frozenset[str]
    form: tuple[str, ...]
    offset: int
    slot: str = ""
    share: float | None = None
    place: str = ""


@frozen(kw_only=True)
class Note:
    """Something that was not looked into: where it begins, in which form it stands there, and why."""

    offset: int
    form: tuple[str, ...]
    why: str
