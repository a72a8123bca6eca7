"""Purge: deletes every entry of a Valkey that matches a pattern. `python -m gameday.contain.purge_cache --cache URL --pattern P`."""

import argparse
import sys

from gameday.contain.program import run_step
from gameday.servers.valkey import connect


def _is_safe(options: argparse.Namespace) -> bool:
    with connect(options.cache) as client:
        return next(iter(client.scan_iter(match=options.pattern)), None) is None


def _act(options: argparse.Namespace) -> None:
    with connect(options.cache) as client:
        for key in client.scan_iter(match=options.pattern):
            client.unlink(key)


def main() -> int:
    parser = argparse.ArgumentParser(prog="purge_cache", description=__doc__)
    parser.add_argument("--cache", required=True)
    parser.add_argument("--pattern", required=True)
    return run_step(parser, check=_is_safe, act=_act)


if __name__ == "__main__":
    sys.exit(main())
