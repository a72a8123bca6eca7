"""Libraries that come with `pip install 'gameday[formats]'`: what one is missing for is Unread, never skipped in silence."""

from collections.abc import Iterator
from contextlib import contextmanager

from gameday.canary.source import Unread


@contextmanager
def needed(library: str, *, to_read: str) -> Iterator[None]:
    """Around an import. Raises Unread where the library is not installed."""
    try:
        yield
    except ImportError as error:
        raise Unread(f"{to_read} needs {library}: pip install 'gameday[formats]'") from error
