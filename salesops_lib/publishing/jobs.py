"""Jobs: one notebook, one scope, one report; and what became of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from salesops_lib.errors import InputError
from salesops_lib.kernel import KERNEL_NAME

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
]

Status = Literal["done", "rendered", "unchanged", "failed", "dead", "timed_out"]
"""``done``: executed and published; ``rendered``: published anew from the outputs of
an earlier run; ``unchanged``: what is published is what would be made; ``failed``: a
cell or the page raised; ``dead``: the kernel or its worker ended; ``timed_out``: the
time limit passed."""

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
    def json(self) -> Path:
        """The page's values, for machines."""
        return self.html.with_suffix(".json")

    @property
    def manifest(self) -> Path:
        """What the report was made of, for the next run."""
        return self.html.with_suffix(".manifest.json")

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
    """

    notebook: Path
    scope: Scope
    period: str
    parameters: Mapping[str, Any]
    place: Place
    root: Path
    provenance: Mapping[str, Any] = field(default_factory=dict)
    kernel: str = KERNEL_NAME
    time_limit: float = 1800.0

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


@dataclass(frozen=True)
class RunResult:
    """What became of a job.

    Parameters
    ----------
    job : Job
        The job.
    status : str
        ``done``, ``rendered``, ``unchanged``, ``failed``, ``dead`` or ``timed_out``.
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
    """

    job: Job
    status: Status
    seconds: float
    error: RunError | None = None
    html: Path | None = None
    values: Mapping[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

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
