"""Stop: puts the ingress' approved handlers back. `python -m gameday.contain.ingress_handlers --admin URL --path P --approved FILE`."""

import argparse
import sys
from pathlib import Path

import msgspec

from gameday.contain.program import run_step
from gameday.errors import HarnessError
from gameday.servers.caddy import CaddyAdmin


def _is_safe(options: argparse.Namespace) -> bool:
    current = CaddyAdmin(options.admin).get(options.path)
    return current is not None and msgspec.json.decode(current) == msgspec.json.decode(
        Path(options.approved).read_bytes()
    )


def _act(options: argparse.Namespace) -> None:
    CaddyAdmin(options.admin).set(options.path, Path(options.approved).read_bytes())
    if not _is_safe(options):
        raise HarnessError("the ingress did not take the approved handlers")


def main() -> int:
    parser = argparse.ArgumentParser(prog="ingress_handlers", description=__doc__)
    parser.add_argument("--admin", required=True)
    parser.add_argument("--path", required=True)
    parser.add_argument("--approved", required=True)
    return run_step(parser, check=_is_safe, act=_act)


if __name__ == "__main__":
    sys.exit(main())
