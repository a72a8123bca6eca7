"""The scrubber hop: texts in, masked texts out, nothing kept. `python -m` this file, with --config and --fd."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import msgspec

from gameday.systems.reference.asgi import App, Receive, Refused, Scope, Send, read_body, routed, send_json
from gameday.systems.reference.live import complain
from gameday.systems.reference.masking import FAMILIES, mask
from gameday.systems.reference.serving import main
from gameday.systems.reference.watched import WatchedFile, bad_value, parse_as


class RedactorProgramSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which families of secrets are masked: all of them, unless somebody took one out."""

    families: tuple[str, ...] = tuple(FAMILIES)


class Texts(msgspec.Struct, frozen=True):
    texts: list[str]


class Redactor:
    def __init__(self, config: Path) -> None:
        self._watched = WatchedFile(config, parse=_parse, on_bad=complain)

    def refresh(self) -> None:
        self._watched.refresh()

    async def health(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        await send_json(send, 200, {"status": "ok", "config": self._watched.sha256})

    async def redact(self, _scope: Scope, receive: Receive, send: Send) -> None:
        self.refresh()
        families = frozenset(self._watched.value.families)
        masked = [mask(text, families=families) for text in _texts(await read_body(receive))]
        counts: Counter[str] = Counter()
        for one in masked:
            counts.update(one.counts)
        await send_json(send, 200, {"texts": [one.text for one in masked], "masked": counts})


def _texts(body: bytes) -> list[str]:
    try:
        return msgspec.json.decode(body, type=Texts).texts
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Refused(400, 'The body is not {"texts": [...]}.', code="bad_body") from error


def _parse(path: Path, content: bytes) -> RedactorProgramSettings:
    settings = parse_as(RedactorProgramSettings, file=path, content=content)
    if unknown := sorted(set(settings.families) - set(FAMILIES)):
        raise bad_value(path, f"unknown {', '.join(unknown)}; known are {', '.join(FAMILIES)} - at `$.families`")
    return settings


def make_app(config: Path) -> tuple[App, Callable[[], None]]:
    redactor = Redactor(config)
    return routed({("POST", "/v1/redact"): redactor.redact, ("GET", "/healthz"): redactor.health}), redactor.refresh


if __name__ == "__main__":
    main(make_app)
