"""Many jobs on a Dask cluster, whose machines see the project folder."""

from __future__ import annotations

import logging
import pickle
import socket
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import (
    FIRST_COMPLETED,
    CancelledError,
    Executor,
    Future,
    wait,
)
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from salesops_lib.errors import InputError
from salesops_lib.publishing.batch import Run, Watcher, died, ended, run_job, terminable
from salesops_lib.publishing.files import write_together
from salesops_lib.publishing.notes import Notes, noting

if TYPE_CHECKING:
    from distributed import Client

    from salesops_lib.publishing.jobs import Job, RunResult

__all__ = ["Cluster", "cluster_at"]

_OPTION = "--scheduler"
_PATIENCE = 5.0
_NO_WORKER = 60.0
_LOOK = 0.5
# A worker has one thread; this holds should one with more join while a batch runs.
_ONE_AT_A_TIME = Lock()


class _BegunBeforeError(Exception):
    """The cluster hands a job out again: the worker that had begun it is dead."""


@contextmanager
def cluster_at(address: str) -> Iterator[Cluster]:
    """Cluster of a Dask scheduler.

    Parameters
    ----------
    address : str
        Address of the scheduler, such as ``tcp://10.0.0.5:8786``.

    Yields
    ------
    Cluster

    Raises
    ------
    InputError
        Dask is not installed, the address does not answer, or the cluster's
        workers cannot run reports.
    """
    try:
        from distributed import Client
    except ImportError:
        raise InputError(
            "a cluster needs Dask, which is not installed: pip install 'salesops_lib[dask]'",
            where=_OPTION,
        ) from None
    # It logs each try to connect, with tracebacks.
    for name in ("distributed.client", "distributed.comm", "distributed.core"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    try:
        client = Client(address, timeout=_PATIENCE, set_as_default=False)
    except (OSError, ValueError, TypeError, RuntimeError) as error:
        lines = str(error).splitlines() or [type(error).__name__]
        raise InputError(
            f"no Dask scheduler answers at {address} ({lines[0]})", where=_OPTION
        ) from None
    try:
        _check_workers(client, address)
        yield Cluster(client)
    finally:
        client.close(timeout=_PATIENCE)


def _check_workers(client: Client, address: str) -> None:
    from distributed import TimeoutError as NoWorkerError

    try:
        client.wait_for_workers(1, timeout=_PATIENCE)
    except NoWorkerError:
        raise InputError(f"the scheduler at {address} has no workers", where=_OPTION) from None
    threads = client.nthreads()
    many = [worker for worker, count in threads.items() if count != 1]
    if many:
        raise InputError(
            f"{len(many)} of {len(threads)} workers of {address} have more than one thread, and"
            " a report changes the current folder of its whole process; start them with one:"
            " dask worker --nthreads 1 --nworkers N",
            where=_OPTION,
        )


@dataclass(frozen=True)
class Cluster:
    """A Dask cluster that a batch can be given to.

    Parameters
    ----------
    client : distributed.Client
        Connection to its scheduler.
    """

    client: Client

    def run_batch(
        self,
        jobs: Sequence[Job],
        watcher: Watcher,
        run: Run | None = None,
        *,
        at_once: int | None = None,
        notes: Notes | None = None,
    ) -> list[RunResult]:
        """Results of all jobs, in the order of the jobs; as `batch.run_batch`, elsewhere.

        Each worker process starts a server of warm kernels with its first report.
        A job whose worker dies is dead and not begun again: it might take one worker
        after the other along. When the batch is stopped, no further job begins; those
        that run on the cluster end and are published, because Dask stops no thread.

        Parameters
        ----------
        jobs, watcher, run, notes
            As for `batch.run_batch`.
        at_once : int, optional
            Jobs that the cluster is given at once. Default: all.

        Returns
        -------
        list of RunResult

        Raises
        ------
        KeyboardInterrupt
            The batch was ended from outside.
        """
        if not jobs:
            return []
        with terminable():
            if notes is not None:
                return _Batch(self.client, jobs, watcher, run or run_job, notes).results(at_once)
            with Notes(jobs[0].root) as own:
                return _Batch(self.client, jobs, watcher, run or run_job, own).results(at_once)


@dataclass
class _Batch:
    client: Client
    jobs: Sequence[Job]
    watcher: Watcher
    run: Run
    notes: Notes
    found: dict[int, RunResult] = field(default_factory=dict)
    handed: dict[Future[RunResult], int] = field(default_factory=dict)
    begun: set[int] = field(default_factory=set)
    seen_worker: float = field(default_factory=time.monotonic)

    def results(self, at_once: int | None) -> list[RunResult]:
        executor = self.client.get_executor(pure=False, retries=0)
        waiting = list(enumerate(self.jobs))
        try:
            while waiting or self.handed:
                while waiting and len(self.handed) < (at_once or len(self.jobs)):
                    self._hand_over(executor, *waiting.pop(0))
                done = wait(self.handed, _LOOK, FIRST_COMPLETED).done
                self._tell_begun()
                for future in done:
                    self._finish(self.handed.pop(future), future)
                if not self._has_workers():
                    self._give_up(waiting)
        finally:
            # Of what is left, nothing begins any more.
            executor.shutdown(wait=False)
        return [self.found[number] for number in sorted(self.found)]

    def _hand_over(self, executor: Executor, number: int, job: Job) -> None:
        self.handed[executor.submit(_once, self.run, job, self.notes.path(job))] = number

    def _tell_begun(self) -> None:
        for number in self.handed.values():
            if number not in self.begun and self.notes.path(self.jobs[number]).exists():
                self._begin(number)

    def _begin(self, number: int) -> None:
        self.begun.add(number)
        self.watcher.started(self.jobs[number])

    def _finish(self, number: int, future: Future[RunResult]) -> None:
        self._end(number, _result(self.jobs[number], future))

    def _end(self, number: int, result: RunResult) -> None:
        if number not in self.begun:
            self._begin(number)
        self.found[number] = result
        self.watcher.finished(result)

    def _has_workers(self) -> bool:
        """Whether the cluster has had a worker in the last minute."""
        now = time.monotonic()
        if now - self.seen_worker > _PATIENCE:
            with suppress(OSError, RuntimeError, ValueError, TimeoutError):
                if self.client.nthreads():
                    self.seen_worker = now
        return now - self.seen_worker < _NO_WORKER

    def _give_up(self, waiting: list[tuple[int, Job]]) -> None:
        for number in [*self.handed.values(), *(number for number, _ in waiting)]:
            text = f"the cluster has had no worker for {_NO_WORKER:.0f} seconds"
            self._end(number, ended(self.jobs[number], "dead", "No worker", text))
        self.handed.clear()
        waiting.clear()


def _once(run: Run, job: Job, note: Path) -> RunResult:
    """What a worker does with a job, unless another worker has begun it and is dead.

    A result that has died with its worker before it was fetched is asked for again:
    it lies beside the note.
    """
    if not job.root.is_dir():
        raise FileNotFoundError(
            f"the worker on {socket.gethostname()} does not see the project folder {job.root}"
        )
    kept = note.with_suffix(".result")
    with _ONE_AT_A_TIME:
        if kept.exists():
            return _kept_result(kept)
        try:
            # Its folder goes with the batch: then there is nothing left to do.
            note.open("x").close()
        except FileExistsError:
            raise _BegunBeforeError from None
        with noting(note):
            result = run(job)
            # A batch that has ended has taken its folder along.
            if note.exists():
                with suppress(OSError):
                    write_together({kept: pickle.dumps(result)})
            return result


def _kept_result(path: Path) -> RunResult:
    result: RunResult = pickle.loads(path.read_bytes())  # noqa: S301 (this batch's own folder)
    return result


def _result(job: Job, future: Future[RunResult]) -> RunResult:
    from distributed import KilledWorker

    try:
        return future.result()
    except (_BegunBeforeError, KilledWorker):
        return died(job)
    except CancelledError:
        return ended(job, "dead", "Cluster lost", "the scheduler of the cluster has ended")
    except Exception as error:  # noqa: BLE001 (the others go on)
        return ended(job, "failed", type(error).__name__, str(error) or "no message")
