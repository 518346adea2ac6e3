"""What the terminal shows while reports are made, and what it says in the end."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Self

from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from salesops_lib.publishing.jobs import Job, RunResult
    from salesops_lib.publishing.notes import Notes

__all__ = ["Progress", "plain_text", "summary_lines"]

_MOST_WARNINGS = 3


def plain_text(text: object) -> str:
    """Text on one line, without signs that could steer a terminal.

    Examples
    --------
    >>> plain_text("two" + chr(10) + "lines" + chr(27) + "[31m")
    'two lines�[31m'
    """
    line = " ".join(str(text).split())
    return "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in line)


class Progress:
    """Progress of a batch: live on a terminal, one line a report elsewhere.

    Parameters
    ----------
    total : int
        Number of jobs.
    console : Console
        Where to write.
    notes : Notes, optional
        Where running jobs tell of their cells; the slowest one is shown.
    """

    def __init__(self, total: int, console: Console, notes: Notes | None = None) -> None:
        self._total = total
        self._console = console
        self._notes = notes
        self._running: dict[str, tuple[float, Spinner, Job]] = {}
        self._done = 0
        self._at_once = 1
        self._durations: list[float] = []
        self._live = (
            Live(self, console=console, refresh_per_second=4, transient=True)
            if console.is_terminal
            else None
        )

    def __enter__(self) -> Self:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def started(self, job: Job) -> None:
        """A job begins."""
        self._running[job.id] = (time.monotonic(), Spinner("dots"), job)
        self._at_once = max(self._at_once, len(self._running))

    def finished(self, result: RunResult) -> None:
        """A job has ended, well or not."""
        self._running.pop(result.job.id, None)
        self._done += 1
        if result.status != "rendered":
            # Pages come first and take moments: they say nothing about the rest.
            self._durations.append(result.seconds)
        sign, style = ("✓", "green") if result.is_good else ("✗", "red")
        how = "rendered in " if result.status == "rendered" else ""
        line = Text.assemble(
            (sign, style),
            f" {plain_text(result.job.id)}  ",
            (f"{how}{result.seconds:.1f} s", "dim"),
            (f"  {plain_text(result.error)}" if result.error else "", style),
        )
        self._console.print(line, soft_wrap=True)

    def __rich__(self) -> RenderableType:
        grid = Table.grid(padding=(0, 1))
        now = time.monotonic()
        for name, (since, spinner, job) in self._running.items():
            slowest = self._notes.slowest_cell(job) if self._notes is not None else None
            told = f"{now - since:.0f} s" + (f", slowest: {slowest}" if slowest else "")
            grid.add_row(spinner, Text(plain_text(name)), Text(plain_text(told), "dim"))
        bar = ProgressBar(self._total, self._done, width=30)
        grid.add_row("", bar, Text(f"{self._done} of {self._total}{self._time_left(now)}"))
        return grid

    def _time_left(self, now: float) -> str:
        """Time left, if the rest takes as long as what is done has taken."""
        rest = self._total - self._done
        if not self._durations or not rest:
            return ""
        mean = sum(self._durations) / len(self._durations)
        spent = sum(min(now - since, mean) for since, _, _ in self._running.values())
        seconds = (rest * mean - spent) / min(self._at_once, rest)
        return f", about {_rounded(seconds)} left"


def _rounded(seconds: float) -> str:
    """Duration as one would say it."""
    if seconds < 60:
        return f"{max(1, round(seconds))} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def summary_lines(results: Sequence[RunResult]) -> list[str]:
    """What a batch has come to, in a few plain lines.

    Parameters
    ----------
    results : sequence of RunResult
        All results of the batch.

    Returns
    -------
    list of str
    """
    found: Counter[str] = Counter(result.status for result in results if result.is_good)
    told = {"rendered": "rendered from an earlier run", "unchanged": "unchanged"}
    more = [f"{found[status]} {text}" for status, text in told.items() if found[status]]
    lines = [
        f"{found.total()} of {len(results)} reports published"
        + (f" ({', '.join(more)})." if more else ".")
    ]
    for result in results:
        if result.error is not None and result.status != "cancelled":
            lines.append(f"{plain_text(result.job.id)}: {result.status.replace('_', ' ')}.")
            lines.append(f"  {plain_text(result.error)}")
            if result.job.place.failed_notebook.is_file():
                lines.append(f"  Notebook as far as it came: {result.job.place.failed_notebook}")
    cancelled = sum(1 for result in results if result.status == "cancelled")
    if cancelled:
        lines.append(f"{cancelled} cancelled; --retry-failed makes them.")
    warned = [result for result in results if result.warnings]
    lines += [
        f"{plain_text(result.job.id)} warned: {plain_text(result.warnings[0])[:300]}"
        for result in warned[:_MOST_WARNINGS]
    ]
    if len(warned) > _MOST_WARNINGS:
        lines.append(f"{len(warned) - _MOST_WARNINGS} more reports warned.")
    return lines
