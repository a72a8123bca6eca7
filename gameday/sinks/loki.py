"""The lines of a Loki, each with all that Loki keeps beside it. Loki is told a stream selector, and nothing that is looked for.

What queries do not show, this cannot see: lines stamped over three hours ago until their chunk was flushed, and lines that a
deletion hides, whether or not they are still there. A sentinel does not tell of these. For them there is LokiFilesSink.
"""

import hashlib
import itertools
import re
from collections.abc import Iterator
from typing import Final

from attrs import field, frozen

from gameday import clock
from gameday.config import SinkConfig, seconds
from gameday.errors import SinkUnreadable, SystemUnreachable
from gameday.servers.loki import Entry, MoreThanAPage, push, read
from gameday.sighting import Record

EVERYTHING: Final = '{service_name=~".+"}'  # Loki gives each stream this label
SENTINELS: Final = {"service_name": "gameday-sentinel"}
SENTINEL_SELECTOR: Final = '{service_name="gameday-sentinel"}'
LATE_S: Final = 30.0
_FIRST_LOOK_S: Final = 30 * 86400.0  # Loki refuses more than 30 days and an hour, unless told otherwise
_AHEAD_S: Final = 1800.0  # it takes lines that are stamped up to 10 minutes from now
_NS: Final = 10**9
_LOOKS: Final = 8

Seen = dict[str, int]


@frozen
class LokiSink:
    """Reads what `query`, a stream selector, selects; `request_id` names the label or metadata that holds it.

    Lines arrive later than they are stamped: each look begins LATE_S, or `settle` if that is longer, before the newest line of the
    last one, and passes over what it has yielded. A first look goes back 30 days.
    """

    config: SinkConfig
    _looks: dict[str, Seen] = field(factory=dict, init=False, repr=False)
    _numbers: "itertools.count[int]" = field(factory=itertools.count, init=False, repr=False)

    @property
    def name(self) -> str:
        return "loki"

    def plant(self, sentinel: str) -> None:
        try:
            push(self.config.url, sentinel, labels=SENTINELS, at_ns=_now_ns())
        except SystemUnreachable as error:
            raise SinkUnreadable(self.name, f"it takes no sentinel: {error}") from error

    def records(self, *, after: str | None = None) -> Iterator[Record]:
        stamp, _, look = (after or "").partition(":")
        newest = int(stamp or 0)
        start = max(newest - int(self._late_s * _NS), 0) if newest else _now_ns() - int(_FIRST_LOOK_S * _NS)
        look = look if look in self._looks else str(next(self._numbers))
        seen = self._looks[look] = self._looks.pop(look, {})
        while len(self._looks) > _LOOKS:
            del self._looks[next(iter(self._looks))]  # the one that was gone on with longest ago
        for old in [key for key, at_ns in seen.items() if at_ns < start]:
            del seen[old]
        now_ns = _now_ns()  # a line stamped in the future must not make later looks pass over the present
        for entry in self._entries(start):
            key = _key(entry)
            if key not in seen:
                seen[key] = entry.at_ns
                newest = max(newest, min(entry.at_ns, now_ns))
                yield self._record(entry, key, cursor=f"{newest}:{look}")

    @property
    def _late_s(self) -> float:
        return max(LATE_S, seconds(self.config.settle))

    def _entries(self, start_ns: int) -> Iterator[Entry]:
        end_ns = _now_ns() + int(_AHEAD_S * _NS)
        try:
            for selector in dict.fromkeys((self.config.query or EVERYTHING, SENTINEL_SELECTOR)):
                yield from read(self.config.url, selector, start_ns=start_ns, end_ns=end_ns)
        except (SystemUnreachable, MoreThanAPage) as error:
            raise SinkUnreadable(self.name, str(error)) from error

    def _record(self, entry: Entry, key: str, *, cursor: str) -> Record:
        beside = "".join(f"\n{name}={value}" for name, value in sorted(entry.labels.items()))
        return Record(
            body=f"{entry.line}{beside}".encode("utf-8", "surrogatepass"),
            locator=f"{entry.at_ns}:{key}",
            cursor=cursor,
            stamp_s=entry.at_ns / _NS,
            resolution_s=seconds(self.config.resolution),
            request_id=entry.labels.get(_label(self.config.request_id)),
        )


def _key(entry: Entry) -> str:
    """Names a line without quoting it; 64 bits, so that two lines of a look are not taken for one."""
    parts = (str(entry.at_ns), entry.line, *itertools.chain.from_iterable(sorted(entry.labels.items())))
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _label(name: str) -> str:
    """As Loki writes the names of attributes."""
    return re.sub(r"[^A-Za-z0-9_]", "_", name)


def _now_ns() -> int:
    return int(clock.now().wall_s * _NS)
