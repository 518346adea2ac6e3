"""Many reports in parallel: each holds only its own, and nothing is left behind.

    python benchmarks/soak_reports.py                    # a light notebook
    python benchmarks/soak_reports.py --full --times 1   # the performance review

Two runs, printed as they go:

- forty scopes in parallel, ten times over (``--scopes``, ``--times``): page, values
  and manifest of each report hold its own scope and total and no other's, and are
  the same bytes each time, but for the time stamp;
- a batch of 200 reports (``--reports``): memory, file handles and processes of the
  batch's parent, its workers and the kernel server, after the first reports and
  after the last one, each time when no report is being made.

The exit code is 1 where anything is mixed or left behind. Needs Linux.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import nbformat
import psutil
import pyarrow as pa
import pyarrow.parquet as pq

from salesops_lib.data.scope import Scope
from salesops_lib.publishing.batch import run_batch
from salesops_lib.publishing.jobs import Job, Place, RunResult
from salesops_lib.publishing.names import scope_names

PERIOD = "2026-Q3"
LIGHT = """\
import pyarrow.compute as pc, pyarrow.parquet as pq
from IPython.display import display
deals = pq.read_table(snapshot + "/opportunities.parquet")
own = deals.filter(pc.field("owner_id") == scope.partition(":")[2])
text = f"{scope} won {pc.sum(own['amount']).as_py()} in all"
findings = {"kind": "findings", "headline": text}
display({"text/html": f"<p>{text}</p>", "application/vnd.salesops+json": findings}, raw=True)
"""
PARAMETERS = """\
snapshot: str = ""  # snapshot folder
period: str = ""  # fiscal period
scope: str = "company"  # part of the company
language: str = "en"  # language of the report
"""
STAMP = re.compile(r'(<p id="run-stamp"[^>]*>)[^<]*')


@dataclass(frozen=True)
class Process:
    """What one process holds when no report is being made."""

    role: str
    handles: int
    children: int
    memory: float  # MiB of its own

    def __str__(self) -> str:
        return (
            f"  {self.role:<8}{self.handles:>6} file handles{self.children:>4} children"
            f"{self.memory:>8.1f} MiB"
        )


def light_jobs(project: Path, scopes: int) -> tuple[list[Job], dict[str, str]]:
    """Jobs of a light notebook, one a rep; what each page must say of its own rep."""
    v4 = nbformat.v4
    cells = [v4.new_markdown_cell("# Light"), v4.new_code_cell(PARAMETERS)]
    cells[1].metadata["tags"] = ["parameters"]
    cells += [v4.new_markdown_cell("## Part"), v4.new_code_cell(LIGHT)]
    notebook = project / "notebooks" / "light.ipynb"
    notebook.parent.mkdir(parents=True)
    nbformat.write(v4.new_notebook(cells=cells), notebook)
    snapshot = project / "snapshots" / "day"
    snapshot.mkdir(parents=True)
    (snapshot / "manifest.json").write_text("{}")
    reps = [Scope("rep", f"Q{number:04d}x", f"Rep {number}") for number in range(scopes)]
    amounts = {rep: [10_000_019 + 7919 * place, 100 + place] for place, rep in enumerate(reps)}
    rows = [(rep.key, amount) for rep in reps for amount in amounts[rep]]
    owners, values = zip(*rows, strict=True)
    pq.write_table(
        pa.table({"owner_id": owners, "amount": values}), snapshot / "opportunities.parquet"
    )
    names = scope_names(reps)
    jobs = [
        Job(
            notebook,
            rep,
            PERIOD,
            {"snapshot": str(snapshot), "period": PERIOD, "scope": str(rep), "language": "en"},
            Place(project / "reports", PERIOD, "light", names[rep]),
            project,
        )
        for rep in reps
    ]
    return jobs, {str(rep): f"{rep} won {sum(amounts[rep])} in all" for rep in reps}


def full_jobs(project: Path, scopes: int) -> list[Job]:
    """Jobs of the performance review of a simulated company, one a rep."""
    from reports import prepare
    from salesops_lib.publishing.planning import planned_jobs

    prepare(project, 1)
    file = project / "parameters" / "bench.yaml"
    head, _, _ = file.read_text(encoding="utf-8").partition("    for_each")
    file.write_text(f"{head}    for_each: [team, rep]\n", encoding="utf-8")
    return list(planned_jobs(file)[:scopes])


def mixed(jobs: Sequence[Job], said: dict[str, str]) -> list[str]:
    """What is wrong with published reports: another's words in them, or not their own."""
    wrong = []
    for job in jobs:
        place = job.place
        page, values, manifest = (
            path.read_text(encoding="utf-8") for path in (place.html, place.json, place.manifest)
        )
        own = str(job.scope)
        told = json.loads(values)
        if told["report"]["scope"] != own or json.loads(manifest)["id"] != job.id:
            wrong.append(f"{job.id}: values or manifest of another scope")
        hashes = [hashlib.sha256(text.encode()).hexdigest() for text in (page, values)]
        if hashes != [json.loads(manifest)[kind] for kind in ("html", "json")]:
            wrong.append(f"{job.id}: the manifest is not of these two files")
        for scope, text in said.items():
            is_there = [text in content for content in (page, values)]
            if is_there != [scope == own] * 2 or (scope != own and scope in manifest):
                wrong.append(f"{job.id}: {'not its own' if scope == own else f'also {scope}'}")
    return wrong


