"""Velocity, coverage and the open pipeline, worked by hand."""

from __future__ import annotations

import datetime as dt

import pytest

from salesops_lib.data.view import open_view
from salesops_lib.performance.pipeline import coverage, open_pipeline, target_period, velocity

AS_OF = dt.date(2026, 9, 30)


def quota(amount, start="2026-10-01", end="2026-12-31"):
    return {
        "rep_id": "R1",
        "measure": "bookings",
        "period_start": start,
        "period_end": end,
        "amount": amount,
    }


def test_velocity_of_the_published_example(make_snapshot, deal):
    """40 deals x 25,000 x 25 % ÷ 90 days = 2,777.78 a day (mavenlb.com)."""
    begin = dt.date(2026, 7, 1)
    # 40 open on 1 July; 4 of them close: 1 won at 25,000 after 90 days, 3 lost.
    deals = [deal(n, "2026-06-20", "2026-12-01", "1.00") for n in range(36)]
    deals.append(deal(90, "2026-06-20", "2026-09-18", "25000.00", won=True))
    deals += [deal(n, "2026-06-20", "2026-08-01", "7.00", won=False) for n in (91, 92, 93)]
    # Neither of these was open when the quarter began.
    deals.append(deal(94, begin, "2026-07-02", "9999.00", won=True))
    deals.append(deal(95, "2026-01-01", "2026-06-30", "9999.00", won=True))
    view = open_view(make_snapshot(AS_OF, opportunities=deals).path, period="2026-Q3")
    value = velocity(view).value()
    assert value.n == 40
    assert value.number == pytest.approx(2777.78, abs=0.005)


def test_velocity_without_a_win_is_not_computable(make_snapshot, deal):
    deals = [deal(1, "2026-06-20", "2026-12-01", "1.00")]
    deals.append(deal(2, "2025-01-01", "2025-02-01", "1.00", won=True))
    view = open_view(make_snapshot(AS_OF, opportunities=deals).path, period="2026-Q3")
    assert velocity(view).value().number is None
    assert "none of the deals open at its start was won" in velocity(view).value().reason


def test_coverage_of_the_published_example(make_snapshot, deal):
    """4.8 M open against 1.6 M remaining is 3.00 (winsabove, pipeline coverage ratio)."""
    deals = [
        deal(1, "2026-07-01", "2026-08-01", "400000.00", won=True),
        deal(2, "2026-07-01", "2026-09-20", "4800000.00"),
        deal(3, "2026-07-01", "2026-10-20", "1000.00"),
    ]
    snapshot = make_snapshot(
        dt.date(2026, 8, 15),
        opportunities=deals,
        quotas=[quota("2000000.00", "2026-07-01", "2026-09-30")],
    )
    view = open_view(snapshot.path, period="2026-Q3")
    assert target_period(view).label == "2026-Q3"
    assert coverage(view).value().number == pytest.approx(3.0)


def test_once_the_period_has_ended_coverage_is_that_of_the_next(make_snapshot, deal):
    deals = [
        deal(1, "2026-07-01", "2026-08-01", "10.00", won=True),
        deal(2, "2026-07-01", "2026-10-20", "30.00"),
        deal(3, "2026-07-01", "2027-01-20", "99.00"),
        deal(4, "2026-07-01", "2026-11-20", "99.00", won=True),  # future-dated: not yet won
    ]
    snapshot = make_snapshot(AS_OF, opportunities=deals, quotas=[quota("20.00")])
    measure = coverage(open_view(snapshot.path, period="2026-Q3"))
    assert measure.period() == "2026-Q4"
    assert measure.value().number == pytest.approx(1.5)


def test_a_quota_already_met_is_said_instead_of_an_infinite_coverage(make_snapshot, deal):
    deals = [
        deal(1, "2026-07-01", "2026-08-01", "10.00", won=True),
        deal(2, "2026-07-01", "2026-09-20", "30.00"),
    ]
    snapshot = make_snapshot(
        dt.date(2026, 8, 15),
        opportunities=deals,
        quotas=[quota("10.00", "2026-07-01", "2026-09-30")],
    )
    value = coverage(open_view(snapshot.path, period="2026-Q3")).value()
    assert value.number is None
    assert value.reason == "the quota of 2026-Q3 is already met"


def test_without_quotas_coverage_is_not_computable(make_snapshot, deal):
    snapshot = make_snapshot(
        AS_OF, opportunities=[deal(1, "2026-07-01", "2026-08-01", "1.00", won=True)]
    )
    value = coverage(open_view(snapshot.path, period="2026-Q3")).value()
    assert value.number is None
    assert value.reason == "there is no quota for 2026-Q4"


def test_open_pipeline_by_stage_with_what_is_stale(make_snapshot, deal):
    deals = [
        deal(1, "2026-07-01", "2026-08-01", "10.00", stage="B"),
        deal(2, "2026-07-01", "2026-10-20", "30.00", stage="B"),
        deal(3, "2026-07-01", "2026-10-20", None, stage="A"),
        deal(4, "2026-07-01", "2026-09-30", "5.00"),
        deal(5, "2026-07-01", "2026-08-20", "99.00", won=True, stage="Won"),
    ]
    stages = [
        {"stage": name, "order": order, "is_closed": order == 3, "is_won": order == 3}
        for order, name in enumerate(["", "A", "B", "Won"])
        if name
    ]
    view = open_view(
        make_snapshot(AS_OF, opportunities=deals, stages=stages).path, period="2026-Q3"
    )
    result = open_pipeline(view)
    rows = result.frame.set_index("stage")
    assert list(rows.index) == ["A", "B", "No stage"]
    assert rows.loc["B", ["deals", "amount", "stale", "stale_amount"]].to_list() == [2, 40, 1, 10]
    assert rows.loc["A", "amount"] == 0
    assert rows.loc["No stage", "stale"] == 0, "due on the as-of date is not yet stale"
    assert result.total == 45
