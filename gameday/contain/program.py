"""What every step program shares: `--check` asks whether its aim holds (exit 0) or not (exit 1); otherwise it acts."""

import argparse
import sys
from collections.abc import Callable

from gameday.errors import GamedayError


def run_step(
    parser: argparse.ArgumentParser,
    *,
    check: Callable[[argparse.Namespace], bool],
    act: Callable[[argparse.Namespace], None],
) -> int:
    """Exit 0 done or safe, 1 unsafe, 2 could not be done. What it prints never quotes what it handled."""
    parser.add_argument("--check", action="store_true", help="only say whether the aim holds")
    options = parser.parse_args()
    try:
        if options.check:
            return 0 if check(options) else 1
        act(options)
    except (GamedayError, OSError) as error:
        sys.stderr.write(f"{parser.prog}: {error}\n")
        return 2
    return 0
