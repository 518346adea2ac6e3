"""Jobs: one notebook, one scope, one report; and what became of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from salesops_lib.errors import InputError
from salesops_lib.kernel import KERNEL_NAME
from salesops_lib.publishing.files import digest
from salesops_lib.publishing.limits import TIME_LIMIT

if TYPE_CHECKING:
    from salesops_lib.data.scope import Scope

__all__ = [
    "FAILED",
    "KERNEL_ENVIRONMENT",
    "Job",
    "Place",
    "RunError",
    "RunResult",
    "Status",
    "chosen_jobs",
    "timing",
]

Status = Literal[
    "done", "rendered", "unchanged", "failed", "dead", "timed_out", "cancelled", "refused"
]
"""``done``: executed and published; ``rendered``: published anew from the outputs of
an earlier run; ``unchanged``: what is published is what would be made; ``failed``: a
cell or the page raised; ``dead``: the kernel or its worker ended; ``timed_out``: the
time limit passed; ``cancelled``: the batch was stopped before it ended; ``refused``:
what it needs to begin was not there, and nothing ran."""

KERNEL_ENVIRONMENT = {"PYTHONHASHSEED": "0", "SALESOPS_AUTORELOAD": "0"}
"""What the kernels of all reports have in their environment: one order of sets, and no
search for edited modules before each cell."""

FAILED = "failed"
"""Folder of what is kept of failed runs, inside the reports folder."""


@dataclass(frozen=True)
class Place:
    """Where a report appears, and where a failed run of it is kept.

    Parameters
    ----------
    reports : Path
        Reports folder.
    period, report, name : str
        Folder of the period, folder of the report, file name without extension.

    Examples
    --------
    >>> place = Place(Path("reports"), "2026-Q3", "performance_review", "region-emea")
    >>> print(place.html.as_posix())
    reports/2026-Q3/performance_review/region-emea.html
    """

    reports: Path
    period: str
    report: str
    name: str

    @property
    def html(self) -> Path:
        """The page."""
        return self.reports / self.period / self.report / f"{self.name}.html"

    @property
    def pdf(self) -> Path:
        """The page on paper, where it was asked for."""
        return self.html.with_suffix(".pdf")

    @property
    def json(self) -> Path:
        """The page's values, for machines."""
        return self.html.with_suffix(".json")

    @property
    def manifest(self) -> Path:
        """What the report was made of, for the next run."""
        return self.html.with_suffix(".manifest.json")

    def of_period(self, period: str) -> Place:
        """Where the same report of another period appears."""
        return replace(self, period=period)

    @property
    def lock(self) -> Path:
        """Held while the report's files are written; hidden, and gone afterwards."""
        name = "/".join((self.period, self.report, self.name))
        return self.reports / f".{digest(name.encode('utf-8', 'surrogateescape'))[:16]}.lock"

    @property
    def failed_notebook(self) -> Path:
        """Notebook of a failed run, as far as it came."""
        return self.reports / FAILED / self.period / self.report / f"{self.name}.ipynb"

    @property
    def failed_record(self) -> Path:
        """Why the run failed, for machines."""
        return self.failed_notebook.with_suffix(".json")


