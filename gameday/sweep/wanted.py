"""What a sweep looks for: the tokens of one or more site keys, and the values and prose of canaries that were kept."""

import hashlib
from importlib.metadata import version

from attrs import field, frozen

from gameday.canary.key import SiteKey
from gameday.canary.mint import Canary
from gameday.sweep.work import Searcher


@frozen(kw_only=True)
class FinderSpec:
    """A key alone finds every token of its site; values and prose are found of `canaries` only.

    `is_deep` looks for more forms, slowly. It holds keys and texts: whatever it is sent over must be trusted.
    """

    keys: tuple[SiteKey, ...] = field(repr=False)
    canaries: tuple[Canary, ...] = field(default=(), repr=False)
    is_deep: bool = False

    def finder(self) -> Searcher:
        from gameday.canary.find import Finder  # noqa: PLC0415 - built where it is used, by each worker

        return Finder(self.keys, self.canaries)

    def digest(self) -> str:
        told = hashlib.blake2b(f"{version('gameday')} {self.is_deep}".encode(), digest_size=16)
        for key in self.keys:
            told.update(key.key_id.encode())
        for canary in self.canaries:
            told.update(f"{canary.id} {canary.fingerprint}\n".encode())
        return told.hexdigest()
