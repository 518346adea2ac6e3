from __future__ import annotations

import json
import os
import stat

import nbformat
import pytest
from nbformat import v4

from salesops_lib.publishing import files as writing
from salesops_lib.publishing.files import write_atomically
from salesops_lib.publishing.jobs import RunError
from salesops_lib.publishing.publication import keep_failure, publish
from salesops_lib.publishing.rendering import Page

RUN = {"finished": "2026-10-01T06:30:00+00:00", "seconds": 1.0}


@pytest.fixture
def job(job_of, tmp_path):
    return job_of(tmp_path / "review.ipynb")


def files(job) -> list[str]:
    folder = job.place.reports
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


def test_a_page_and_its_values_appear(job):
    path = publish(job, Page("<p>é</p>", {"b": 1, "a": 2.5}))
    assert path.read_bytes() == "<p>é</p>".encode()
    assert json.loads(job.place.json.read_text()) == {"a": 2.5, "b": 1}
    assert files(job) == ["2026-Q3/review/company.html", "2026-Q3/review/company.json"]


def test_others_may_read_what_is_published(job):
    before = os.umask(0o022)
    try:
        path = publish(job, Page("x", {}))
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o644


@pytest.mark.parametrize("broken", ["fsync", "replace"])
def test_a_write_that_breaks_off_leaves_the_old_file_and_no_rest(job, monkeypatch, broken):
    publish(job, Page("old", {"a": 1}))

    def fail(*_args):
        raise OSError(28, "No space left on device")

    owner = writing.os if broken == "fsync" else writing.Path
    monkeypatch.setattr(owner, broken, fail)
    with pytest.raises(OSError, match="No space"):
        publish(job, Page("new", {"a": 2}))
    monkeypatch.undo()
    assert job.place.html.read_text() == "old"
    assert json.loads(job.place.json.read_text()) == {"a": 1}
    assert files(job) == ["2026-Q3/review/company.html", "2026-Q3/review/company.json"]


def test_a_failure_keeps_the_notebook_and_leaves_the_last_good_report(job):
    publish(job, Page("good", {}))
    notebook = v4.new_notebook(cells=[v4.new_code_cell("1 / 0")])
    error = RunError("ZeroDivisionError", "division by zero", 4, "People", 1, "1 / 0")
    keep_failure(job, "failed", error, notebook, RUN)
    assert job.place.html.read_text() == "good"
    kept = nbformat.read(job.place.failed_notebook, as_version=4)
    assert kept.cells[0].source == "1 / 0"
    record = json.loads(job.place.failed_record.read_text())
    assert record["reason"] == "ZeroDivisionError: division by zero"
    assert (record["cell"], record["section"], record["line"]) == (4, "People", 1)
    assert (record["id"], record["status"], record["run"]) == ("review/company", "failed", RUN)


def test_success_removes_the_record_of_the_failure(job):
    keep_failure(job, "dead", RunError("Kernel died", "x"), v4.new_notebook(), RUN)
    publish(job, Page("good", {}))
    assert files(job) == ["2026-Q3/review/company.html", "2026-Q3/review/company.json"]
    assert not (job.place.reports / "failed" / "2026-Q3").exists()


def test_a_broken_sign_does_not_cost_the_report(tmp_path):
    write_atomically(tmp_path / "deep" / "x.html", "a\ud800b")
    assert (tmp_path / "deep" / "x.html").read_text() == "a?b"
