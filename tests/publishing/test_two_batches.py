"""Two batches at once on the same reports folder: nothing is lost, nothing is mixed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

import pytest

from salesops_lib.publishing.locks import fcntl, locked
from salesops_lib.publishing.manifests import read_manifest
from salesops_lib.publishing.planning import planned_jobs

START = [sys.executable, "-c"]
COUNT = """\
import sys
from pathlib import Path
from salesops_lib.publishing.locks import locked
lock, number = Path(sys.argv[1]), Path(sys.argv[2])
for _ in range(200):
    with locked(lock):
        text = str(int(number.read_text()) + 1)
        number.write_text("")
        number.write_text(text)
"""
HOLD = """\
import sys
from pathlib import Path
from salesops_lib.publishing.locks import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""
SAID = (
    "from IPython.display import display\n"
    "said = f'{scope} says {word * 50}'\n"
    "display({'text/html': f'<p>{said}</p>',"
    " 'application/vnd.salesops+json': {'kind': 'findings', 'headline': said}}, raw=True)"
)

needs_locks = pytest.mark.skipif(fcntl is None, reason="the system has no file locks")


@needs_locks
def test_one_process_at_a_time_holds_a_lock(tmp_path):
    lock, number = tmp_path / "new" / ".lock", tmp_path / "number"
    number.write_text("0")
    runs = [subprocess.Popen([*START, COUNT, str(lock), str(number)]) for _ in range(3)]
    assert [run.wait() for run in runs] == [0, 0, 0]
    assert number.read_text() == "600"
    assert list(lock.parent.iterdir()) == []


@needs_locks
def test_the_lock_of_a_killed_process_is_free(tmp_path):
    lock = tmp_path / ".lock"
    with subprocess.Popen(
        [*START, HOLD, str(lock)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout.readline() == "held\n"
        os.kill(holder.pid, signal.SIGKILL)
        holder.wait()
    assert lock.exists()
    with locked(lock):
        assert lock.exists()
    assert not lock.exists()


@needs_locks
def test_where_files_cannot_be_locked_the_block_runs_all_the_same(tmp_path, monkeypatch):
    def fail(_file, _kind):
        raise OSError(37, "No locks available")

    monkeypatch.setattr(fcntl, "flock", fail)
    with locked(tmp_path / ".lock"):
        (tmp_path / "done").touch()
    assert [path.name for path in tmp_path.iterdir()] == ["done"]


def test_both_publish_whole_reports_and_one_index(
    write_notebook, snapshot_of, write_parameters, project, standard_cell
):
    """Both want the same six reports, each with another word in them."""
    regions = [f"R{number}" for number in range(6)]
    word = 'word: str = ""  # what is said\n'
    write_notebook("review", "## Part", SAID, parameters=standard_cell + word)
    write_notebook("other", "## Part", SAID, parameters=standard_cell + word)
    both = "  - {notebook: %s, for_each: region, parameters: {word: %s}}"
    snapshot = snapshot_of(*regions)
    files = []
    for name, more in (("apple", ""), ("melon", "\n" + both % ("other", "melon"))):
        written = write_parameters(snapshot, reports=both % ("review", name) + more)
        files.append(written.rename(written.with_name(f"{name}.yaml")))
    runs = [
        subprocess.Popen(
            [*START, "from salesops_lib.cli import main; main()", "report", str(file)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for file in files
    ]
    said = [run.communicate()[0] for run in runs]
    assert [run.returncode for run in runs] == [0, 0], said
    index = (project / "reports" / "index.html").read_text()
    for job in planned_jobs(files[1]):
        page, values = job.place.html.read_text(), json.loads(job.place.json.read_text())
        own = {word for word in ("apple", "melon") if f"{job.scope} says {word * 50}" in page}
        # One of the two, whole: page, values and manifest are of the same run.
        assert len(own) == 1
        assert values["findings"]["headline"] == f"{job.scope} says {own.pop() * 50}"
        assert read_manifest(job.place).is_true_of(job.place)
        assert f"2026-Q3/{job.report}/{job.place.name}.html" in index
    assert [path.name for path in (project / "reports").iterdir() if path.name[0] == "."] == []
    assert list((project / ".cache" / "runs").iterdir()) == []
