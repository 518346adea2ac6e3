"""What running jobs tell of their cells, and what the terminal makes of it."""

from __future__ import annotations

import io
import json
import time

import pytest
from rich.console import Console

from salesops_lib.data.scope import Scope
from salesops_lib.publishing import notes as noted
from salesops_lib.publishing.batch import run_batch
from salesops_lib.publishing.jobs import RunResult
from salesops_lib.publishing.notes import CellTime, Notes, current_note, noting
from salesops_lib.publishing.progress import Progress


class Clock:
    """Time that passes when the test says so."""

    def __init__(self):
        self.now = 1000.0

    def monotonic(self):
        return self.now

    time = monotonic


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(noted, "time", clock)
    return clock


def test_the_slowest_cell_is_one_that_ended_or_the_one_that_runs(job_of, tmp_path, clock):
    job = job_of(tmp_path / "review.ipynb")
    with Notes(job.root) as notes:
        assert notes.slowest_cell(job) is None
        with noting(notes.path(job)):
            current_note().at_cell(2, "")
            clock.now += 1
            assert str(notes.slowest_cell(job)) == "cell 2 1 s"
            current_note().at_cell(5, "People")
            clock.now += 7
            current_note().at_cell(6, "Pipeline")
            clock.now += 3
            assert notes.slowest_cell(job) == CellTime(5, "People", 7.0)
            clock.now += 5
            assert str(notes.slowest_cell(job)) == "cell 6 “Pipeline” 8 s"
        assert current_note() is None
        assert notes.slowest_cell(job) is None
    assert list((job.root / ".cache" / "runs").iterdir()) == []


def test_two_reports_of_a_batch_have_two_notes(job_of, tmp_path):
    jobs = [job_of(tmp_path / "review.ipynb", Scope("team", name, name)) for name in "ab"]
    with Notes(jobs[0].root) as notes:
        assert len({notes.path(job) for job in jobs}) == 2


@pytest.mark.parametrize("text", ["", "{", "[]", '{"now": [1]}', '{"now": ["x", 1, 2]}', "\x00"])
def test_a_note_that_is_just_being_written_tells_nothing(job_of, tmp_path, text):
    job = job_of(tmp_path / "review.ipynb")
    with Notes(job.root) as notes:
        notes.path(job).write_text(text)
        assert notes.slowest_cell(job) is None


def test_a_note_whose_folder_is_gone_stops_nothing(tmp_path):
    with noting(tmp_path / "gone" / "note.json"):
        current_note().at_cell(1, "")
    assert list(tmp_path.iterdir()) == []


def test_a_running_job_notes_its_cells_under_their_headings(write_notebook, job_of, tmp_path):
    """The cells read the note of their own job: a hand-made view of what is told."""
    seen = tmp_path / "seen"
    read = (
        "import pathlib, json\n"
        "(folder,) = pathlib.Path('.cache/runs').glob('notes-*')\n"
        "(note,) = folder.iterdir()\n"
        f"with open({str(seen)!r}, 'a') as file: file.write(note.read_text() + '\\n')"
    )
    job = job_of(write_notebook("review", "## One", read, "## Two", read))
    (result,) = run_batch([job], 1, Progress(1, Console(file=io.StringIO())))
    assert (result.status, result.error) == ("done", None)
    told = [json.loads(line) for line in seen.read_text().splitlines()]
    # Cells: title, parameters, heading, code, heading, code; papermill's own does not count.
    assert [line["now"][:2] for line in told] == [[4, "One"], [6, "Two"]]
    assert all(line["slowest"][2] >= 0 for line in told)


def lines(progress) -> list[str]:
    shown = Console(file=io.StringIO(), width=100)
    shown.print(progress)
    return [line.rstrip() for line in shown.file.getvalue().splitlines()]


def test_the_live_line_has_the_slowest_cell_and_the_total_the_time_left(job_of, tmp_path):
    jobs = [job_of(tmp_path / "review.ipynb", Scope("team", name, name)) for name in "abcd"]
    console = Console(file=io.StringIO(), width=100, force_terminal=True)
    with Notes(jobs[0].root) as notes, Progress(4, console, notes) as progress:
        progress.started(jobs[0])
        assert lines(progress)[-1].endswith("0 of 4")
        progress.finished(RunResult(jobs[0], "rendered", 0.2))
        # A page that was only rendered says nothing of how long the others take.
        assert lines(progress)[-1].endswith("1 of 4")
        progress.started(jobs[1])
        progress.started(jobs[2])
        values = {"now": [9, "Now", time.time()], "slowest": [7, "Peo\x1bple", 61.4]}
        notes.path(jobs[2]).write_text(json.dumps(values))
        assert lines(progress)[1].endswith(" s, slowest: cell 7 “Peo�ple” 61 s")
        progress.finished(RunResult(jobs[1], "done", 240.0))
        # Two of 240 s are left, two at once, neither of which has got anywhere.
        assert lines(progress)[-1].endswith("2 of 4, about 4 min left")
        progress.finished(RunResult(jobs[2], "done", 40.0))
        # One is left: the mean of 240 s and 40 s.
        assert lines(progress)[-1].endswith("3 of 4, about 2 min left")
        progress.finished(RunResult(jobs[3], "done", 40.0))
        assert lines(progress)[-1].endswith("4 of 4")
