"""What the reference detector looks for in new log bytes. It knows what secrets look like in general, and no canary."""

import secrets
import string
from collections.abc import Iterator, Sequence
from typing import Final

import msgspec
from attrs import frozen
from kingfisher_sdk import Rules, Scanner

CROSS_TENANT: Final = "CrossTenantCacheHit"
_AWS_ID: Final = string.ascii_uppercase + "234567"
SECRET: Final = "SecretInLog"  # noqa: S105 - an alert's name


@frozen(kw_only=True)
class Notice:
    """What an alert will say; never the secret itself. `field` is the key of the JSON line that held it.

    `data` is the class of what leaked, by which alerts are routed.
    """

    alertname: str
    data: str
    request_id: str
    rule: str
    field: str = ""
    tenant: str = ""
    source_request_id: str = ""


class SecretRule:
    """Kingfisher's rules over new bytes, offline: nothing is validated with any provider."""

    def __init__(self) -> None:
        self._scanner = Scanner(rules=Rules())
        self._warm_up()

    def _warm_up(self) -> None:
        """A rule is compiled when it first fires, some 0.1 s each: a watcher that has run for a while has that behind it."""
        key_id = "AKIA" + "".join(secrets.choice(_AWS_ID) for _ in range(16))
        secret = "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(40))
        list(self._scanner.scan(f"AWS_ACCESS_KEY_ID={key_id} AWS_SECRET_ACCESS_KEY={secret}".encode()))

    def notices(self, lines: Sequence[bytes], *, request_id_path: str) -> Iterator[Notice]:
        for finding in self._scanner.scan(b"".join(lines)):
            if finding.visible:
                fields = parsed(lines[finding.location["line"] - 1])
                yield Notice(
                    alertname=SECRET,
                    data="secret",
                    request_id=text_at(fields, request_id_path),
                    rule=finding.rule_id,
                    field=self._field_of(fields, finding.rule_id),
                    tenant=text_at(fields, "tenant"),
                )

    def _field_of(self, fields: dict[str, object], rule: str) -> str:
        """The key whose value alone makes the same rule fire, "" where it takes the whole line."""
        for key, value in fields.items():
            text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
            if any(finding.rule_id == rule for finding in self._scanner.scan(text.encode())):
                return key
        return ""


def cross_tenant_notices(lines: Sequence[bytes]) -> Iterator[Notice]:
    """A cache hit whose entry another tenant wrote: by the gateway's ordinary fields cache, tenant and cache_tenant."""
    for line in lines:
        fields = parsed(line)
        if fields.get("cache") == "hit" and fields.get("cache_tenant") != fields.get("tenant"):
            yield Notice(
                alertname=CROSS_TENANT,
                data="cross-tenant",
                request_id=text_at(fields, "request_id"),
                rule="cache_tenant != tenant",
                field="cache_key",
                tenant=text_at(fields, "tenant"),
                source_request_id=text_at(fields, "cache_request_id"),
            )


def parsed(line: bytes) -> dict[str, object]:
    """The fields of a JSON line; none where it is not one."""
    try:
        return msgspec.json.decode(line, type=dict[str, object])
    except (msgspec.DecodeError, msgspec.ValidationError):
        return {}


def text_at(fields: object, path: str) -> str:
    """What stands at a dotted path, or under a key that has the dots in its name; "" where there is no text."""
    if isinstance(fields, dict) and path in fields:
        path, fields = "", fields[path]
    for key in path.split(".") if path else ():
        if isinstance(fields, dict):
            fields = fields.get(key)
        elif isinstance(fields, list) and key.isdigit() and int(key) < len(fields):
            fields = fields[int(key)]
    return fields if isinstance(fields, str) else ""
