"""One job, from notebook to published report."""

from __future__ import annotations

import datetime as dt
import os
import shutil
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from salesops_lib.notebook.parameters import declared_parameters
from salesops_lib.publishing.content import PageError
from salesops_lib.publishing.execution import Execution, executed
from salesops_lib.publishing.jobs import Job, RunError, RunResult
from salesops_lib.publishing.provenance import provenance_of
from salesops_lib.publishing.publication import keep_failure, publish
from salesops_lib.publishing.rendering import RunStamp, page_of

if TYPE_CHECKING:
    from salesops_lib.publishing.rendering import Page

__all__ = ["run_one"]


def run_one(job: Job) -> RunResult:
    """Report of a job: executed, rendered and published, or kept as a failure.

    It depends on nothing but the job and the files that the job names, so any
    executor of any machine that sees these files may run it. It changes the
    process's current folder while it runs: one job at a time in a process.

    Parameters
    ----------
    job : Job
        The job.

    Returns
    -------
    RunResult
        Never raises for what goes wrong with the notebook, its kernel or its page.
    """
    begun = time.monotonic()
    runs = job.root / ".cache" / "runs"
    runs.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix=f"{job.place.report}-{job.place.name}-", dir=runs))
    before = Path.cwd()
    try:
        return _run(job, work, begun)
    finally:
        os.chdir(before)
        shutil.rmtree(work, ignore_errors=True)


def _run(job: Job, work: Path, begun: float) -> RunResult:
    # A copy, so that what is hashed is what runs, even if it is saved meanwhile.
    notebook = work / "notebook.ipynb"
    shutil.copyfile(job.notebook, notebook)
    provenance = provenance_of(job, notebook)
    execution = executed(replace(job, notebook=notebook), work)
    stamp = _stamp(begun)
    if execution.error is not None:
        return _failure(job, execution, execution.error, stamp)
    try:
        meanings = {p.name: p.comment for p in declared_parameters(notebook)}
        page: Page = page_of(job, execution.notebook, provenance, meanings, stamp)
    except Exception as error:  # noqa: BLE001 (other reports of the batch go on)
        known = isinstance(error, PageError)
        reason = RunError("Not publishable" if known else type(error).__name__, str(error))
        return _failure(job, replace(execution, status="failed"), reason, stamp)
    path = publish(job, page)
    return RunResult(
        job, "done", stamp.seconds, html=path, values=page.values, warnings=execution.warnings
    )


def _failure(job: Job, execution: Execution, error: RunError, stamp: RunStamp) -> RunResult:
    run: dict[str, Any] = {
        "finished": stamp.finished.isoformat(timespec="seconds"),
        "seconds": stamp.seconds,
    }
    keep_failure(job, execution.status, error, execution.notebook, run)
    return RunResult(job, execution.status, stamp.seconds, error=error, warnings=execution.warnings)


def _stamp(begun: float) -> RunStamp:
    seconds = round(time.monotonic() - begun, 2)
    return RunStamp(dt.datetime.now(dt.UTC).replace(microsecond=0), seconds)
