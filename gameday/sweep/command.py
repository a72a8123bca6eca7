"""`gameday sweep URL...`: exit status 0 clean, 1 found, 2 could not look everywhere, 3 gameday failed, 4 wrong usage."""

import argparse
import os
import secrets
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from gameday.canary.canaries_file import read as read_canaries
from gameday.canary.key import existing
from gameday.errors import UsageError
from gameday.sarif import sarif
from gameday.sighting import Note
from gameday.sweep.checkpoint import default_path
from gameday.sweep.lines import lines
from gameday.sweep.progress import Progress
from gameday.sweep.result import Swept
from gameday.sweep.searching import STANDARD_INPUT
from gameday.sweep.sweeping import sweep
from gameday.sweep.wanted import FinderSpec


def run(options: argparse.Namespace) -> int:
    _want_sense(options)
    spec = FinderSpec(
        keys=tuple(existing(Path(file)) for file in options.key_file) or (existing(),),
        canaries=tuple(canary for file in options.canaries for canary in read_canaries(Path(file))),
        is_deep=options.deep,
    )
    checkpoint, progress = _checkpoint(options, digest=spec.digest()), Progress(sys.stderr)
    try:
        swept = sweep(
            options.urls,
            finder_spec=spec,
            workers=options.workers,
            dask=options.dask,
            checkpoint=checkpoint,
            on_progress=progress,
        )
    except BaseException:
        progress.clear()
        if checkpoint is not None and checkpoint.exists():
            sys.stderr.write("What is done is kept: the same command goes on from there.\n")
        raise
    progress.end(swept)
    _tell(swept, options)
    if checkpoint is not None and options.resume is None and not swept.failed:
        checkpoint.unlink(missing_ok=True)
    return swept.exit_code


def _want_sense(options: argparse.Namespace) -> None:
    if options.workers is not None and options.workers < 1:
        raise UsageError(f"--workers {options.workers}: at least one process searches. Leave it out for one each core.")
    if options.workers is not None and options.dask:
        raise UsageError("--workers are of this machine, --dask names those of a cluster. Name one of both.")
    if options.no_resume and options.resume is not None:
        raise UsageError("--resume and --no-resume exclude each other. Name one of both.")
    for file in filter(None, (options.out, options.sarif)):
        if not Path(file).parent.is_dir():
            raise UsageError(f"{file} cannot be written: its folder is not there. Make it first.")


def _checkpoint(options: argparse.Namespace, *, digest: str) -> Path | None:
    if options.no_resume or options.urls == [STANDARD_INPUT]:
        return None
    if options.resume is not None:
        return Path(options.resume)
    folder = Path(options.out).parent if options.out else Path()
    if not os.access(folder, os.W_OK):
        sys.stderr.write("This folder cannot be written: there will be no checkpoint. Name one with --resume FILE.\n")
        return None
    return default_path(options.urls, digest=digest, folder=folder)


def _tell(swept: Swept, options: argparse.Namespace) -> None:
    if options.sarif:
        notes = [(one.path, Note(offset=one.offset or 0, form=one.form, why=one.why)) for one in swept.unseen]
        _write(Path(options.sarif), [sarif(swept.sightings, notes, exit_code=swept.exit_code)])
    if options.out:
        _write(Path(options.out), [f"{line}\n".encode() for line in lines(swept)])
    else:
        sys.stdout.writelines(f"{line}\n" for line in lines(swept))


def _write(path: Path, parts: Sequence[bytes]) -> None:
    """Whole, or not at all."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with draft.open("xb") as file:
            file.writelines(parts)
        draft.replace(path)
    except OSError as error:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
        raise UsageError(f"{path} cannot be written: {os.strerror(error.errno or 0)}. Name another file.") from None
