"""Chaos and game-day testing for prompt leakage: noticed, contained, proven gone.

What a scenario is written with. Names are loaded when they are first used, so that `import gameday` costs nothing.
"""

import importlib
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from gameday.alert import Alert
    from gameday.canary.families import (
        AddressPrompt,
        BusinessPlanPrompt,
        CardPrompt,
        CloudKeyPrompt,
        EmailPrompt,
        GitHubTokenPrompt,
        IbanPrompt,
        JwtPrompt,
        NationalIdPrompt,
        OpaquePrompt,
        OpenAIKeyPrompt,
        PhonePrompt,
        PrivateKeyPrompt,
        SlackTokenPrompt,
        StripeKeyPrompt,
    )
    from gameday.canary.mint import Canary
    from gameday.canary.minting import mint
    from gameday.faults import (
        ArtifactsUploadedOnFailure,
        BackupCopiesDebugCapture,
        BodiesOnError,
        CassetteWithRealHeaders,
        CollectorDebugExporter,
        CollectorRedactionRemoved,
        DebugLogLevel,
        Fault,
        FullSampling,
        LifecycleRuleOff,
        MeshTap,
        PublicBucket,
        RequestBodyLogging,
        SharedCacheKey,
        SnapshotWithDebugCapture,
        SpanContentCapture,
        SpanStatusText,
        ValidationEcho,
    )
    from gameday.place import Place, Policy
    from gameday.scenario.script import Script
    from gameday.scenario.traffic import Sent
    from gameday.slo import Objective
    from gameday.sweep.finding import find
    from gameday.systems.base import System
    from gameday.verdict import Verdict

_HOMES: Final = {
    "AddressPrompt": "gameday.canary.families",
    "Alert": "gameday.alert",
    "ArtifactsUploadedOnFailure": "gameday.faults",
    "BackupCopiesDebugCapture": "gameday.faults",
    "BodiesOnError": "gameday.faults",
    "BusinessPlanPrompt": "gameday.canary.families",
    "Canary": "gameday.canary.mint",
    "CardPrompt": "gameday.canary.families",
    "CassetteWithRealHeaders": "gameday.faults",
    "CloudKeyPrompt": "gameday.canary.families",
    "CollectorDebugExporter": "gameday.faults",
    "CollectorRedactionRemoved": "gameday.faults",
    "DebugLogLevel": "gameday.faults",
    "EmailPrompt": "gameday.canary.families",
    "Fault": "gameday.faults",
    "FullSampling": "gameday.faults",
    "GitHubTokenPrompt": "gameday.canary.families",
    "IbanPrompt": "gameday.canary.families",
    "JwtPrompt": "gameday.canary.families",
    "LifecycleRuleOff": "gameday.faults",
    "MeshTap": "gameday.faults",
    "NationalIdPrompt": "gameday.canary.families",
    "Objective": "gameday.slo",
    "OpaquePrompt": "gameday.canary.families",
    "OpenAIKeyPrompt": "gameday.canary.families",
    "PhonePrompt": "gameday.canary.families",
    "Place": "gameday.place",
    "Policy": "gameday.place",
    "PrivateKeyPrompt": "gameday.canary.families",
    "PublicBucket": "gameday.faults",
    "RequestBodyLogging": "gameday.faults",
    "Script": "gameday.scenario.script",
    "Sent": "gameday.scenario.traffic",
    "SharedCacheKey": "gameday.faults",
    "SlackTokenPrompt": "gameday.canary.families",
    "SnapshotWithDebugCapture": "gameday.faults",
    "SpanContentCapture": "gameday.faults",
    "SpanStatusText": "gameday.faults",
    "StripeKeyPrompt": "gameday.canary.families",
    "System": "gameday.systems.base",
    "ValidationEcho": "gameday.faults",
    "Verdict": "gameday.verdict",
    "find": "gameday.sweep.finding",
    "mint": "gameday.canary.minting",
}

__all__ = [
    "AddressPrompt",
    "Alert",
    "ArtifactsUploadedOnFailure",
    "BackupCopiesDebugCapture",
    "BodiesOnError",
    "BusinessPlanPrompt",
    "Canary",
    "CardPrompt",
    "CassetteWithRealHeaders",
    "CloudKeyPrompt",
    "CollectorDebugExporter",
    "CollectorRedactionRemoved",
    "DebugLogLevel",
    "EmailPrompt",
    "Fault",
    "FullSampling",
    "GitHubTokenPrompt",
    "IbanPrompt",
    "JwtPrompt",
    "LifecycleRuleOff",
    "MeshTap",
    "NationalIdPrompt",
    "Objective",
    "OpaquePrompt",
    "OpenAIKeyPrompt",
    "PhonePrompt",
    "Place",
    "Policy",
    "PrivateKeyPrompt",
    "PublicBucket",
    "RequestBodyLogging",
    "Script",
    "Sent",
    "SharedCacheKey",
    "SlackTokenPrompt",
    "SnapshotWithDebugCapture",
    "SpanContentCapture",
    "SpanStatusText",
    "StripeKeyPrompt",
    "System",
    "ValidationEcho",
    "Verdict",
    "find",
    "mint",
]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'gameday' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)
