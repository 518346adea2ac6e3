"""One job, from notebook to published report."""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbformat

from salesops_lib.notebook.parameters import declared_parameters
from salesops_lib.publishing.content import PageError
from salesops_lib.publishing.execution import INJECTED, Execution, executed
from salesops_lib.publishing.executions import KeptRun, forget_run, keep_run, kept_run
from salesops_lib.publishing.jobs import Job, RunError, RunResult, Status
from salesops_lib.publishing.keys import Keys, Workshop
from salesops_lib.publishing.manifests import write_manifest
from salesops_lib.publishing.provenance import provenance_of
from salesops_lib.publishing.publication import keep_failure, publish
from salesops_lib.publishing.rendering import RunStamp, page_of

if TYPE_CHECKING:
    from nbformat import NotebookNode

    from salesops_lib.publishing.rendering import Page

__all__ = ["remade_one", "run_one"]


def run_one(job: Job) -> RunResult:
    """Report of a job: executed, rendered and published, or kept as a failure.

    It depends on nothing but the job and the files that the job names, so any
    executor of any machine that sees these files may run it. It changes the
    process's current folder while it runs: one job at a time in a process.
    A good run is kept, so that a change of prose alone is only rendered.

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
    with _work_folder(job) as work:
        return _run(job, work, begun)


def remade_one(job: Job) -> RunResult:
    """Report of a job, from the outputs of an earlier run that had the same inputs.

    The page keeps the time stamp of that run. Without such a run, or where it
    is damaged, the notebook is executed as by `run_one`.

    Parameters
    ----------
    job : Job
        The job.

    Returns
    -------
    RunResult
        Status ``rendered``, or what `run_one` returns.
    """
    begun = time.monotonic()
    with _work_folder(job) as work:
        notebook = _copied(job, work)
        keys = _keys(job, notebook)
        kept = kept_run(job.root, keys.execute.key) if keys is not None else None
        outputs = _with_outputs(notebook, kept) if kept is not None else None
        if keys is None or kept is None or outputs is None:
            return _run(job, work, begun)
        execution = Execution(outputs, "done", warnings=kept.warnings)
        stamp = RunStamp(kept.finished, kept.seconds)
        result = _published(job, notebook, execution, stamp, keys, "rendered")
        return replace(result, seconds=_stamp(begun).seconds)


def _run(job: Job, work: Path, begun: float) -> RunResult:
    notebook = _copied(job, work)
    keys = _keys(job, notebook)
    execution = executed(replace(job, notebook=notebook), work)
    stamp = _stamp(begun)
    if keys is not None and keys != _keys(job, notebook):
        # Something was saved while the notebook ran: which of both it saw is unknown.
        keys = None
    if execution.error is not None:
        _forget(job, keys)
        return _failure(job, execution, execution.error, stamp)
    if keys is not None:
        # A full disk must not cost the report.
        with contextlib.suppress(OSError):
            kept = (execution.notebook, stamp.finished, stamp.seconds, execution.warnings)
            keep_run(job.root, keys.execute.key, *kept)
    return _published(job, notebook, execution, stamp, keys, "done")


def _published(
    job: Job,
    notebook: Path,
    execution: Execution,
    stamp: RunStamp,
    keys: Keys | None,
    status: Status,
) -> RunResult:
    try:
        meanings = {p.name: p.comment for p in declared_parameters(notebook)}
        provenance = provenance_of(job, notebook)
        page: Page = page_of(job, execution.notebook, provenance, meanings, stamp)
    except Exception as error:  # noqa: BLE001 (other reports of the batch go on)
        known = isinstance(error, PageError)
        reason = RunError("Not publishable" if known else type(error).__name__, str(error))
        return _failure(job, replace(execution, status="failed"), reason, stamp)
    # Until the new report is whole, there is none that the next run could leave as it is.
    job.place.manifest.unlink(missing_ok=True)
    path = publish(job, page)
    if keys is not None:
        run = {
            "status": status,
            "finished": stamp.finished.isoformat(timespec="seconds"),
            "seconds": stamp.seconds,
            "warnings": len(execution.warnings),
        }
        write_manifest(job, keys, run)
    return RunResult(
        job, status, stamp.seconds, html=path, values=page.values, warnings=execution.warnings
    )


def _failure(job: Job, execution: Execution, error: RunError, stamp: RunStamp) -> RunResult:
    run: dict[str, Any] = {
        "finished": stamp.finished.isoformat(timespec="seconds"),
        "seconds": stamp.seconds,
    }
    keep_failure(job, execution.status, error, execution.notebook, run)
    return RunResult(job, execution.status, stamp.seconds, error=error, warnings=execution.warnings)


def _keys(job: Job, notebook: Path) -> Keys | None:
    """Keys as of now; None where a file that they need cannot be read."""
    try:
        return Workshop(job.root).keys(job, notebook)
    except OSError:
        return None


def _forget(job: Job, keys: Keys | None) -> None:
    if keys is not None:
        with contextlib.suppress(OSError):
            forget_run(job.root, keys.execute.key)


def _with_outputs(notebook: Path, kept: KeptRun) -> NotebookNode | None:
    """The notebook as it is now, with the outputs of a run of the same code cells."""
    try:
        now: NotebookNode = nbformat.read(notebook, as_version=4)
        then = nbformat.reads(kept.notebook.decode("utf-8"), as_version=4)
    except Exception:  # noqa: BLE001 (then it is executed, and that tells what is wrong)
        return None
    ran = [
        cell
        for cell in then.cells
        if cell.cell_type == "code" and INJECTED not in cell.metadata.get("tags", [])
    ]
    cells = [cell for cell in now.cells if cell.cell_type == "code"]
    if [cell.source for cell in cells] != [cell.source for cell in ran]:
        return None
    for cell, done in zip(cells, ran, strict=True):
        cell.outputs, cell.execution_count = done.outputs, done.execution_count
    return now


def _copied(job: Job, work: Path) -> Path:
    """A copy, so that what is hashed is what runs, even if it is saved meanwhile."""
    notebook = work / "notebook.ipynb"
    shutil.copyfile(job.notebook, notebook)
    return notebook


@contextmanager
def _work_folder(job: Job) -> Iterator[Path]:
    runs = job.root / ".cache" / "runs"
    runs.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix=f"{job.place.report}-{job.place.name}-", dir=runs))
    before = Path.cwd()
    try:
        yield work
    finally:
        os.chdir(before)
        shutil.rmtree(work, ignore_errors=True)


def _stamp(begun: float) -> RunStamp:
    seconds = round(time.monotonic() - begun, 2)
    return RunStamp(dt.datetime.now(dt.UTC).replace(microsecond=0), seconds)
