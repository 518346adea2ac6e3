"""From executed notebook to page: this library against nbconvert's HTML exporter, in one run.

    python benchmarks/render.py parameters/2026-Q3.yaml --rounds 10

Takes the notebooks that `salesops report` keeps of good runs (`make report` makes
them) and times, once everything is imported and the templates are compiled,
`page_of` and nbconvert's default `HTMLExporter` on each. Prints the median of the
rounds, the slowest report, the ratio, and the bytes of both.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import nbformat
from nbconvert import HTMLExporter

from salesops_lib.publishing.executions import kept_run
from salesops_lib.publishing.keys import Workshop
from salesops_lib.publishing.planning import planned_jobs
from salesops_lib.publishing.provenance import provenance_of
from salesops_lib.publishing.rendering import RunStamp, page_of

if TYPE_CHECKING:
    from nbformat import NotebookNode

    from salesops_lib.publishing.jobs import Job


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("parameters", type=Path, nargs="?", default=Path("parameters/2026-Q3.yaml"))
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--reports", type=int, default=5, help="how many reports to render")
    options = parser.parse_args()
    runs = kept(options.parameters)[: options.reports]
    if not runs:
        raise SystemExit("no run of these reports is kept: make report")
    exporter = HTMLExporter()

    def ours(job: Job, notebook: NotebookNode, stamp: RunStamp) -> str:
        return page_of(job, notebook, provenance_of(job, job.notebook), {}, stamp).html

    def theirs(_job: Job, notebook: NotebookNode, _stamp: RunStamp) -> str:
        return str(exporter.from_notebook_node(notebook)[0])

    mine, size = measured(ours, runs, options.rounds)
    stock, stock_size = measured(theirs, runs, options.rounds)
    print(f"{len(runs)} reports, {options.rounds} rounds")
    print(f"page_of              {1000 * statistics.median(mine):6.0f} ms a report, "
          f"slowest report {1000 * max(mine):.0f} ms, {size / 1000:.0f} kB")  # fmt: skip
    print(f"nbconvert HTML       {1000 * statistics.median(stock):6.0f} ms a report, "
          f"slowest report {1000 * max(stock):.0f} ms, {stock_size / 1000:.0f} kB")  # fmt: skip
    print(f"ratio                {statistics.median(stock) / statistics.median(mine):6.1f}")


def kept(parameters: Path) -> list[tuple[Job, NotebookNode, RunStamp]]:
    """Jobs of a parameter file whose executed notebook is kept, in the order of the file."""
    found = []
    workshop = None
    for job in planned_jobs(parameters):
        workshop = workshop or Workshop(job.root)
        run = kept_run(job.root, workshop.keys(job, job.notebook).execute.key)
        if run is not None:
            notebook = nbformat.reads(run.notebook.decode("utf-8"), as_version=4)
            found.append((job, notebook, RunStamp(run.finished, run.seconds)))
    return found


def measured(
    render: Callable[[Job, NotebookNode, RunStamp], str],
    runs: list[tuple[Job, NotebookNode, RunStamp]],
    rounds: int,
) -> tuple[list[float], float]:
    """Median seconds of each report over the rounds, and mean bytes of a page."""
    seconds: list[list[float]] = [[] for _ in runs]
    sizes = [len(render(*run).encode()) for run in runs]
    for _ in range(rounds):
        for place, run in enumerate(runs):
            began = time.perf_counter()
            render(*run)
            seconds[place].append(time.perf_counter() - began)
    return [statistics.median(each) for each in seconds], statistics.mean(sizes)


if __name__ == "__main__":
    main()
