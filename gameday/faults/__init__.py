"""Every fault that gameday knows."""

from typing import Final

from gameday.faults.base import Fault, Undo, undo
from gameday.faults.bodies_on_error import BodiesOnError
from gameday.faults.debug_log_level import DebugLogLevel
from gameday.faults.request_body_logging import RequestBodyLogging
from gameday.faults.shared_cache_key import SharedCacheKey
from gameday.faults.validation_echo import ValidationEcho

FAULTS: Final = (RequestBodyLogging, DebugLogLevel, BodiesOnError, ValidationEcho, SharedCacheKey)

__all__ = [
    "FAULTS",
    "BodiesOnError",
    "DebugLogLevel",
    "Fault",
    "RequestBodyLogging",
    "SharedCacheKey",
    "Undo",
    "ValidationEcho",
    "undo",
]
