"""The body of a mail in a real browser: it fits, is accessible, and asks for nothing."""

from __future__ import annotations

import json
import os
import shutil

import pytest

from salesops_lib.publishing.mail import letter_of

CHROMIUM = os.environ.get("SALESOPS_CHROMIUM") or shutil.which("chromium")
LONG = "A sentence with a word of great length: " + "x" * 80 + " and <b>marks</b>."

pytestmark = pytest.mark.skipif(not CHROMIUM, reason="no chromium here (SALESOPS_CHROMIUM)")


@pytest.fixture
def body(tmp_path):
    rows = [
        {"role": role, "period": period, "value": value}
        for role, period, value in (
            ("current", "2026-Q3", 12345678.0),
            ("prior", "2026-Q2", 1.0),
            ("last_year", "2025-Q3", 99999999.0),
        )
    ]
    values = {
        "version": 1,
        "report": {
            "name": "review",
            "title": "Review",
            "scope_label": "EMEA",
            "period": "2026-Q3",
            "kicker": LONG,
            "language": "en",
            "currency": "EUR",
            "meta": [LONG],
        },
        "findings": {"headline": LONG, "findings": [{"text": LONG, "action": LONG}]},
        "kpis": {"measures": {"a_measure_of_long_name": {"unit": "money_per_day", "rows": rows}}},
        "others": [{"kind": "quality", "notes": [{"what": LONG}]}],
        "provenance": {"command": "salesops report " + "x" * 120},
        "run": {"finished": "2026-10-01T07:05:00+00:00"},
    }
    (tmp_path / "company.html").write_text("x", encoding="utf-8")
    (tmp_path / "company.json").write_text(json.dumps(values), encoding="utf-8")
    path = tmp_path / "body.html"
    path.write_text(letter_of(tmp_path / "company.html").html, encoding="utf-8")
    return path


def test_it_fits_is_accessible_and_silent(body):
    from axe_playwright_python.sync_playwright import Axe
    from playwright.sync_api import sync_playwright

    asked = []
    with sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
        )
        for width, scheme in ((600, "light"), (375, "light"), (375, "dark")):
            page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
            page.on("request", lambda request: asked.append(request.url))
            page.goto(body.as_uri())
            # axe runs scripts; what the page itself asks for came before.
            assert asked == [body.as_uri()]
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            found = Axe().run(page).response["violations"]
            assert [violation["id"] for violation in found] == []
            asked.clear()
        browser.close()
