"""Published pages in a real browser: silent, readable without scripts, accessible."""

from __future__ import annotations

import datetime as dt
import os
import shutil
from importlib import resources
from pathlib import Path

import pytest
from nbformat import v4

from salesops_lib.data.scope import Scope
from salesops_lib.fragments import Cell, Grid, grid_html
from salesops_lib.publishing.index import write_index
from salesops_lib.publishing.jobs import Job, Place, RunError
from salesops_lib.publishing.names import scope_names
from salesops_lib.publishing.publication import keep_failure, publish
from salesops_lib.publishing.rendering import RunStamp, page_of
from salesops_lib.publishing.run import run_one
from salesops_lib.results import MIME

ROOT = Path(__file__).parents[2]
CHROMIUM = os.environ.get("SALESOPS_CHROMIUM") or shutil.which("chromium")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
HOSTILE = (
    "<script>alert(1)</script> \"><img src=x onerror=alert(2)> '; DROP TABLE العربية 😀 ../../x"
)

LONG = Grid(
    "Deals of the quarter",
    (("Deal", "text"), ("Amount, EUR", "number")),
    tuple(
        (Cell(f"=1+{n} {HOSTILE}", "head"), Cell(f"{n},000", number=1000 * n)) for n in range(30)
    ),
    note="What the marks mean.",
)

pytestmark = pytest.mark.skipif(not CHROMIUM, reason="no chromium here (SALESOPS_CHROMIUM)")


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    flags = "no-sandbox disable-gpu disable-background-networking disable-component-update"
    with sync_playwright() as driver:
        started = driver.chromium.launch(
            executable_path=CHROMIUM,
            args=[f"--{flag}" for flag in [*flags.split(), "disable-sync", "no-first-run"]],
        )
        yield started
        started.close()


@pytest.fixture
def open_page(browser):
    """Opens a file; what it asks for and complains about is kept on the page."""
    contexts = []

    def open_page(path: Path, **options):
        context = browser.new_context(**options)
        contexts.append(context)
        page = context.new_page()
        page.asked, page.complaints = [], []
        page.on("request", lambda request: page.asked.append(request.url[:200]))
        page.on("console", lambda message: page.complaints.append(message.text))
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        page.on("dialog", lambda dialog: page.complaints.append(f"dialog {dialog.message}"))
        page.goto(path.as_uri())
        return page

    yield open_page
    for context in contexts:
        context.close()


def rich(html, **values):
    data = {"text/html": html, "text/plain": "x", MIME: values}
    return v4.new_output("display_data", data=data)


def made_page(reports: Path) -> Path:
    """A page with every kind of output, and hostile text wherever text comes from data."""
    scope = Scope("team", HOSTILE, HOSTILE)
    place = Place(reports, "2026-Q3", "review", scope_names([scope])[scope])
    job = Job(Path("review.ipynb"), scope, "2026-Q3", {"scope": str(scope)}, place, reports)
    cells = [
        v4.new_markdown_cell("# Review\n\nWhat it is for."),
        v4.new_code_cell(
            "report",
            outputs=[rich("", kind="report", title=HOSTILE, kicker=HOSTILE, meta=[HOSTILE] * 2)],
        ),
        v4.new_markdown_cell(f"## Summary\n\nProse of `code`, {HOSTILE}\n\n### Detail\n\n- one"),
        v4.new_code_cell("f()", outputs=[rich("<p>x</p>", kind="findings", headline=HOSTILE)]),
        v4.new_markdown_cell("## A long table"),
        v4.new_code_cell("g()", outputs=[rich(grid_html(LONG), kind="grid")]),
        v4.new_markdown_cell("## Long words and wide tables"),
        v4.new_code_cell(
            "print()\n" + "x" * 300,
            outputs=[
                v4.new_output("stream", name="stdout", text="wide " * 80 + HOSTILE),
                v4.new_output(
                    "execute_result",
                    data={
                        "text/html": "<table><tr><th></th>" + "<th>column</th>" * 30 + "</tr><tr>"
                        "<th>0</th>" + f"<td>{HOSTILE}</td>" * 30 + "</tr></table>"
                    },
                ),
                v4.new_output(
                    "display_data",
                    data={"image/svg+xml": "<svg xmlns='http://www.w3.org/2000/svg'/>"},
                    metadata={"alt": "Bars of 3 quarters, highest 12 in 2026-Q3"},
                ),
            ],
        ),
    ]
    provenance = {
        "command": "salesops report " + "x" * 120,
        "report_id": "0123456789ab",
        "snapshot": {
            "id": "2026-09-30-3f2a9c01d4",
            "sources": [{"name": HOSTILE, "rows": 3, "sha256": "c" * 64}],
            "tables": [{"name": "opportunities", "rows": 3, "quarantined": 0}],
        },
    }
    stamp = RunStamp(dt.datetime(2026, 10, 1, tzinfo=dt.UTC), 1.0)
    notebook = v4.new_notebook(cells=cells)
    path = publish(job, page_of(job, notebook, provenance, {"scope": HOSTILE}, stamp))
    other = Scope("region", HOSTILE, HOSTILE)
    failed = Job(
        job.notebook, other, "2026-Q3", {}, Place(reports, "2026-Q3", "review", "x"), reports
    )
    keep_failure(failed, "failed", RunError("ValueError", HOSTILE, 3), notebook, {"seconds": 1.0})
    return path


@pytest.fixture
def pages(tmp_path) -> list[Path]:
    report = made_page(tmp_path / "reports")
    return [report, write_index(tmp_path / "reports")]


