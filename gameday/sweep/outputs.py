"""Searches everything that a run wrote, twice, by two searches that share no code; each must first find a sentinel."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from attrs import frozen

Search = Callable[[bytes], bool]


@frozen(kw_only=True)
class Sweep:
    """`works`: the search found the sentinel that was laid out for it. `dirty` are files, by path, never what they hold."""

    files: int
    works: bool
    dirty: tuple[Path, ...]


def sweep(paths: Iterable[Path], search: Search, *, sentinel: bytes) -> Sweep:
    """Applies `search` to every file below `paths`, whole. A file that cannot be read counts as dirty: it was not cleared."""
    files = list(_files(paths))
    return Sweep(
        files=len(files),
        works=search(b"before\n" + sentinel + b"\nafter"),
        dirty=tuple(file for file in files if not _is_clean(file, search)),
    )


def holds_bytes(planted: Iterable[bytes]) -> Search:
    """The plain search: the planted texts as they are, byte by byte; its time does not grow with how many they are."""
    texts = {text for text in planted if text}
    width = min(map(len, texts), default=1)
    by_head: dict[bytes, list[bytes]] = {}
    for text in texts:
        by_head.setdefault(text[:width], []).append(text)

    def search(body: bytes) -> bool:
        heads = ((start, by_head.get(body[start : start + width])) for start in range(len(body) - width + 1))
        return any(body.startswith(text, start) for start, found in heads if found for text in found)

    return search


def _files(paths: Iterable[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            yield from (file for file in sorted(path.rglob("*")) if file.is_file())
        elif path.exists():
            yield path


def _is_clean(file: Path, search: Search) -> bool:
    try:
        return not search(file.read_bytes())
    except OSError:
        return False
