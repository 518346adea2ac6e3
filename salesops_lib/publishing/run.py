"""One job, from notebook to published report."""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbformat

from salesops_lib.errors import InputError
from salesops_lib.notebook.parameters import declared_parameters
from salesops_lib.publishing.content import PageError
from salesops_lib.publishing.execution import INJECTED, Execution, executed
from salesops_lib.publishing.executions import KeptRun, forget_run, keep_run, kept_run
from salesops_lib.publishing.files import json_text
from salesops_lib.publishing.jobs import Job, RunError, RunResult, Status, timing
from salesops_lib.publishing.keys import Keys, Workshop
from salesops_lib.publishing.lint.gates import gate_problems
from salesops_lib.publishing.locks import locked
from salesops_lib.publishing.manifests import write_manifest
from salesops_lib.publishing.privacy import private
from salesops_lib.publishing.provenance import provenance_of
from salesops_lib.publishing.publication import keep_failure, publish
from salesops_lib.publishing.rendering import RunStamp, page_of
from salesops_lib.publishing.secrecy import Secrets, secrets_of

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
        Never raises for what goes wrong with the notebook, its kernel, its page or
        the disk.
    """
    return _told(job, _run)


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
    return _told(job, _remade)


def _told(job: Job, make: Callable[[Job, Path, float], RunResult]) -> RunResult:
    """What became of a job, also where the disk or its input is what failed."""
    begun = time.monotonic()
    status: Status = "failed"
    try:
        with _work_folder(job) as work:
            return make(job, work, begun)
    except InputError as problem:
        status, error = "refused", RunError("Refused", str(problem))
    except OSError as problem:
        error = RunError("Not written", _problem(problem, job))
    return _failure(job, status, error, _stamp(begun))


def _remade(job: Job, work: Path, begun: float) -> RunResult:
    notebook = _copied(job, work)
    keys = _keys(job, notebook)
    kept = kept_run(job.root, keys.execute.key) if keys is not None else None
    outputs = _with_outputs(notebook, kept) if kept is not None else None
    if keys is None or kept is None or outputs is None:
        return _run(job, work, begun)
    execution = Execution(outputs, "done", warnings=kept.warnings, cells=kept.cells)
    stamp = RunStamp(kept.finished, kept.seconds)
    # What is kept holds none; where they are known here, what has been added is searched too.
    with contextlib.suppress(InputError):
        execution = secrets_of(job).execution(execution)
    if private(job, execution).error is not None:
        # Kept before the rules were what they are: the run itself tells what is wrong.
        return _run(job, work, begun)
    result = _published(job, notebook, execution, stamp, keys, "rendered", Secrets())
    return replace(result, seconds=_stamp(begun).seconds, cells={})


def _run(job: Job, work: Path, begun: float) -> RunResult:
    notebook = _copied(job, work)
    secrets = secrets_of(job)
    keys = _keys(job, notebook)
    execution = secrets.execution(executed(replace(job, notebook=notebook), work))
    execution = private(job, execution)
    stamp = _stamp(begun)
    if keys is not None and keys != _keys(job, notebook):
        # Something was saved while the notebook ran: which of both it saw is unknown.
        keys = None
    if execution.error is not None:
        _forget(job, keys)
        return _failure(job, execution.status, execution.error, stamp, execution)
    if keys is not None:
        # A full disk must not cost the report.
        with contextlib.suppress(OSError):
            about = (stamp.finished, stamp.seconds, execution.warnings, execution.cells)
            keep_run(job.root, keys.execute.key, execution.notebook, *about)
    return _published(job, notebook, execution, stamp, keys, "done", secrets)


def _published(
    job: Job,
    notebook: Path,
    execution: Execution,
    stamp: RunStamp,
    keys: Keys | None,
    status: Status,
    secrets: Secrets,
) -> RunResult:
    try:
        meanings = {p.name: p.comment for p in declared_parameters(notebook)}
        provenance = provenance_of(job, notebook)
        page: Page = page_of(job, execution.notebook, provenance, meanings, stamp)
        _refuse_secrets(page, secrets)
        _refuse_failing(page)
    except Exception as error:  # noqa: BLE001 (other reports of the batch go on)
        known = isinstance(error, PageError)
        reason = RunError("Not publishable" if known else type(error).__name__, str(error))
        return _failure(job, "failed", secrets.error(reason), stamp, execution)
    # Another batch may be making the same report: its three files are of one of the two.
    try:
        with locked(job.place.lock):
            path = publish(job, page)
            if keys is not None:
                # Without one the page is made again the next time, no more.
                with contextlib.suppress(OSError):
                    write_manifest(job, keys, _about(stamp, execution) | {"status": status})
    except OSError as problem:
        reason = RunError("Not written", _problem(problem, job))
        return _failure(job, "failed", reason, stamp, execution)
    return RunResult(
        job,
        status,
        stamp.seconds,
        html=path,
        values=page.values,
        warnings=execution.warnings,
        cells=execution.cells,
    )


def _refuse_secrets(page: Page, secrets: Secrets) -> None:
    if secrets and (secrets.are_in(page.html) or secrets.are_in(json_text(page.values))):
        raise PageError("a secret stands in the page, outside the notebook's cells")


def _refuse_failing(page: Page) -> None:
    """Raise where the page fails a gate of the linter."""
    problems = gate_problems(page.html)
    if problems:
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        raise PageError(f"the page does not meet {problems[0]}{more}")


def _failure(
    job: Job,
    status: Status,
    error: RunError,
    stamp: RunStamp,
    execution: Execution | None = None,
) -> RunResult:
    notebook = execution.notebook if execution is not None else None
    warnings = execution.warnings if execution is not None else ()
    cells = execution.cells if execution is not None else {}
    try:
        keep_failure(job, status, error, notebook, _about(stamp, execution))
    except OSError as problem:
        # What happened is told all the same.
        warnings = (f"what failed could not be kept: {_problem(problem, job)}", *warnings)
    return RunResult(job, status, stamp.seconds, error=error, warnings=warnings, cells=cells)


def _about(stamp: RunStamp, execution: Execution | None) -> dict[str, Any]:
    """When, how long, and which cell took longest."""
    about = {
        "finished": stamp.finished.isoformat(timespec="seconds"),
        "seconds": stamp.seconds,
    }
    if execution is None:
        return about
    return about | {"warnings": len(execution.warnings), **timing(execution.cells)}


def _problem(error: OSError, job: Job) -> str:
    """What the system says, and the file as seen from the project folder."""
    text = error.strerror or str(error)
    if not isinstance(error.filename, str):
        return text
    # The folder: the file itself is a draft with a name of its own.
    folder = Path(error.filename).parent
    inside = folder.is_relative_to(job.root)
    return f"{text}: {folder.relative_to(job.root).as_posix() if inside else folder}"


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
    try:
        content = job.notebook.read_bytes()
    except OSError as error:
        name = job.notebook.name
        raise InputError(f"the notebook {name} cannot be read: {error.strerror}") from None
    notebook.write_bytes(content)
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
