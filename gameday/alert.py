"""An alert as it was delivered: what a runbook is given, and nothing else."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final, Self

from attrs import field, frozen

from gameday.clock import Interval

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@frozen(kw_only=True)
class Telling:
    """That one alert is told to one receiver: what Alertmanager owes, and what arrived, are compared by it.

    An alert that is told once more, with others of its group, is the same telling.
    """

    receiver: str
    fingerprint: str
    starts_ms: int  # Alertmanager's API knows no more of it; its webhook does

    @classmethod
    def of(cls, *, receiver: str, fingerprint: str, starts_at: str) -> Self | None:
        """None where the sender gives no fingerprint, or no start that can be read: nothing then says which alert it is."""
        try:
            starts = datetime.fromisoformat(starts_at)
        except ValueError:
            return None
        if not fingerprint or starts.tzinfo is None:
            return None
        return cls(receiver=receiver, fingerprint=fingerprint, starts_ms=(starts - _EPOCH) // timedelta(milliseconds=1))


@frozen(kw_only=True)
class Alert:
    """One alert of an Alertmanager webhook. `fields` are what the user's `match` table reads out of it, such as request_id.

    `posted` is the detector's own claim of when it noticed (startsAt); None where it made none that can be read.
    `receiver` is the one that the operator's routes name; "" where nothing routed it.
    """

    id: str
    name: str
    severity: str
    labels: Mapping[str, str]
    fields: Mapping[str, str]
    received: Interval
    posted: Interval | None = None
    annotations: Mapping[str, str] = field(factory=dict)
    receiver: str = ""
    telling: Telling | None = None

    def words(self) -> dict[str, str]:
        """What a runbook's command may say as {alert.WORD}."""
        return {"id": self.id, "name": self.name, "severity": self.severity, **self.labels, **self.fields}
