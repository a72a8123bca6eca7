"""Every fault that gameday knows."""

from typing import Final

from gameday.faults.base import Fault, Undo, undo
from gameday.faults.request_body_logging import RequestBodyLogging
from gameday.faults.shared_cache_key import SharedCacheKey

FAULTS: Final = (RequestBodyLogging, SharedCacheKey)

__all__ = ["FAULTS", "Fault", "RequestBodyLogging", "SharedCacheKey", "Undo", "undo"]
