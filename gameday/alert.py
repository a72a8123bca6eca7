"""An alert as it was delivered: what a runbook is given, and nothing else."""

from collections.abc import Mapping

from attrs import field, frozen

from gameday.clock import Interval


@frozen(kw_only=True)
class Alert:
    """One alert of an Alertmanager webhook. `fields` are what the user's `match` table reads out of it, such as request_id.

    `posted` is the detector's own claim of when it noticed (startsAt); None where it made none that can be read.
    """

    id: str
    name: str
    severity: str
    labels: Mapping[str, str]
    fields: Mapping[str, str]
    received: Interval
    posted: Interval | None = None
    annotations: Mapping[str, str] = field(factory=dict)

    def words(self) -> dict[str, str]:
        """What a runbook's command may say as {alert.WORD}."""
        return {"id": self.id, "name": self.name, "severity": self.severity, **self.labels, **self.fields}
