"""Execution of a notebook by papermill, and the truth about how it went.

papermill's own record cannot be trusted: after a dead kernel or a time-out it
says that every cell was completed. So the status is made from what was seen
to happen: which cells ran, what they answered, and what was raised.
"""

from __future__ import annotations

import copy
import logging
import math
import os
import re
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import nbformat
import papermill
from jupyter_client.kernelspec import NATIVE_KERNEL_NAME, KernelSpecManager
from jupyter_client.provisioning.factory import KernelProvisionerFactory
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from papermill.exceptions import strip_color
from papermill.execute import remove_error_markers
from traitlets.config import Config

from salesops_lib.kernel import KERNEL_NAME
from salesops_lib.kernel.client import PromptManager
from salesops_lib.kernel.exits import KernelExit, recorded_exits
from salesops_lib.notebook.project import ROOT_VARIABLE
from salesops_lib.publishing.jobs import KERNEL_ENVIRONMENT, Job, RunError, Status
from salesops_lib.publishing.limits import duration_text
from salesops_lib.publishing.notes import current_note
from salesops_lib.publishing.observation import INJECTED, Observation, cell_number, located

__all__ = ["INJECTED", "Execution", "executed"]

_KERNEL_START = 120
_OUTPUT_WAIT = 60
_FRAME = re.compile(r"Cell In\[\d+\], line (\d+)")


@dataclass(frozen=True)
class Execution:
    """A notebook after its run.

    Parameters
    ----------
    notebook : NotebookNode
        The notebook with its outputs, as far as the run came.
    status : str
        ``done``, ``failed``, ``dead`` or ``timed_out``.
    error : RunError, optional
        Why it is not done.
    warnings : tuple of str
        What the cells wrote to their error stream.
    cells : mapping of int to float
        Seconds of each code cell that began, by its number in the notebook, from 1.
    """

    notebook: NotebookNode
    status: Status
    error: RunError | None = None
    warnings: tuple[str, ...] = ()
    cells: Mapping[int, float] = field(default_factory=dict)


def executed(job: Job, work: Path) -> Execution:
    """Notebook of a job, executed with its parameters.

    Parameters
    ----------
    job : Job
        The job.
    work : Path
        Empty folder of this run alone.

    Returns
    -------
    Execution
        Never raises for what goes wrong inside the notebook or its kernel.
    """
    record = Observation(job.time_limit, current_note())
    kernel = _installed(job.kernel)
    raised: Exception | None = None
    notebook: NotebookNode | None = None
    with (
        _quiet("papermill", "traitlets"),
        _environment(_kernel_environment(job, work)),
        _watched(),
        recorded_exits() as exits,
    ):
        try:
            notebook = papermill.execute_notebook(
                # papermill formats paths: a brace in one must stand for itself.
                str(job.notebook).replace("{", "{{").replace("}", "}}"),
                None,
                parameters=copy.deepcopy(dict(job.parameters)),
                kernel_name=kernel,
                kernel_manager_class=PromptManager,
                language="python",
                progress_bar=False,
                request_save_on_cell_execute=False,
                start_timeout=_KERNEL_START,
                cwd=job.root,
                # nbclient's limit is for one cell; ours is for the whole run.
                timeout_func=lambda _cell: max(1, math.ceil(record.time_left())),
                iopub_timeout=_OUTPUT_WAIT,
                raise_on_iopub_timeout=True,
                shutdown_kernel="immediate",
                config=_options(job, kernel),
                on_notebook_start=record.on_notebook_start,
                on_cell_execute=record.on_cell_execute,
                on_cell_executed=record.on_cell_executed,
                on_cell_error=record.on_cell_error,
            )
        except Exception as error:  # noqa: BLE001 (whatever happened is the result)
            raised = error
    if record.current is not None:
        record.ended.setdefault(record.current, time.monotonic())
    return _execution(job, record, notebook, raised, exits)


def _execution(
    job: Job,
    record: Observation,
    returned: NotebookNode | None,
    raised: Exception | None,
    exits: list[KernelExit],
) -> Execution:
    notebook = returned or record.notebook or _source(job)
    # Once papermill's own cells are gone, cells stand where they stood during the run.
    remove_error_markers(notebook)
    _forget_papermill(notebook)
    status, error = _outcome(job, record, notebook, raised, exits)
    place = record.current if record.failed_at is None else record.failed_at
    if error is not None and place is not None:
        _show_error(notebook.cells[place], error)
    seconds = {
        cell_number(notebook, index): round(record.ended[index] - begun, 3)
        for index, begun in record.begun.items()
        if index in record.ended and INJECTED not in notebook.cells[index].metadata.get("tags", [])
    }
    warnings = _error_streams(notebook)
    if job.memory_limit and sys.platform != "linux":
        warnings = ("the memory limit was not applied: that needs Linux", *warnings)
    return Execution(notebook, status, error, warnings, seconds)


