"""How notebooks are stored: without outputs, but for the cells that tests compare.

``python -m salesops_lib.notebook.storage NOTEBOOK ...`` strips notebooks in place.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import nbformat

if TYPE_CHECKING:
    from nbformat import NotebookNode

__all__ = ["CHECKED", "stripped"]

CHECKED = "# NBVAL_CHECK_OUTPUT"
"""First line of a cell whose stored output tests compare."""

_KEPT = {"kernelspec", "language_info", "title"}


def stripped(notebook: NotebookNode) -> NotebookNode:
    """Notebook without outputs, execution counts and what a session left behind.

    Parameters
    ----------
    notebook : NotebookNode
        Changed in place.

    Returns
    -------
    NotebookNode
        The same notebook.
    """
    notebook.metadata = {key: notebook.metadata[key] for key in _KEPT & set(notebook.metadata)}
    notebook.metadata["language_info"] = {"name": "python"}
    for cell in notebook.cells:
        tags = cell.metadata.get("tags")
        cell.metadata = {"tags": tags} if tags else {}
        if cell.cell_type == "code":
            checked = cell.source.startswith(CHECKED)
            if not checked:
                cell.outputs = []
            # nbval takes outputs without a count for those of a cell that never ran.
            cell.execution_count = 1 if checked and cell.outputs else None
            for output in cell.outputs:
                if "execution_count" in output:
                    output["execution_count"] = cell.execution_count
    return notebook


def _strip_files(paths: list[str]) -> None:
    for path in map(Path, paths):
        notebook = stripped(nbformat.read(path, as_version=4))
        nbformat.write(notebook, path)


if __name__ == "__main__":
    _strip_files(sys.argv[1:])
