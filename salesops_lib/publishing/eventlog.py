"""The log of a batch: one JSON line an event, for machines and for the morning after."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import os
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TextIO

from salesops_lib.publishing.jobs import timing

if TYPE_CHECKING:
    from salesops_lib.publishing.batch import Watcher
    from salesops_lib.publishing.jobs import Job, RunResult

__all__ = ["EventLog"]

_KEPT = 100


class EventLog:
    """Log of one batch, in ``.cache/log/``; it passes on what it is told.

    Each line has ``at`` (UTC), ``event`` and, for a report, ``job``. Events:
    ``planned``, ``unchanged``, ``started``, ``done``, ``rendered``, ``failed``,
    ``dead``, ``timed_out``, ``cancelled``, ``refused``, ``stopped``. A report's end
    has the seconds of its cells. It holds no value of a parameter but the scope in
    the job's name, and of an error no more than its name and cell. A log that cannot
    be written stops nothing.

    Parameters
    ----------
    root : Path
        Project folder.

    Attributes
    ----------
    begun : set of str
        Ids of jobs that have begun.
    results : dict
        What became of those that have ended, by id.
    """

    def __init__(self, root: Path) -> None:
        self._folder = root / ".cache" / "log"
        self.begun: set[str] = set()
        self.results: dict[str, RunResult] = {}
        self._file: TextIO | None = None
        self._watcher: Watcher | None = None

    def __enter__(self) -> Self:
        with contextlib.suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True)
            now = dt.datetime.now(dt.UTC)
            path = self._folder / f"{now:%Y%m%dT%H%M%S%f}-{os.getpid()}.jsonl"
            self._file = path.open("w", encoding="utf-8")
            for old in sorted(self._folder.glob("*.jsonl"))[:-_KEPT]:
                old.unlink(missing_ok=True)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if kind is not None:
            self.write("stopped", reason=kind.__name__)
        if self._file is not None:
            with contextlib.suppress(OSError):
                self._file.close()

    def telling(self, watcher: Watcher | None) -> Self:
        """The log, from now on telling a watcher too, or none."""
        self._watcher = watcher
        return self

    def write(self, event: str, **values: Any) -> None:
        """Write one event."""
        if self._file is None:
            return
        at = dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds")
        with contextlib.suppress(OSError):
            self._file.write(json.dumps({"at": at, "event": event, **values}) + "\n")
            self._file.flush()

    def started(self, job: Job) -> None:
        """A job begins."""
        self.begun.add(job.id)
        self.write("started", job=job.id, period=job.period)
        if self._watcher is not None:
            self._watcher.started(job)

    def finished(self, result: RunResult) -> None:
        """A job has ended, well or not."""
        self.results[result.job.id] = result
        values: dict[str, Any] = {"job": result.job.id, "period": result.job.period}
        values |= {"seconds": result.seconds, "warnings": len(result.warnings)}
        if result.cells:
            values |= timing(result.cells)
        if result.error is not None:
            values |= {"error": result.error.name, "cell": result.error.cell}
        self.write(result.status, **values)
        if self._watcher is not None and result.status != "unchanged":
            self._watcher.finished(result)
