"""F2, cache leak, between tenants (L10): a cache key without the tenant."""

import pytest

from gameday import BusinessPlanPrompt, EmailPrompt, Script, SharedCacheKey, System

QUESTION = "How long is the notice period?"


@pytest.mark.gameday(failure_mode="F2", layers=("L3", "L10"), severity="P1")
def test_an_answer_of_one_tenant_never_reaches_another(gameday: Script, gameday_pipeline: System) -> None:
    """The gateway's cache key lost the tenant; two tenants ask the same question, and the second gets the first one's answer."""
    if gameday_pipeline.cache is None:
        pytest.skip("this system lends no cache whose settings could be changed")
    fault = SharedCacheKey(gameday_pipeline.cache)
    first, second = tuple(gameday_pipeline.config.target.tenants)[:2]
    with gameday.inject(fault):
        sent = gameday.send(BusinessPlanPrompt, to=gameday_pipeline, tenant=first, slot="system", ask=QUESTION)
        gameday.send(EmailPrompt, to=gameday_pipeline, tenant=second, slot="system", ask=QUESTION)
        gameday.expect_leak(sent, at=fault.origin)
        alert = gameday.expect_alert(sent, severity="page")
        gameday.contain(alert, runbook="shared-cache")
