"""SARIF 2.1.0, the form in which code hosts and security tools take results. It holds ids and places, no canary text."""

import json
import os
from collections.abc import Iterable, Sequence
from importlib.metadata import version
from typing import Any, Final
from urllib.parse import quote

from gameday.sighting import Note, Sighting

SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
RULE: Final = "prompt-canary"
NOT_LOOKED_INTO: Final = "not-looked-into"
_SAFE: Final = "/:@!$&'()*+,;=~%?#[]"  # of a URL, which is left as it is


def sarif(sightings: Sequence[Sighting], notes: Iterable[tuple[str, Note]] = (), *, exit_code: int) -> bytes:
    """One run. Each sighting's `place` is a path or URL; `notes` stand beside theirs. The same bytes for the same input."""
    seen_not = [_notification(place, note) for place, note in notes]
    run = {
        "tool": {"driver": _driver()},
        "invocations": [
            {
                "executionSuccessful": not seen_not,
                "exitCode": exit_code,
                "toolExecutionNotifications": seen_not,
            }
        ],
        "results": [_result(sighting) for sighting in sightings],
    }
    log = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(log, indent=1).encode() + b"\n"


def shown(place: str) -> str:
    """A path as text, also where it holds bytes that are none."""
    return os.fsencode(place).decode("utf-8", "backslashreplace")


def _driver() -> dict[str, Any]:
    return {
        "name": "gameday",
        "version": version("gameday"),
        "rules": [
            {
                "id": RULE,
                "name": "PromptCanary",
                "shortDescription": {"text": "A canary prompt rests where no prompt may."},
                "fullDescription": {
                    "text": "Text of a synthetic prompt was found, as it is or encoded. What it reached, a real prompt reaches."
                },
                "help": {
                    "text": "Find out what wrote it there, stop that, then remove what is there: gameday whois FILE."
                },
                "defaultConfiguration": {"level": "error"},
                "properties": {"tags": ["security", "privacy"], "precision": "very-high", "security-severity": "8.0"},
            }
        ],
        "notifications": [
            {
                "id": NOT_LOOKED_INTO,
                "name": "NotLookedInto",
                "shortDescription": {"text": "Something could not be looked into: it is unknown, not clean."},
                "defaultConfiguration": {"level": "warning"},
            }
        ],
    }


def _result(sighting: Sighting) -> dict[str, Any]:
    properties = {
        "canary": sighting.canary,
        "slot": sighting.slot,
        "parts": sorted(sighting.parts),
        "form": list(sighting.form),
    }
    return {
        "ruleId": RULE,
        "ruleIndex": 0,
        "level": "error",
        "message": {"text": _message(sighting)},
        "locations": [_location(sighting.place, sighting.offset)],
        "partialFingerprints": {"canaryAndForm/v1": " ".join((sighting.canary, *sighting.form))},
        "properties": properties if sighting.share is None else {**properties, "share": sighting.share},
    }


def _message(sighting: Sighting) -> str:
    slot = f" (slot {sighting.slot})" if sighting.slot else ""
    form = " > ".join(sighting.form) or "plain text"
    share = "" if sighting.share is None else f"; {sighting.share:.0%} of its text is exposed"
    return f"Canary {sighting.canary}{slot}: {', '.join(sorted(sighting.parts))} found as {form}{share}."


def _notification(place: str, note: Note) -> dict[str, Any]:
    form = f" ({' > '.join(note.form)})" if note.form else ""
    return {
        "descriptor": {"id": NOT_LOOKED_INTO, "index": 0},
        "level": "warning",
        "message": {"text": f"Could not look into this{form}: {note.why}"},
        "locations": [_location(place, note.offset)],
    }


def _location(place: str, offset: int) -> dict[str, Any]:
    return {"physicalLocation": {"artifactLocation": {"uri": _uri(place)}, "region": {"byteOffset": offset}}}


def _uri(place: str) -> str:
    """A relative path stays relative, so that a code host finds it from the root of the repository."""
    if "://" in place or "::" in place:
        return quote(place, safe=_SAFE)
    quoted = quote(os.fsencode(place))
    return f"file://{quoted}" if place.startswith("/") else quoted
