"""The project folder: notebooks, parameter files and reports beside each other."""

from __future__ import annotations

import os
from pathlib import Path

from salesops_lib.errors import InputError

__all__ = ["ROOT_VARIABLE", "notebook_file", "project_root"]

ROOT_VARIABLE = "SALESOPS_ROOT"
"""Environment variable that names the project folder, whatever the current folder is."""

_MARKS = ("notebooks", "parameters")


def project_root(start: Path) -> Path:
    """Project folder that a file or folder belongs to.

    The folder that ``SALESOPS_ROOT`` names; without it, the nearest folder at
    or above `start` that holds both ``notebooks/`` and ``parameters/``.

    Parameters
    ----------
    start : Path
        File or folder to start from. It need not exist.

    Returns
    -------
    Path
        Absolute.

    Raises
    ------
    InputError
        There is no such folder.
    """
    named = os.environ.get(ROOT_VARIABLE)
    if named:
        root = Path(named).absolute()
        if not root.is_dir():
            raise InputError(f"names no folder: {named}", where=ROOT_VARIABLE)
        return root
    place = start.absolute()
    for folder in (place, *place.parents):
        if all((folder / mark).is_dir() for mark in _MARKS):
            return folder
    raise InputError(
        "not inside a project: no folder above it holds both notebooks/ and parameters/;"
        f" go there, or name the project folder in {ROOT_VARIABLE}",
        where=start.name or str(start),
    )


def notebook_file(root: Path, name: str, where: str | None = None) -> Path:
    """Notebook of the project by its name.

    Parameters
    ----------
    root : Path
        Project folder.
    name : str
        Name in ``notebooks/``, without extension.
    where : str, optional
        Place that the name comes from, for the message.

    Returns
    -------
    Path

    Raises
    ------
    InputError
        There is no such notebook.
    """
    known = {path.stem: path for path in (root / "notebooks").glob("*.ipynb")}
    if name not in known:
        raise InputError(
            f"no notebook `{name}` in notebooks/", where=where, found=name, allowed=known
        )
    return known[name]
