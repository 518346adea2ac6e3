"""Many reports: this engine against stock papermill, in one run.

    python benchmarks/reports.py --reports 24 --workers 2

A simulated company of two divisions is ingested into a temporary project.
Its team reports are then made

- by stock papermill: one `papermill` process a report, its own kernel, then
  `nbconvert --to html`, with the same number of workers;
- by `salesops report`, from an empty cache, as a whole process;
- by `salesops report` again, unchanged;
- and, for the overhead, the notebook's cells are run in one process that has
  everything imported.

Prints seconds a report, ratios, and for some numbers of workers: reports a minute,
memory per worker (the worker and its kernel), and what all of them share (the
command and the kernel server). Memory is proportional (PSS), sampled twice a
second; the highest sample counts. Needs Linux.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import psutil

_SAMPLE = 0.5
ROOT = Path(__file__).parents[1]
NOTEBOOK = ROOT / "notebooks" / "performance_review.ipynb"
PARAMETERS = """\
version: 1
snapshot: snapshots/sample
as_of: 2026-09-30
period: 2026-Q3
reports:
  - notebook: performance_review
    for_each: team
    only: {only}
"""

IN_ONE_PROCESS = """\
import json, sys, time
from pathlib import Path
from IPython.core.interactiveshell import InteractiveShell
cells, scopes = json.loads(Path(sys.argv[1]).read_text()), json.loads(sys.argv[2])
shell = InteractiveShell.instance()
shell.display_pub.publish = lambda *_, **__: None
shell.displayhook.write_output_prompt = lambda: None
shell.displayhook.write_format_data = lambda *_: None
seconds = []
for scope in scopes:
    began = time.perf_counter()
    for source in cells[:1] + [f"scope = {scope!r}"] + cells[1:]:
        shell.run_cell(source, store_history=False).raise_error()
    seconds.append(time.perf_counter() - began)
print(json.dumps(seconds))
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--reports", type=int, default=24)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--more-workers", type=int, nargs="*", default=[1, 4])
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder)
        scopes = prepare(project, options.reports)
        print(f"{len(scopes)} team reports, {options.workers} workers, {os.cpu_count()} cores")
        stock = made_by_papermill(project, scopes, options.workers)
        print(f"stock papermill and nbconvert   {stock / len(scopes):6.2f} s a report")
        ours, _ = made_by_us(project, options.workers)
        print(f"salesops report                 {ours / len(scopes):6.2f} s a report")
        print(f"ratio                           {stock / ours:6.1f} times less wall time")
        again, kernels = made_by_us(project, options.workers, fresh=False)
        print(f"unchanged batch                 {again:6.2f} s in all, {kernels} kernels")
        alone, _ = made_by_us(project, 1)
        cells = cells_in_one_process(project, scopes)
        overhead = alone / len(scopes) - cells
        print(f"the cells alone, warm process   {cells:6.2f} s a report")
        print(f"overhead, one worker            {overhead:6.2f} s a report")
        for workers in sorted({options.workers, *options.more_workers}):
            memory = Memory(workers)
            seconds, _ = made_by_us(project, workers, memory=memory)
            print(
                f"{workers} workers: {60 * len(scopes) / seconds:6.0f} reports a minute,"
                f" {memory.per_worker:5.0f} MB per worker and {memory.shared:.0f} MB for all"
            )


class Memory:
    """Memory of a running command by part, in MB: the highest of all samples."""

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self.per_worker = self.shared = 0.0

    def sample(self, command: psutil.Process) -> None:
        """Look once; processes that end meanwhile do not count."""
        own, all_of_it = 0.0, megabytes(command)
        for child in command.children(recursive=True):
            with suppress(psutil.Error):
                # Kernels run ipykernel; a warm one has the command line of its server.
                line, size = " ".join(child.cmdline()), megabytes(child)
                is_server = "zygote.py" in line and child.ppid() == command.pid
                is_ours = "zygote.py" in line or "spawn_main" in line or "ipykernel" in line
                all_of_it += size
                own += size if is_ours and not is_server else 0.0
        self.per_worker = max(self.per_worker, own / self._workers)
        self.shared = max(self.shared, all_of_it - own)


