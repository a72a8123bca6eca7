"""Seal: the forensic copy, encrypted with age to the owner's public key, before anything is purged.

`python -m gameday.contain.seal --vault DIR --recipient FILE --name NAME (--log FILE | --cache URL --pattern P |
--jaeger URL --traces N | --folder DIR)`.
"""

import argparse
import io
import os
import sys
import tarfile
from pathlib import Path

import msgspec
import pyrage

from gameday import clock
from gameday.contain.program import run_step
from gameday.errors import HarnessError


def sealed_files(vault: Path, name: str) -> list[Path]:
    return sorted(vault.glob(f"{name}-*.age"))


def seal(body: bytes, *, vault: Path, recipient: str, name: str) -> Path:
    """Writes one encrypted file (mode 0600) and returns where it lies."""
    vault.mkdir(parents=True, exist_ok=True, mode=0o700)
    target = vault / f"{name}-{clock.now().wall_s:.6f}.age"
    fd = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(fd, "wb") as file:
        file.write(pyrage.encrypt(body, [pyrage.x25519.Recipient.from_str(recipient)]))
        file.flush()
        os.fsync(file.fileno())
    return target


def _entries(url: str, pattern: str) -> bytes:
    from gameday.servers.valkey import connect  # noqa: PLC0415 - a log's copy needs no client

    with connect(url) as client:
        found = {bytes(key).hex(): bytes(client.dump(key) or b"").hex() for key in client.scan_iter(match=pattern)}
    return msgspec.json.encode(found)


def _packed(folder: Path) -> bytes:
    """A tar of every file."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        archive.add(folder, arcname=folder.name)
    return packed.getvalue()


def _spans(url: str, traces: int) -> bytes:
    from gameday.servers.jaeger import all_spans  # noqa: PLC0415 - a log's copy needs no client

    return msgspec.json.encode(all_spans(url, max_traces=traces))


def _body(options: argparse.Namespace) -> bytes:
    if options.log:
        return Path(options.log).read_bytes()
    if options.folder:
        return _packed(Path(options.folder))
    return _spans(options.jaeger, options.traces) if options.jaeger else _entries(options.cache, options.pattern)


def _is_safe(options: argparse.Namespace) -> bool:
    return bool(sealed_files(Path(options.vault), options.name))


def _act(options: argparse.Namespace) -> None:
    body = _body(options)
    if not body:
        raise HarnessError("there is nothing to seal")
    seal(body, vault=Path(options.vault), recipient=Path(options.recipient).read_text().strip(), name=options.name)


def main() -> int:
    parser = argparse.ArgumentParser(prog="seal", description=__doc__)
    parser.add_argument("--vault", required=True)
    parser.add_argument("--recipient", required=True, help="a file with an age public key")
    parser.add_argument("--name", required=True)
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--log")
    source.add_argument("--cache")
    source.add_argument("--jaeger")
    source.add_argument("--folder")
    parser.add_argument("--traces", type=int, default=0)
    parser.add_argument("--pattern", default="*")
    return run_step(parser, check=_is_safe, act=_act)


if __name__ == "__main__":
    sys.exit(main())
