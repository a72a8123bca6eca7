"""Where bytes can rest, and what may rest there."""

from enum import StrEnum

import msgspec


class Policy(StrEnum):
    """What of a prompt may rest at a place. What no policy allows is a leak."""

    NOTHING = "nothing"  # no part of a prompt
    REDACTED = "redacted"  # the family's value must not; the token and the prose around it may
    FULL = "full"  # all of it; its time, access and tenant are judged instead


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """One place. `by_tenant`: each record belongs to one tenant, and holds no part of another tenant's prompt.

    `settle_s`: the place does not keep order, so that a look counts only this long after the traffic ended.
    `is_final`: what arrived here cannot be taken back (an answer given); containment can only prove that it stopped.
    `ttl_s`: how long a prompt may be readable here. `is_long_term`: an object store, an archive, a backup, a snapshot.
    `unit`: what one record is ("span": these are counted, and those of them that carry any part of a prompt).
    """

    name: str
    policy: Policy = Policy.NOTHING
    by_tenant: bool = False
    settle_s: float = 0.0
    is_final: bool = False
    ttl_s: float | None = None
    is_long_term: bool = False
    unit: str = ""

    def allows(self, *, parts: frozenset[str], owner: str | None, tenant: str) -> bool:
        """Whether `parts` (of token, value, prose) of a prompt of `tenant` may rest in a record that belongs to `owner`."""
        if self.by_tenant and owner != tenant:
            return not parts
        match self.policy:
            case Policy.NOTHING:
                return not parts
            case Policy.REDACTED:
                return "value" not in parts
            case Policy.FULL:
                return True
