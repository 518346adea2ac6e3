from __future__ import annotations

import io

from rich.console import Console

from salesops_lib.data.scope import Scope
from salesops_lib.publishing.jobs import RunError, RunResult
from salesops_lib.publishing.progress import Progress, plain_text, summary_lines


def results(job_of, tmp_path):
    good = job_of(tmp_path / "review.ipynb")
    bad = job_of(tmp_path / "review.ipynb", Scope("team", "\x1b[31m[red]x", "x"))
    error = RunError("ValueError", "no\nrate", 4, "People", 2, "x")
    return [
        RunResult(good, "done", 1.25, warnings=("few deals",)),
        RunResult(bad, "failed", 2.0, error),
    ]


def test_elsewhere_than_on_a_terminal_each_report_is_one_plain_line(job_of, tmp_path):
    text = io.StringIO()
    with Progress(2, Console(file=text, width=60)) as progress:
        for result in results(job_of, tmp_path):
            progress.started(result.job)
            progress.finished(result)
    assert text.getvalue().splitlines() == [
        "✓ review/company  1.2 s",
        "✗ review/team:�[31m[red]x  2.0 s  ValueError: no rate (cell 4, line 2 under “People”)",
    ]


def test_on_a_terminal_running_reports_and_the_total_are_shown(job_of, tmp_path):
    console = Console(file=io.StringIO(), width=60, force_terminal=True)
    one, two = results(job_of, tmp_path)
    with Progress(2, console) as progress:
        progress.started(one.job)
        progress.finished(one)
        progress.started(two.job)
        shown = Console(file=io.StringIO(), width=60)
        shown.print(progress)
    text = shown.file.getvalue()
    assert "review/company" not in text
    assert "review/team:�[31m[red]x" in text
    assert "1 of 2" in text


def test_the_summary_tells_what_failed_and_what_warned(job_of, tmp_path):
    made = results(job_of, tmp_path)
    made[1].job.place.failed_notebook.parent.mkdir(parents=True)
    made[1].job.place.failed_notebook.touch()
    lines = summary_lines(made)
    assert lines[0] == "1 of 2 reports published."
    assert lines[1] == "review/team:�[31m[red]x: failed."
    assert lines[3] == f"  Notebook as far as it came: {made[1].job.place.failed_notebook}"
    assert lines[4] == "review/company warned: few deals"


def test_text_cannot_steer_the_terminal():
    assert plain_text("a\x1b]0;title\x07\r\nb\u202ec\x9b") == "a�]0;title� b�c�"
