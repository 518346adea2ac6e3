from __future__ import annotations

import json
import subprocess
import sys

import html5lib
import pytest
from bs4 import BeautifulSoup

from salesops_lib.publishing.index import entries, write_index


@pytest.fixture
def reports(tmp_path):
    return tmp_path / "reports"


def put(reports, place: str, html: str = "<p>x</p>", **values):
    page = reports / f"{place}.html"
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text(html)
    page.with_suffix(".json").write_text(json.dumps(values))


def good(label, scope, now=None, then=None, **more):
    rows = [{"role": "current", "value": now}, {"role": "prior", "value": then}]
    return {
        "report": {
            "title": "Performance review", "scope_label": label, "scope": scope,
            "as_of": "2026-09-30", "language": "en", "currency": "EUR",
        },
        "findings": {"headline": f"{label} grew"},
        "kpis": {"measures": {"bookings": {"unit": "money", "rows": rows}}},
        **more,
    }  # fmt: skip


def fail(reports, place: str, **values):
    record = reports / "failed" / f"{place}.json"
    record.parent.mkdir(parents=True, exist_ok=True)
    record.write_text(json.dumps(values))
    record.with_suffix(".ipynb").write_text("{}")


def soup_of(reports) -> BeautifulSoup:
    html = write_index(reports).read_text()
    html5lib.HTMLParser(strict=True).parse(html)
    return BeautifulSoup(html, "html5lib")


