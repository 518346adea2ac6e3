"""Full and read-only disks: the last good report stays, and the status is the true one."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from salesops_lib import cli
from salesops_lib.publishing import batch, files, run
from salesops_lib.publishing.execution import Execution
from salesops_lib.publishing.jobs import Job, RunError


@pytest.fixture
def mounted(tmp_path):
    """A small file system of its own."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = shutil.which("mount")
    if sys.platform != "linux" or mount is None or os.geteuid() != 0:
        pytest.skip("only root may mount a small disk")
    done = subprocess.run(
        [mount, "-t", "tmpfs", "-o", "size=512k", "tmpfs", str(folder)],
        capture_output=True, check=False,
    )  # fmt: skip
    if done.returncode:
        pytest.skip("this machine lets nobody mount a small disk")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)  # noqa: S607


@pytest.fixture
def report(write_notebook, write_parameters, snapshot_of, project, monkeypatch):
    """The command, with every notebook printing a number and no kernel started."""
    ran: list[str] = []

    def executed(job: Job, _work: Path) -> Execution:
        ran.append(job.id)
        notebook = nbformat.read(job.notebook, as_version=4)
        notebook.cells[-1].outputs = [nbformat.v4.new_output("stream", text=f"run {len(ran)}\n")]
        if "fail" in notebook.cells[-1].source:
            return Execution(notebook, "failed", RunError("ValueError", "no deals", 3))
        return Execution(notebook, "done")

    def run_batch(jobs, _workers, watcher, work=None, **_options):
        for job in jobs:
            watcher.started(job)
            watcher.finished((work or run.run_one)(job))

    monkeypatch.setattr(run, "executed", executed)
    monkeypatch.setattr(batch, "run_batch", run_batch)
    file = write_parameters(snapshot_of())

    def call(cell: str, folder: Path) -> int:
        write_notebook("review", "## Part", cell)
        options = [str(file), "--reports", str(folder)]
        monkeypatch.setattr(sys, "argv", ["salesops", "report", *options])
        with pytest.raises(SystemExit) as end:
            cli.main()
        return int(end.value.code or 0)

    call.ran = ran
    return call


def all_of(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "filler"
    }


def fill(disk: Path) -> Path:
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while file.write(bytes(4096)):
            pass
    return filler


def test_a_full_disk(report, mounted, capsys):
    assert report("1", mounted) == 0
    before = all_of(mounted)
    assert len(before) == 4
    filler = fill(mounted)
    capsys.readouterr()
    assert report("2", mounted) == 1
    told = capsys.readouterr().out
    assert "review/company: failed." in told
    assert "Not written: No space left on device" in told
    assert all_of(mounted) == before
    assert report("fail", mounted) == 1
    told = capsys.readouterr().out
    assert "ValueError: no deals" in told
    assert "what failed could not be kept: No space left on device" in told
    assert all_of(mounted) == before
    filler.unlink()
    assert report("2", mounted) == 0
    after = all_of(mounted)
    assert after.keys() == before.keys()
    assert after["2026-Q3/review/company.html"] != before["2026-Q3/review/company.html"]


@pytest.mark.parametrize("number", [1, 2])
def test_a_disk_that_fills_while_a_report_is_written(report, project, monkeypatch, number):
    """Where no disk can be mounted: one of the page's two files no longer fits."""
    reports = project / "reports"
    assert report("1", reports) == 0
    before = all_of(reports)
    written: list[str] = []

    def fsync(handle: int) -> None:
        place = str(Path(f"/proc/self/fd/{handle}").readlink())
        if "/2026-Q3/review/" in place and "/failed/" not in place:
            written.append(place)
            if len(written) == number:
                raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(files.os, "fsync", fsync)
        assert report("2", reports) == 1
    after = all_of(reports)
    assert {name: after[name] for name in before if name != "index.html"} == {
        name: content for name, content in before.items() if name != "index.html"
    }
    assert b"No space left on device" in after["failed/2026-Q3/review/company.json"]
    assert report("2", reports) == 0
    assert all_of(reports).keys() == before.keys()


def test_a_reports_folder_that_cannot_be_written_is_refused(report, mounted, capsys):
    assert report("1", mounted) == 0
    before = all_of(mounted)
    subprocess.run(["mount", "-o", "remount,ro", str(mounted)], check=True)  # noqa: S607
    report.ran.clear()
    capsys.readouterr()
    assert report("2", mounted) == 2
    told = capsys.readouterr()
    assert told.err == f"salesops: the folder {mounted} cannot be written; nothing was started.\n"
    assert told.out == ""
    assert (report.ran, all_of(mounted)) == ([], before)
    # Nothing to do needs no folder that can be written.
    assert report("1", mounted) == 0
    subprocess.run(["mount", "-o", "remount,rw", str(mounted)], check=True)  # noqa: S607
    assert report("2", mounted) == 0


def test_a_file_where_the_folder_should_be_is_refused(report, tmp_path, capsys):
    (tmp_path / "file").touch()
    assert report("1", tmp_path / "file" / "reports") == 2
    assert "is a file, and reports are to be written below it" in capsys.readouterr().err
    assert report.ran == []


def test_a_notebook_that_is_gone_when_its_turn_comes_is_refused(job_of, write_notebook):
    job = job_of(write_notebook("review", "1"))
    job.notebook.unlink()
    result = run.run_one(job)
    assert (result.status, result.error.name) == ("refused", "Refused")
    assert "review.ipynb cannot be read: No such file" in result.error.message
    assert job.place.failed_record.is_file()


def test_a_cache_that_cannot_be_written_is_told_as_that(job_of, write_notebook, project):
    job = job_of(write_notebook("review", "1"))
    (project / ".cache").touch()
    result = run.run_one(job)
    assert (result.status, result.error.name) == ("failed", "Not written")
    assert result.error.message.startswith(("Not a directory", "File exists"))
