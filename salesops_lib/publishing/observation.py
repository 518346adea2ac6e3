"""What is seen of a run while it goes on: its cells, their answers, their seconds."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from nbclient.exceptions import CellTimeoutError

from salesops_lib.publishing.jobs import RunError

if TYPE_CHECKING:
    from nbformat import NotebookNode

    from salesops_lib.publishing.notes import Note

__all__ = ["INJECTED", "Observation", "cell_number", "located"]

INJECTED = "injected-parameters"
"""Tag of the cell that papermill puts the parameters into."""

_HEADING = re.compile(r"^##\s+(.+?)\s*#*\s*$", re.MULTILINE)


@dataclass
class Observation:
    """What was seen to happen in a run, cell by cell; its methods are nbclient's hooks.

    Parameters
    ----------
    time_limit : float
        Seconds that the run may take.
    note : Note, optional
        Where the run tells how far it is.
    notebook : NotebookNode, optional
        The notebook, once the run has begun.
    current : int, optional
        Index of the cell that began last.
    executed : set of int
        Cells that answered ``ok``.
    failed_at, reply
        First cell that raised, and what the kernel answered.
    begun, ended : dict of int to float
        When each cell did, on the clock that `time.monotonic` reads.
    """

    time_limit: float
    note: Note | None = None
    notebook: NotebookNode | None = None
    current: int | None = None
    executed: set[int] = field(default_factory=set)
    failed_at: int | None = None
    reply: dict[str, Any] | None = None
    begun: dict[int, float] = field(default_factory=dict)
    ended: dict[int, float] = field(default_factory=dict)

    def time_left(self) -> float:
        """Seconds until the limit; it is for the whole run, from the start of its first cell."""
        first = min(self.begun.values(), default=time.monotonic())
        return first + self.time_limit - time.monotonic()

    def on_notebook_start(self, notebook: NotebookNode) -> None:
        """The run begins."""
        self.notebook = notebook

    def on_cell_execute(self, cell: NotebookNode, cell_index: int) -> None:  # noqa: ARG002
        """A cell begins, if there is time left."""
        self.current = cell_index
        self.begun[cell_index] = time.monotonic()
        if self.time_left() <= 0:
            # nbclient would give each further cell a second of its own.
            raise CellTimeoutError("the time limit has passed")
        if self.note is not None and self.notebook is not None:
            at = located(RunError("", ""), self.notebook, cell_index)
            self.note.at_cell(at.cell or 0, at.section)

    def on_cell_executed(
        self,
        cell: NotebookNode,  # noqa: ARG002
        cell_index: int,
        execute_reply: dict[str, Any],
    ) -> None:
        """A cell has ended."""
        self.ended[cell_index] = time.monotonic()
        if execute_reply["content"]["status"] == "ok":
            self.executed.add(cell_index)

    def on_cell_error(
        self,
        cell: NotebookNode,  # noqa: ARG002
        cell_index: int,
        execute_reply: dict[str, Any],
    ) -> None:
        """A cell has raised."""
        if self.reply is None:
            self.failed_at, self.reply = cell_index, execute_reply["content"]


def located(error: RunError, notebook: NotebookNode, index: int | None) -> RunError:
    """Error with the cell that it belongs to: number, heading above it, text of its line."""
    if index is None:
        return error
    cells = notebook.cells
    headings = [
        heading
        for cell in cells[:index]
        if cell.cell_type == "markdown"
        for heading in _HEADING.findall(cell.source)
    ]
    lines = cells[index].source.splitlines()
    within = error.line is not None and error.line <= len(lines)
    return RunError(
        error.name,
        error.message,
        cell=cell_number(notebook, index),
        section=headings[-1] if headings else "",
        line=error.line if within else None,
        source=lines[error.line - 1].strip() if within and error.line else "",
    )


def cell_number(notebook: NotebookNode, index: int) -> int:
    """Number of a cell as it stands in the notebook's file, from 1."""
    before = notebook.cells[: index + 1]
    return sum(1 for cell in before if INJECTED not in cell.metadata.get("tags", []))
