"""The gateway's settings: their schema, and how a file of them is made, read and changed while the gateway runs."""

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from gameday.errors import ConfigError
from gameday.systems.reference.telemetry_settings import TelemetrySettings
from gameday.systems.reference.watched import bad_value, parse_as

KeyPart = Literal["tenant", "model", "question", "system"]
Captured = Literal["body", "prompt", "input"]
Level = Literal["debug", "info", "warning", "error"]
Seconds = Annotated[float, msgspec.Meta(gt=0, le=3600)]
Setting = str | int | float | bool | Sequence[str] | Mapping[str, object]
JsonObject = dict[str, object]


class LogSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Raw request bodies are logged where `level` is debug and `bodies` is true, and of what failed if `bodies_on_error`.

    `errors_quote_input`: the reason of a refusal quotes what was refused. What stands in `never` no other setting brings into the log.
    """

    file: str
    level: Level = "info"
    bodies: bool = False
    bodies_on_error: bool = False
    errors_quote_input: bool = False
    never: tuple[Captured, ...] = ()


class CacheSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`key_parts` say which answers are the same; without 'tenant' among them all tenants share answers."""

    url: Annotated[str, msgspec.Meta(pattern=r"^redis://")]
    enabled: bool = True
    ttl_s: Annotated[int, msgspec.Meta(ge=1)] = 300
    namespace: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_.-]{1,64}$")] = "1"
    key_parts: Annotated[tuple[KeyPart, ...], msgspec.Meta(min_length=1)] = ("tenant", "model", "question")


class RedactorSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    url: Annotated[str, msgspec.Meta(pattern=r"^http://")]
    enabled: bool = True
    timeout_s: Seconds = 2.0


class ModelSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    url: Annotated[str, msgspec.Meta(pattern=r"^http://")]
    timeout_s: Seconds = 30.0


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    log: LogSettings
    cache: CacheSettings
    redactor: RedactorSettings
    model: ModelSettings
    keys_file: str
    telemetry: TelemetrySettings = TelemetrySettings()


class Addresses(msgspec.Struct, frozen=True, kw_only=True):
    """What only the starter of the pipeline knows."""

    log_file: str
    cache_url: str
    redactor_url: str
    model_url: str
    keys_file: str
    telemetry_url: str = ""


def parse_settings(path: Path, content: bytes) -> Settings:
    return parse_as(Settings, file=path, content=content)


Tenants = dict[str, str]
TENANT_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


def parse_keys(path: Path, content: bytes) -> Tenants:
    """From API key to tenant. 'shared' is the cache's word for no tenant, so no tenant can have that name."""
    tenants: Tenants = {}
    for tenant, keys in parse_as(dict[str, list[str]], file=path, content=content).items():
        if not TENANT_NAME.fullmatch(tenant) or tenant == "shared":
            raise bad_value(path, f"a tenant's name is letters, digits, _ or -, and not 'shared' - at `$.{tenant}`")
        if any(not key or key in tenants for key in keys):
            raise bad_value(path, f"a key is empty, or another tenant's too - at `$.{tenant}`")
        tenants |= dict.fromkeys(keys, tenant)
    return tenants


def settings_from_template(template: Path, *, addresses: Addresses) -> Settings:
    """The template says the policy (fixtures/pipeline/gateway.json); its keys must be the schema's."""
    merged = parse_as(dict[str, dict[str, object]], file=template, content=template.read_bytes())
    for part, key, address in (
        ("log", "file", addresses.log_file),
        ("cache", "url", addresses.cache_url),
        ("redactor", "url", addresses.redactor_url),
        ("model", "url", addresses.model_url),
        ("telemetry", "url", addresses.telemetry_url),
    ):
        merged.setdefault(part, {})[key] = address
    return parse_settings(template, msgspec.json.encode({**merged, "keys_file": addresses.keys_file}))


def write_settings(path: Path, settings: Settings) -> None:
    """Atomic: a reader sees the old file or the new one. Every key is written, also those at their default."""
    write_atomically(path, msgspec.json.format(msgspec.json.encode(settings), indent=2))


def write_atomically(path: Path, content: bytes) -> None:
    draft = path.with_name(f".{path.name}.{os.getpid()}.draft")
    draft.write_bytes(content)
    draft.replace(path)


def read_value(path: Path, dotted_key: str) -> object:
    """`read_value(path, "cache.ttl_s")`. Raises ConfigError where the file has no such key."""
    holder, key = _holder(path, _as_object(path, path.read_bytes()), dotted_key)
    return holder[key]


def change(path: Path, dotted_key: str, value: Setting) -> None:
    """Sets one key of a gateway's settings file. Atomic; raises ConfigError, and changes nothing, where the result would be bad."""
    document = _as_object(path, path.read_bytes())
    holder, key = _holder(path, document, dotted_key)
    holder[key] = value
    content = msgspec.json.format(msgspec.json.encode(document), indent=2)
    parse_settings(path, content)
    write_atomically(path, content)


def _as_object(path: Path, content: bytes) -> JsonObject:
    return parse_as(dict[str, object], file=path, content=content)


def _holder(path: Path, document: JsonObject, dotted_key: str) -> tuple[JsonObject, str]:
    *parents, key = dotted_key.split(".")
    holder: object = document
    for parent in parents:
        holder = holder.get(parent) if isinstance(holder, dict) else None
    if not isinstance(holder, dict) or key not in holder:
        raise ConfigError(
            file=str(path),
            key=dotted_key,
            value=None,
            problem="is not in the file",
            remedy="See Settings for the keys.",
        )
    return holder, key
