"""gameday.toml: the system under test, its places, its alerts and its runbooks, as plain data.

The reference pipeline is described by the same data, so that nothing works only for it.
"""

import ipaddress
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Final, Literal
from urllib.parse import urlsplit

import msgspec

from gameday.errors import ConfigError
from gameday.place import Place, Policy
from gameday.toml_read import Keys, Source

_DURATION: Final = r"^[0-9]{1,9}(\.[0-9]{1,9})?(ms|s|m|h|d)\Z"
_HTTP: Final = r"^https?://[^\s/?#\\]+(/[^\s?#\\]*)?\Z"
_ADMIN: Final = r"^http://[^\s/?#\\]+/?\Z"
_LISTEN: Final = r"^[^:\s]+:[0-9]{1,5}\Z"
_REFERENCE: Final = r"^(env|file):[^\x00]+\Z"
_HEADER: Final = r"^header:[A-Za-z0-9-]+\Z"
_ABORT: Final = r"^error_rate > [0-9]{1,3}(\.[0-9]{1,9})?%\Z"
_FIELD: Final = r"^(label|annotation):.+\Z"
_PATH: Final = r"^[^\x00]*\Z"
_SELECTOR: Final = r'\{[^{}|"`]*("(\\.|[^"\\])*"[^{}|"`]*)+\}\Z'  # of streams of Loki, without anything behind it
_WORDS: Final = {
    repr(_DURATION): "Write a number and ms, s, m, h or d, such as 30s.",
    repr(_HTTP): "Write http:// or https://, a host, and a path without query, such as https://gw.staging.example/v1.",
    repr(_ADMIN): "Write http://, a host and a port, such as http://127.0.0.1:2019.",
    repr(_LISTEN): "Write HOST:PORT, such as 127.0.0.1:9099.",
    repr(_REFERENCE): "Write env:NAME or file:PATH; a key itself never stands in this file.",
    repr(_HEADER): "Write header:NAME, such as header:x-request-id.",
    repr(_ABORT): "Write error_rate > N%, such as error_rate > 5%.",
    repr(_FIELD): "Write label:NAME or annotation:NAME, such as label:request_id.",
    repr(_PATH): "Write a path without the character NUL.",
}

Argv = Annotated[tuple[Annotated[str, msgspec.Meta(pattern=_PATH)], ...], msgspec.Meta(min_length=1)]
Url = Annotated[str, msgspec.Meta(pattern=_HTTP)]
AdminUrl = Annotated[str, msgspec.Meta(pattern=_ADMIN)]
Duration = Annotated[str, msgspec.Meta(pattern=_DURATION)]
Text = Annotated[str, msgspec.Meta(min_length=1)]
FilePath = Annotated[str, msgspec.Meta(pattern=_PATH)]
Header = Annotated[str, msgspec.Meta(pattern=_HEADER)]
STEPS: Final = ("stop", "seal", "purge", "rotate")
ANSWERS: Final = "answers"  # the place that gameday keeps itself: what came back to it
_ON_DISK: Final = {
    "loki-files": "Name Loki's folder, the one that holds chunks and wal.",
    "file": "Name the log file.",
    "log-files": "Name the logs, such as /var/log/gw.log*.",
    "folder": "Name the folder.",
    "envoy-tap": "Name the folder that the tap's path_prefix leads into.",
    "postgres-files": "Name Postgres' data directory, the one that holds PG_VERSION.",
    "otlp-file": "Name the file of OTLP exports.",
}
_URLS: Final = {  # by the beginning of a kind: what its url begins with, and what to write
    "registry": (r"https?://", "Write http:// or https://, a host and a port, such as http://127.0.0.1:5000."),
    "postgres-rows": (
        r"postgres(ql)?://",
        "Write postgresql://, a host, a port and a database, such as postgresql://127.0.0.1:5432/postgres.",
    ),
    "valkey-": (r"rediss?://", "Write redis:// or rediss://, a host and a port, such as redis://127.0.0.1:6379/0."),
    "s3-": (r"https?://", "Write http:// or https://, a host and a port, such as https://s3.staging.example."),
    "prometheus": (r"https?://", "Write http:// or https://, a host and a port, such as http://127.0.0.1:9090."),
    "loki": (r"https?://", "Write http:// or https://, a host and a port, such as http://127.0.0.1:3100."),
    "jaeger": (
        r"https?://",
        "Write http:// or https://, and host and port of its query API, such as http://127.0.0.1:16686.",
    ),
}
_SECONDS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


