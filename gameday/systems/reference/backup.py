"""A backup job: packs a folder into the bucket of backups, or copies it as a snapshot, each time that it is asked.

`python -m gameday.systems.reference.backup --settings FILE --run NAME [--snapshot]`.
"""

import argparse
import io
import shutil
import sys
import tarfile
from pathlib import Path
from typing import Final

from gameday import clock
from gameday.errors import GamedayError
from gameday.systems.reference.job_files import BackupSettings, read_backup, upload

LIFECYCLE_RULE: Final = "backups-expire"
_DAY_S: Final = 86400.0


def back_up(settings_file: Path, *, run: str) -> str:
    """Uploads backups/RUN.tar.gz and returns its key."""
    settings = read_backup(settings_file)
    source = Path(settings.source)
    left_out = frozenset() if settings.backup_includes_debug else frozenset(settings.debug_folders)

    def included(info: tarfile.TarInfo) -> tarfile.TarInfo | None:
        return None if left_out & set(Path(info.name).parts) else info

    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        archive.add(source, arcname=source.name, filter=included)
    return upload(settings.backups, f"backups/{run}.tar.gz", packed.getvalue())


def snapshot(settings_file: Path, *, run: str) -> Path:
    """Copies the folder to SNAPSHOTS/RUN, and takes away snapshots that are older than their time to live."""
    settings = read_backup(settings_file)
    left_out = () if settings.snapshot_includes_debug else settings.debug_folders
    target = Path(settings.snapshots) / run
    shutil.copytree(settings.source, target, symlinks=True, ignore=shutil.ignore_patterns(*left_out))
    target.touch()  # a copy has the folder's own time; a snapshot's age counts from now
    _expire(settings)
    return target


def lifecycle(settings: BackupSettings) -> list[dict[str, object]]:
    """The rule by which the store itself takes backups away when their time is over."""
    return [
        {
            "ID": LIFECYCLE_RULE,
            "Status": "Enabled",
            "Filter": {"Prefix": "backups/"},
            "Expiration": {"Days": settings.ttl_days},
        }
    ]


def _expire(settings: BackupSettings) -> None:
    for old in Path(settings.snapshots).iterdir():
        if clock.now().wall_s - old.stat().st_mtime > settings.ttl_days * _DAY_S:
            shutil.rmtree(old)


def main() -> int:
    parser = argparse.ArgumentParser(prog="backup", description=__doc__)
    parser.add_argument("--settings", required=True)
    parser.add_argument("--run", required=True)
    parser.add_argument("--snapshot", action="store_true")
    options = parser.parse_args()
    try:
        (snapshot if options.snapshot else back_up)(Path(options.settings), run=options.run)
    except (GamedayError, OSError) as error:
        sys.stderr.write(f"backup: {error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
