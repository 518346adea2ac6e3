"""Bookings, win rates, deal sizes and cycles, worked by hand."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest

from salesops_lib.data.view import open_view
from salesops_lib.performance.outcomes import (
    average_deal,
    bookings,
    cycle_days,
    deals_created,
    median_deal,
    pipeline_created,
    win_rate,
    win_rate_created,
    win_rate_value,
)

AS_OF = dt.date(2026, 9, 30)


@pytest.fixture
def view(make_snapshot, deal):
    snapshot = make_snapshot(
        AS_OF,
        opportunities=[
            deal(1, "2025-08-01", "2025-09-01", "100.00", won=True),
            deal(2, "2025-07-01", "2025-07-02", "50.00", won=False),
            deal(3, "2026-05-01", "2026-06-01", "80.00", won=True),
            deal(4, "2026-05-01", "2026-05-11", "20.00", won=False, owner="R2"),
            deal(5, "2026-07-01", "2026-07-31", "100.10", won=True),
            deal(6, "2026-07-01", "2026-08-10", "200.20", won=True, owner="R2"),
            deal(7, "2026-07-05", "2026-09-30", "600.00", won=True, owner="R2"),
            deal(8, "2026-08-05", "2026-09-01", "300.00", won=False, owner="R2"),
            deal(9, "2026-09-05", "2026-12-01", "400.00", owner="R2"),
            deal(10, "2026-06-30", "2026-11-01", "999.00"),
        ],
        reps=[{"rep_id": "R1", "name": "Ayşe Demir"}, {"rep_id": "R2", "name": "Tom Becker"}],
    )
    return open_view(snapshot.path, period="2026-Q3")


def test_bookings_are_won_amounts_by_close_date(view):
    measure = bookings(view)
    assert measure.value().number == Decimal("900.30")
    assert measure.value().n == 3
    assert measure.value("prior").number == Decimal("80.00")
    assert measure.value("last_year").number == Decimal("100.00")
    assert measure.change("last_year") == pytest.approx(8.003)


def test_bookings_by_rep_add_up_to_the_whole(view):
    measure = bookings(view, "rep")
    assert measure.groups == [("R1", "Ayşe Demir"), ("R2", "Tom Becker")]
    assert measure.value(group="R1").number == Decimal("100.10")
    assert measure.value(group="R2").number == Decimal("800.20")


def test_win_rate_counts_closed_deals_only(view):
    value = win_rate(view).value()
    assert value.number == 3 / 4
    assert value.n == 4
    # Wilson, computed from the closed formula with z = 1.959964.
    assert value.low == pytest.approx(0.3006, abs=1e-4)
    assert value.high == pytest.approx(0.9544, abs=1e-4)


def test_a_rep_with_wins_and_no_losses_has_a_win_rate_of_one(view):
    value = win_rate(view, "rep").value(group="R1")
    assert (value.number, value.n) == (1.0, 1)
    assert value.low == pytest.approx(0.2065, abs=1e-4)
    assert value.high == pytest.approx(1.0)


def test_win_rate_by_value(view):
    assert win_rate_value(view).value().number == pytest.approx(900.30 / 1200.30)


def test_win_rate_on_created_deals_counts_the_open_ones(view):
    value = win_rate_created(view).value()
    assert (value.number, value.n) == (3 / 5, 5)
    # Created in Q2: deals 3, 4 and 10; 3 was won by the end of Q2.
    prior = win_rate_created(view).value("prior")
    assert (prior.number, prior.n) == (1 / 3, 3)


def test_average_and_median_of_won_deals(view):
    assert average_deal(view).value().number == pytest.approx(300.10)
    assert median_deal(view).value().number == pytest.approx(200.20)
    assert median_deal(view).value().low is None  # three values carry no interval


def test_cycle_is_the_median_from_creation_to_close(view):
    # 30, 40 and 87 days.
    assert cycle_days(view).value().number == 40


def test_created_pipeline(view):
    assert pipeline_created(view).value().number == Decimal("1600.30")
    assert deals_created(view).value().number == 5


def test_lost_deals_without_values_make_the_value_win_rate_not_computable(make_snapshot, deal):
    snapshot = make_snapshot(
        AS_OF,
        opportunities=[
            deal(1, "2026-07-01", "2026-07-02", "10.00", won=True),
            deal(2, "2026-07-01", "2026-07-03", "0.00", won=False),
            deal(3, "2026-07-01", "2026-07-04", None, won=False),
        ],
    )
    value = win_rate_value(open_view(snapshot.path, period="2026-Q3")).value()
    assert value.number is None
    assert value.reason == "100% of the lost deals have no amount"


def test_a_period_without_deals_has_zero_bookings_and_no_rate(view):
    empty = open_view(view.snapshot.path, period="2026-Q1")
    assert bookings(empty).value().number == 0
    assert win_rate(empty).value().number is None
    assert win_rate(empty).value().reason == "no deal closed"


def test_periods_before_the_extract_are_not_computable(view):
    first = open_view(view.snapshot.path, period="2025-Q3")
    value = bookings(first).value("prior")
    assert value.number is None
    assert "first closed deal is of 2 July 2025" in value.reason


def test_a_running_period_is_compared_with_the_same_share_of_the_others(make_snapshot, deal):
    snapshot = make_snapshot(
        dt.date(2026, 7, 31),
        opportunities=[
            deal(1, "2026-03-01", "2026-04-20", "10.00", won=True),
            deal(2, "2026-03-01", "2026-06-20", "70.00", won=True),
            deal(3, "2026-03-01", "2026-07-20", "20.00", won=True),
        ],
    )
    measure = bookings(open_view(snapshot.path, period="2026-Q3"))
    assert measure.value().number == 20
    assert measure.value("prior").number == 10
    assert measure.period("prior") == "2026-Q2 to 1 May"
