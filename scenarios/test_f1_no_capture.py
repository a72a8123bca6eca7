"""F1, pattern 5: a no-capture policy, that denies by default, holds whatever else the gateway's log is set to."""

import pytest

from gameday import BodiesOnError, CloudKeyPrompt, DebugLogLevel, Script, System, ValidationEcho


@pytest.mark.gameday(failure_mode="F1", layers=("L3", "L5"), severity="P1", expect_no_leak=True)
def test_a_no_capture_policy_holds_against_every_setting_of_the_log(gameday: Script, gameday_pipeline: System) -> None:
    """Each setting that puts prompts into the gateway's log is switched on, one after the other; the policy keeps them out."""
    if gameday_pipeline.log is None:
        pytest.skip("this system lends no gateway whose log settings could be changed")
    gameday.harden("no-capture")
    tenant = next(iter(gameday_pipeline.config.target.tenants))
    for fault in (
        DebugLogLevel(gameday_pipeline.log),
        BodiesOnError(gameday_pipeline.log),
        ValidationEcho(gameday_pipeline.log),
    ):
        with gameday.inject(fault):
            gameday.send(CloudKeyPrompt, to=gameday_pipeline, tenant=tenant)
            gameday.send(CloudKeyPrompt, to=gameday_pipeline, tenant=tenant, malformed=True)
            gameday.expect_silence()
