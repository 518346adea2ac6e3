"""Reports of a small simulated company, made as a user makes them."""

from __future__ import annotations

import datetime as dt
import os
import shutil
from pathlib import Path

import pytest
from rich.console import Console

from salesops_lib.data.ingest import ingest_folder
from salesops_lib.data.sample import write_sample
from salesops_lib.publishing.batch import run_batch
from salesops_lib.publishing.index import write_index
from salesops_lib.publishing.planning import planned_jobs
from salesops_lib.publishing.progress import Progress

ROOT = Path(__file__).parents[3]
PARAMETERS = """\
version: 1
snapshot: store
as_of: 2026-09-30
period: {period}
currency: {{reporting: EUR, rates: close_date}}
reports:
  - notebook: performance_review
    for_each: [company]
"""


@pytest.fixture(scope="session")
def company_project(tmp_path_factory) -> Path:
    """Project whose reports folder holds a quarter, and the one before."""
    os.environ.pop("SALESOPS_ROOT", None)
    project = tmp_path_factory.mktemp("linted")
    shutil.copytree(ROOT / "notebooks", project / "notebooks")
    write_sample(project / "export", seed=7, scale=0.1)
    mapping = ROOT / "parameters" / "mappings" / "sample.yaml"
    ingest_folder(project / "export", mapping, dt.date(2026, 9, 30), project / "store")
    (project / "parameters").mkdir()
    jobs = []
    for period in ("2026-Q2", "2026-Q3"):
        file = project / "parameters" / f"{period}.yaml"
        file.write_text(PARAMETERS.format(period=period), encoding="utf-8")
        jobs += planned_jobs(file)
    # One after the other: the second tells what changed since the first.
    with Progress(len(jobs), Console(quiet=True)) as progress:
        results = run_batch(jobs, 1, progress)
    assert [str(result.error) for result in results if not result.is_good] == []
    write_index(project / "reports")
    return project


@pytest.fixture(scope="session")
def reports(company_project) -> Path:
    """The reports folder."""
    return company_project / "reports"


@pytest.fixture(scope="session")
def sound(reports) -> str:
    """A page that meets all points."""
    path = reports / "2026-Q3" / "performance_review" / "company.html"
    return path.read_text(encoding="utf-8")