def test_everything_on_disk_is_listed_latest_period_first(reports):
    put(reports, "2026-Q2/performance_review/company", **good("Company", "company"))
    put(reports, "2026-Q3/performance_review/team-a", **good("A", "team:A"))
    put(reports, "2026-Q3/performance_review/region-z", **good("Z", "region:Z"))
    put(reports, "2026-Q3/performance_review/region-b", **good("b", "region:b"))
    put(reports, "2026-Q3/performance_review/company", **good("Company", "company"))
    put(reports, "FY2025/performance_review/company", **good("Company", "company"))
    found = [(e.period, e.label) for e in entries(reports)]
    assert found == [
        ("2026-Q3", "Company"), ("2026-Q3", "b"), ("2026-Q3", "Z"), ("2026-Q3", "A"),
        ("2026-Q2", "Company"), ("FY2025", "Company"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("now", "then", "figure", "change", "tone"),
    [
        (12_600_000.0, 11_400_000.0, "€12.6M", "+10.5%", "good"),
        (90_000.0, 100_000.0, "€90K", "−10.0%", "bad"),
        (1e5, 1e5, "€100K", "0.0%", ""),
        (5000.0, 0.0, "€5K", "", ""),
        (5000.0, None, "€5K", "", ""),
        (None, 5.0, "–", "", ""),
    ],
)
def test_bookings_are_shown_with_their_change(reports, now, then, figure, change, tone):
    put(reports, "2026-Q3/r/company", **good("Company", "company", now, then))
    (entry,) = entries(reports)
    assert (entry.figure, entry.change, entry.tone) == (figure, change, tone)


def test_each_line_links_to_a_file_that_is_there(reports):
    put(reports, "2026-Q3/performance_review/company", **good("Company", "company", 1.0))
    fail(reports, "2026-Q3/performance_review/region-emea", scope_label="EMEA",
         scope="region:EMEA", reason="ValueError: no", cell=4, line=2,
         run={"finished": "2026-10-01T06:30:00+00:00"})  # fmt: skip
    soup = soup_of(reports)
    links = [a["href"] for a in soup.main.find_all("a")]
    assert links == [
        "2026-Q3/performance_review/company.html",
        "2026-Q3/performance_review/company.json",
        "failed/2026-Q3/performance_review/region-emea.ipynb",
    ]
    assert all((reports / link).is_file() for link in links)
    assert [h.text for h in soup.find_all("h2")] == ["2026-Q3"]
    assert [h.text for h in soup.find_all("h3")] == ["Performance review"]


def test_a_failed_run_is_told_beside_the_last_good_report(reports):
    put(reports, "2026-Q3/performance_review/company", **good("Company", "company", 1.0))
    fail(reports, "2026-Q3/performance_review/company", reason="KeyError: 'x'", cell=4, line=2,
         run={"finished": "2026-10-01T06:30:00+00:00"})  # fmt: skip
    soup = soup_of(reports)
    (line,) = soup.select(".reports > li")
    text = line.get_text(" ", strip=True)
    assert "Last run failed" in text
    assert "2026-10-01 06:30 UTC : cell 4, line 2: KeyError: 'x'" in text
    assert line["id"] == "2026-q3.performance_review.company"
    assert soup.select_one(".meta a")["href"] == f"#{line['id']}"
    assert line.select_one(".scope a")["href"].endswith("company.html")


def test_a_report_that_only_failed_stands_in_the_group_of_the_good_ones(reports):
    put(reports, "2026-Q3/performance_review/company", **good("Company", "company", 1e6))
    values = good("Company", "company")
    values["report"]["title"] = "How we did"
    put(reports, "2026-Q2/performance_review/company", **values)
    fail(reports, "2026-Q2/performance_review/team-a", scope_label="A", scope="team:A")
    assert {entry.title for entry in entries(reports) if entry.period == "2026-Q2"} == {
        entry.title for entry in entries(reports) if entry.href
    }


def test_broken_or_foreign_files_do_not_break_the_index(reports):
    put(reports, "2026-Q3/review/company")
    (reports / "2026-Q3/review/company.json").write_text("{")
    put(reports, "old/things/page", report="text", findings=None, kpis=[])
    (reports / "2026-Q3/review/.draft.html").write_text("x")
    (reports / "README.md").write_text("x")
    fail(reports, "2026-Q3/review/team-a")
    (reports / "failed/2026-Q3/review/team-a.json").write_text("[]")
    found = {(e.period, e.label): e for e in entries(reports)}
    assert set(found) == {("2026-Q3", "company"), ("old", "page"), ("2026-Q3", "team-a")}
    assert found["2026-Q3", "team-a"].failure.reason == "the record of the run cannot be read"
    soup_of(reports)


@pytest.mark.parametrize(
    "text", ["<script>alert(1)</script>", "'\"><img src=x onerror=alert(1)>", "العربية", "{{7*7}}"]
)
def test_hostile_text_stays_text(reports, text):
    put(reports, "2026-Q3/r/team-x", **good(text, f"team:{text}"))
    fail(reports, "2026-Q3/r/team-x", reason=text, scope_label=text)
    soup = soup_of(reports)
    assert len(soup.find_all("script")) == 1
    assert not soup.find("img")
    assert soup.select_one(".scope a").text == text


def test_an_empty_folder_gives_an_index_that_says_so(reports):
    assert "There is no report yet" in soup_of(reports).main.text


def test_the_index_is_the_same_for_the_same_files(reports):
    put(reports, "2026-Q3/r/company", **good("Company", "company", 1.0))
    first = write_index(reports).read_bytes()
    assert write_index(reports).read_bytes() == first


def test_issues_link_to_those_before_and_after_them_of_the_same_kind(reports):
    for period in ("2026-Q1", "2026-Q3", "2025-Q4", "FY2026", "2026-09"):
        put(reports, f"{period}/performance_review/company", **good("Company", "company"))
    put(reports, "2026-Q2/performance_review/team-a", **good("A", "team:A"))
    fail(reports, "2026-Q2/performance_review/company")
    found = {
        (e.period, e.name): (e.earlier and e.earlier.period, e.later and e.later.period)
        for e in entries(reports)
    }
    assert found == {
        ("2026-Q3", "company"): ("2026-Q1", None),
        ("2026-Q2", "company"): (None, None),
        ("2026-Q2", "team-a"): (None, None),
        ("2026-Q1", "company"): ("2025-Q4", "2026-Q3"),
        ("2025-Q4", "company"): (None, "2026-Q1"),
        ("2026-09", "company"): (None, None),
        ("FY2026", "company"): (None, None),
    }
    soup = soup_of(reports)
    assert all((reports / a["href"]).is_file() for a in soup.main.select(".facts a"))
    jumps = [a["href"] for a in soup.select(".periods a")]
    assert len(jumps) == 6
    assert all(soup.find(id=jump[1:]) for jump in jumps)


def test_the_share_of_the_quota_is_shown_where_there_is_one(reports):
    values = good("Company", "company", 9.0)
    rows = [{"role": "prior", "value": 2.0}, {"role": "current", "value": 0.894}]
    values["kpis"]["measures"]["attainment"] = {"unit": "share", "rows": rows}
    put(reports, "2026-Q3/r/company", **values)
    put(reports, "2026-Q3/r/team-a", **good("A", "team:A", 9.0))
    with_quota, without = entries(reports)
    assert (with_quota.attained, with_quota.attained_text) == (0.894, "89%")
    assert (without.attained, without.attained_text) == (None, "")
    quotas = [part.get_text(strip=True) for part in soup_of(reports).select(".quota")]
    assert quotas == ["89% of quota", ""]


def test_each_line_has_the_id_that_its_report_links_back_to(reports):
    put(reports, "2026-Q3/performance_review/region-emea", **good("EMEA", "region:EMEA"))
    (line,) = soup_of(reports).select(".reports > li")
    assert line["id"] == "2026-q3.performance_review.region-emea"


def test_writing_an_index_loads_neither_data_libraries_nor_jupyter():
    """Each batch ends with it, in the command's own process."""
    code = (
        "import sys\nfrom salesops_lib.publishing.index import write_index\n"
        "heavy = {'pandas', 'numpy', 'papermill', 'nbformat', 'nbconvert', 'ibis'}\n"
        "print(heavy & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
