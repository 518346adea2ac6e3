from __future__ import annotations

import sys
from dataclasses import replace

import pytest

from salesops_lib.publishing.execution import executed


@pytest.fixture
def run(write_notebook, job_of, tmp_path):
    def run(*cells: str, time_limit: float = 120, tags=(), **parameters):
        notebook = write_notebook("review", *cells, tags=tags)
        return executed(job_of(notebook, time_limit=time_limit, **parameters), tmp_path)

    return run


def test_a_good_run_sees_its_parameters_root_and_a_fixed_hash_order(run, project, tmp_path):
    done = run(
        "import os\nprint(period, os.getcwd(), os.environ['SALESOPS_ROOT'], hash('a'))",
        "import os, pathlib\nassert os.environ['PYTHONHASHSEED'] == '0'\n"
        "assert os.environ['IPYTHONDIR'].startswith(" + repr(str(tmp_path)) + ")",
        period="<b>{x}</b>'\"\\",
    )
    assert (done.status, done.error, done.warnings) == ("done", None, ())
    assert (
        done.notebook.cells[3].outputs[0].text.startswith(f"<b>{{x}}</b>'\"\\ {project} {project} ")
    )
    assert all(cell.metadata.keys() <= {"tags"} for cell in done.notebook.cells)
    assert "papermill" not in done.notebook.metadata


# What was seen to happen decides, whatever papermill's own record says.
@pytest.mark.parametrize(
    ("cell", "status", "error"),
    [
        ("x = 1\n1 / 0", "failed", "ZeroDivisionError: division by zero (cell 4, line 2 under"),
        ("def f():\n    return [][1]\n\nf()", "failed", "index out of range (cell 4, line 4"),
        ("x = = 1", "failed", "SyntaxError: invalid syntax"),
        ("%nosuchmagic", "failed", "UsageError: Line magic function `%nosuchmagic` not found."),
        ("%load_ext no_such_extension", "failed", "ModuleNotFoundError"),
        ("import sys\nsys.exit(0)", "failed", "SystemExit: 0 (cell 4"),
        ("raise KeyboardInterrupt", "failed", "KeyboardInterrupt: no message (cell 4, line 1"),
        ("import os\nos._exit(137)", "dead", "Kernel died: the kernel ended by itself"),
    ],
)  # fmt: skip
def test_each_end_is_called_what_it_was(run, cell, status, error):
    done = run("## Bookings", cell, "print('after')")
    assert done.status == status
    assert error in str(done.error)
    assert (done.error.cell, done.error.section) == (4, "Bookings")
    failing, after = done.notebook.cells[4], done.notebook.cells[5]
    assert failing.source == cell
    assert "error" in [output.output_type for output in failing.outputs]
    assert after.outputs == []
    assert len(done.notebook.cells) == 6


def test_a_cell_that_may_raise_brings_no_report_either(run):
    done = run("1 / 0", "2 + 2", tags=["raises-exception"])
    assert (done.status, done.error.cell) == ("failed", 3)


def test_the_time_limit_is_for_the_whole_run(run):
    done = run("import time\ntime.sleep(1)", "while True: pass", "1", time_limit=3)
    assert done.status == "timed_out"
    assert "not finished after 3 seconds" in done.error.message
    assert done.error.cell == 4
    assert done.notebook.cells[4].outputs[-1].ename == "Time limit"


def test_cells_that_come_after_the_time_limit_do_not_begin(run):
    done = run("import time\ntime.sleep(1.2)", "print('late')", time_limit=1)
    assert (done.status, done.error.name) == ("timed_out", "Time limit")
    assert done.error.cell in {3, 4}
    assert "late" not in str(done.notebook.cells[4].outputs)


@pytest.mark.skipif(sys.platform != "linux", reason="reads how processes end from Linux")
@pytest.mark.parametrize("kernel", ["salesops-warm", "python3"])
def test_limits_and_ends_of_warm_and_normal_kernels_are_told_alike(
    write_notebook, job_of, tmp_path, kernel
):
    cell = "import time\nx = b'x' * (700 << 20)\ntime.sleep(600)"
    job = replace(job_of(write_notebook("review", cell)), kernel=kernel, memory_limit=600 << 20)
    greedy = executed(job, tmp_path)
    assert (greedy.status, greedy.error.name, greedy.error.cell) == ("dead", "Memory limit", 3)
    assert "the kernel exceeded its memory limit of 600 MiB; peak memory" in greedy.error.message
    assert set(greedy.cells) == {2, 3}
    job = replace(job_of(write_notebook("review", "import os\nos._exit(137)")), kernel=kernel)
    gone = executed(job, tmp_path)
    assert (gone.status, gone.error.name) == ("dead", "Kernel died")
    assert gone.error.message.startswith("the kernel ended by itself with exit code 137; peak")


def test_seconds_are_counted_for_each_cell(run):
    done = run("## Part", "import time\ntime.sleep(0.3)", "# no code\n", "1")
    assert set(done.cells) == {2, 4, 6}
    assert 0.3 <= done.cells[4] < 30
    assert max(done.cells, key=done.cells.get) == 4


def test_a_kernel_that_does_not_exist_is_dead_not_done(run, write_notebook, job_of, tmp_path):
    job = replace(job_of(write_notebook("review", "1")), kernel="no-such-kernel")
    done = executed(job, tmp_path)
    assert done.status == "dead"
    assert "no-such-kernel" in done.error.message
    assert len(done.notebook.cells) == 3


def test_warnings_are_kept_for_the_analyst(run):
    done = run("import warnings\nwarnings.warn('few deals')")
    assert done.status == "done"
    assert len(done.warnings) == 1
    assert "few deals" in done.warnings[0]
