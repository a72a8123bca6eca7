"""F7, retention leak, in the backups (L7): a backup that copies the debug capture."""

import pytest

from gameday import BackupCopiesDebugCapture, CloudKeyPrompt, Script, System


@pytest.mark.gameday(failure_mode="F7", layers=("L7",), severity="P1")
def test_a_backup_of_the_debug_capture_is_noticed_and_stopped(gameday: Script, gameday_pipeline: System) -> None:
    """The backup job took the whole volume, and with it the exchanges that support keeps for a while."""
    if gameday_pipeline.backups is None:
        pytest.skip("this system lends no backup job whose settings could be changed")
    fault = BackupCopiesDebugCapture(gameday_pipeline.backups)
    tenant = next(iter(gameday_pipeline.config.target.tenants))
    with gameday.inject(fault):
        sent = gameday.send(CloudKeyPrompt, to=gameday_pipeline, tenant=tenant)
        gameday.back_up(sent)
        gameday.expect_leak(sent, at=fault.origin)
        alert = gameday.expect_alert(sent, severity="page")
        gameday.contain(alert, runbook="backups")
