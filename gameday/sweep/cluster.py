"""Workers of a Dask cluster that runs already. They must have gameday, and see the same files under the same paths."""

import contextlib
import queue
from collections.abc import Iterator
from typing import Any, Final, cast

from gameday import clock
from gameday.errors import HarnessError, UsageError
from gameday.sweep.searching import search
from gameday.sweep.work import Answer, Job, Jobs, Unit, Wanted

LOST: Final = "the Dask workers that searched it died, again and again (out of memory, or killed), or have no finder"
_AT_ONCE_EACH: Final = 3  # jobs that a worker thread has before it, so that it never waits for the next
_LOOK_EVERY_S: Final = 1.0
_ALONE_S: Final = 60.0
_CONNECT_WITHIN_S: Final = 10


def on_dask(jobs: Jobs, wanted: Wanted, *, address: str) -> Iterator[tuple[Answer, ...]]:
    """Answers as they come. Raises UsageError where the cluster cannot be reached, HarnessError where it goes away."""
    client, name = _client(address), f"gameday-sweep-{wanted.digest()}"
    try:
        _equip(client, wanted, name=name)
        yield from _Crew(jobs, client=client, name=name).answers()
    finally:
        with contextlib.suppress(Exception):  # a key that stays behind there is no reason to lose a result
            client.unregister_worker_plugin(name)
        client.close()


def _equip(client: Any, wanted: Wanted, *, name: str) -> None:
    """Once more where a worker died meanwhile: those that take its place get the finder as they join."""
    for is_last in (False, False, True):
        try:
            client.register_plugin(_plugin(wanted), name=name)
        except Exception as error:  # noqa: BLE001 - it ran on a worker, and may be anything
            if isinstance(error, OSError) and not is_last:
                continue
            raise HarnessError(
                f"the Dask workers could not be given the finder ({type(error).__name__}). Is the same gameday there?"
            ) from None
        return


class _Crew:
    def __init__(self, jobs: Jobs, *, client: Any, name: str) -> None:
        self._jobs, self._client, self._name = jobs, client, name
        self._done: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._under_way: dict[Any, Job] = {}
        self._seen_worker = clock.now()

    def answers(self) -> Iterator[tuple[Answer, ...]]:
        while self._jobs or self._under_way:
            self._submit()
            try:
                future = self._done.get(timeout=_LOOK_EVERY_S)
            except queue.Empty:
                self._want_workers()
                continue
            self._seen_worker = clock.now()
            yield self._outcome(future, self._under_way.pop(future))

    def _submit(self) -> None:
        """What was lost is tried last and alone: Dask counts a dead worker against all that it had before it."""
        at_once = _AT_ONCE_EACH * max(1, self._threads()) if self._jobs else 0
        while self._jobs and len(self._under_way) < (1 if self._jobs.is_retrying else at_once):
            if (job := self._jobs.take()) is not None:
                future = self._client.submit(_search_there, self._name, job.units, pure=False)
                self._under_way[future] = job
                future.add_done_callback(self._done.put)

    def _outcome(self, future: Any, job: Job) -> tuple[Answer, ...]:
        """A worker that is killed is Dask's to replace, some times over; what it gives up is tried unit by unit."""
        if future.status == "finished":
            answers: tuple[Answer, ...] = future.result()
            return answers
        self._threads()
        return self._jobs.lost(job, why=LOST)

    def _want_workers(self) -> None:
        if self._threads():
            self._seen_worker = clock.now()
        elif clock.now().mono_s - self._seen_worker.mono_s > _ALONE_S:
            raise HarnessError(
                f"the Dask cluster has had no worker for {_ALONE_S:.0f} s. Start some, then the same sweep: it goes on."
            )

    def _threads(self) -> int:
        """Of all workers now. Raises HarnessError where there is no scheduler any more."""
        if self._client.status == "running":
            with contextlib.suppress(OSError):
                return sum(self._client.nthreads().values())
        raise HarnessError("the Dask scheduler went away. Start it again, then the same sweep: it goes on.")


def _client(address: str) -> Any:
    try:
        from distributed import Client  # noqa: PLC0415 - a library of its own, for who has a cluster
    except ImportError:
        raise UsageError(
            "--dask needs the library distributed, which is not here. Run: pip install distributed"
        ) from None
    try:
        return cast("Any", Client)(address, timeout=_CONNECT_WITHIN_S, set_as_default=False)
    except (OSError, ValueError, TimeoutError):
        raise UsageError(f"no Dask scheduler answers at {address!r}. Name one, such as tcp://host:8786.") from None


def _plugin(wanted: Wanted) -> Any:
    """What each worker gets as it joins, also one that takes a dead one's place: the finder, built there, once."""
    from distributed import WorkerPlugin  # noqa: PLC0415

    class Finding(WorkerPlugin):  # type: ignore[misc,unused-ignore]
        def __init__(self) -> None:
            self.is_deep = wanted.is_deep

        def setup(self, worker: Any) -> None:  # noqa: ARG002 - the library's signature
            self.finder = wanted.finder()

    return Finding()


def _search_there(name: str, units: tuple[Unit, ...]) -> tuple[Answer, ...]:
    from distributed import get_worker  # noqa: PLC0415

    finding: Any = get_worker().plugins[name]
    return tuple(search(finding.finder, unit, deep=finding.is_deep) for unit in units)
