"""The points that only a browser decides, on pages that keep and pages that break them."""

from __future__ import annotations

from pathlib import Path

import pytest

from salesops_lib.publishing.lint.browser import browser_score, opened_browser
from salesops_lib.publishing.paper import chromium
from salesops_lib.publishing.templates import style

pytestmark = pytest.mark.skipif(chromium() is None, reason="no Chromium (SALESOPS_CHROMIUM)")

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Review of 2026-Q3</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,"><style>{css}</style></head>
<body><a class="skip" href="#content">Skip</a><header><h1>Review</h1></header>
<nav aria-label="Contents"><ol><li><a href="#one">One</a></li></ol></nav>
<main id="content" tabindex="-1"><section id="one"><h2>One</h2><p>Bookings rose by 5%.</p>
</section></main><footer><p>Made of deals.</p></footer></body></html>
"""


@pytest.fixture(scope="module")
def look():
    """Points that a browser finds broken on a page."""
    with opened_browser() as browser:

        def failed(path: Path) -> dict[int, str]:
            score = browser_score(browser, path)
            # How fast a page loads depends on who else uses the machine.
            return {p.point: str(p) for p in score.problems if "loads in" not in p.message}

        yield failed


@pytest.fixture
def page(tmp_path):
    def write(old: str = "", new: str = "", name: str = "company.html") -> Path:
        source = PAGE.replace("{css}", style("report.css"))
        assert old in source
        path = tmp_path / name
        path.write_text(source.replace(old, new, 1), encoding="utf-8")
        return path

    return write


def test_a_sound_page_meets_them(look, page):
    assert look(page()) == {}


@pytest.mark.parametrize(
    ("point", "old", "new", "message"),
    [
        (24, "<p>Bookings", '<img src="data:," ><p>Bookings', "image-alt"),
        (24, "<p>Bookings", '<p style="color:#ccc;background:#fff">Bookings', "color-contrast"),
        (32, "<p>Bookings", '<p style="width:900px">Bookings', "pixels wide"),
        (34, "<p>Bookings", '<img alt="x" src="file:///nothing.png"><p>Bookings', "asks for"),
        (35, "</body>", "<script>document.body.append('more')</script></body>", "JavaScript"),
        (
            38,
            "</head>",
            "<style>@media print{nav{display:block!important}}</style></head>",
            "printed",
        ),
    ],
)
def test_a_page_that_breaks_one_fails_on_it(look, page, point, old, new, message):
    found = look(page(old, new))
    assert message in found[point]


def test_an_index_whose_filter_hides_nothing(look, page):
    listed = '<input type="search" aria-label="Filter"><ul class="reports"><li>One</li></ul><p>B'
    assert "hides nothing" in look(page("<p>B", listed, "index.html"))[47]
