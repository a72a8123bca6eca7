"""Every kind of sink, by the word that a gameday.toml uses for it."""

from collections.abc import Callable
from functools import partial
from typing import Final

from gameday.config import SinkConfig
from gameday.sinks.answers import AnswersSink
from gameday.sinks.base import Plantable, Sink
from gameday.sinks.file import FileSink
from gameday.sinks.valkey import ValkeySink

SINKS: Final[dict[str, Callable[[SinkConfig], Sink]]] = {
    "file": FileSink,
    "valkey-values": partial(ValkeySink, of="values"),
    "valkey-keys": partial(ValkeySink, of="keys"),
}

__all__ = ["SINKS", "AnswersSink", "FileSink", "Plantable", "Sink", "ValkeySink"]
