"""Every fault that gameday knows."""

from typing import Final

from gameday.faults.artifacts_uploaded_on_failure import ArtifactsUploadedOnFailure
from gameday.faults.backup_copies_debug_capture import BackupCopiesDebugCapture
from gameday.faults.base import Fault, Undo, undo
from gameday.faults.bodies_on_error import BodiesOnError
from gameday.faults.cassette_with_real_headers import CassetteWithRealHeaders
from gameday.faults.collector_debug_exporter import CollectorDebugExporter
from gameday.faults.collector_redaction_removed import CollectorRedactionRemoved
from gameday.faults.debug_log_level import DebugLogLevel
from gameday.faults.full_sampling import FullSampling
from gameday.faults.lifecycle_rule_off import LifecycleRuleOff
from gameday.faults.mesh_tap import MeshTap
from gameday.faults.public_bucket import PublicBucket
from gameday.faults.request_body_logging import RequestBodyLogging
from gameday.faults.shared_cache_key import SharedCacheKey
from gameday.faults.snapshot_with_debug_capture import SnapshotWithDebugCapture
from gameday.faults.span_content_capture import SpanContentCapture
from gameday.faults.span_status_text import SpanStatusText
from gameday.faults.validation_echo import ValidationEcho

FAULTS: Final = (
    RequestBodyLogging,
    DebugLogLevel,
    BodiesOnError,
    ValidationEcho,
    SharedCacheKey,
    MeshTap,
    SpanContentCapture,
    SpanStatusText,
    FullSampling,
    CollectorRedactionRemoved,
    CollectorDebugExporter,
    ArtifactsUploadedOnFailure,
    CassetteWithRealHeaders,
    BackupCopiesDebugCapture,
    SnapshotWithDebugCapture,
    PublicBucket,
    LifecycleRuleOff,
)

__all__ = [
    "FAULTS",
    "ArtifactsUploadedOnFailure",
    "BackupCopiesDebugCapture",
    "BodiesOnError",
    "CassetteWithRealHeaders",
    "CollectorDebugExporter",
    "CollectorRedactionRemoved",
    "DebugLogLevel",
    "Fault",
    "FullSampling",
    "LifecycleRuleOff",
    "MeshTap",
    "PublicBucket",
    "RequestBodyLogging",
    "SharedCacheKey",
    "SnapshotWithDebugCapture",
    "SpanContentCapture",
    "SpanStatusText",
    "Undo",
    "ValidationEcho",
    "undo",
]
