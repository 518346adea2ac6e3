from __future__ import annotations

import datetime as dt
import json
import shutil
import subprocess
import sys

import pytest

from salesops_lib.errors import InputError
from salesops_lib.publishing import planning
from salesops_lib.publishing.plans import plan, with_commit

REPORTS = "  - {notebook: review, for_each: [company, region]}"


@pytest.fixture
def counted(monkeypatch):
    """Number of times that planning was done in full."""
    calls = []
    planned = planning.planned_jobs

    def planned_jobs(*arguments):
        calls.append(arguments)
        return planned(*arguments)

    monkeypatch.setattr(planning, "planned_jobs", planned_jobs)
    return calls


@pytest.fixture
def file(write_notebook, snapshot_of, write_parameters, project):
    """A parameter file whose snapshot lies in the project."""
    write_notebook("review", "1 + 1")
    snapshot = snapshot_of("EMEA", "AMER")
    shutil.copytree(snapshot, project / "snapshots" / "day")
    return write_parameters(project / "snapshots" / "day", reports=REPORTS)


def without_commit(jobs):
    return [
        (job.notebook, job.scope, job.period, job.parameters, job.place, job.root, job.kernel,
         job.time_limit, {k: v for k, v in job.provenance.items() if k != "commit"})
        for job in jobs
    ]  # fmt: skip


def test_a_kept_plan_is_the_plan(file, counted):
    first, second = plan(file), plan(file)
    assert len(counted) == 1
    assert without_commit(second) == without_commit(first)
    assert [list(job.parameters) for job in second] == [list(job.parameters) for job in first]
    assert "commit" not in second[0].provenance
    assert with_commit(second)[0].provenance["commit"] is None


def test_only_and_another_reports_folder_need_no_new_plan(file, counted, tmp_path):
    plan(file)
    (job,) = plan(file, tmp_path / "elsewhere", ["review/region:EMEA"])
    assert job.place.html == tmp_path / "elsewhere/2026-Q3/review/region-emea.html"
    with pytest.raises(InputError, match="--only: no report `review/region:EMAE`"):
        plan(file, only=["review/region:EMAE"])
    assert len(counted) == 1


TOUCHED = {
    "the parameter file": ("parameters/q3.yaml", "\n# x\n"),
    "a notebook": ("notebooks/review.ipynb", "\n"),
    "the snapshot": ("snapshots/day/manifest.json", "\n"),
    "the lock": ("requirements.lock", "duckdb==1.4.2\n"),
    "nothing that counts": ("snapshots/day/notes.txt", "x"),
}


@pytest.mark.parametrize("name", TOUCHED)
def test_what_a_plan_needs_is_looked_at(file, counted, project, name):
    jobs = plan(file)
    place, text = TOUCHED[name]
    with (project / place).open("a") as touched:
        touched.write(text)
    assert [job.id for job in plan(file)] == [job.id for job in jobs]
    assert len(counted) == (1 if name == "nothing that counts" else 2)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"plan": {}, "content": ""}', "{"])
def test_a_damaged_plan_is_made_again(file, counted, project, text):
    jobs = plan(file)
    for kept in (project / ".cache/plans").iterdir():
        kept.write_text(text)
    assert without_commit(plan(file)) == without_commit(jobs)
    assert len(counted) == 2
    plan(file)
    assert len(counted) == 2


def test_a_time_stamp_alone_changes_nothing(file, counted, project):
    plan(file)
    (project / "snapshots/day/reps.parquet").touch()
    plan(file)
    assert len(counted) == 1


def test_a_table_that_has_gone_is_told_before_anything_runs(file, project):
    plan(file)
    (project / "snapshots/day/reps.parquet").unlink()
    with pytest.raises(InputError, match=r"lacks reps\.parquet"):
        plan(file)


def test_a_store_that_gains_a_day_is_looked_at_again(
    file, counted, project, write_parameters, make_snapshot, deal
):
    store = project / "store"
    store.mkdir()

    def add(day: str) -> None:
        snapshot = make_snapshot(
            dt.date.fromisoformat(day),
            opportunities=[deal(1, "2026-07-01", "2026-08-01", 5, won=True, currency="EUR")],
        )
        shutil.copytree(snapshot.path, store / snapshot.id)
        (store / f"{day}.json").write_text(json.dumps({"id": snapshot.id}))

    add("2026-09-29")
    file = write_parameters(store, ("as_of: 2026-09-30\n", ""))
    assert plan(file)[0].parameters["as_of"] == "2026-09-29"
    assert plan(file)[0].parameters["as_of"] == "2026-09-29"
    add("2026-09-30")
    assert plan(file)[0].parameters["as_of"] == "2026-09-30"
    assert len(counted) == 2


def test_an_unchanged_batch_is_light_and_starts_nothing(
    write_notebook, snapshot_of, write_parameters, project
):
    """The whole command, with a real kernel the first time."""
    write_notebook("review", "## Part", "print('ran for', scope)")
    file = write_parameters(snapshot_of())
    code = (
        "import sys, subprocess\n"
        "from salesops_lib.cli import app\n"
        "app(standalone_mode=False)\n"
        "heavy = {'ibis', 'pandas', 'numpy', 'duckdb', 'papermill', 'nbconvert', 'nbformat',\n"
        "  'IPython', 'matplotlib', 'pyarrow', 'jinja2', 'zmq', 'multiprocessing'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )

    def command(*options: str) -> list[str]:
        done = subprocess.run(
            [sys.executable, "-c", code, "report", str(file), *options],
            capture_output=True, text=True, check=True, cwd=project,
        )  # fmt: skip
        return done.stdout.splitlines()

    first = command()
    assert "1 of 1 reports published." in first
    page = project / "reports/2026-Q3/review/company.html"
    before = page.read_bytes()
    assert command() == [
        "1 of 1 reports published (1 unchanged).",
        "Index: reports/index.html",
        "[]",
    ]
    assert command("--explain")[:2] == [
        "review/company: nothing to do",
        "0 to run, 0 to render, 1 unchanged.",
    ]
    assert command("--retry-failed")[0] == "No report of this file has failed: nothing to retry."
    assert page.read_bytes() == before
    write_notebook("review", "## New heading", "print('ran for', scope)")
    assert "1 of 1 reports published (1 rendered from an earlier run)." in command()
    assert "New heading" in page.read_text()
    assert b"ran for company" in page.read_bytes()
