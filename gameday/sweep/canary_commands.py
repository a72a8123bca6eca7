"""`gameday mint`, `gameday find` and `gameday whois`: canaries in and around a user's own system."""

import argparse
import os
import sys
from pathlib import Path
from typing import Final

from gameday import clock
from gameday.canary import canaries_file
from gameday.canary.key import SiteKey, existing, load_or_make
from gameday.canary.mint import Canary
from gameday.canary.minting import mint, run_name
from gameday.canary.whois import lines as told
from gameday.canary.whois import status, whois
from gameday.errors import UsageError
from gameday.sweep.finding import find, lines
from gameday.sweep.searching import STANDARD_INPUT

_WHOIS_BYTES: Final = 64 << 20


def mint_file(options: argparse.Namespace) -> int:
    if options.count is not None and options.count < 1:
        raise UsageError(f"--count {options.count}: at least one canary can be minted.")
    key = load_or_make()
    canaries = mint(
        count=options.count,
        family=options.family,
        seed=options.seed,
        locale=options.locale,
        slot=options.slot,
        key=key,
    )
    count = canaries_file.write(Path(options.out), canaries, key=key, run=run_name(options.seed))
    sys.stdout.write(
        f"{count} canaries are in {options.out}. Plant them, then: gameday find --canaries {options.out} PATH\n"
    )
    return 0


def find_in_paths(options: argparse.Namespace) -> int:
    keys, canaries = _keys(options.key_file), _canaries(options.canaries)
    _want_key(keys, file=options.canaries)
    swept = find(options.paths, canaries=canaries, keys=keys, deep=options.deep)
    sys.stdout.writelines(f"{line}\n" for line in lines(swept))
    return swept.exit_code


def tell_whois(options: argparse.Namespace) -> int:
    answers = whois(
        _text(options.what),
        keys=_keys(options.key_file),
        canaries=_canaries(options.canaries) if options.canaries else (),
        today=clock.today(),
        expires_after_days=options.expires_after,
    )
    sys.stdout.writelines(f"{line}\n" for line in told(answers) or ["no token stands in it"])
    return status(answers)


def _canaries(file: str) -> list[Canary]:
    return canaries_file.read(Path(file))


def _keys(files: list[str]) -> list[SiteKey]:
    return [existing(Path(file)) for file in files] if files else [existing()]


def _want_key(keys: list[SiteKey], *, file: str) -> None:
    minted_with = canaries_file.read_header(Path(file)).key
    if minted_with not in {key.key_id for key in keys}:
        raise UsageError(f"{file} was minted with key {minted_with}, which is not here. Name it with --key-file.")


def _text(what: str) -> str:
    if what != STANDARD_INPUT and not os.path.exists(what):  # noqa: PTH110 - a token is no path, whatever its length
        return what
    try:
        body = sys.stdin.buffer.read(_WHOIS_BYTES) if what == STANDARD_INPUT else Path(what).read_bytes()
    except OSError as error:
        raise UsageError(f"{what} cannot be read: {error.strerror}. Name a file, or give the token.") from None
    return body.decode("utf-8", "replace")
