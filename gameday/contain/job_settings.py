"""Stop: puts a job's approved settings back. `python -m gameday.contain.job_settings --settings FILE --approved FILE`."""

import argparse
import sys
from pathlib import Path

from gameday.contain.program import run_step
from gameday.systems.reference.job_files import JobSettings, parse_job
from gameday.systems.reference.settings import write_atomically


def _read(name: str) -> JobSettings:
    return parse_job(Path(name), Path(name).read_bytes())


def _is_safe(options: argparse.Namespace) -> bool:
    return _read(options.settings) == _read(options.approved)


def _act(options: argparse.Namespace) -> None:
    _read(options.approved)  # what no job would accept is not put into force
    write_atomically(Path(options.settings), Path(options.approved).read_bytes())


def main() -> int:
    parser = argparse.ArgumentParser(prog="job_settings", description=__doc__)
    parser.add_argument("--settings", required=True)
    parser.add_argument("--approved", required=True)
    return run_step(parser, check=_is_safe, act=_act)


if __name__ == "__main__":
    sys.exit(main())
