from __future__ import annotations

import datetime as dt
import json
import re
from dataclasses import replace

import html5lib
import pytest
from bs4 import BeautifulSoup
from nbformat import v4

from salesops_lib.data.scope import Scope
from salesops_lib.publishing.content import PageError
from salesops_lib.publishing.files import json_text
from salesops_lib.publishing.rendering import RunStamp, page_of
from salesops_lib.publishing.templates import style
from salesops_lib.results import MIME

STAMP = RunStamp(dt.datetime(2026, 10, 1, 6, 30, tzinfo=dt.UTC), 4.2)
HOSTILE = [
    "<script>alert(1)</script>", "</script><script>alert(1)</script>", "'; DROP TABLE deals",
    "../../x", "العربية", "😀", '"><img src=x onerror=alert(1)>', "{{ 7 * 7 }}", "<!--", "\u202ex",
]  # fmt: skip
PROVENANCE = {
    "command": "salesops report parameters/q3.yaml --only review/region:EMEA",
    "report_id": "0123456789ab",
    "parameters_file": {"name": "parameters/q3.yaml", "sha256": "a" * 64},
    "parameters_sha256": "b" * 64,
    "snapshot": {
        "id": "2026-09-30-3f2a9c01d4",
        "as_of": "2026-09-30",
        "sources": [{"name": "deals.csv", "rows": 14212, "sha256": "c" * 64}],
        "tables": [{"name": "opportunities", "rows": 14175, "quarantined": 37}],
    },
    "commit": {"id": "d" * 40, "dirty": True},
    "notebook": {"name": "review.ipynb", "sha256": "e" * 64},
    "library": "0.1.0",
    "python": "3.11.7",
    "packages": {"pandas": "2.3.3"},
}


def show(html, **values):
    bundle = {MIME: values, "text/plain": "x"} | ({"text/html": html} if html else {})
    return v4.new_code_cell("show()", outputs=[v4.new_output("display_data", data=bundle)])


@pytest.fixture
def page(job_of, tmp_path):
    def page(*cells, stamp=STAMP, scope=None, **parameters):
        scope = scope or Scope("region", "EMEA", "EMEA")
        job = replace(job_of(tmp_path / "review.ipynb", scope, **parameters), provenance=PROVENANCE)
        notebook = v4.new_notebook(cells=[v4.new_markdown_cell("## Summary"), *cells])
        return page_of(job, notebook, PROVENANCE, {"scope": "part of the company"}, stamp)

    return page


def soup_of(page) -> BeautifulSoup:
    html5lib.HTMLParser(strict=True).parse(page.html)
    soup = BeautifulSoup(page.html, "html5lib")
    ids = [tag["id"] for tag in soup.find_all(id=True)]
    assert len(ids) == len(set(ids))
    return soup


def test_the_page_has_its_landmarks_one_h1_and_working_links(page):
    made = page(
        show("", kind="report", title="Performance review", kicker="Review · EMEA",
             scope_label="EMEA", period_label="1 July to 30 September 2026",
             meta=["EUR", "37 rows"]),
        show("<ol><li>Up</li></ol>", kind="findings", headline="EMEA closed Q3 5% above plan"),
        v4.new_markdown_cell("## People & teams"),
    )  # fmt: skip
    soup = soup_of(made)
    assert soup.html["lang"] == "en"
    assert soup.title.string == "Performance review · EMEA · 1 July to 30 September 2026"
    assert [h.text for h in soup.find_all("h1")] == ["EMEA closed Q3 5% above plan"]
    assert [h.text for h in soup.find_all("h2")] == [
        "Summary", "People & teams", "What changed since the last issue", "How this was made",
    ]  # fmt: skip
    assert all(len(soup.find_all(tag)) == 1 for tag in ("header", "nav", "main", "footer"))
    assert soup.select_one(".meta").text == "EUR · 37 rows"
    inside = [a["href"] for a in soup.find_all("a") if a["href"].startswith("#")]
    assert inside == ["#content", "#summary", "#people-teams", "#changes", "#making"]
    assert all(soup.find(id=link[1:]) for link in inside)
    outside = {a["href"] for a in soup.find_all("a")} - set(inside)
    assert outside == {"../../index.html#2026-q3.review.region-emea", "region-emea.json"}


def test_parameters_are_a_table_of_what_was_passed(page):
    made = page(calendar={"year_starts": 1}, as_of="2026-09-30", names=[], floor=None, strict=False)
    rows = {
        row.th.text: [cell.text for cell in row.find_all("td")]
        for row in soup_of(made).select("#parameters tbody tr")
    }
    assert rows == {
        "scope": ["region:EMEA", "part of the company"],
        "language": ["en", ""],
        "calendar": ["year_starts: 1", ""],
        "as_of": ["2026-09-30", ""],
        "names": ["not set", ""],
        "floor": ["not set", ""],
        "strict": ["false", ""],
    }


def test_the_footer_says_what_the_report_was_made_of(page):
    soup = soup_of(page())
    text = soup.footer.get_text(" ", strip=True)
    for part in (
        "0123456789ab", "2026-09-30-3f2a9c01d4", "review.ipynb, eeeeeeeeeeee",
        "parameters/q3.yaml, aaaaaaaaaaaa", "bbbbbbbbbbbb", "salesops_lib 0.1.0",
        "dddddddddddd with changes", "3.11.7", "pandas 2.3.3", "deals.csv", "14,212", "14,175",
    ):  # fmt: skip
        assert part in text
    assert soup.select_one(".command").text == PROVENANCE["command"]


