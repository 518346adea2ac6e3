"""The explore notebook as a report, for leadership and for one rep."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from salesops_lib.publishing.lint.gates import gate_problems
from salesops_lib.publishing.planning import planned_jobs
from salesops_lib.publishing.run import run_one

NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "explore.ipynb"


@pytest.mark.parametrize(
    ("entry", "deals"),
    [
        ("for_each: company", 2),
        ("for_each: rep\n    only: ['rep:R2']\n    audience: rep", 1),
    ],
    ids=["leadership", "rep"],
)
def test_it_is_published_and_holds_the_deals_of_its_reader(
    project, snapshot_of, write_parameters, entry, deals
):
    shutil.copy(NOTEBOOK, project / "notebooks")
    file = write_parameters(snapshot_of(), reports=f"  - notebook: explore\n    {entry}")
    (job,) = planned_jobs(file)
    result = run_one(job)
    assert (result.status, result.error) == ("done", None)
    html = job.place.html.read_text(encoding="utf-8")
    assert gate_problems(html) == ()
    others = json.loads(job.place.json.read_text(encoding="utf-8"))["others"]
    (found,) = [other for other in others if other["kind"] == "deals"]
    # Deal i is worth 100 i.
    assert (found["deals"], found["amount"]) == ((2, 300.0) if deals == 2 else (1, 200.0))
    assert ("Rep 1" in html) == (deals == 2)
