from __future__ import annotations

import datetime as dt
import os

import nbformat

from salesops_lib.publishing.executions import forget_run, keep_run, kept_run, prune_runs

FINISHED = dt.datetime(2026, 10, 1, 6, 30, tzinfo=dt.UTC)


def keep(root, key, age=0):
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("'\u00e9\ud800'")])
    keep_run(root, key, notebook, FINISHED, 4.2, ("few deals",))
    path = root / ".cache" / "executed" / f"{key}.ipynb"
    os.utime(path, (1_000_000 - age, 1_000_000 - age))


def test_a_kept_run_comes_back_whole(tmp_path):
    keep(tmp_path, "a")
    found = kept_run(tmp_path, "a")
    assert (found.finished, found.seconds, found.warnings) == (FINISHED, 4.2, ("few deals",))
    assert "\u00e9" in nbformat.reads(found.notebook.decode(), as_version=4).cells[0].source
    assert kept_run(tmp_path, "b") is None
    forget_run(tmp_path, "a")
    assert kept_run(tmp_path, "a") is None
    forget_run(tmp_path, "a")


def test_a_changed_byte_is_no_kept_run(tmp_path):
    keep(tmp_path, "a")
    path = tmp_path / ".cache/executed/a.ipynb"
    path.write_bytes(path.read_bytes().replace(b"code", b"kode"))
    assert kept_run(tmp_path, "a") is None


def test_runs_of_published_reports_and_the_newest_others_stay(tmp_path):
    for age, key in enumerate("abcde"):
        keep(tmp_path, key, age)
    assert prune_runs(tmp_path, {"e"}, newest=2) == 2
    assert [key for key in "abcde" if kept_run(tmp_path, key)] == ["a", "b", "e"]
    assert len(list((tmp_path / ".cache/executed").iterdir())) == 6
    assert prune_runs(tmp_path / "nowhere", set()) == 0