def test_code_is_folded_and_prompts_are_gone(page):
    soup = soup_of(page(v4.new_code_cell("win_rate(view) < 1", execution_count=7)))
    (folded,) = soup.main.select("details.code")
    assert not folded.has_attr("open")
    assert folded.code.text == "win_rate(view) < 1"
    assert "In [" not in soup.text


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_stays_text_everywhere(page, text):
    made = page(
        show("", kind="report", title=text, kicker=text, scope_label=text, meta=[text]),
        show("<p>x</p>", kind="findings", headline=f"A {text}"),
        v4.new_markdown_cell(f"## A {text}\n\n{text}"),
        show("", kind="measure", rows=[{"label": text}]),
        scope=Scope("team", text, text),
        names=[text],
    )
    soup = BeautifulSoup(made.html, "html5lib")
    (data,) = soup.find_all("script")
    assert (data["type"], data["id"]) == ("application/json", "report-data")
    assert json.loads(data.string)["measures"][0]["rows"][0]["label"] == text
    assert soup.h1.text == f"A {text}"
    assert soup.title.text.startswith(text.strip())
    assert not soup.find(onerror=True)
    assert not soup.find("img")
    assert "49" not in soup.h1.text


def test_values_beside_the_page_are_those_in_it_and_the_run_stands_apart(page):
    made = page(show("", kind="kpis", measures={"bookings": {"rows": [{"value": float("nan")}]}}))
    inside = json.loads(BeautifulSoup(made.html, "html5lib").find("script").string)
    beside = json.loads(json_text(made.values))
    assert beside.pop("run") == {"finished": "2026-10-01T06:30:00+00:00", "seconds": 4.2}
    assert beside == inside
    assert inside["kpis"]["measures"]["bookings"]["rows"] == [{"value": None}]
    assert list(inside) == sorted(inside)


def test_only_the_run_stamp_differs_between_two_runs(page):
    later = RunStamp(dt.datetime(2027, 1, 1, tzinfo=dt.UTC), 99.0)
    cells = [show("<p>x</p>", kind="findings", headline="Same")]
    one, two = page(*cells), page(*cells, stamp=later)
    differing = [
        (a, b) for a, b in zip(one.html.splitlines(), two.html.splitlines(), strict=True) if a != b
    ]
    assert differing == [
        (
            '<p id="run-stamp" class="muted">Run on 2026-10-01 at 06:30 UTC, in 4.2 s</p>',
            '<p id="run-stamp" class="muted">Run on 2027-01-01 at 00:00 UTC, in 99.0 s</p>',
        )
    ]
    assert {key for key in one.values if one.values[key] != two.values[key]} == {"run"}


def test_a_folder_outside_the_project_is_named_but_not_located(page):
    made = page(
        show("", kind="report", parameters={"snapshot": "/home/ann/secret/store"}, meta=[]),
        snapshot="/home/ann/secret/store",
    )
    assert "/home" not in made.html + json_text(made.values)
    assert made.values["report"]["parameters"]["snapshot"] == "2026-09-30-3f2a9c01d4"


def test_dates_and_periods_are_not_broken_at_their_hyphens(page):
    made = page(show("", kind="findings", headline="2026-Q3 beat 2025-Q3 <b>"))
    whole = "<span class=nowrap>{}</span>".format
    assert f"<h1>{whole('2026-Q3')} beat {whole('2025-Q3')} &lt;b&gt;</h1>" in made.html


def test_the_fixed_part_is_small_and_asks_for_nothing(page):
    made = page()
    assert len(made.html.encode()) < 40_000
    assert not re.search(r"https?://|@import|url\(", made.html)
    assert "default-src 'none'" in made.html


def test_a_page_above_two_megabytes_is_refused_and_its_largest_pieces_named(page):
    big, small = v4.new_code_cell("table(deals)"), v4.new_code_cell("1 + 1")
    for cell, size in ((big, 1_900_000), (small, 200_000)):
        html = "<p>" + "x" * size + "</p>"
        bundle = {MIME: {"kind": "grid"}, "text/html": html, "text/plain": "x"}
        cell.outputs = [v4.new_output("display_data", data=bundle)]
    with pytest.raises(PageError) as error:
        page(big, small)
    told = str(error.value)
    assert re.match(r"the page would be 2\.1\d MB, and may be 2 MB; its largest pieces: ", told)
    assert told.index("`table(deals)` in Summary (1.90 MB)") < told.index("`1 + 1` in Summary")
    assert page(big).html


def test_the_head_says_how_many_notes_on_the_data_there_are(page):
    notes = [{"severity": s} for s in ("missing", "care", "repaired")]
    (link,) = soup_of(page(show("<p id='data-notes'>x</p>", kind="quality", notes=notes))).select(
        ".top a[href='#data-notes']"
    )
    assert link.text == "Notes on the data: 2"
    assert not soup_of(page()).select(".alert")


def test_style_sheets_close_all_their_blocks():
    for name in ("report.css", "index.css"):
        css = style(name)
        assert css.count("{") == css.count("}")
        assert "</" not in css