@pytest.fixture
def real_report(make_snapshot, deal, tmp_path) -> Path:
    """The project's own notebook, run on a small company."""
    day, day_before = dt.date(2026, 8, 3), dt.date(2026, 5, 4)
    snapshot = make_snapshot(
        dt.date(2026, 9, 30),
        opportunities=[
            deal(
                number,
                dt.date(2026, 3, 2) + dt.timedelta(days=number),
                None if number % 5 == 0 else (day if number % 2 else day_before),
                1000 * number,
                won=None if number % 5 == 0 else number % 3 > 0,
                owner=f"R{number % 4}",
                currency="EUR",
                stage="Open" if number % 5 == 0 else "Closed",
            )
            for number in range(1, 60)
        ],
        reps=[
            {"rep_id": f"R{n}", "name": f"{HOSTILE} {n}", "hire_date": dt.date(2020, 1, 1)}
            for n in range(4)
        ],
        rep_assignments=[
            {"rep_id": f"R{n}", "team": f"Team {n % 2}", "region": "EMEA", "role": "rep",
             "effective_from": dt.date(2020, 1, 1)}
            for n in range(4)
        ],
    )  # fmt: skip
    notebook = ROOT / "notebooks" / "performance_review.ipynb"
    parameters = {
        "snapshot": str(snapshot.path), "as_of": "2026-09-30", "period": "2026-Q3",
        "scope": "company", "calendar": {}, "currency": {"reporting": "EUR"}, "language": "en",
    }  # fmt: skip
    place = Place(tmp_path / "reports", "2026-Q3", "performance_review", "company")
    scope = Scope("company", "", "Company")
    result = run_one(Job(notebook, scope, "2026-Q3", parameters, place, tmp_path))
    assert result.status == "done", result.error
    return result.html


def check_page(path: Path, open_page) -> None:
    axe = resources.files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8")
    for scheme in ("light", "dark"):
        page = open_page(path, color_scheme=scheme, bypass_csp=True)
        page.evaluate(axe)
        found = page.evaluate(
            "rules => axe.run({runOnly: {type: 'tag', values: rules}})", RULES
        )["violations"]  # fmt: skip
        told = [(v["id"], [node["html"][:160] for node in v["nodes"]][:4]) for v in found]
        assert told == [], f"{path.name}, {scheme}"
    page = open_page(path, viewport={"width": 320, "height": 700})
    assert [url for url in page.asked if not url.startswith("data:")] == [path.as_uri()]
    assert page.complaints == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    text = page.inner_text("main")
    plain = open_page(path, java_script_enabled=False, viewport={"width": 320, "height": 700})
    shown = plain.locator("main").inner_text()
    assert len(shown) > 20
    # Only the index's filter needs a script.
    assert text.replace("Filter by report, scope or message", "").split() == shown.split()


def test_a_page_with_every_kind_of_output_and_hostile_text(pages, open_page):
    check_page(pages[0], open_page)


def test_the_index(pages, open_page):
    check_page(pages[1], open_page)


def test_a_report_of_the_projects_own_notebook(real_report, open_page):
    check_page(real_report, open_page)
    page = open_page(real_report)
    assert page.evaluate("document.querySelectorAll('*').length") <= 5000
    broken = page.evaluate(
        "[...document.querySelectorAll('a[href^=\"#\"]')].map(a => a.getAttribute('href'))"
        ".filter(href => !document.getElementById(href.slice(1)))"
    )
    assert broken == []


def test_the_filter_of_the_index_works_from_a_file(pages, open_page):
    page = open_page(pages[1])
    rows = page.locator(".reports > li")
    assert rows.count() == 2
    page.fill("#filter", "TEAM drop")
    assert rows.nth(0).is_visible() != rows.nth(1).is_visible()
    assert page.inner_text("#matches") == "1 / 2"
    page.fill("#filter", "nothing like it")
    assert page.locator("h2:visible").count() == 0
    page.fill("#filter", "")
    assert page.locator(".reports > li:visible").count() == 2
    page.click(".scope a")
    assert page.url.startswith(pages[0].parent.as_uri())


def test_a_long_table_is_saved_from_the_page_itself(pages, open_page):
    page = open_page(pages[0], java_script_enabled=False)
    with page.expect_download() as saved:
        page.click("a.so-file")
    assert saved.value.suggested_filename == "deals-of-the-quarter.csv"
    lines = Path(saved.value.path()).read_text("utf-8-sig").splitlines()
    assert len(lines) == 31
    assert lines[0] == 'Deal,"Amount, EUR"'
    assert lines[30].startswith("\"'=1+29 <script>")
    assert lines[30].endswith(",29000")
    assert [url for url in page.asked if not url.startswith("data:")] == [pages[0].as_uri()]


def test_the_first_screen_holds_title_findings_and_key_figures(real_report, open_page):
    page = open_page(real_report, viewport={"width": 1280, "height": 900})
    for part in ("h1", ".meta", ".alert", ".so-findings li", ".so-kpis .so-value", "nav li"):
        box = page.locator(part).first.bounding_box()
        assert box["y"] + box["height"] <= 900, part


def test_figures_follow_the_page_into_the_dark(real_report, open_page):
    ink = {}
    for scheme in ("light", "dark"):
        page = open_page(real_report, color_scheme=scheme)
        text = "getComputedStyle(document.querySelector('.so-figure svg text')).fill"
        ink[scheme] = page.evaluate(text)
    assert ink["light"] != ink["dark"]


def test_paper_shows_the_report_and_hides_what_cannot_be_used_there(pages, open_page):
    page = open_page(pages[0], color_scheme="dark")
    page.emulate_media(media="print")
    assert not page.is_visible("nav")
    assert not page.is_visible("details.code")
    assert page.is_visible("#parameters")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    pdf = page.pdf(prefer_css_page_size=True, tagged=True, outline=True)
    assert pdf.startswith(b"%PDF")
    assert len(pdf) < 1_000_000
