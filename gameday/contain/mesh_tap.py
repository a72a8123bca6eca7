"""Stop: switches an Envoy's tap off by its admin API. `python -m gameday.contain.mesh_tap --mesh REF --key KEY`."""

import argparse
import sys
from typing import Final

from gameday.contain.program import run_step
from gameday.servers.envoy import EnvoyAdmin

_OFF: Final = b"0"


def _is_safe(options: argparse.Namespace) -> bool:
    return EnvoyAdmin.from_ref(options.mesh).get(options.key) == _OFF


def _act(options: argparse.Namespace) -> None:
    EnvoyAdmin.from_ref(options.mesh).set(options.key, _OFF)


def main() -> int:
    parser = argparse.ArgumentParser(prog="mesh_tap", description=__doc__)
    parser.add_argument("--mesh", required=True, help="envoy:http://HOST:PORT of its admin API")
    parser.add_argument("--key", required=True)
    return run_step(parser, check=_is_safe, act=_act)


if __name__ == "__main__":
    sys.exit(main())
