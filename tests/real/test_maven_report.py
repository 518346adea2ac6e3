"""From a real CRM export to published reports, whole: the page and its JSON."""

from __future__ import annotations

import datetime as dt
import json
import shutil
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from rich.console import Console

from salesops_lib.data.ingest import ingest_folder
from salesops_lib.publishing.batch import run_batch
from salesops_lib.publishing.index import write_index
from salesops_lib.publishing.lint.score import page_score
from salesops_lib.publishing.planning import planned_jobs
from salesops_lib.publishing.progress import Progress

ROOT = Path(__file__).parents[2]
PARAMETERS = """\
version: 1
snapshot: snapshots
as_of: 2017-09-30
period: 2017-Q3
currency: {reporting: USD, rates: close_date}
reports:
  - notebook: performance_review
    for_each: [company, region]
"""
BY_OFFICE = {"Central": 1_053_202, "East": 919_767, "West": 1_009_286}


@pytest.fixture(scope="module")
def reports(shared_data, tmp_path_factory):
    project = tmp_path_factory.mktemp("maven")
    shutil.copytree(ROOT / "notebooks", project / "notebooks")
    (project / "parameters").mkdir()
    file = project / "parameters" / "2017-Q3.yaml"
    file.write_text(PARAMETERS, encoding="utf-8")
    mapping = ROOT / "parameters" / "mappings" / "maven_crm.yaml"
    ingest_folder(shared_data / "maven_crm", mapping, dt.date(2017, 9, 30), project / "snapshots")
    jobs = planned_jobs(file)
    with Progress(len(jobs), Console(quiet=True)) as progress:
        results = run_batch(jobs, 2, progress)
    assert [result.status for result in results] == ["done"] * 4
    write_index(project / "reports")
    return project / "reports" / "2017-Q3" / "performance_review"


def values(reports, name):
    content = json.loads((reports / f"{name}.json").read_text(encoding="utf-8"))
    measures = content["kpis"]["measures"]
    return {key: {row["role"]: row for row in measure["rows"]} for key, measure in measures.items()}


def test_the_json_holds_the_published_figures(reports):
    figures = values(reports, "company")
    assert figures["bookings"]["current"]["value"] == 2_982_255
    assert figures["bookings"]["current"]["n"] == 1257
    assert figures["bookings"]["prior"]["value"] == 3_086_111
    assert figures["win_rate"]["current"]["n"] == 2047
    assert round(figures["win_rate"]["current"]["value"] * 100, 2) == 61.41
    assert round(figures["win_rate"]["prior"]["value"] * 100, 2) == 61.71
    assert figures["attainment"]["current"]["value"] is None
    assert figures["attainment"]["current"]["reason"] == "this export has no quotas"


@pytest.mark.parametrize("office", BY_OFFICE)
def test_each_office_has_its_own_report(reports, office):
    figures = values(reports, f"region-{office.lower()}")
    assert figures["bookings"]["current"]["value"] == BY_OFFICE[office]
    page = BeautifulSoup((reports / f"region-{office.lower()}.html").read_text("utf-8"), "html5lib")
    assert page.find("h1").text.startswith(f"{office} booked US$")


def test_the_page_tells_the_figures_and_what_is_missing(reports):
    page = BeautifulSoup((reports / "company.html").read_text("utf-8"), "html5lib")
    text = " ".join(page.find("main").get_text().split())
    assert "Bookings were US$2.98M, 3.4% below 2017-Q2." in text
    assert "61.4% of 2,047 closed deals were won" in text
    assert "This export has no quotas." in text
    assert "790 of 790 lost deals have no amount (100%)." in text
    assert "product: replaced by the spelling that the mapping declares (1,205)" in text
    assert "won ÷ (won + lost), by count" in text
    numbers = page.find("summary", string="Show the numbers").find_parent("details")
    trend = [row.get_text(" ") for row in numbers.select("tbody tr")]
    assert any("2017-Q1" in row and "1,134,672" in row and "truncated" in row for row in trend)
    assert any("2017-Q2" in row and "3,086,111" in row for row in trend)


def test_the_page_says_how_to_make_it_again(reports):
    page = BeautifulSoup((reports / "company.html").read_text("utf-8"), "html5lib")
    command = page.select_one("code.command").text
    assert command.startswith("salesops report parameters/2017-Q3.yaml")
    assert "2017-09-30-" in page.find(id="provenance").text


@pytest.mark.parametrize("name", ["company", *(f"region-{office.lower()}" for office in BY_OFFICE)])
def test_the_page_meets_every_point_that_its_bytes_decide(reports, name):
    path = reports / f"{name}.html"
    score = page_score(path.read_text("utf-8"), path)
    assert [str(problem) for problem in score.problems] == []
