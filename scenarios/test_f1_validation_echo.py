"""F1, prompt in logs, in the application (L3): a validation error that quotes its input."""

import pytest

from gameday import CloudKeyPrompt, Script, System, ValidationEcho


@pytest.mark.gameday(failure_mode="F1", layers=("L3", "L5"), severity="P1")
def test_a_refusal_that_quotes_its_input_is_noticed_and_stopped(gameday: Script, gameday_pipeline: System) -> None:
    """A refusal's reason quotes what was refused, and the reason is logged."""
    if gameday_pipeline.log is None:
        pytest.skip("this system lends no gateway whose log settings could be changed")
    fault = ValidationEcho(gameday_pipeline.log)
    tenant = next(iter(gameday_pipeline.config.target.tenants))
    with gameday.inject(fault):
        sent = gameday.send(CloudKeyPrompt, to=gameday_pipeline, tenant=tenant, malformed=True)
        gameday.expect_leak(sent, at=fault.origin)
        alert = gameday.expect_alert(sent, severity="page")
        gameday.contain(alert, runbook="gateway-log")
