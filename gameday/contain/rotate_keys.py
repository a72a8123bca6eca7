"""Rotate: gives every tenant a new API key and makes the old ones worthless.

`python -m gameday.contain.rotate_keys --keys FILE --clients DIR --url URL`: FILE is what the gateway accepts, DIR/TENANT.key what each
tenant's client uses, URL what a key is tried against.
"""

import argparse
import json
import os
import secrets
import sys
import urllib.error
import urllib.request
from pathlib import Path

from gameday.contain.program import run_step
from gameday.wait import poll_until


def _old(options: argparse.Namespace) -> Path:
    """Digests would do for a real store; here the old keys are kept until the check has tried that they are refused."""
    return Path(options.keys).with_suffix(".old")


def _is_accepted(url: str, key: str) -> bool:
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {key}"})  # noqa: S310 - the operator's own URL
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=5) as response:
            return bool(response.status == 200)  # noqa: PLR2004 - HTTP's OK
    except urllib.error.HTTPError as error:
        if error.code in {401, 403}:
            return False
        raise


def _is_safe(options: argparse.Namespace) -> bool:
    if not _old(options).exists():
        return False
    old = json.loads(_old(options).read_text())
    return not any(_is_accepted(options.url, key) for keys in old.values() for key in keys)


def _act(options: argparse.Namespace) -> None:
    path = Path(options.keys)
    was: dict[str, list[str]] = json.loads(path.read_text())
    fresh = {tenant: [secrets.token_urlsafe(24)] for tenant in was}
    _write(_old(options), json.dumps(was))
    _write(path, json.dumps(fresh))
    for tenant, (key,) in fresh.items():
        _write(Path(options.clients) / f"{tenant}.key", key)
    poll_until(lambda: _is_safe(options) or None, what="the gateway refuses the old keys", every_s=0.02, within_s=5)


def _write(path: Path, text: str) -> None:
    fresh = path.with_name(f".{path.name}.new")
    fd = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(fd, "w") as file:
        file.write(text)
    fresh.replace(path)


def main() -> int:
    parser = argparse.ArgumentParser(prog="rotate_keys", description=__doc__)
    parser.add_argument("--keys", required=True)
    parser.add_argument("--clients", required=True)
    parser.add_argument("--url", required=True)
    return run_step(parser, check=_is_safe, act=_act)


if __name__ == "__main__":
    sys.exit(main())