def _outcome(
    job: Job,
    record: Observation,
    notebook: NotebookNode,
    raised: Exception | None,
    exits: list[KernelExit],
) -> tuple[Status, RunError | None]:
    """Status and error, from what was seen and never from papermill's metadata."""
    index = record.current
    if record.reply is not None:
        # A cell tagged as one that may raise brings no report either.
        return "failed", _cell_error(notebook, record.failed_at, record.reply)
    if raised is not None and index is None:
        text = f"the kernel did not start: {_first_line(raised)}"
        return "dead", RunError("No kernel", text)
    if isinstance(raised, CellTimeoutError):
        text = f"not finished after {duration_text(job.time_limit)}; the kernel was ended"
        if "IOPub" in str(raised):
            text = f"the output did not arrive within {duration_text(_OUTPUT_WAIT)}"
        return "timed_out", located(RunError("Time limit", text), notebook, index)
    if isinstance(raised, DeadKernelError):
        seen = [end for end in exits if not end.requested]
        text = "the kernel ended by itself, most often because memory ran out"
        text = seen[-1].sentence if seen else text
        is_over = bool(seen and seen[-1].memory_limit)
        name = "Memory limit" if is_over else "Kernel died"
        return "dead", located(RunError(name, text), notebook, index)
    if raised is not None:
        named = RunError(type(raised).__name__, _first_line(raised))
        return "failed", located(named, notebook, index)
    for number in sorted(_runnable(notebook) - record.executed):
        return "failed", located(RunError("Not run", "the cell never ran"), notebook, number)
    return "done", None


def _cell_error(notebook: NotebookNode, index: int | None, reply: Mapping[str, Any]) -> RunError:
    frames = _FRAME.findall(strip_color("\n".join(reply.get("traceback", []))))
    message = strip_color(str(reply.get("evalue", ""))).strip()
    return located(
        RunError(
            str(reply.get("ename", "Error")),
            message or "no message",
            # The first frame is the analyst's own; the library's come below it.
            line=int(frames[0]) if frames else None,
        ),
        notebook,
        index,
    )


def _runnable(notebook: NotebookNode) -> set[int]:
    return {
        index
        for index, cell in enumerate(notebook.cells)
        if cell.cell_type == "code"
        and cell.source.strip()
        and "skip-execution" not in cell.metadata.get("tags", [])
    }


def _forget_papermill(notebook: NotebookNode) -> None:
    """Drop times, paths and statuses that papermill and nbclient leave behind."""
    for part in (notebook, *notebook.cells):
        for key in ("papermill", "execution"):
            part.metadata.pop(key, None)


def _show_error(cell: NotebookNode, error: RunError) -> None:
    """Put the error where the kernel has not: after a time-out, or a magic that does not exist."""
    if any(output.output_type == "error" for output in cell.outputs):
        return
    cell.outputs.append(
        nbformat.v4.new_output(
            "error",
            ename=error.name,
            evalue=error.message,
            traceback=[f"{error.name}: {error.message}"],
        )
    )


def _error_streams(notebook: NotebookNode) -> tuple[str, ...]:
    return tuple(
        strip_color(output.text).strip()
        for cell in notebook.cells
        if cell.cell_type == "code"
        for output in cell.outputs
        if output.output_type == "stream" and output.name == "stderr" and output.text.strip()
    )


def _source(job: Job) -> NotebookNode:
    source: NotebookNode = nbformat.read(job.notebook, as_version=4)
    return source


def _first_line(error: Exception | None) -> str:
    lines = strip_color(str(error)).strip().splitlines()
    return lines[0] if lines else "no message"


def _kernel_environment(job: Job, work: Path) -> dict[str, str]:
    return {
        ROOT_VARIABLE: str(job.root),
        **KERNEL_ENVIRONMENT,
        # No start-up files of whoever runs the batch.
        "IPYTHONDIR": str(work / "ipython"),
    }


def _installed(kernel: str) -> str:
    """Kernel of that name; a normal one where the package came without its warm one."""
    if kernel == KERNEL_NAME and kernel not in KernelSpecManager().find_kernel_specs():
        return str(NATIVE_KERNEL_NAME)
    return kernel


def _options(job: Job, kernel: str) -> Config:
    """Options of the provisioner."""
    return Config(
        {
            "WarmProvisioner": {
                "memory_limit": job.memory_limit,
                "warm": kernel == KERNEL_NAME,
                "library": _packages(),
            },
        }
    )


@cache
def _packages() -> list[str]:
    """Packages that notebooks call; what is edited during a run makes the run count for nothing."""
    folders = Path(__file__).parents[1].glob("*/__init__.py")
    names = {folder.parent.name for folder in folders} - {"kernel", "publishing"}
    # One of them loads its modules only when they are asked for.
    late = ("extension", "figures", "glossaries", "report", "beforehand")
    modules = [*sorted(names), *(f"notebook.{name}" for name in late)]
    return [f"salesops_lib.{name}" for name in modules]


@contextmanager
def _watched() -> Iterator[None]:
    """Normal kernels started by our provisioner too: it knows limits, and how kernels end."""
    factory = KernelProvisionerFactory.instance()
    before = factory.default_provisioner_name
    if KERNEL_NAME in factory.provisioners:
        factory.default_provisioner_name = KERNEL_NAME
    try:
        yield
    finally:
        factory.default_provisioner_name = before


@contextmanager
def _quiet(*loggers: str) -> Iterator[None]:
    """Without their lines, while the block is open: what went wrong is in the result."""
    before = {name: logging.getLogger(name).level for name in loggers}
    for name in loggers:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for name, level in before.items():
            logging.getLogger(name).setLevel(level)


@contextmanager
def _environment(values: Mapping[str, str]) -> Iterator[None]:
    """Environment of the kernels that are started inside the block."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