class _Closed(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    pass


class Target(_Closed, frozen=True, kw_only=True):
    """An OpenAI-compatible endpoint. `tenants` maps a name to where its API key lies: `env:NAME` or `file:PATH`."""

    url: Url
    tenants: Annotated[dict[str, Annotated[str, msgspec.Meta(pattern=_REFERENCE)]], msgspec.Meta(min_length=1)]
    kind: Literal["openai"] = "openai"
    model: str = "gameday"
    request_id: Header = "header:x-request-id"
    exercise_tag: Header | None = None


class Limits(_Closed, frozen=True, kw_only=True):
    """What gameday may touch: loopback and `hosts`; how much: `requests`; and when it gives up: `abort_if`."""

    hosts: tuple[str, ...] = ()
    requests: Annotated[int, msgspec.Meta(gt=0)] = 500
    abort_if: Annotated[str, msgspec.Meta(pattern=_ABORT)] = "error_rate > 5%"

    @property
    def max_error_rate(self) -> float:
        return float(self.abort_if.removeprefix("error_rate > ").removesuffix("%")) / 100


class SinkConfig(_Closed, frozen=True, kw_only=True):
    """One place and how to read it. `stamp` and `request_id` are dotted paths into a JSON record."""

    place: Text
    kind: Literal[
        "file",
        "valkey-values",
        "valkey-keys",
        "log-files",
        "folder",
        "s3-objects",
        "s3-public",
        "s3-versions",
        "jaeger",
        "otlp-file",
        "loki",
        "loki-files",
        "envoy-tap",
        "registry",
        "postgres-rows",
        "postgres-files",
        "prometheus",
    ]
    path: FilePath = ""
    url: str = ""
    bucket: str = ""
    credentials: Annotated[str, msgspec.Meta(pattern=_REFERENCE)] | None = None
    policy: Policy = Policy.NOTHING
    by_tenant: bool = False
    ttl: Duration | None = None
    settle: Duration = "0s"
    stamp: str = ""
    resolution: Duration = "1ms"
    request_id: str = ""
    owner_part: Annotated[int, msgspec.Meta(ge=0)] | None = None
    query: str = ""
    is_final: bool = False
    is_long_term: bool = False
    unit: Literal["", "line", "span", "object", "row"] = ""
    limit: Annotated[int, msgspec.Meta(gt=0)] | None = None
    otlp: str = ""

    def to_place(self) -> Place:
        return Place(
            name=self.place,
            policy=self.policy,
            by_tenant=self.by_tenant,
            settle_s=seconds(self.settle),
            is_final=self.is_final,
            ttl_s=None if self.ttl is None else seconds(self.ttl),
            is_long_term=self.is_long_term,
            unit=self.unit,
        )


class DetectorConfig(_Closed, frozen=True, kw_only=True):
    """Where alerts arrive. `match` reads fields out of them; `positions` or `settle` tell when silence is an answer.

    `alertmanager` is what the detector posts to and what posts here: silence then waits until it has told all that it was given.
    """

    listen: Annotated[str, msgspec.Meta(pattern=_LISTEN)] = "127.0.0.1:0"
    kind: Literal["alertmanager-webhook"] = "alertmanager-webhook"
    match: dict[str, Annotated[str, msgspec.Meta(pattern=_FIELD)]] = msgspec.field(
        default_factory=lambda: {"request_id": "label:request_id", "place": "label:service"}
    )
    positions: FilePath | None = None
    settle: Duration | None = None
    alertmanager: AdminUrl | None = None


class Probes(_Closed, frozen=True, kw_only=True):
    stop: Argv | None = None
    seal: Argv | None = None
    purge: Argv | None = None
    rotate: Argv | None = None


class RunbookConfig(_Closed, frozen=True, kw_only=True):
    """Commands, run without a shell, in the order stop, seal, purge, rotate; `{alert.WORD}` is all they learn of the leak.

    A probe ends with 0 where the step's aim holds, and with 1 where it does not. `vault` is where `seal` puts its copy.
    """

    stop: Argv
    purge: Argv
    seal: Argv | None = None
    rotate: Argv | None = None
    probe: Probes = Probes()
    vault: FilePath | None = None
    within: Duration = "60s"


class IngressConfig(_Closed, frozen=True, kw_only=True):
    """A Caddy whose admin API may be used: `handlers` is the path of the handler list of the route that serves the target."""

    place: Text
    admin: AdminUrl
    handlers: Text
    kind: Literal["caddy"] = "caddy"


class MeshConfig(_Closed, frozen=True, kw_only=True):
    """A hop of the mesh that is an Envoy: its admin API, the runtime key that says of how many of 100 requests it keeps a tap, and
    the place where taps rest.
    """

    place: Text
    admin: AdminUrl
    key: Text
    kind: Literal["envoy"] = "envoy"


class CiConfig(_Closed, frozen=True, kw_only=True):
    """A CI job of ours: its settings file, and the place where its artifacts rest."""

    settings: FilePath
    place: Text


class BackupsConfig(_Closed, frozen=True, kw_only=True):
    """A backup job of ours: its settings file, and the places where its backups and its snapshots rest."""

    settings: FilePath
    objects: Text
    snapshots: Text


class GatewayConfig(_Closed, frozen=True, kw_only=True):
    """A gateway of ours: its settings file, where it says which settings are in force, and the places of its log and spans."""

    settings: FilePath
    health: Url
    log: str = ""
    spans: str = ""


class SloConfig(_Closed, frozen=True, kw_only=True):
    run: FilePath | None = None
    release: FilePath | None = None


class Config(_Closed, frozen=True, kw_only=True):
    """One gameday.toml."""

    target: Target
    limits: Limits = Limits()
    sink: tuple[SinkConfig, ...] = ()
    detector: tuple[DetectorConfig, ...] = ()
    runbook: dict[str, RunbookConfig] = {}
    ingress: IngressConfig | None = None
    mesh: MeshConfig | None = None
    gateway: GatewayConfig | None = None
    ci: CiConfig | None = None
    backups: BackupsConfig | None = None
    slo: SloConfig = SloConfig()


def seconds(duration: str) -> float:
    unit = re.sub(r"[0-9.]", "", duration)
    return float(duration.removesuffix(unit)) * _SECONDS[unit]


def load(path: Path) -> Config:
    """Reads one file; ConfigError names file, line, key, value and remedy."""
    source = Source.read(path)
    config = source.convert(Config, words=_WORDS)
    for problem in _problems(config, source):
        raise problem
    return config


def check_ready(config: Config, path: Path) -> None:
    """Whether what the file refers to is here: every key, every log, every command of a runbook. Raises ConfigError."""
    source = Source.read(path)
    for tenant, reference in config.target.tenants.items():
        try:
            secret(reference)
        except ConfigError as error:
            raise source.wrong(
                ["target", "tenants", tenant], error.problem, remedy=error.remedy, value=reference
            ) from error
    for index, sink in enumerate(config.sink):
        if sink.kind in {"file", "folder", "otlp-file"} and not os.access(sink.path, os.R_OK):
            raise source.wrong(
                ["sink", index, "path"],
                "there is no such file or folder that may be read",
                remedy="Name the log as gameday sees it; what cannot be looked at is never clean.",
            )
    for name, book in config.runbook.items():
        for keys, argv in _commands(name, book):
            if shutil.which(os.path.expanduser(argv[0])) is None:  # noqa: PTH111 - a bare name has to stay one
                raise source.wrong(
                    keys,
                    "there is no such program that may be run",
                    remedy="Name a program on PATH, or the path of an executable file.",
                    value=argv[0],
                )


def secret(reference: str, *, key: str = "target.tenants") -> str:
    """The secret behind `env:NAME` or `file:PATH`; a ConfigError names the reference, never the secret."""
    kind, _, name = reference.partition(":")
    value = os.environ.get(name) if kind == "env" else _file_text(name)
    if not value:
        remedy = f"Set the environment variable {name}." if kind == "env" else f"Write the key into {name}."
        raise ConfigError(
            file="gameday.toml",
            key=key,
            value=reference,
            problem="there is nothing behind this reference",
            remedy=remedy,
        )
    return value


def is_allowed(url: str, limits: Limits) -> bool:
    """Whether gameday may talk to this URL: loopback, or a host that the user allowed by name."""
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        return False
    if host == "localhost" or host in limits.hosts:
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _file_text(name: str) -> str | None:
    try:
        return Path(name).expanduser().read_text("utf-8").strip()
    except (OSError, ValueError, RuntimeError):
        return None


def _commands(name: str, book: RunbookConfig) -> Iterator[tuple[Keys, tuple[str, ...]]]:
    for step in STEPS:
        yield from (
            (keys, argv)
            for keys, argv in (
                (["runbook", name, step], getattr(book, step)),
                (["runbook", name, "probe", step], getattr(book.probe, step)),
            )
            if argv is not None
        )


def _problems(config: Config, source: Source) -> Iterator[ConfigError]:
    """What a schema alone cannot say."""
    for keys, url in _urls(config):
        yield from _url_problems(source, keys, url, config.limits)
    for index, sink in enumerate(config.sink):
        yield from _sink_problems(source, index, sink)
    yield from _place_problems(source, config)
    for index, detector in enumerate(config.detector):
        yield from _detector_problems(source, index, detector)


def _urls(config: Config) -> Iterator[tuple[list[str | int], str]]:
    yield ["target", "url"], config.target.url
    for index, sink in enumerate(config.sink):
        if sink.url:
            yield ["sink", index, "url"], sink.url
        if sink.otlp:
            yield ["sink", index, "otlp"], sink.otlp
    for index, detector in enumerate(config.detector):
        yield ["detector", index, "listen"], f"//{detector.listen}"
        if detector.alertmanager:
            yield ["detector", index, "alertmanager"], detector.alertmanager
    if config.ingress:
        yield ["ingress", "admin"], config.ingress.admin
    if config.mesh:
        yield ["mesh", "admin"], config.mesh.admin
    if config.gateway:
        yield ["gateway", "health"], config.gateway.health


def _url_problems(source: Source, keys: Keys, url: str, limits: Limits) -> Iterator[ConfigError]:
    try:
        parts = urlsplit(url)
        host, user, _ = parts.hostname, parts.username or parts.password, parts.port
    except ValueError as error:
        yield source.wrong(keys, f"this is no address: {error}", remedy="Write a host, and a port from 0 to 65535.")
        return
    if user:
        yield source.wrong(
            keys, "a URL in this file holds no user or password", remedy="Leave out what stands before the @."
        )
    elif not is_allowed(url, limits):
        yield source.wrong(
            keys,
            "this host is neither loopback nor allowed",
            remedy=f"Add {host!r} to limits.hosts if gameday may touch it.",
        )


def _sink_problems(source: Source, index: int, sink: SinkConfig) -> Iterator[ConfigError]:
    at: Keys = ["sink", index]
    if sink.place == ANSWERS:
        yield source.wrong([*at, "place"], "gameday keeps this place itself", remedy="Give it another name.")
    if sink.kind in _ON_DISK and not sink.path:
        yield source.wrong([*at, "path"], f"a sink of the kind {sink.kind} needs it", remedy=_ON_DISK[sink.kind])
    for beginning, (pattern, remedy) in _URLS.items():
        if sink.kind not in _ON_DISK and sink.kind.startswith(beginning) and not re.match(pattern, sink.url):
            yield source.wrong([*at, "url"], f"a sink of the kind {sink.kind} needs it", remedy=remedy)
    if sink.kind == "loki" and sink.query and not re.match(_SELECTOR, sink.query):
        yield source.wrong(
            [*at, "query"],
            "this is no stream selector, or more than one",
            remedy="Write only labels in braces: no filter, since nothing that is looked for goes into a query.",
        )
    if sink.kind == "prometheus" and not seconds(sink.settle):
        yield source.wrong(
            [*at, "settle"],
            "a sink of the kind prometheus needs it: it knows what was scraped",
            remedy="Write three scrape intervals or more, such as 45s.",
        )
    if sink.kind == "s3-public" and not seconds(sink.settle):
        yield source.wrong(
            [*at, "settle"],
            "where nothing is public no sentinel can be seen",
            remedy="Say how long a change of rights may take to be in force, such as 1s.",
        )
    if sink.by_tenant and sink.kind != "postgres-rows" and (sink.kind in _ON_DISK or sink.owner_part is None):
        yield source.wrong(
            [*at, "by_tenant"],
            "nothing says whose a record is",
            remedy="Use the kind valkey-values with owner_part, or leave it out.",
        )


def _place_problems(source: Source, config: Config) -> Iterator[ConfigError]:
    names = [sink.place for sink in config.sink]
    for index, name in enumerate(names):
        if name in names[:index]:
            yield source.wrong(
                ["sink", index, "place"], "two sinks have the same place", remedy="Give each place its own name."
            )
    if config.ingress and config.ingress.place not in names:
        known = ", ".join(names) or "none"
        yield source.wrong(
            ["ingress", "place"],
            f"no [[sink]] has this place; there are: {known}",
            remedy="Add a sink that reads the ingress' access log.",
        )


def _detector_problems(source: Source, index: int, detector: DetectorConfig) -> Iterator[ConfigError]:
    if detector.positions is None and detector.settle is None:
        yield source.wrong(
            ["detector", index, "settle"],
            "without positions or settle nobody can tell silence from slowness",
            remedy="Give positions (a file with its read offsets) or settle (the longest it may take, such as 30s).",
        )
