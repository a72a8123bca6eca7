"""How long a million tokens take to mint, that none of them collide, and how long whole canaries take.

Run: python -m benchmarks.mint [tokens]. It asserts nothing about time.
"""

import itertools
import sys
import time

from gameday.canary.families import FAMILIES
from gameday.canary.key import SiteKey
from gameday.canary.mint import SLOTS, Mint
from gameday.canary.token import SERIAL_BITS, Tokens

KEY = SiteKey(b"b" * 32)
TENANTS = tuple("abcdefgh")


def tokens(count: int) -> int:
    """How many different ones there are among `count`."""
    mint, site = Mint(KEY, run="benchmark", seed=1, tenants=TENANTS, day=0), Tokens(KEY)
    places = itertools.product(TENANTS, SLOTS, range(1 << SERIAL_BITS))
    ids = (mint.token_id(tenant=tenant, slot=slot, serial=serial) for tenant, slot, serial in places)
    return len({site.mint(token_id) for token_id in itertools.islice(ids, count)})


def main(count: int = 1_000_000) -> None:
    start = time.perf_counter()
    different = tokens(count)
    print(f"{count:,} tokens in {time.perf_counter() - start:.1f} s, {different:,} of them different")
    mint = Mint(KEY, run="benchmark", seed=1, tenants=("acme",), day=0)
    for family in FAMILIES:
        start = time.perf_counter()
        for _ in range(1000):
            mint.canary(family, tenant="acme", slot=SLOTS[FAMILIES.index(family) % len(SLOTS)])
        print(f"{family.name}: {(time.perf_counter() - start) * 1000:.0f} us a canary")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
