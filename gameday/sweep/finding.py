"""Finds a file's canaries in files, folders and standard input: the small sister of the sweep."""

import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from attrs import evolve

from gameday.canary.key import SiteKey, existing
from gameday.canary.mint import Canary
from gameday.sarif import shown
from gameday.sighting import Sighting
from gameday.sweep.result import Swept
from gameday.sweep.sweeping import sweep
from gameday.sweep.wanted import FinderSpec


def find(
    paths: Sequence[str],
    *,
    canaries: Iterable[Canary] = (),
    keys: Sequence[SiteKey] = (),
    deep: bool = False,
    workers: int = 1,
) -> Swept:
    """Searches files, folders, URLs and standard input ("-") for canaries and for every token of `keys` (default: the site's).

    `Swept.exit_code`: 0 clean, 1 found, 2 not all of it could be looked into. `deep` finds more forms, slowly.
    """
    spec = FinderSpec(keys=tuple(keys) or (existing(),), canaries=tuple(canaries), is_deep=deep)
    return sweep(paths, finder_spec=spec, workers=workers)


def lines(swept: Swept) -> Iterator[str]:
    """A JSON line for each canary and file, and one for whatever was not looked into."""
    by_file = sorted(swept.sightings, key=lambda one: (one.place, one.canary, one.offset, one.form))
    for (path, canary), group in groupby(by_file, key=lambda one: (one.place, one.canary)):
        yield _line(path, canary, list(group))
    for unseen in swept.unseen:
        told = {"not_looked_into": shown(unseen.path), "offset": unseen.offset, "forms": list(unseen.form)}
        yield json.dumps({**told, "why": unseen.why})


def _line(path: str, canary: str, sightings: list[Sighting]) -> str:
    shares = [one.share for one in sightings if one.share is not None]
    first = evolve(sightings[0], share=max(shares, default=None))
    return json.dumps(
        {
            "id": canary,
            "slot": first.slot,
            "parts": sorted({part for one in sightings for part in one.parts}),
            "forms": [list(one.form) for one in sightings],
            "path": shown(path),
            "offset": first.offset,
            "share": first.share,
        }
    )
