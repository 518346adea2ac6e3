"""What changed since the last issue: the report of the period before, on the same shelf."""

from __future__ import annotations

import datetime as dt
import json

import pytest
from bs4 import BeautifulSoup
from nbformat import v4

from salesops_lib.data.scope import Scope
from salesops_lib.formats import Formatter
from salesops_lib.publishing.issues import (
    Issue,
    issue_key,
    last_issue,
    other_settings,
    restated,
)
from salesops_lib.publishing.jobs import Job, Place
from salesops_lib.publishing.keys import Workshop
from salesops_lib.publishing.planning import planned_jobs
from salesops_lib.publishing.rendering import RunStamp, page_of
from salesops_lib.results import MIME

PROVENANCE = {"command": "salesops report x.yaml --only review/company", "report_id": "0123"}


def kpis(unit="money", **numbers) -> dict:
    return {
        "kind": "kpis",
        "measures": {
            "bookings": {
                "id": "bookings",
                "unit": unit,
                "rows": [{"role": role, "value": value} for role, value in numbers.items()],
            }
        },
    }


def issued(place: Place, currency="EUR", **numbers) -> None:
    place.json.parent.mkdir(parents=True, exist_ok=True)
    report = {
        "as_of": "2026-06-30",
        "snapshot": "2026-06-30-aaaa",
        "currency": currency,
        "parameters": {"period": "2026-Q2", "calendar": {"year_starts": 1}},
    }
    values = {"report": report, "kpis": kpis(**numbers)}
    place.json.write_text(json.dumps(values), encoding="utf-8")


@pytest.fixture
def place(tmp_path) -> Place:
    return Place(tmp_path, "2026-Q3", "review", "company")


@pytest.fixture
def changes(place):
    """Text of the section, and its links back, for figures of this issue."""

    def section(calendar=None, **numbers):
        parameters = {"period": "2026-Q3", "calendar": calendar or {"year_starts": 1}}
        about = {"kind": "report", "currency": "EUR", "as_of": "2026-09-30", "meta": ["x"]}
        cells = [
            v4.new_code_cell("x", outputs=[v4.new_output("display_data", data={MIME: values})])
            for values in (about, kpis(**numbers))
        ]
        scope = Scope("company", "", "Company")
        job = Job(place.html, scope, "2026-Q3", parameters, place, place.reports, prior="2026-Q2")
        stamp = RunStamp(dt.datetime(2026, 10, 1, tzinfo=dt.UTC), 1.0)
        html = page_of(job, v4.new_notebook(cells=cells), PROVENANCE, {}, stamp).html
        soup = BeautifulSoup(html, "html5lib")
        links = [link["href"] for link in soup.find_all("a", rel="prev")]
        return " ".join(soup.find(id="changes").get_text(" ").split()), links

    return section


def test_the_first_issue_says_so(changes):
    text, links = changes(current=1.0)
    assert "This is the first issue" in text
    assert links == []


def test_a_figure_that_was_restated_is_told_with_both_values(place, changes):
    issued(place.of_period("2026-Q2"), current=12_395_215.0)
    text, links = changes(current=11_000_000.0, prior=12_100_000.0)
    assert "Key figures of 2026-Q2 that have changed since" in text
    assert "bookings €12.4M €12.1M" in text
    assert "2026-06-30-aaaa" in text
    assert links == ["../../2026-Q2/review/company.html"]


def test_a_figure_that_is_shown_the_same_is_not_told(place, changes):
    issued(place.of_period("2026-Q2"), current=12_395_215.0)
    text, _ = changes(prior=12_396_001.0)
    assert "All key figures of 2026-Q2 are what they were in that issue." in text


def test_other_settings_and_another_currency_are_told(place, changes):
    issued(place.of_period("2026-Q2"), currency="USD", current=1.0)
    text, _ = changes(calendar={"year_starts": 2}, prior=2.0)
    assert "The parameter calendar was “year_starts: 1” and is now “year_starts: 2”." in text
    assert "in another currency and are not compared" in text


@pytest.mark.parametrize("content", ["", "[]", "{", '{"report": 1}', '{"report": {}, "kpis": []}'])
def test_a_damaged_issue_counts_as_none(place, changes, content):
    before = place.of_period("2026-Q2").json
    before.parent.mkdir(parents=True)
    before.write_text(content, encoding="utf-8")
    assert last_issue(place, "2026-Q2") is None
    assert "This is the first issue" in changes(prior=1.0)[0]


def test_the_key_follows_what_the_figures_of_the_issue_depend_on(place):
    before = place.of_period("2026-Q2")
    assert issue_key(place, "2026-Q2") == issue_key(place, "") == ""
    issued(before, current=1.0)
    by_content = issue_key(place, "2026-Q2")
    issued(before, current=2.0)
    assert len({by_content, issue_key(place, "2026-Q2"), ""}) == 3
    # Run again with the same inputs, only the run's time in the JSON is another.
    before.manifest.write_text('{"execute": {"key": "abc"}}', encoding="utf-8")
    assert issue_key(place, "2026-Q2") == "abc"
    before.json.unlink()
    assert issue_key(place, "2026-Q2") == ""


def test_missing_numbers_and_unknown_measures_are_not_compared():
    show = Formatter("en", "EUR")
    then = Issue("2026-Q2", {}, kpis(current=None)["measures"])
    assert restated(then, kpis(prior=5.0), show) == []
    assert restated(Issue("2026-Q2", {}, {}), kpis(prior=5.0), show) == []
    assert restated(then, {}, show) == []
    assert other_settings(Issue("2026-Q2", {}, {}), {"period": "x", "floor": 1}) == [
        ("floor", None, 1)
    ]


def test_another_last_issue_renders_the_report_again_and_runs_nothing(
    write_notebook, snapshot_of, write_parameters, project
):
    write_notebook("review", "## Part", "1")
    (job,) = planned_jobs(write_parameters(snapshot_of()))
    assert job.prior == "2026-Q2"
    first = Workshop(project).keys(job)
    issued(job.place.of_period("2026-Q2"), current=1.0)
    second = Workshop(project).keys(job)
    assert second.execute == first.execute
    parts = first.render.parts, second.render.parts
    assert {name for name in parts[0] if parts[0][name] != parts[1][name]} == {"page"}
