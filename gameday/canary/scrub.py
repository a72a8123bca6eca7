"""Takes canary text out of what gameday itself writes."""

from gameday.canary.find import Finder
from gameday.canary.spans import Span


class Scrubber:
    """What comes out of `scrub` holds nothing that its finder can find."""

    def __init__(self, finder: Finder) -> None:
        self._finder = finder

    def scrub(self, text: str) -> str:
        """Each literal becomes `[canary <id>]`; a text that holds encoded ones, or too much to decode, is withheld whole."""
        scrubbed = _replaced(_bytes(text), spans=self._finder.spans(_bytes(text)))
        found = self._finder.find(scrubbed, chains=True)
        if found.sightings:
            ids = ", ".join(sorted({sighting.canary for sighting in found.sightings}))
            return f"[withheld: it held canary {ids}]"
        if not found.is_complete:
            return "[withheld: too much of it is encoded to be searched]"
        return scrubbed.decode("utf-8", "surrogatepass")

    def holds(self, text: str) -> bool:
        """Also true of a text that could not be searched completely."""
        found = self._finder.find(_bytes(text), chains=True)
        return bool(found.sightings) or not found.is_complete


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _replaced(body: bytes, *, spans: list[Span]) -> bytes:
    """Spans that overlap are replaced as one, under the first one's name."""
    parts, done = list[bytes](), 0
    for span in spans:
        if span.start >= done:
            parts += [body[done : span.start], f"[canary {span.canary}]".encode()]
        done = max(done, span.end)
    return b"".join([*parts, body[done:]])
