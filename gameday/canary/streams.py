"""The two kinds of `Source`: a file, mapped and given back window by window, and a stream, pulled as far as it is read."""

import mmap
import os
from bisect import bisect_right
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from gameday.canary.source import Unread

LOOK_BACK_BYTES: Final = 8 << 20  # a stream keeps so much before the furthest place that was read
_GIVE_BACK_BYTES: Final = 16 << 20  # a mapping gives its pages back in steps of this
_PULL_BYTES: Final = 64 << 10  # small pieces are gathered to blocks of this at least
_MIB: Final = 1 << 20


class FileSource:
    """A file on this machine. Its pages are given back as the reading goes on, so that any size fits in little memory.

    What was read stays valid, and may be read again. Raises OSError where the file cannot be opened. What is appended
    after the opening is not part of it; a file that is cut short meanwhile kills the process that reads it (SIGBUS).
    """

    floor = 0

    def __init__(self, path: Path) -> None:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            self.size = os.fstat(handle).st_size
            self._map = mmap.mmap(handle, self.size, access=mmap.ACCESS_READ) if self.size else None
        finally:
            os.close(handle)
        self._view = memoryview(b"" if self._map is None else self._map)
        self._given_back = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def read(self, start: int, size: int) -> memoryview:
        if start - self._given_back >= 2 * _GIVE_BACK_BYTES:
            self._give_back(start - _GIVE_BACK_BYTES)
        return self._view[start : start + size]

    def rest(self, start: int, *, limit: int) -> memoryview:  # noqa: ARG002 - it lies on disk, whatever its size
        return self._view[start:]

    def close(self) -> None:
        """The pages go back at once; the mapping itself when the last that was read from it goes."""
        self._view.release()
        if self._map is not None:
            self._map.madvise(mmap.MADV_DONTNEED)
            with suppress(BufferError):
                self._map.close()

    def _give_back(self, before: int) -> None:
        before -= before % mmap.PAGESIZE
        if self._map is not None:
            self._map.madvise(mmap.MADV_DONTNEED, self._given_back, before - self._given_back)
        self._given_back = before


class StreamSource:
    """Bytes that come in pieces, once: standard input, a body over the network, a member of an archive.

    Pulled no further than is read, a few pieces apart. What lies more than `look_back` before the furthest `read` is
    dropped; to read there again raises ValueError, a bug of the caller. An error of the pieces passes through, but for
    Unread, which ends the stream and is kept in `unread`: what came before it is to be searched.
    """

    def __init__(self, pieces: Iterable[bytes], *, look_back: int = LOOK_BACK_BYTES) -> None:
        self._pieces = iter(pieces)
        self._look_back = look_back
        self._blocks: deque[memoryview] = deque()
        self._starts: deque[int] = deque()  # where each block begins
        self._floor = 0  # nothing before this may be read
        self._end = 0  # how far it was pulled
        self._is_over = False
        self.unread: Unread | None = None

    @property
    def floor(self) -> int:
        return max(self._floor, 0)

    def read(self, start: int, size: int) -> memoryview:
        self._check(start)
        self._pull(start + size)
        self.forget(start - self._look_back)
        return self._between(start, min(start + size, self._end))

    def rest(self, start: int, *, limit: int) -> memoryview:
        self._check(start)
        self._pull(start + limit + 1)
        if self._end - start > limit:
            raise Unread(
                f"it is over {limit / _MIB:.0f} MiB inside a stream or a pack. To look into it, unpack it to a file and "
                "search that"
            )
        whole = self._between(start, self._end)
        self._keep_as_one(start, whole)
        return whole

    def forget(self, before: int) -> None:
        """Drops what lies before this offset, also where it has not come yet."""
        self._floor = max(self._floor, before)
        while self._blocks and self._starts[0] + len(self._blocks[0]) <= self._floor:
            self._blocks.popleft()
            self._starts.popleft()

    def _check(self, start: int) -> None:
        if start < self._floor:
            raise ValueError(f"byte {start} of a stream was dropped: what is left begins at {self._floor}")

    def _pull(self, end: int) -> None:
        while self._end < end and not self._is_over:
            self._append(self._gathered())

    def _gathered(self) -> bytes:
        """The next piece, or the next small ones as one."""
        gathered, size = [], 0
        try:
            for piece in self._pieces:
                gathered.append(piece)
                size += len(piece)
                if size >= _PULL_BYTES:
                    break
            else:
                self._is_over = True
        except Unread as unread:
            self._is_over, self.unread = True, unread
        return gathered[0] if len(gathered) == 1 else b"".join(gathered)

    def _append(self, block: bytes) -> None:
        if block and self._end + len(block) > self._floor:
            self._blocks.append(memoryview(block))
            self._starts.append(self._end)
        self._end += len(block)

    def _between(self, start: int, end: int) -> memoryview:
        parts = list(self._parts(start, end))
        return parts[0] if len(parts) == 1 else memoryview(b"".join(parts))

    def _parts(self, start: int, end: int) -> Iterator[memoryview]:
        if start >= end:
            return
        number = bisect_right(self._starts, start) - 1
        while number < len(self._blocks) and self._starts[number] < end:
            begins = self._starts[number]
            yield self._blocks[number][max(start - begins, 0) : end - begins]
            number += 1

    def _keep_as_one(self, start: int, whole: memoryview) -> None:
        """The joined copy takes the place of its parts, so that it is held once."""
        while self._blocks and self._starts[-1] >= start:
            self._blocks.pop()
            self._starts.pop()
        if self._blocks:
            self._blocks[-1] = self._blocks[-1][: start - self._starts[-1]]
        if whole:
            self._blocks.append(whole)
            self._starts.append(start)
