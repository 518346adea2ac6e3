"""Publication: a report appears whole by a rename, or not at all."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbformat

from salesops_lib.publishing.files import json_text, write_atomically, write_together
from salesops_lib.publishing.locks import locked

if TYPE_CHECKING:
    from nbformat import NotebookNode

    from salesops_lib.publishing.jobs import Job, RunError, Status
    from salesops_lib.publishing.rendering import Page

__all__ = ["keep_failure", "publish"]


def publish(job: Job, page: Page) -> Path:
    """Put a page and its values where readers find them.

    The page comes last, so that a report that can be seen is complete. The
    manifest of the one before goes, and the record of an earlier failure.

    Parameters
    ----------
    job : Job
        The job.
    page : Page
        Its page.

    Returns
    -------
    Path
        The page's file.
    """
    write_together(
        {job.place.json: json_text(page.values), job.place.html: page.html},
        # Until the new report is whole, there is none that the next run could leave as it is.
        # A PDF is of the page that it was printed from, and of no other.
        stale=[job.place.manifest, job.place.pdf],
    )
    for leftover in (job.place.failed_record, job.place.failed_notebook):
        leftover.unlink(missing_ok=True)
    for folder in (job.place.failed_record.parent, job.place.failed_record.parent.parent):
        # Only empty folders go; another job may just be writing into this one.
        with contextlib.suppress(OSError):
            folder.rmdir()
    return job.place.html


def keep_failure(
    job: Job,
    status: Status,
    error: RunError,
    notebook: NotebookNode | None,
    run: Mapping[str, Any],
) -> None:
    """Keep the notebook of a failed run, and why it failed; the last good report stays.

    Parameters
    ----------
    job : Job
        The job.
    status : str
        ``failed``, ``dead``, ``timed_out``, ``cancelled`` or ``refused``.
    error : RunError
        Why.
    notebook : NotebookNode, optional
        The notebook as far as it came.
    run : mapping
        When and how long.
    """
    record = {
        "version": 1,
        "id": job.id,
        "report": job.report,
        "scope": str(job.scope),
        "scope_label": job.scope.label,
        "period": job.period,
        "as_of": job.parameters.get("as_of"),
        "status": status,
        "reason": f"{error.name}: {error.message}",
        "cell": error.cell,
        "section": error.section,
        "line": error.line,
        "source": error.source,
        "notebook": job.place.failed_notebook.name if notebook is not None else None,
        "run": dict(run),
    }
    text = nbformat.writes(notebook) if notebook is not None else None
    with locked(job.place.lock):
        if text is None:
            job.place.failed_notebook.unlink(missing_ok=True)
        else:
            write_atomically(job.place.failed_notebook, text)
        write_atomically(job.place.failed_record, json_text(json.loads(json.dumps(record))))
