"""Chaos and game-day testing for prompt leakage: noticed, contained, proven gone.

What a scenario is written with. Names are loaded when they are first used, so that `import gameday` costs nothing.
"""

import importlib
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from gameday.alert import Alert
    from gameday.canary.families import (
        BusinessPlanPrompt,
        CardPrompt,
        CloudKeyPrompt,
        EmailPrompt,
        GitHubTokenPrompt,
        IbanPrompt,
        OpaquePrompt,
    )
    from gameday.faults import Fault, RequestBodyLogging, SharedCacheKey
    from gameday.place import Place, Policy
    from gameday.scenario.script import Script
    from gameday.scenario.traffic import Sent
    from gameday.slo import Objective
    from gameday.systems.base import System
    from gameday.verdict import Verdict

_HOMES: Final = {
    "Alert": "gameday.alert",
    "BusinessPlanPrompt": "gameday.canary.families",
    "CardPrompt": "gameday.canary.families",
    "CloudKeyPrompt": "gameday.canary.families",
    "EmailPrompt": "gameday.canary.families",
    "Fault": "gameday.faults",
    "GitHubTokenPrompt": "gameday.canary.families",
    "IbanPrompt": "gameday.canary.families",
    "Objective": "gameday.slo",
    "OpaquePrompt": "gameday.canary.families",
    "Place": "gameday.place",
    "Policy": "gameday.place",
    "RequestBodyLogging": "gameday.faults",
    "Script": "gameday.scenario.script",
    "Sent": "gameday.scenario.traffic",
    "SharedCacheKey": "gameday.faults",
    "System": "gameday.systems.base",
    "Verdict": "gameday.verdict",
}

__all__ = [
    "Alert",
    "BusinessPlanPrompt",
    "CardPrompt",
    "CloudKeyPrompt",
    "EmailPrompt",
    "Fault",
    "GitHubTokenPrompt",
    "IbanPrompt",
    "Objective",
    "OpaquePrompt",
    "Place",
    "Policy",
    "RequestBodyLogging",
    "Script",
    "Sent",
    "SharedCacheKey",
    "System",
    "Verdict",
]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'gameday' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)