@dataclass(frozen=True)
class Job:
    """All that is needed to make one report, anywhere.

    It can be pickled, and holds no open file, connection or module.

    Parameters
    ----------
    notebook : Path
        Notebook file.
    scope : Scope
        Part of the company.
    period : str
        Label of the fiscal period.
    parameters : mapping
        Value of every parameter that the notebook declares; JSON values.
    place : Place
        Where the report appears.
    root : Path
        Project folder; the kernel's current folder.
    provenance : mapping
        What is known before the run: snapshot, inputs, commit, command.
    kernel : str
        Jupyter kernel; a normal one runs where a warm one cannot be had.
    time_limit : float
        Seconds until the run is ended.
    memory_limit : int
        Most resident memory of the kernel in bytes; 0: no limit. No limit is part
        of a content key.
    secrets : tuple of str
        Parameters whose value is the name of an environment variable that holds a
        secret. The secret itself is in no job.
    prior : str
        Label of the period before, whose report is the last issue of this one.
    """

    notebook: Path
    scope: Scope
    period: str
    parameters: Mapping[str, Any]
    place: Place
    root: Path
    provenance: Mapping[str, Any] = field(default_factory=dict)
    kernel: str = KERNEL_NAME
    time_limit: float = TIME_LIMIT
    memory_limit: int = 0
    secrets: tuple[str, ...] = ()
    prior: str = ""

    @property
    def report(self) -> str:
        """Name of the notebook, without extension."""
        return self.notebook.stem

    @property
    def id(self) -> str:
        """Name on the command line, such as ``performance_review/region:EMEA``."""
        return f"{self.report}/{self.scope}"


@dataclass(frozen=True)
class RunError:
    """Why a run brought no report.

    Parameters
    ----------
    name : str
        Name of the exception, or of what happened.
    message : str
        What it says.
    cell : int, optional
        Number of the cell in the notebook, from 1.
    section : str
        Heading that the cell stands under.
    line : int, optional
        Line of the cell.
    source : str
        Text of that line.
    """

    name: str
    message: str
    cell: int | None = None
    section: str = ""
    line: int | None = None
    source: str = ""

    def __str__(self) -> str:
        place = [f"cell {self.cell}" if self.cell else "", f"line {self.line}" if self.line else ""]
        where = ", ".join(part for part in place if part)
        under = f" under “{self.section}”" if self.section else ""
        return f"{self.name}: {self.message}" + (f" ({where}{under})" if where else "")


def timing(cells: Mapping[int, float]) -> dict[str, Any]:
    """Seconds of each code cell and the number of the slowest, as manifests and logs hold them.

    Examples
    --------
    >>> timing({2: 0.1, 4: 1.5})
    {'cells': {'2': 0.1, '4': 1.5}, 'slowest_cell': 4}
    """
    slowest = max(cells, key=lambda number: cells[number], default=None)
    return {
        "cells": {str(number): seconds for number, seconds in cells.items()},
        "slowest_cell": slowest,
    }


@dataclass(frozen=True)
class RunResult:
    """What became of a job.

    Parameters
    ----------
    job : Job
        The job.
    status : str
        What happened; see `Status`.
    seconds : float
        Duration of the run.
    error : RunError, optional
        Why there is no report.
    html : Path, optional
        The report.
    values : mapping
        Machine-readable values of the report, as in its JSON file.
    warnings : tuple of str
        What the notebook wrote to its error stream.
    cells : mapping of int to float
        Seconds of each code cell that began, by its number in the notebook, from 1.
    """

    job: Job
    status: Status
    seconds: float
    error: RunError | None = None
    html: Path | None = None
    values: Mapping[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    cells: Mapping[int, float] = field(default_factory=dict)

    @property
    def is_good(self) -> bool:
        """Whether the report stands as it should."""
        return self.status in {"done", "rendered", "unchanged"}


def chosen_jobs(jobs: Sequence[Job], only: Sequence[str]) -> tuple[Job, ...]:
    """Jobs that a command line asks for.

    Parameters
    ----------
    jobs : sequence of Job
        All jobs of a parameter file.
    only : sequence of str
        Reports to keep: ``performance_review`` or
        ``performance_review/region:EMEA``. Empty: all.

    Returns
    -------
    tuple of Job

    Raises
    ------
    InputError
        There is no such report in the file.
    """
    known = [name for job in jobs for name in (job.report, job.id)]
    for wanted in only:
        if wanted not in known:
            raise InputError(
                f"no report `{wanted}` in this file", where="--only", found=wanted, allowed=known
            )
    return tuple(job for job in jobs if not only or {job.id, job.report} & set(only))
