"""The debug capture: somebody who looks into a complaint keeps whole exchanges in a folder, which is allowed there and nowhere else."""

from pathlib import Path
from typing import Final

import msgspec

from gameday.systems.reference.job_files import Exchange, read_backup

_PRIVATE: Final = 0o600


def capture(backup_settings: Path, exchange: Exchange) -> Path:
    """Writes one file into the first of the folders that a backup leaves out, and returns where it lies."""
    settings = read_backup(backup_settings)
    folder = Path(settings.source) / settings.debug_folders[0]
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    file = folder / f"{exchange.request_id}.json"
    file.touch(mode=_PRIVATE)
    said = {"request_id": exchange.request_id, "request": exchange.request_body, "response": exchange.response_body}
    file.write_bytes(msgspec.json.encode(said) + b"\n")
    return file
