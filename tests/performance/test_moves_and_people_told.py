"""What the report tells of moves, pace and people: by hand, and only beyond chance."""

from __future__ import annotations

import datetime as dt
import json

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from bs4 import BeautifulSoup

from salesops_lib import performance
from salesops_lib.data.view import open_view
from salesops_lib.findings import MOST_FINDINGS, Finding, kept_findings
from salesops_lib.performance import people_rules
from salesops_lib.performance.fair_comparison import FairComparison
from salesops_lib.performance.pipeline_rules import (
    move_finding,
    pace_finding,
    slippage_finding,
)

AS_OF = dt.date(2026, 9, 30)
DUE = "2026-08-15"
LATER = "2026-11-15"


@pytest.fixture(autouse=True)
def closed_figures():
    yield
    plt.close("all")


def change(number, day, old, new, field="close_date"):
    return {
        "opportunity_id": f"D{number}", "changed_at": f"{day} 12:00:00", "field": field,
        "old_value": old, "new_value": new, "provenance": "exact",
    }  # fmt: skip


@pytest.fixture
def view_of(make_snapshot, deal):
    """2026-Q3 with a history that reaches back to 2025."""

    def view(deals, history=(), period="2026-Q3", as_of=AS_OF, **more):
        old = deal(0, "2025-01-01", "2025-03-03", "1.00", won=True)
        ago = [
            change(0, "2025-01-05", "2025-02-01", "2025-03-03"),
            change(0, "2025-01-05", "2.00", "1.00", "amount"),
        ]
        tables = {"opportunities": [old, *deals], "opportunity_history": [*ago, *history]}
        return open_view(make_snapshot(as_of, **tables, **more).path, period=period)

    return view


@pytest.fixture
def moved(view_of, deal):
    """Open on 30 June: 100 + 80 + 60. One is cut to 70, one moves out; a new one has 50."""
    deals = [
        deal(1, "2026-05-01", DUE, "70.00"),
        deal(2, "2026-05-01", LATER, "80.00"),
        deal(3, "2026-05-01", DUE, "60.00", name='=HYPERLINK("x")<img src=x>'),
        deal(4, "2026-07-10", DUE, "50.00"),
        deal(5, "2026-05-01", LATER, "60.00", name=""),
    ]
    history = [
        change(1, "2026-07-05", "100.00", "70.00", "amount"),
        change(2, "2026-07-05", DUE, LATER),
        change(3, "2026-07-06", "10.00", "60.00", "amount"),
        change(5, "2026-07-07", DUE, LATER),
    ]
    return view_of(deals, history)


def test_each_move_has_its_deals_the_largest_first(moved):
    told = performance.moved_deals(moved)
    assert told.count == 5
    rows = [tuple(cell.text for cell in row) for row in told.grid.rows]
    assert {row[3]: row[2] for row in rows} == {
        "D1": "−30.00", "D2": "−80.00", "D3": "50.00", "D4": "50.00", "D5": "−60.00",
    }  # fmt: skip
    pushed = [row[3] for row in rows if row[1] == "Pushed out"]
    assert pushed == ["D2", "D5"]
    assert rows[-1][0] == "D5", "a deal without a name is told by its id"
    opening, closing = told.waterfall.amount("opening"), told.waterfall.amount("closing")
    assert (opening, closing) == (100 + 80 + 10 + 60, 70 + 60 + 50)
    json.dumps(told.records(), allow_nan=False)


def test_names_of_deals_are_no_markup(moved):
    html = performance.moved_deals(moved)._repr_mimebundle_()["text/html"]
    page = BeautifulSoup(html, "html.parser")
    assert page.find("img") is None
    assert "<img src=x>" in page.get_text()
    assert page.details.summary.get_text() == "Show the deals behind the waterfall"


def test_where_nothing_moved_there_are_no_deals(view_of, deal):
    assert performance.moved_deals(view_of([deal(1, "2026-05-01", DUE, "70.00")])) is None


