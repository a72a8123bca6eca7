"""A sweep's result as JSON lines: what was found, what was not looked into, and a summary at the end."""

import json
from collections.abc import Iterator

from gameday.sarif import shown
from gameday.sweep.result import Swept


def lines(swept: Swept) -> Iterator[str]:
    """Without the line ends. The same for the same result."""
    for one in swept.sightings:
        yield json.dumps(
            {
                "id": one.canary,
                "slot": one.slot,
                "parts": sorted(one.parts),
                "form": list(one.form),
                "path": shown(one.place),
                "offset": one.offset,
                "share": one.share,
            }
        )
    for unseen in swept.unseen:
        yield json.dumps(
            {
                "not_looked_into": shown(unseen.path),
                "offset": unseen.offset,
                "form": list(unseen.form),
                "why": unseen.why,
            }
        )
    yield json.dumps(
        {
            "files": swept.files,
            "bytes": swept.size_bytes,
            "found": len(swept.sightings),
            "canaries": len({one.canary for one in swept.sightings}),
            "not_looked_into": len(swept.unseen),
            "exit_code": swept.exit_code,
        }
    )