def fingerprints(jobs: Sequence[Job]) -> list[str]:
    """Hash of each page and its values, without the time of the run."""
    found = []
    for job in jobs:
        values = json.loads(job.place.json.read_text(encoding="utf-8"))
        del values["run"]
        page = STAMP.sub(r"\1", job.place.html.read_text(encoding="utf-8"))
        found.append(hashlib.sha256((page + json.dumps(values)).encode()).hexdigest())
    return found


class Census:
    """Watcher that counts, after some numbers of reports, what the batch's processes hold.

    It is told between two reports, and waits until the other workers have ended
    theirs: only then are two counts alike.
    """

    def __init__(self, root: Path, *after: int) -> None:
        self._runs, self._after, self._done = root / ".cache" / "runs", after, 0
        self.counts: list[list[Process]] = []

    def started(self, job: Job) -> None:
        """Nothing to do."""

    def finished(self, result: RunResult) -> None:
        """Count, if it is time to."""
        if not result.is_good:
            raise SystemExit(f"{result.job.id}: {result.status}: {result.error}")
        self._done += 1
        if self._done in self._after:
            while [path for path in self._runs.iterdir() if not path.name.startswith("notes-")]:
                time.sleep(0.05)
            time.sleep(0.5)
            self.counts.append(processes())


def processes() -> list[Process]:
    """What this process, its workers and its kernel server hold; kernels are its children."""
    me = psutil.Process()
    found = [Process("parent", me.num_fds(), len(me.children()), own_memory(me))]
    signs = {"spawn_main": "worker", "zygote.py": "server"}
    for child in me.children():
        if child.status() == psutil.STATUS_ZOMBIE:
            found.append(Process("dead", 0, 0, 0.0))
            continue
        command = " ".join(child.cmdline())
        found += [
            Process(role, child.num_fds(), len(child.children()), own_memory(child))
            for sign, role in signs.items()
            if sign in command
        ]
    return sorted(found, key=lambda process: (process.role, process.memory))


def own_memory(process: psutil.Process) -> float:
    """MiB that the process shares with no other."""
    return float(process.memory_full_info().uss) / 2**20


def left_behind(before: Sequence[Process], after: Sequence[Process]) -> list[str]:
    """Roles that hold more file handles, children or processes than before."""

    def held(count: Sequence[Process]) -> list[tuple[str, int, int]]:
        return sorted((one.role, one.handles, one.children) for one in count)

    return [] if held(before) == held(after) else [f"{held(before)} became {held(after)}"]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--reports", type=int, default=200)
    parser.add_argument("--scopes", type=int, default=40)
    parser.add_argument("--times", type=int, default=10)
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--full", action="store_true", help="the performance review")
    options = parser.parse_args()
    wrong: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder).resolve()
        if options.full:
            jobs, said = full_jobs(project, max(options.scopes, options.reports)), {}
        else:
            jobs, said = light_jobs(project, max(options.scopes, options.reports))
        some, first, began = jobs[: options.scopes], None, time.perf_counter()
        for time_over in range(options.times):
            run_batch(some, options.workers, Census(project))
            found = fingerprints(some)
            first = first or found
            if found != first:
                wrong.append(f"time {time_over + 1}: other bytes than the first time")
            wrong += mixed(some, {str(job.scope): said[str(job.scope)] for job in some if said})
        seconds, made = time.perf_counter() - began, options.times * len(some)
        if made:
            print(f"{made} reports, {options.workers} at once, {seconds / made:.2f} s each")
            print(f"mixed: {len(wrong)}")
        wrong += soaked(project, jobs[: options.reports], options.workers)
    print(*wrong, sep="\n")
    return 1 if wrong else 0


def soaked(project: Path, jobs: Sequence[Job], workers: int) -> list[str]:
    """What a batch leaves behind; prints what its processes hold near start and at the end."""
    outside = processes()
    early = max(workers * 3, len(jobs) // 10)
    census = Census(project, early, len(jobs))
    run_batch(jobs, workers, census)
    told = (f"before {len(jobs)} reports", f"after {early}", f"after {len(jobs)}", "afterwards")
    counts = (outside, *census.counts, processes())
    for title, count in zip(told, counts, strict=True):
        print(title, *count, sep="\n")
    return [*left_behind(*census.counts), *left_behind(outside, counts[-1])]


if __name__ == "__main__":
    sys.exit(main())
