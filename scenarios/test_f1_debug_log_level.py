"""F1, prompt in logs, in the application (L3): the gateway's log at debug."""

import pytest

from gameday import CloudKeyPrompt, DebugLogLevel, Script, System


@pytest.mark.gameday(failure_mode="F1", layers=("L3", "L5"), severity="P1")
def test_a_debug_level_left_on_is_noticed_and_stopped(gameday: Script, gameday_pipeline: System) -> None:
    """Somebody turned the gateway's log to debug, with bodies; a prompt with a cloud key pair comes to rest in its lines."""
    if gameday_pipeline.log is None:
        pytest.skip("this system lends no gateway whose log settings could be changed")
    fault = DebugLogLevel(gameday_pipeline.log)
    tenant = next(iter(gameday_pipeline.config.target.tenants))
    with gameday.inject(fault):
        sent = gameday.send(CloudKeyPrompt, to=gameday_pipeline, tenant=tenant)
        gameday.expect_leak(sent, at=fault.origin)
        alert = gameday.expect_alert(sent, severity="page")
        gameday.contain(alert, runbook="gateway-log")