def megabytes(process: psutil.Process) -> float:
    """Memory of a process, what it shares counted in proportion."""
    return float(process.memory_full_info().pss) / 1e6


def prepare(project: Path, reports: int) -> list[str]:
    """Project with an ingested company; the scopes of its reports."""
    shutil.copytree(ROOT / "notebooks", project / "notebooks")
    shutil.copy(ROOT / "requirements.lock", project)
    (project / "parameters").mkdir()
    run(project, "salesops", "sample", "--out", "export", "--scale", "2")
    mapping = ROOT / "parameters" / "mappings" / "sample.yaml"
    run(
        project, "salesops", "ingest", "export", "--mapping", str(mapping),
        "--as-of", "2026-09-30", "--store", "snapshots/sample",
    )  # fmt: skip
    from salesops_lib.data.scopes import scopes
    from salesops_lib.data.snapshot import find_snapshot
    from salesops_lib.data.view import open_view

    view = open_view(find_snapshot(project / "snapshots" / "sample"), period="2026-Q3")
    teams = [str(scope) for scope in scopes(view.snapshot, "team", view.period, view.as_of)]
    if len(teams) < reports:
        raise SystemExit(f"the company has {len(teams)} teams only")
    text = PARAMETERS.format(only=json.dumps(teams[:reports], ensure_ascii=False))
    (project / "parameters" / "bench.yaml").write_text(text, encoding="utf-8")
    return teams[:reports]


def made_by_papermill(project: Path, scopes: list[str], workers: int) -> float:
    """Seconds for all reports by stock tools, one process after the other for each."""
    target = project / "stock"
    target.mkdir()

    def make(number: int) -> None:
        out = target / f"{number}.ipynb"
        run(
            project, "papermill", str(NOTEBOOK), str(out), "-k", "python3",
            "-p", "scope", scopes[number], "--cwd", str(project), "--no-progress-bar",
        )  # fmt: skip
        run(project, "jupyter", "nbconvert", "--to", "html", "--no-input", str(out))

    began = time.perf_counter()
    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(make, range(len(scopes))))
    return time.perf_counter() - began


def made_by_us(
    project: Path, workers: int, *, fresh: bool = True, memory: Memory | None = None
) -> tuple[float, int]:
    """Seconds of the whole command, and the kernels that it started."""
    if fresh:
        shutil.rmtree(project / "reports", ignore_errors=True)
        shutil.rmtree(project / ".cache", ignore_errors=True)
    began = time.perf_counter()
    command = ("salesops", "report", "parameters/bench.yaml", "--workers", str(workers))
    said = run(project, *command, memory=memory)
    seconds = time.perf_counter() - began
    return seconds, sum(line.startswith("✓") for line in said.splitlines())


def cells_in_one_process(project: Path, scopes: list[str]) -> float:
    """Mean seconds of the notebook's cells where everything is imported already."""
    stored = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    cells = ["".join(cell["source"]) for cell in stored["cells"] if cell["cell_type"] == "code"]
    file = project / "cells.json"
    file.write_text(json.dumps(cells), encoding="utf-8")
    said = run(project, sys.executable, "-c", IN_ONE_PROCESS, str(file), json.dumps(scopes))
    seconds = json.loads(said.splitlines()[-1])
    # The first run pays for the imports.
    return sum(seconds[1:]) / len(seconds[1:])


def run(folder: Path, *command: str, memory: Memory | None = None) -> str:
    program = Path(sys.executable).parent / command[0]
    with (
        tempfile.TemporaryFile("w+") as said,
        subprocess.Popen(
            [str(program) if program.exists() else command[0], *command[1:]],
            cwd=folder,
            stdout=said,
            stderr=subprocess.STDOUT,
        ) as process,
    ):
        while memory is not None and process.poll() is None:
            with suppress(psutil.Error):
                memory.sample(psutil.Process(process.pid))
            with suppress(subprocess.TimeoutExpired):
                process.wait(_SAMPLE)
        status = process.wait()
        said.seek(0)
        text = said.read()
    if status:
        raise SystemExit(f"{' '.join(command)}\n{text}")
    return text


if __name__ == "__main__":
    main()