def test_without_a_history_the_waterfall_and_slippage_say_so(make_snapshot, deal):
    snapshot = make_snapshot(AS_OF, opportunities=[deal(1, "2026-07-01", DUE, "9.00", won=True)])
    view = open_view(snapshot.path, period="2026-Q3")
    assert performance.moved_deals(view) is None
    assert performance.pipeline_waterfall(view).undrawn.endswith(
        "not computable: the export holds no history of changes."
    )
    assert performance.slippage(view).undrawn.endswith(
        "not computable: this export has no history of close dates."
    )
    assert move_finding(view) is None
    assert slippage_finding(view) is None


def test_the_largest_move_that_nothing_else_tells_is_told(moved):
    found = move_finding(moved)
    assert found.text == (
        "The pipeline due in 2026-Q3 went from €250 to €180; largest move besides wins and "
        "delays: New +€50.00."
    )
    assert found.values == {"move": 50.0, "deals": 1}  # noqa: PD011 (of a finding)


def slipping(deal, first, last, quarter, moved_out):
    """Deals due in a quarter, some of which moved out of it in its first month."""
    start, due, later = quarter
    deals = [
        deal(n, start, later if n - first < moved_out else due, "10.00",
             **({} if n - first < moved_out else {"won": True}))
        for n in range(first, last)
    ]  # fmt: skip
    history = [change(n, due[:8] + "02", due, later) for n in range(first, first + moved_out)]
    return deals, history


@pytest.mark.parametrize(
    ("now", "before", "tone"), [(24, 3, "bad"), (3, 24, "good"), (8, 7, "flat")]
)
def test_slippage_is_called_worse_only_beyond_chance(view_of, deal, now, before, tone):
    second = ("2026-03-01", "2026-05-15", "2027-05-15")
    third = ("2026-06-01", DUE, "2027-08-15")
    old, old_moves = slipping(deal, 100, 130, second, before)
    new, new_moves = slipping(deal, 200, 230, third, now)
    found = slippage_finding(view_of([*old, *new], [*old_moves, *new_moves]))
    assert found.tone == tone
    assert found.values["slippage"] == pytest.approx(now / 30)  # noqa: PD011 (of a finding)
    assert f"€{now * 10}" in found.action


def test_where_nothing_slips_nothing_is_told(view_of, deal):
    old, _ = slipping(deal, 100, 130, ("2026-03-01", "2026-05-15", "2027-05-15"), 0)
    new, _ = slipping(deal, 200, 230, ("2026-06-01", DUE, "2027-08-15"), 0)
    assert slippage_finding(view_of([*old, *new])) is None


def test_a_year_is_compared_with_the_year_before_once(view_of, deal):
    deals = [
        deal(1, "2025-01-01", "2025-05-05", "9.00", won=True),
        deal(2, "2025-01-01", "2026-05-05", "15.00", won=True),
    ]
    first = performance.findings(view_of(deals, period="FY2026")).findings[0].text
    assert first == "Bookings were €15.00, 50.0% above FY2025 to 30 Sept."


