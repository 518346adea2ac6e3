from __future__ import annotations

import json
import operator
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from salesops_lib.data.scope import Scope
from salesops_lib.publishing.batch import default_workers, run_batch
from salesops_lib.publishing.index import write_index

TOLD = "salesops: stopped; what was published before stays.\n"


class Log:
    def __init__(self):
        self.begun, self.ended = [], []

    def started(self, job):
        self.begun.append(job.id)

    def finished(self, result):
        self.ended.append((result.job.id, result.status))


def test_one_jobs_end_is_not_anothers(write_notebook, job_of):
    """A good job, a failing one, and one that takes its worker down with it."""
    cell = (
        "import os, signal, time\n"
        "if scope == 'team:fails': 1 / 0\n"
        "if scope == 'team:kills': os.kill(os.getppid(), signal.SIGKILL)\n"
        "print(scope)"
    )
    notebook = write_notebook("review", "## Part", cell)
    scopes = [Scope("team", name, name) for name in ("fails", "kills", "good")]
    # The parent of a normal kernel is its worker; a warm one's is the kernel server.
    jobs = [replace(job_of(notebook, scope), kernel="python3") for scope in scopes]
    log = Log()
    results = run_batch(jobs, 1, log)
    assert [r.job for r in results] == jobs
    assert [r.status for r in results] == ["failed", "dead", "done"]
    assert results[1].error.name == "Worker died"
    assert sorted(log.ended) == [
        ("review/team:fails", "failed"), ("review/team:good", "done"),
        ("review/team:kills", "dead"),
    ]  # fmt: skip
    assert ">team:good</pre>" in results[2].html.read_text()
    index = write_index(jobs[0].place.reports).read_text()
    assert "ZeroDivisionError: division by zero" in index


def test_what_a_worker_cannot_tell_is_recorded_as_a_failure_too(write_notebook, job_of):
    job = job_of(write_notebook("review", "1"))
    (result,) = run_batch([job], 1, Log(), operator.attrgetter("no_such_name"))
    assert (result.status, result.error.name) == ("failed", "AttributeError")
    record = json.loads(job.place.failed_record.read_text())
    assert (record["status"], record["id"]) == ("failed", "review/company")


def test_an_empty_batch_is_nothing():
    assert run_batch([], 2, Log()) == []
    assert default_workers() >= 1


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    # A zombie that nobody has waited for yet is dead all the same.
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


needs_proc = pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="reads /proc")


@needs_proc
def test_stopping_ends_kernels_and_leaves_nothing_half_written(
    write_notebook, snapshot_of, write_parameters, project, tmp_path
):
    seen = tmp_path / "pid"
    write_notebook(
        "review",
        "## Part",
        "import os, pathlib, time\n"
        f"pathlib.Path({str(seen)!r}).write_text(f'{{os.getpid()}} {{os.getppid()}} .')\n"
        "time.sleep(600)",
    )
    file = write_parameters(snapshot_of())
    # A shell ignores Ctrl-C for what it starts in the background, such as these tests.
    code = (
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from salesops_lib.cli import main; main()"
    )
    start = [sys.executable, "-c", code]
    run = subprocess.Popen(
        [*start, "report", str(file)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        while not (seen.exists() and seen.read_text().endswith(".")):
            assert run.poll() is None, run.communicate()
            time.sleep(0.05)
        kernel, worker = (int(pid) for pid in seen.read_text().split()[:2])
        run.send_signal(signal.SIGINT)
        _, errors = run.communicate()
    finally:
        run.kill()
    assert (run.returncode, errors) == (130, TOLD)
    assert not alive(worker)
    while alive(kernel):
        time.sleep(0.05)
    written = [p for p in (project / "reports").rglob("*") if p.is_file()]
    assert sorted(p.name for p in written) == ["company.json", "index.html"]
    record = json.loads((project / "reports/failed/2026-Q3/review/company.json").read_text())
    assert record["status"] == "cancelled"
    assert "stopped while it ran" in (project / "reports/index.html").read_text()
    assert list((project / ".cache" / "runs").iterdir()) == []


@needs_proc
def test_a_worker_does_not_outlive_a_parent_that_was_killed():
    code = (
        "import multiprocessing, os\n"
        "from concurrent.futures import ProcessPoolExecutor\n"
        "from salesops_lib.publishing.batch import _begin_worker\n"
        "pool = ProcessPoolExecutor(1, multiprocessing.get_context('spawn'), _begin_worker)\n"
        "print(pool.submit(os.getpid).result(), flush=True)\n"
        "os.kill(os.getpid(), 9)"
    )
    parent = subprocess.run(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, check=False
    )
    assert parent.returncode == -signal.SIGKILL
    while alive(int(parent.stdout)):
        time.sleep(0.05)
