"""Notes: small files in which running jobs tell how far they are.

Files, because a job may run in another process or on another machine, and all
that is shared with it is the project folder.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from salesops_lib.publishing.files import digest, json_object

if TYPE_CHECKING:
    from salesops_lib.publishing.jobs import Job

__all__ = ["CellTime", "Note", "Notes", "current_note", "noting"]


@dataclass(frozen=True)
class CellTime:
    """How long a cell takes.

    Parameters
    ----------
    cell : int
        Number of the cell in the notebook, from 1.
    section : str
        Heading that it stands under.
    seconds : float
        Seconds so far, if it still runs.

    Examples
    --------
    >>> print(CellTime(7, "People", 4.6))
    cell 7 “People” 5 s
    """

    cell: int
    section: str
    seconds: float

    def __str__(self) -> str:
        section = f" “{self.section}”" if self.section else ""
        return f"cell {self.cell}{section} {self.seconds:.0f} s"


class Note:
    """What one running job notes.

    A note that cannot be written stops nothing.

    Parameters
    ----------
    path : Path
        Its file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._slowest: CellTime | None = None
        self._current: CellTime | None = None
        self._since = 0.0

    def at_cell(self, cell: int, section: str) -> None:
        """A cell begins, and the one before it has ended."""
        now = time.monotonic()
        if self._current is not None:
            done = CellTime(self._current.cell, self._current.section, now - self._since)
            if self._slowest is None or done.seconds > self._slowest.seconds:
                self._slowest = done
        self._current, self._since = CellTime(cell, section, 0.0), now
        slowest = self._slowest
        values = {
            "now": [cell, section, time.time()],
            "slowest": [slowest.cell, slowest.section, slowest.seconds] if slowest else None,
        }
        with contextlib.suppress(OSError):
            # Not made anew where the batch has ended and its folder is gone.
            self._path.write_text(json.dumps(values), encoding="utf-8")


_CURRENT: ContextVar[Note | None] = ContextVar("note", default=None)


def current_note() -> Note | None:
    """Note of the job that this thread runs; None outside a batch."""
    return _CURRENT.get()


@contextmanager
def noting(path: Path) -> Iterator[None]:
    """Block in which the running job notes its cells in a file; the file goes with it."""
    token = _CURRENT.set(Note(path))
    try:
        yield
    finally:
        _CURRENT.reset(token)
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)


class Notes:
    """The notes of a batch, as seen by whoever started it; a context manager.

    Parameters
    ----------
    root : Path
        Project folder; the notes are in ``.cache/runs/``.
    """

    def __init__(self, root: Path) -> None:
        self._runs = root / ".cache" / "runs"
        self._folder: Path | None = None

    def __enter__(self) -> Self:
        self._runs.mkdir(parents=True, exist_ok=True)
        self._folder = Path(tempfile.mkdtemp(prefix="notes-", dir=self._runs))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    def path(self, job: Job) -> Path:
        """File of a job's note."""
        name = digest(str(job.place.html).encode("utf-8", "surrogateescape"))[:16]
        return (self._folder or self._runs) / f"{name}.json"

    def slowest_cell(self, job: Job) -> CellTime | None:
        """Slowest cell of a running job so far; None where it has told of none."""
        values = json_object(self.path(job))
        try:
            cell, section, since = values["now"]
            # Clocks of two machines may differ.
            now = CellTime(int(cell), str(section), max(0.0, time.time() - float(since)))
            if values["slowest"] is None:
                return now
            cell, section, seconds = values["slowest"]
            done = CellTime(int(cell), str(section), float(seconds))
        except (KeyError, TypeError, ValueError):
            return None
        return max(now, done, key=lambda at: at.seconds)
