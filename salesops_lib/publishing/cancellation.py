"""Reports of a batch that was stopped: each is called what had become of it by then."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Collection, Mapping, Sequence

from salesops_lib.publishing.jobs import Job, RunError, RunResult

__all__ = ["Stopped", "cancelled_results", "publication_stamp"]


class Stopped(KeyboardInterrupt):
    """A batch was ended from outside.

    Parameters
    ----------
    results : sequence of RunResult
        What became of each report: those not finished are ``cancelled``.
    """

    def __init__(self, results: Sequence[RunResult]) -> None:
        super().__init__("the batch was stopped")
        self.results = list(results)


def publication_stamp(job: Job) -> tuple[int, int] | None:
    """What tells whether a page has been published since; None where there is no page."""
    try:
        found = job.place.html.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns


def cancelled_results(
    jobs: Sequence[Job],
    begun: Collection[str],
    before: Mapping[str, tuple[int, int] | None],
) -> list[RunResult]:
    """Results of jobs that had none when their batch was stopped, recorded for the next one.

    A job whose report was published in its last moment is done. The record of an
    earlier failure stays: it says more than that somebody pressed Ctrl-C.

    Parameters
    ----------
    jobs : sequence of Job
        The jobs, none of which runs any longer.
    begun : collection of str
        Ids of those that had begun.
    before : mapping
        Stamp of each job's page when the batch began, by id: `publication_stamp`.

    Returns
    -------
    list of RunResult
    """
    now = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    return [_result(job, job.id in begun, before.get(job.id), now) for job in jobs]


def _result(job: Job, has_begun: bool, before: tuple[int, int] | None, now: str) -> RunResult:
    stamp = publication_stamp(job)
    if has_begun and stamp is not None and stamp != before:
        return RunResult(job, "done", 0.0, html=job.place.html)
    when = "while it ran" if has_begun else "before it began"
    error = RunError("Cancelled", f"the batch was stopped {when}")
    if not job.place.failed_record.is_file():
        from salesops_lib.publishing.publication import keep_failure

        with contextlib.suppress(OSError):
            keep_failure(job, "cancelled", error, None, {"finished": now})
    return RunResult(job, "cancelled", 0.0, error)
