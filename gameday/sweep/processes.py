"""Workers on this machine: one process each, so that a file which kills its reader kills no sweep."""

import contextlib
import multiprocessing
import signal
from collections.abc import Iterator
from multiprocessing.connection import Connection, wait
from typing import Final

from gameday.errors import HarnessError
from gameday.sweep.searching import reason, search
from gameday.sweep.work import Answer, Job, Jobs, Unit, Wanted

DIED: Final = "the process that searched it died, twice (out of memory, killed, or the file was cut short meanwhile)"
_STARTS_IN_VAIN: Final = 3
_DISMISS_WITHIN_S: Final = 2.0


def on_this_machine(jobs: Jobs, wanted: Wanted, *, workers: int) -> Iterator[tuple[Answer, ...]]:
    """Answers as they come, in no order. Closing it ends the workers. Raises HarnessError where none will start."""
    crew = _Crew(jobs, wanted, size=workers)
    try:
        while crew.has_work():
            yield from crew.step()
    finally:
        crew.dismiss()


class _Worker:
    """A child that has no job until it said that it is ready."""

    def __init__(self, wanted: Wanted) -> None:
        context = multiprocessing.get_context("spawn")  # no thread or lock of ours is copied
        self.connection, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, wanted), daemon=True, name="gameday sweep")
        with _interrupts_held(), theirs:
            self._process.start()
        self.sentinel = self._process.sentinel
        self.is_ready = False
        self.job: Job | None = None

    def give(self, job: Job) -> None:
        self.job = job
        with contextlib.suppress(OSError):  # it died meanwhile, which is heard of
            self.connection.send(job.units)

    def hear(self) -> tuple[Answer, ...] | str:
        """What it said: answers, or why it could not start. Raises EOFError where it died."""
        try:
            heard: tuple[Answer, ...] | str = self.connection.recv()
        except OSError:
            raise EOFError from None
        return heard

    def end(self) -> None:
        self._process.terminate()
        self._process.join(_DISMISS_WITHIN_S)
        if self._process.is_alive():
            self._process.kill()
        self._process.join()
        self._process.close()
        self.connection.close()


class _Crew:
    def __init__(self, jobs: Jobs, wanted: Wanted, *, size: int) -> None:
        self._jobs, self._wanted, self._size = jobs, wanted, size
        self._workers: list[_Worker] = []
        self._starts_in_vain = 0

    def has_work(self) -> bool:
        return bool(self._jobs) or any(worker.job for worker in self._workers)

    def step(self) -> Iterator[tuple[Answer, ...]]:
        """Waits until a worker says something, or dies."""
        self._hire()
        spoke = set(wait([one for worker in self._workers for one in (worker.connection, worker.sentinel)]))
        for worker in list(self._workers):
            if worker.connection in spoke or worker.sentinel in spoke:
                yield from self._heard(worker)

    def dismiss(self) -> None:
        for worker in self._workers:
            worker.end()
        self._workers = []

    def _hire(self) -> None:
        while len(self._workers) < min(self._size, len(self._jobs) + sum(bool(one.job) for one in self._workers)):
            self._workers.append(_Worker(self._wanted))

    def _heard(self, worker: _Worker) -> Iterator[tuple[Answer, ...]]:
        try:
            heard = worker.hear()
        except EOFError:
            yield from self._died(worker)
            return
        if isinstance(heard, str):
            raise HarnessError(f"a worker of the sweep could not begin: {heard}")
        if worker.job:
            yield heard
        self._starts_in_vain, worker.is_ready, worker.job = 0, True, None
        if (job := self._jobs.take()) is not None:
            worker.give(job)

    def _died(self, worker: _Worker) -> Iterator[tuple[Answer, ...]]:
        self._workers.remove(worker)
        worker.end()
        if not worker.is_ready:
            self._starts_in_vain += 1
        if self._starts_in_vain == _STARTS_IN_VAIN:
            raise HarnessError(
                f"{_STARTS_IN_VAIN} workers of the sweep died as they began. Is there memory for them? Try --workers 1."
            )
        if worker.job:
            yield self._jobs.lost(worker.job, why=DIED)


def _serve(connection: Connection, wanted: Wanted) -> None:
    """A worker's life. It ends when its parent does."""
    with contextlib.suppress(EOFError, OSError):
        try:
            finder = wanted.finder()
        except Exception as error:  # noqa: BLE001 - whatever it is, the parent is told
            connection.send(reason(error))
            return
        connection.send(())
        while True:
            units: tuple[Unit, ...] = connection.recv()
            connection.send(tuple(search(finder, unit, deep=wanted.is_deep) for unit in units))


@contextlib.contextmanager
def _interrupts_held() -> Iterator[None]:
    """A child that begins in here never sees Ctrl-C, which a terminal sends to all: its parent ends it."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