def test_the_pace_is_told_while_the_period_runs_only(make_snapshot, deal):
    quota = {
        "rep_id": "R1", "measure": "bookings", "period_start": "2026-07-01",
        "period_end": "2026-09-30", "amount": "1000.00",
    }  # fmt: skip
    deals = [
        deal(f"{year}{month}{day}", "2023-01-01", f"{year}-{month:02}-{day:02}", amount, won=True)
        for year, months in ((2024, (7, 10)), (2025, (1, 4, 7, 10)), (2026, (1, 4)))
        for month0 in months
        for month, day, amount in ((month0, 3, "40.00"), (month0 + 2, 25, "60.00"))
    ]
    deals.append(deal("now", "2026-01-01", "2026-07-10", "200.00", won=True))
    half = make_snapshot(dt.date(2026, 8, 14), opportunities=deals, quotas=[quota])
    view = open_view(half.path, period="2026-Q3")
    found = pace_finding(view)
    assert found.text == "At the pace of past periods 2026-Q3 lands at €500, 50.0% of its quota."
    assert found.tone == "bad"
    assert found.values == {"landing": pytest.approx(500), "pace": pytest.approx(0.5)}  # noqa: PD011 (of a finding)
    result = performance.pacing(view)
    assert not result.undrawn
    ax = performance.plot_pacing(result)
    assert ax.patches[-1].get_height() == 200
    assert "€500" in [text.get_text() for text in ax.texts]
    ticks = [tick.get_text() for tick in ax.get_xticklabels()]
    assert ticks[-4:] == ["\nQ4", "2026\nQ1", "\nQ2", "\nQ3"], "years are said once"
    over = open_view(half.path, period="2026-Q2")
    assert pace_finding(over) is None
    assert performance.pacing(over).undrawn == "2026-Q2 has ended; it landed at €100."


def test_linearity_is_drawn_by_part_beside_the_period_before(view_of, deal):
    deals = [
        deal(n, "2026-01-01", day, amount, won=True)
        for n, (day, amount) in enumerate(
            [("2026-07-10", "25.00"), ("2026-08-10", "25.00"), ("2026-09-10", "50.00"),
             ("2026-04-10", "10.00"), ("2026-06-10", "30.00")], start=1,
        )
    ]  # fmt: skip
    ax = performance.plot_linearity(performance.linearity(view_of(deals)))
    heights = [round(bar.get_height(), 3) for bar in ax.patches]
    assert heights == [0.25, 0.25, 0.5, 0.25, 0.0, 0.75]
    assert [text.get_text() for text in ax.texts][:3] == ["25%", "25%", "50%"]


@pytest.fixture
def compared(view_of, deal, monkeypatch):
    """The rule on people, of a comparison in which R3 is first or last with a probability."""

    def made(first=0.0, last=0.0):
        view = view_of([deal(1, "2026-07-01", DUE, "9.00", won=True)])
        ids = ["R1", "R2", "R3", "R4"]
        frame = pd.DataFrame(
            {"rep_id": ids, "rep": [f"{rep} Smith" for rep in ids], "n": 50, "value": 0.5,
             "expected": np.nan, "fair": [0.5, 0.4, 0.3, 0.2], "low": 0.1, "high": 0.6,
             "weight": 0.5, "rank_low": 1, "rank_high": 4,
             "first": [0, 0, first, 0], "last": [0, 0, last, 0]}
        )  # fmt: skip
        result = FairComparison("win_rate", frame, 0.35, view, "2026-Q3")
        nobody = FairComparison("attainment", frame.iloc[:0], 0.35, view, "2026-Q3", "no quotas")
        monkeypatch.setattr(people_rules, "fair_win_rates", lambda _view: result)
        monkeypatch.setattr(people_rules, "fair_attainment", lambda _view: nobody)
        return people_rules.people_finding(view)

    return made


def test_a_rep_is_named_from_95_percent_on(compared):
    assert compared(last=0.94) is None
    worst = compared(last=0.95)
    assert worst.text == (
        "Win rate, closed: R3 Smith is the last of 4 reps beyond chance, with 30% against 35% of "
        "all (2026-Q3)."
    )
    assert worst.tone == "bad"
    best = compared(first=0.97)
    assert best.tone == "good"
    assert "R3 Smith is the first" in best.text


def test_at_most_seven_findings_and_news_come_before_the_ordinary(moved):
    found = performance.findings(moved).findings
    assert 0 < len(found) <= MOST_FINDINGS


def test_of_too_many_findings_the_flat_ones_give_way():
    found = [Finding(str(n), tone="flat" if n in {1, 4} else "bad") for n in range(9)]
    assert [finding.text for finding in kept_findings(found)] == ["0", "2", "3", "5", "6", "7", "8"]
