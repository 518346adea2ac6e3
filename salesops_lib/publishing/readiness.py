"""What must be there before the first report begins, besides what planning has checked."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from salesops_lib.errors import InputError
from salesops_lib.publishing.secrecy import secrets_of

if TYPE_CHECKING:
    from salesops_lib.publishing.jobs import Job
    from salesops_lib.publishing.reports import Wanted

__all__ = ["refuse_unready"]


def refuse_unready(wanted: Wanted, parameters_file: Path, *, here: bool = True) -> None:
    """Refuse a batch that could not write its reports, or lacks a secret.

    Parameters
    ----------
    wanted : Wanted
        What is to be done; of what needs nothing done, nothing is needed.
    parameters_file : Path
        Its parameter file.
    here : bool
        Whether the reports run on this machine. Another one has an environment of
        its own; there a job that lacks a secret is refused by itself.

    Raises
    ------
    InputError
        A folder cannot be written, or an environment variable that a secret
        parameter names is not set.
    """
    if not wanted.to_do:
        return
    for folder in (wanted.folder, wanted.root / ".cache"):
        _refuse_unwritable(folder)
    for decision in wanted.to_do if here else ():
        # What is only rendered shows nothing that is not there already.
        if decision.action == "run":
            _refuse_without_secrets(decision.job, parameters_file)


def _refuse_unwritable(folder: Path) -> None:
    there = next(path for path in (folder, *folder.parents) if path.exists())
    if not there.is_dir():
        raise InputError(f"{there} is a file, and reports are to be written below it")
    if not os.access(there, os.W_OK | os.X_OK):
        raise InputError(f"the folder {there} cannot be written; nothing was started")


def _refuse_without_secrets(job: Job, parameters_file: Path) -> None:
    try:
        secrets_of(job)
    except InputError as error:
        raise InputError(error.what, where=_place(job, parameters_file)) from None


def _place(job: Job, parameters_file: Path) -> str:
    """Line of the secret's key in the parameter file; its default stands in the notebook."""
    from salesops_lib.publishing.parameters import read_parameters, where_in

    for number, entry in enumerate(read_parameters(parameters_file).reports):
        for name in job.secrets:
            if entry.notebook == job.report and name in entry.parameters:
                keys = ("reports", number, "parameters", name)
                return where_in(parameters_file, str(parameters_file), keys)
    return job.notebook.name
