"""F1, prompt in logs, in the application (L3): bodies of failed requests only."""

import pytest

from gameday import BodiesOnError, CloudKeyPrompt, Script, System


@pytest.mark.gameday(failure_mode="F1", layers=("L3", "L5"), severity="P1")
def test_bodies_logged_on_error_only_are_noticed_and_stopped(gameday: Script, gameday_pipeline: System) -> None:
    """Sound requests leave nothing behind; the first one that is refused leaves its whole body in the gateway's log."""
    if gameday_pipeline.log is None:
        pytest.skip("this system lends no gateway whose log settings could be changed")
    fault = BodiesOnError(gameday_pipeline.log)
    tenant = next(iter(gameday_pipeline.config.target.tenants))
    with gameday.inject(fault):
        sent = gameday.send(CloudKeyPrompt, to=gameday_pipeline, tenant=tenant, malformed=True)
        gameday.expect_leak(sent, at=fault.origin)
        alert = gameday.expect_alert(sent, severity="page")
        gameday.contain(alert, runbook="gateway-log")
