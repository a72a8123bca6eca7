"""F3, trace payload leak (L5): what failed, in words, written into the span behind the redactor."""

import pytest

from gameday import CloudKeyPrompt, Script, SpanStatusText, System


@pytest.mark.gameday(failure_mode="F3", layers=("L3", "L5"), severity="P1")
def test_words_of_a_prompt_in_span_events_are_noticed_and_stopped(gameday: Script, gameday_pipeline: System) -> None:
    """An instrumented client writes its exception into the span, and the exception quotes the question."""
    if gameday_pipeline.traces is None:
        pytest.skip("this system lends no gateway whose telemetry settings could be changed")
    fault = SpanStatusText(gameday_pipeline.traces)
    tenant = next(iter(gameday_pipeline.config.target.tenants))
    with gameday.inject(fault):
        sent = gameday.send(CloudKeyPrompt, to=gameday_pipeline, tenant=tenant)
        gameday.expect_leak(sent, at=fault.origin)
        alert = gameday.expect_alert(sent, severity="page")
        gameday.contain(alert, runbook="spans")
