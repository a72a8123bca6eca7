"""The files of the reference pipeline: settings, keys, logs, and what its operators keep (approved handlers, age key, vault)."""

import hashlib
import json
import secrets
from pathlib import Path
from typing import Final

import pyrage
from attrs import frozen

from gameday.systems.reference.settings import Addresses, settings_from_template, write_settings

TENANTS: Final = ("acme", "globex")


@frozen(kw_only=True)
class Files:
    """`root` is the stack's own folder, gone with it; `pipeline` holds the templates under test (fixtures/pipeline)."""

    root: Path
    pipeline: Path

    @property
    def gateway(self) -> Path:
        return self.root / "gateway.json"

    @property
    def keys(self) -> Path:
        return self.root / "keys.json"

    @property
    def approved(self) -> Path:
        """The ingress' handlers as they were approved: what a runbook puts back."""
        return self.root / "approved-handlers.json"

    @property
    def access_log(self) -> Path:
        return self.root / "caddy" / "access.log"

    @property
    def gateway_log(self) -> Path:
        return self.root / "gateway-log.jsonl"

    @property
    def model_log(self) -> Path:
        return self.root / "model-log.jsonl"

    @property
    def vault(self) -> Path:
        return self.root / "vault"

    @property
    def recipient(self) -> Path:
        return self.root / "recipient.txt"

    @property
    def clients(self) -> Path:
        return self.root / "clients"

    def client_key(self, tenant: str) -> Path:
        return self.clients / f"{tenant}.key"

    def write(self, addresses: Addresses, *, handlers: bytes) -> None:
        """Everything that the gateway and its operators need before the first request."""
        self.approved.write_bytes(handlers)
        self.clients.mkdir(mode=0o700, exist_ok=True)
        keys = {tenant: secrets.token_urlsafe(24) for tenant in TENANTS}
        for tenant, key in keys.items():
            self.client_key(tenant).write_text(key)
        self.keys.write_text(json.dumps({tenant: [key] for tenant, key in keys.items()}))
        identity = pyrage.x25519.Identity.generate()
        self.recipient.write_text(str(identity.to_public()))
        (self.root / "identity.txt").write_text(str(identity))
        for log in (self.gateway_log, self.model_log, self.access_log):
            log.touch(mode=0o600)
        self.write_settings(addresses)

    def write_settings(self, addresses: Addresses) -> None:
        write_settings(self.gateway, settings_from_template(self.pipeline / "gateway.json", addresses=addresses))

    def policy_digest(self) -> str:
        """Of everything in the templates: evidence is pooled only where it is the same."""
        digest = hashlib.sha256()
        for path in sorted(path for path in self.pipeline.iterdir() if path.is_file()):
            digest.update(path.read_bytes())
        return digest.hexdigest()
