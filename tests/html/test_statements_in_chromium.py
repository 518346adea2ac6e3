"""Statements of pay in a real browser: accessible, silent, readable on a phone."""

from __future__ import annotations

import datetime as dt
import os
import shutil
from importlib import resources
from pathlib import Path

import pytest

from salesops_lib.compensation.pay_output import PayOrder, pay
from salesops_lib.pay_commands import statement_page

CHROMIUM = os.environ.get("SALESOPS_CHROMIUM") or shutil.which("chromium")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
HOSTILE = '<script>alert(1)</script> "><img src=x onerror=alert(2)> العربية 😀 ' + "x" * 90
DAY = dt.date
PLAN = """\
version: 1
id: sales
name: Sales
from: 2026-01-01
currency: EUR
people: [{role: rep, ote: 80000, pay_mix: 50/50}]
measures: {bookings: {}, expansion: {where: {type: [Expansion]}}}
quotas: [{measure: bookings, every: quarter, amount: 20000}]
components:
  - name: commission
    kind: tiered
    measure: bookings
    tiers: [{from: 0%, times: 1x}, {from: 100%, times: 1.5x}]
  - {name: goal, kind: bonus, pays: 500, gates: [{measure: bookings, at_least: 200%}]}
  - {name: expansion, kind: flat, measure: expansion, rate: 1%}
crediting: {negative_deals: withheld}
payments: {draw: {amount: 50000}}
"""

pytestmark = pytest.mark.skipif(not CHROMIUM, reason="no chromium here (SALESOPS_CHROMIUM)")


@pytest.fixture
def statement(make_snapshot, tmp_path):
    """A statement with every kind of table, and hostile names of deals."""
    deals = [
        {
            "opportunity_id": f"d{number}",
            "name": HOSTILE,
            "owner_id": "ann",
            "amount": amount,
            "currency": "EUR",
            "created_date": DAY(2025, 11, 1),
            "close_date": DAY(2026, 1, number),
            "is_closed": True,
            "is_won": True,
        }
        for number, amount in ((3, "15000.00"), (4, "9000.00"), (5, "-10.00"))
    ]
    snapshot = make_snapshot(
        DAY(2026, 9, 30),
        opportunities=deals,
        reps=[{"rep_id": "ann", "name": "Ann <b>Lee"}],
        rep_assignments=[{"rep_id": "ann", "role": "rep", "effective_from": DAY(2020, 1, 1)}],
    )
    (tmp_path / "sales.yaml").write_text(PLAN, encoding="utf-8")
    order = PayOrder(tmp_path / "sales.yaml", "2026-Q1", tmp_path / "book")
    folder = pay(order, snapshot, statement_page).folder
    return folder / "statements" / "ann.html"


def test_a_statement_is_accessible_silent_and_fits_a_phone(statement: Path):
    from playwright.sync_api import sync_playwright

    axe = resources.files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8")
    flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=flags)
        for width, scheme in ((1280, "light"), (375, "dark"), (320, "light")):
            context = browser.new_context(
                viewport={"width": width, "height": 800}, color_scheme=scheme, bypass_csp=True
            )
            page = context.new_page()
            asked, told = [], []
            page.on("request", lambda request, asked=asked: asked.append(request.url))
            page.on("console", lambda message, told=told: told.append(message.text))
            page.on("dialog", lambda dialog, told=told: told.append(dialog.message))
            page.goto(statement.as_uri())
            assert [url for url in asked if not url.startswith("data:")] == [statement.as_uri()]
            assert told == []
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            # What was advanced is owed; what gives no credit says why.
            text = page.inner_text("main")
            for part in ("Advanced up to the draw", "has a negative amount", "Sum of commission"):
                assert part in text
            page.evaluate(axe)
            found = page.evaluate(
                "rules => axe.run({runOnly: {type: 'tag', values: rules}})", RULES
            )["violations"]  # fmt: skip
            assert [(v["id"], v["nodes"][0]["html"][:120]) for v in found] == []
            context.close()
        browser.close()
