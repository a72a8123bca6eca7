"""F3, trace payload leak (L5): payload capture switched on in the SDK, ahead of the redactor."""

import pytest

from gameday import CloudKeyPrompt, Script, SpanContentCapture, System


@pytest.mark.gameday(failure_mode="F3", layers=("L3", "L5"), severity="P1")
def test_prompts_in_span_attributes_are_noticed_and_stopped(gameday: Script, gameday_pipeline: System) -> None:
    """Somebody switched content capture on, for a debug session; each request comes to rest, as it came in, in its span."""
    if gameday_pipeline.traces is None:
        pytest.skip("this system lends no gateway whose telemetry settings could be changed")
    fault = SpanContentCapture(gameday_pipeline.traces)
    tenant = next(iter(gameday_pipeline.config.target.tenants))
    with gameday.inject(fault):
        sent = gameday.send(CloudKeyPrompt, to=gameday_pipeline, tenant=tenant)
        gameday.expect_leak(sent, at=fault.origin)
        alert = gameday.expect_alert(sent, severity="page")
        gameday.contain(alert, runbook="spans")
