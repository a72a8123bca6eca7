"""F3, trace payload leak, in the mesh (L2): a tap that keeps whole requests."""

import pytest

from gameday import CloudKeyPrompt, MeshTap, Script, System


@pytest.mark.gameday(failure_mode="F3", layers=("L2",), severity="P1")
def test_a_tap_in_the_mesh_is_noticed_and_stopped(gameday: Script, gameday_pipeline: System) -> None:
    """Somebody switched the mesh's tap on, ahead of the redactor, and it keeps every request that goes by."""
    if gameday_pipeline.mesh is None:
        pytest.skip("this system lends no mesh whose tap could be switched")
    fault = MeshTap(gameday_pipeline.mesh)
    tenant = next(iter(gameday_pipeline.config.target.tenants))
    with gameday.inject(fault):
        sent = gameday.send(CloudKeyPrompt, to=gameday_pipeline, tenant=tenant)
        gameday.expect_leak(sent, at=fault.origin)
        alert = gameday.expect_alert(sent, severity="page")
        gameday.contain(alert, runbook="mesh-tap")
