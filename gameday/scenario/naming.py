"""Which alert names which leak."""

from collections.abc import Sequence

from attrs import frozen

from gameday.alert import Alert
from gameday.clock import Interval
from gameday.scenario.oracle import Finding


@frozen(kw_only=True)
class OpenLeak:
    """A request whose canary was seen where it must not be, and every finding of it."""

    request: str
    canary: str
    tenant: str
    sent: Interval
    findings: tuple[Finding, ...]


@frozen(kw_only=True)
class Naming:
    """`request` is "" where the alert names no open leak; `how` is what it was matched by."""

    request: str = ""
    how: str = ""
    is_ambiguous: bool = False


def name(alert: Alert, leaks: Sequence[OpenLeak]) -> Naming:
    """By request id or locator; else by place and tenant, if exactly one open leak fits. Older alerts name nothing."""
    later = [leak for leak in leaks if alert.received.latest_s >= leak.sent.earliest_s]
    if alert.fields.get("request_id"):
        by_id = [leak for leak in later if _carries(alert, leak)]
        return _one(by_id, how="request id")
    if alert.fields.get("locator"):
        by_locator = [leak for leak in later if any(alert.fields["locator"] == f.locator for f in leak.findings)]
        return _one(by_locator, how="locator")
    return _one([leak for leak in later if _fits(alert, leak)], how="place and tenant")


def _carries(alert: Alert, leak: OpenLeak) -> bool:
    ids = {leak.request} | {finding.record_request for finding in leak.findings}
    return alert.fields["request_id"] in ids


def _fits(alert: Alert, leak: OpenLeak) -> bool:
    place, tenant = alert.fields.get("place"), alert.fields.get("tenant")
    return bool(place) and any(f.place == place for f in leak.findings) and tenant in {None, "", leak.tenant}


def _one(leaks: list[OpenLeak], *, how: str) -> Naming:
    if len(leaks) == 1:
        return Naming(request=leaks[0].request, how=how)
    return Naming(is_ambiguous=bool(leaks), how=how if leaks else "")
