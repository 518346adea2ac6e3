from __future__ import annotations

import json
import re

from salesops_lib.data.scope import Scope
from salesops_lib.publishing.run import run_one

FINDINGS = """\
from IPython.display import display
display({
    "text/html": "<p>" + scope.replace("<", "&lt;") + "</p>",
    "application/vnd.salesops+json": {"kind": "findings", "headline": "All of " + scope},
}, raw=True)
"""


def files(project) -> list[str]:
    return sorted(
        p.relative_to(project).as_posix()
        for p in project.rglob("*")
        if p.is_file() and p.suffix != ".ipynb" and ".cache" not in p.parts
    )


def without_stamp(html: str) -> str:
    stripped, count = re.subn(r'(<p id="run-stamp"[^>]*>)[^<]*', r"\1", html)
    assert count == 1
    return stripped


def test_the_same_job_gives_the_same_bytes_but_for_the_run_stamp(write_notebook, job_of, project):
    job = job_of(write_notebook("review", "## Summary", FINDINGS, "{'b', 'a', 'c'}"))
    first = run_one(job)
    assert (first.status, first.error, first.html) == ("done", None, job.place.html)
    html, values = job.place.html.read_text(), json.loads(job.place.json.read_text())
    second = run_one(job)
    assert without_stamp(job.place.html.read_text()) == without_stamp(html)
    again = json.loads(job.place.json.read_text())
    assert values.pop("run")
    assert again.pop("run")
    assert again == values
    assert second.values["findings"] == {"kind": "findings", "headline": "All of company"}
    assert files(project) == [
        "reports/2026-Q3/review/company.html",
        "reports/2026-Q3/review/company.json",
        "reports/2026-Q3/review/company.manifest.json",
    ]


def test_provenance_names_the_notebook_that_ran(write_notebook, job_of):
    notebook = write_notebook("review", "## Summary", FINDINGS)
    one = run_one(job_of(notebook)).values["provenance"]
    notebook.write_text(notebook.read_text().replace("All of", "Each of"))
    two = run_one(job_of(notebook)).values["provenance"]
    assert one["notebook"]["name"] == "review.ipynb"
    assert one["notebook"]["sha256"] != two["notebook"]["sha256"]
    assert one["report_id"] != two["report_id"]
    assert one["parameters_sha256"] == two["parameters_sha256"]


def test_a_failed_run_publishes_nothing_and_a_later_good_one_cleans_up(
    write_notebook, job_of, project
):
    job = job_of(write_notebook("review", "## Summary", FINDINGS))
    assert run_one(job).status == "done"
    good = job.place.html.read_bytes()

    write_notebook("review", "## Summary", FINDINGS, "deals = []\ndeals[0]")
    result = run_one(job)
    assert (result.status, result.html) == ("failed", None)
    assert (result.error.name, result.error.line) == ("IndexError", 2)
    assert result.error.source == "deals[0]"
    assert job.place.html.read_bytes() == good
    assert json.loads(job.place.failed_record.read_text())["cell"] == 5
    assert "IndexError" in job.place.failed_notebook.read_text()

    write_notebook("review", "## Summary", FINDINGS)
    assert run_one(job).status == "done"
    assert not job.place.failed_record.exists()
    assert not job.place.failed_notebook.exists()


def test_a_page_that_cannot_be_made_is_a_failure_with_its_reason(write_notebook, job_of):
    picture = (
        "from IPython.display import display\n"
        "display({'image/png': 'iVBORw0KGgo=', 'text/plain': 'x'}, raw=True)"
    )
    result = run_one(job_of(write_notebook("review", "## Part", picture)))
    assert result.status == "failed"
    assert "picture without alt text" in str(result.error)
    assert not result.job.place.html.exists()
    assert result.job.place.failed_notebook.exists()


def test_a_hostile_scope_reaches_the_notebook_as_text(write_notebook, job_of):
    key = "\"); raise SystemExit #\\'''</script><script>alert(1)</script>{x}\u202e😀"
    job = job_of(write_notebook("review", "## Summary", FINDINGS), Scope("team", key, key))
    result = run_one(job)
    assert result.status == "done"
    assert result.values["findings"]["headline"] == f"All of team:{key}"
    assert "<script>alert" not in job.place.html.read_text()
