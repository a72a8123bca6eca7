"""F5, development leak, in CI (L6): the raw report of tests that failed."""

import pytest

from gameday import ArtifactsUploadedOnFailure, CloudKeyPrompt, Script, System


@pytest.mark.gameday(failure_mode="F5", layers=("L6",), severity="P1")
def test_an_artifact_of_a_failed_test_is_noticed_and_stopped(gameday: Script, gameday_pipeline: System) -> None:
    """Somebody wanted to see why tests fail, and lets CI upload report and output as they are."""
    if gameday_pipeline.ci is None:
        pytest.skip("this system lends no CI job whose settings could be changed")
    fault = ArtifactsUploadedOnFailure(gameday_pipeline.ci)
    tenant = next(iter(gameday_pipeline.config.target.tenants))
    with gameday.inject(fault):
        sent = gameday.send(CloudKeyPrompt, to=gameday_pipeline, tenant=tenant)
        gameday.run_ci(sent)
        gameday.expect_leak(sent, at=fault.origin)
        alert = gameday.expect_alert(sent, severity="page")
        gameday.contain(alert, runbook="ci-artifacts")
