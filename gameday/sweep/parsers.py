"""What `gameday mint`, `find`, `whois` and `sweep` take. What they do is imported when they run."""

import argparse
from typing import Any

Commands = Any  # argparse keeps the type of its commands to itself


def add_mint(commands: Commands) -> None:
    parser = commands.add_parser("mint", help="write canaries for your own system to a file")
    parser.add_argument("--family", help="kind of prompt (default: each in turn)")
    parser.add_argument("--count", type=int, help="how many (default: one of each family)")
    parser.add_argument("--seed", type=int, help="the same seed gives the same canaries on the same day")
    parser.add_argument("--locale", help="such as de_DE (default: each in turn)")
    parser.add_argument("--slot", help="where in a request they are for (default: each in turn)")
    parser.add_argument("--out", required=True, metavar="FILE", help="a new file, readable by you alone")
    parser.set_defaults(command=_mint)


def add_find(commands: Commands) -> None:
    parser = commands.add_parser("find", help="find canaries again, in files, folders and standard input")
    parser.add_argument("paths", nargs="+", metavar="PATH", help="file, folder, or '-' for standard input")
    parser.add_argument("--canaries", required=True, metavar="FILE", help="what 'gameday mint' wrote")
    parser.add_argument(
        "--key-file", action="append", default=[], metavar="FILE", help="site key (default: this site's)"
    )
    parser.add_argument("--deep", action="store_true", help="look for more forms, slowly")
    parser.set_defaults(command=_find)


def add_whois(commands: Commands) -> None:
    parser = commands.add_parser("whois", help="tell whose a token is, and when it was minted")
    parser.add_argument("what", metavar="TOKEN|FILE", help="a token, 12 characters of one, a file, or '-'")
    parser.add_argument("--canaries", metavar="FILE", help="tell more, and fragments too: what 'gameday mint' wrote")
    parser.add_argument(
        "--key-file", action="append", default=[], metavar="FILE", help="site key (default: this site's)"
    )
    parser.add_argument(
        "--expires-after", type=int, default=365, metavar="DAYS", help="older is expired (default: 365)"
    )
    parser.set_defaults(command=_whois)


def add_sweep(commands: Commands) -> None:
    parser = commands.add_parser("sweep", help="look for canaries in files, folders, buckets and web servers")
    parser.add_argument(
        "urls", nargs="+", metavar="URL", help="file, folder, '-', or what fsspec opens (s3://, zip:// ...)"
    )
    parser.add_argument(
        "--canaries", action="append", default=[], metavar="FILE", help="find their values and prose too"
    )
    parser.add_argument(
        "--key-file", action="append", default=[], metavar="FILE", help="site key (default: this site's)"
    )
    parser.add_argument("--workers", type=int, metavar="N", help="processes (default: one for each core)")
    parser.add_argument("--dask", metavar="ADDRESS", help="search on the Dask cluster with this scheduler")
    parser.add_argument("--deep", action="store_true", help="look for more forms, slowly")
    parser.add_argument("--out", metavar="FILE", help="JSON lines go there (default: standard output)")
    parser.add_argument("--sarif", metavar="FILE", help="write SARIF 2.1.0 there as well")
    parser.add_argument("--resume", metavar="FILE", help="checkpoint to go on from (default: one beside --out)")
    parser.add_argument("--no-resume", action="store_true", help="begin anew, and write no checkpoint")
    parser.set_defaults(command=_sweep)


def _mint(options: argparse.Namespace) -> int:
    from gameday.sweep.canary_commands import mint_file  # noqa: PLC0415

    return mint_file(options)


def _find(options: argparse.Namespace) -> int:
    from gameday.sweep.canary_commands import find_in_paths  # noqa: PLC0415

    return find_in_paths(options)


def _whois(options: argparse.Namespace) -> int:
    from gameday.sweep.canary_commands import tell_whois  # noqa: PLC0415

    return tell_whois(options)


def _sweep(options: argparse.Namespace) -> int:
    from gameday.sweep.command import run  # noqa: PLC0415

    return run(options)
