"""Charts of the performance review: what is drawn is what the result says."""

from __future__ import annotations

import datetime as dt

import matplotlib.pyplot as plt
import pytest
from matplotlib.colors import to_hex

from salesops_lib import performance
from salesops_lib.data.view import open_view
from salesops_lib.theme import ACCENT, PLAN, SOFT

AS_OF = dt.date(2026, 9, 30)


@pytest.fixture(autouse=True)
def closed_figures():
    yield
    plt.close("all")


@pytest.fixture
def view(make_snapshot, deal):
    """EMEA: 20 then 30; APAC: 50 then -5 (a reversal); one deal open, one past its date."""
    deals = [
        deal(1, "2026-04-01", "2026-05-08", "20.00", won=True, owner="R1"),
        deal(2, "2026-04-01", "2026-05-08", "50.00", won=True, owner="R2"),
        deal(3, "2026-07-01", "2026-08-08", "30.00", won=True, owner="R1"),
        deal(4, "2026-07-01", "2026-08-09", "-5.00", won=True, owner="R2"),
        deal(5, "2026-07-01", "2026-08-09", "7.00", won=False, owner="R2"),
        deal(6, "2026-07-01", "2026-11-09", "11.00", owner="R1", stage="Proposal"),
        deal(7, "2026-07-01", "2026-09-01", "4.00", owner="R1", stage="Proposal"),
    ]
    snapshot = make_snapshot(
        AS_OF,
        opportunities=deals,
        reps=[{"rep_id": rep, "name": rep} for rep in ("R1", "R2")],
        rep_assignments=[
            {"rep_id": "R1", "team": "A", "region": "EMEA", "role": "rep"},
            {"rep_id": "R2", "team": "B", "region": "APAC", "role": "rep"},
        ],
        quotas=[
            {"rep_id": "R1", "measure": "bookings", "period_start": "2026-07-01",
             "period_end": "2026-09-30", "amount": "40.00"},
        ],
    )  # fmt: skip
    return open_view(snapshot.path, period="2026-Q3")


def texts(ax) -> list[str]:
    return [text.get_text() for text in ax.texts]


def test_bookings_by_period_mark_the_current_one_and_its_quota(view):
    ax = performance.plot_bookings_trend(performance.bookings_trend(view))
    bars = {round(bar.get_height(), 2): to_hex(bar.get_facecolor()) for bar in ax.patches}
    assert bars == {70.0: SOFT, 25.0: ACCENT}
    (step,) = [line for line in ax.lines if len(line.get_ydata()) and line.get_ydata()[0] == 40]
    assert step.get_color() == PLAN
    assert "Bookings, EUR" in texts(ax)
    assert ax.get_legend().get_texts()[0].get_text() == "quota"


def test_bookings_by_group_draw_the_prior_period_and_reversals(view):
    ax = performance.plot_bookings_movement(performance.bookings_movement(view, "region"))
    widths = {
        colour: [bar.get_width() for bar in ax.patches if to_hex(bar.get_facecolor()) == colour]
        for colour in (ACCENT, SOFT)
    }
    assert widths == {ACCENT: [30.0, -5.0], SOFT: [20.0, 50.0]}
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["2026-Q3", "2026-Q2"]
    low, high = ax.get_xlim()
    assert low <= -5
    assert high > 50
    assert {"+50.0%", "−110.0%"} <= set(texts(ax))


def test_win_rates_are_drawn_with_their_intervals(view):
    result = performance.win_rate_trend(view)
    ax = performance.plot_win_rate_trend(result)
    drawn = [tuple(line.get_ydata()) for line in ax.lines if line.get_color() == SOFT]
    rows = result.trend.covered
    assert drawn == list(zip(rows["low"], rows["high"], strict=True))
    assert "Win rate, % of closed deals, with 95% intervals" in texts(ax)


def test_open_pipeline_hatches_what_is_past_its_date(view):
    ax = performance.plot_open_pipeline(performance.open_pipeline(view))
    assert [bar.get_width() for bar in ax.patches if not bar.get_hatch()] == [15.0]
    assert [bar.get_width() for bar in ax.patches if bar.get_hatch()] == [4.0]
    assert "€15.00 in 2 deals" in texts(ax)


def test_nothing_to_draw_is_an_empty_chart_and_no_error(make_snapshot, deal):
    only = deal(1, "2026-04-01", "2026-05-08", "20.00", won=True)
    view = open_view(make_snapshot(AS_OF, opportunities=[only]).path, period="2026-Q3")
    ax = performance.plot_open_pipeline(performance.open_pipeline(view))
    assert len(ax.patches) == 0
    ax.get_figure().canvas.draw()
