"""Many jobs at once: a pool of processes in which one job's end is not another's."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Thread, current_thread, main_thread
from types import FrameType
from typing import Protocol

from salesops_lib.publishing.jobs import KERNEL_ENVIRONMENT, Job, RunError, RunResult, Status
from salesops_lib.publishing.notes import Notes, noting

__all__ = [
    "Run",
    "Watcher",
    "default_workers",
    "died",
    "ended",
    "remake_one",
    "run_batch",
    "run_job",
    "terminable",
]

_LEAVE_TIME = 3.0

Run = Callable[[Job], RunResult]
"""What a worker does with a job; importable by name, so that it can be sent anywhere."""


class Watcher(Protocol):
    """Who is told how a batch goes on."""

    def started(self, job: Job) -> None:
        """A job begins."""

    def finished(self, result: RunResult) -> None:
        """A job has ended."""


def default_workers() -> int:
    """Number of processor cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def run_batch(
    jobs: Sequence[Job],
    workers: int,
    watcher: Watcher,
    run: Run | None = None,
    *,
    kernels: bool = True,
    notes: Notes | None = None,
) -> list[RunResult]:
    """Results of all jobs, in the order of the jobs.

    Each worker is a process of its own, because papermill changes the current
    folder of its process. A job that fails, or takes its worker down with it,
    does not stop the others. On Ctrl-C, and on a request to terminate, running
    kernels are ended and nothing half-written stays.

    Parameters
    ----------
    jobs : sequence of Job
        The jobs.
    workers : int
        Processes at once.
    watcher : Watcher
        Told of each start and end.
    run : callable, optional
        What a worker does with a job; it must be importable by name.
        Default: `run.run_one`.
    kernels : bool
        Whether kernels are expected, so that their server is started at once; without
        it, a worker that needs a kernel after all starts a server of its own.
    notes : Notes, optional
        Where running jobs tell how far they are. Default: notes that nobody reads.

    Returns
    -------
    list of RunResult

    Raises
    ------
    KeyboardInterrupt
        The batch was ended from outside.
    """
    from salesops_lib.kernel.server import shared_server

    if not jobs:
        return []
    results: dict[int, RunResult] = {}
    rest = dict(enumerate(jobs))
    with (
        terminable(),
        shared_server(KERNEL_ENVIRONMENT) if kernels else nullcontext(),
        nullcontext(notes) if notes is not None else Notes(jobs[0].root) as told,
    ):
        work = _Work(run or run_job, told, watcher)
        while rest:
            suspects, rest = _pooled(rest, workers, work, results)
            # A worker was killed and took its pool along. Whose fault that was shows
            # when each of the jobs that were running gets a pool of its own.
            for number, job in suspects.items():
                again, _ = _pooled({number: job}, 1, work, results)
                if again:
                    results[number] = died(job)
                    watcher.finished(results[number])
    return [results[number] for number in sorted(results)]


@dataclass(frozen=True)
class _Work:
    """What is done with each job, and who is told."""

    run: Run
    notes: Notes
    watcher: Watcher


def _pooled(
    jobs: dict[int, Job],
    workers: int,
    work: _Work,
    results: dict[int, RunResult],
) -> tuple[dict[int, Job], dict[int, Job]]:
    """Run jobs in one pool, until all are done or a dying worker breaks it.

    Returns
    -------
    tuple of dict
        Jobs that were running when it broke; jobs that had not begun.
    """
    waiting = list(jobs)
    running: dict[Future[RunResult], int] = {}
    others = set(multiprocessing.active_children())
    pool = ProcessPoolExecutor(
        max(1, min(workers, len(jobs))),
        mp_context=multiprocessing.get_context("spawn"),
        initializer=_begin_worker,
    )
    try:
        while waiting or running:
            # As many as there are workers, no more: what is handed over is running.
            while waiting and len(running) < workers:
                job = jobs[waiting[0]]
                future = pool.submit(_noted, work.run, job, work.notes.path(job))
                running[future] = waiting.pop(0)
                work.watcher.started(job)
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                results[running[future]] = _result(jobs[running[future]], future)
                work.watcher.finished(results[running.pop(future)])
    except BrokenProcessPool:
        suspects = {number: jobs[number] for number in running.values()}
        return suspects, {number: jobs[number] for number in waiting}
    except BaseException:
        for child in set(multiprocessing.active_children()) - others:
            child.terminate()
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
    return {}, {}


def _result(job: Job, future: Future[RunResult]) -> RunResult:
    try:
        return future.result()
    except BrokenProcessPool:
        raise
    except Exception as error:  # noqa: BLE001 (the others go on)
        return ended(job, "failed", type(error).__name__, str(error) or "no message")


def _noted(run: Run, job: Job, note: Path) -> RunResult:
    with noting(note):
        return run(job)


def run_job(job: Job) -> RunResult:
    """What a worker does with a job: `run.run_one`, imported where it runs."""
    from salesops_lib.publishing.run import run_one

    return run_one(job)


def remake_one(job: Job) -> RunResult:
    """What a worker does with a job that may be rendered without a run: `run.remade_one`."""
    from salesops_lib.publishing.run import remade_one

    return remade_one(job)


def died(job: Job) -> RunResult:
    """Result of a job whose worker was killed."""
    text = "the worker process was killed, most often because memory ran out"
    return ended(job, "dead", "Worker died", text)


def ended(job: Job, status: Status, name: str, text: str) -> RunResult:
    """Result of a job whose worker could not tell it, recorded as other failures are."""
    from salesops_lib.publishing.publication import keep_failure

    error = RunError(name, text)
    with suppress(OSError):
        keep_failure(job, status, error, None, {})
    return RunResult(job, status, 0.0, error)


def _begin_worker() -> None:
    """Leave Ctrl-C to the parent, which asks each worker once; never outlive the parent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _leave)
    # jsonschema imports it if it is there, which takes most of a second, for a format that
    # no notebook's schema has.
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
    Thread(target=_leave_with_parent, daemon=True).start()


def _leave(_number: int, _frame: FrameType | None) -> None:
    # Passes through papermill, which ends its kernel on the way.
    raise SystemExit(1)


def _leave_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        # First the job, which ends its kernel; then this process, which nobody waits for.
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(_LEAVE_TIME)
        os._exit(1)


@contextmanager
def terminable() -> Iterator[None]:
    """A request to terminate ends the batch as Ctrl-C does."""
    if current_thread() is not main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, _interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
