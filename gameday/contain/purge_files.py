"""Purge: deletes each file below a folder that carries a request id, with what lies beside it under the same name.

A file carries the id in its path, in its content (unpacked if it is a pack), or in a sidecar: `NAME.meta.json` beside `NAME`. A pack is
deleted as a whole. `python -m gameday.contain.purge_files --folder DIR --request-id ID`.
"""

import argparse
import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from gameday.contain.carrying import LOOKED_INTO_BYTES, carries, request_id
from gameday.contain.program import run_step
from gameday.errors import HarnessError

_SIDECAR: Final = ".meta.json"
_EDGE: Final = 256


def _is_safe(options: argparse.Namespace) -> bool:
    return next(_carriers(_root(options), options.request_id), None) is None


def _act(options: argparse.Namespace) -> None:
    for path in list(_carriers(_root(options), options.request_id)):
        name = path.name.removesuffix(_SIDECAR)
        for one in (path, path.with_name(name), path.with_name(f"{name}{_SIDECAR}")):
            one.unlink(missing_ok=True)


def _root(options: argparse.Namespace) -> Path:
    root = Path(options.folder)
    if not root.is_dir():
        raise HarnessError(f"{root} is no folder")
    return root


def _carriers(root: Path, wanted: str) -> Iterator[Path]:
    """Links are not followed, neither to files nor to folders."""
    for folder, _, names in os.walk(root, onerror=_fail):
        for name in names:
            path = Path(folder) / name
            if wanted in str(path.relative_to(root)) or _carries(path, wanted):
                yield path


def _carries(path: Path, wanted: str) -> bool:
    try:
        if not stat.S_ISREG(path.lstat().st_mode):
            return False
        with path.open("rb") as file:
            if path.stat().st_size <= LOOKED_INTO_BYTES:
                return carries(file.read(), wanted)
            edge = b""
            while part := file.read(LOOKED_INTO_BYTES):
                if wanted.encode() in edge + part:
                    return True
                edge = part[-_EDGE:]
            return False
    except FileNotFoundError:
        return False


def _fail(error: OSError) -> None:
    raise error


def main() -> int:
    parser = argparse.ArgumentParser(prog="purge_files", description=__doc__)
    parser.add_argument("--folder", required=True)
    parser.add_argument("--request-id", type=request_id, required=True)
    return run_step(parser, check=_is_safe, act=_act)


if __name__ == "__main__":
    sys.exit(main())
