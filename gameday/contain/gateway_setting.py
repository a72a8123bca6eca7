"""Stop: sets one key of the gateway's settings. `python -m gameday.contain.gateway_setting --settings FILE --key K --value JSON`."""

import argparse
import json
import sys
from pathlib import Path

from gameday.contain.program import run_step
from gameday.systems.reference.settings import change, read_value


def _is_safe(options: argparse.Namespace) -> bool:
    return bool(read_value(Path(options.settings), options.key) == json.loads(options.value))


def _act(options: argparse.Namespace) -> None:
    change(Path(options.settings), options.key, json.loads(options.value))


def main() -> int:
    parser = argparse.ArgumentParser(prog="gateway_setting", description=__doc__)
    parser.add_argument("--settings", required=True)
    parser.add_argument("--key", required=True)
    parser.add_argument("--value", required=True)
    return run_step(parser, check=_is_safe, act=_act)


if __name__ == "__main__":
    sys.exit(main())
