"""Every kind of sink, by the word that a gameday.toml uses for it."""

from collections.abc import Callable
from functools import partial
from typing import Final

from gameday.config import SinkConfig
from gameday.sinks.answers import AnswersSink
from gameday.sinks.base import Plantable, Sink
from gameday.sinks.envoy_tap import EnvoyTapSink
from gameday.sinks.file import FileSink
from gameday.sinks.folder import FolderSink
from gameday.sinks.jaeger import jaeger_sink
from gameday.sinks.log_files import LogFilesSink
from gameday.sinks.loki import LokiSink
from gameday.sinks.loki_files import LokiFilesSink
from gameday.sinks.objects import s3_sink
from gameday.sinks.otlp_file import otlp_file_sink
from gameday.sinks.postgres import PostgresRowsSink
from gameday.sinks.postgres_files import PostgresFilesSink
from gameday.sinks.prometheus import PrometheusSink
from gameday.sinks.registry import RegistrySink
from gameday.sinks.valkey import ValkeySink

SINKS: Final[dict[str, Callable[[SinkConfig], Sink]]] = {
    "file": FileSink,
    "folder": FolderSink,
    "log-files": LogFilesSink,
    "s3-objects": partial(s3_sink, of="objects"),
    "s3-public": partial(s3_sink, of="public"),
    "s3-versions": partial(s3_sink, of="versions"),
    "jaeger": jaeger_sink,
    "loki": LokiSink,
    "loki-files": LokiFilesSink,
    "otlp-file": otlp_file_sink,
    "envoy-tap": EnvoyTapSink,
    "prometheus": PrometheusSink,
    "registry": RegistrySink,
    "postgres-rows": PostgresRowsSink,
    "postgres-files": PostgresFilesSink,
    "valkey-values": partial(ValkeySink, of="values"),
    "valkey-keys": partial(ValkeySink, of="keys"),
}

__all__ = ["SINKS", "AnswersSink", "FileSink", "Plantable", "Sink", "ValkeySink"]
