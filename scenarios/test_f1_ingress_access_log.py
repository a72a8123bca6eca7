"""F1, prompt in logs, at the edge (L1): request bodies in the ingress access log."""

import pytest

from gameday import CloudKeyPrompt, RequestBodyLogging, Script, System


@pytest.mark.gameday(failure_mode="F1", layers=("L1", "L5"), severity="P1")
def test_request_bodies_in_the_ingress_log_are_noticed_and_stopped(gameday: Script, gameday_pipeline: System) -> None:
    """Somebody switched body logging on at the ingress; a prompt with a cloud key pair comes to rest in its access log."""
    if gameday_pipeline.ingress is None:
        pytest.skip("this system lends no ingress whose settings could be changed")
    fault = RequestBodyLogging(gameday_pipeline.ingress)
    tenant = next(iter(gameday_pipeline.config.target.tenants))
    with gameday.inject(fault):
        sent = gameday.send(CloudKeyPrompt, to=gameday_pipeline, tenant=tenant)
        gameday.expect_leak(sent, at=fault.origin)
        alert = gameday.expect_alert(sent, severity="page")
        gameday.contain(alert, runbook="ingress-log")
