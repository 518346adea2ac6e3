"""Deals that moved out of a period and into it, worked by hand."""

from __future__ import annotations

import datetime as dt
import json

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from salesops_lib.data.facts import CurrencySettings
from salesops_lib.data.view import open_view
from salesops_lib.performance.close_dates import FLOWS
from salesops_lib.performance.due_deals import slippage
from salesops_lib.performance.slippage import (
    pull_in_rate,
    pushes,
    slippage_rate,
    slippage_value,
)

AS_OF = dt.date(2025, 12, 31)


def change(number, day, old, new, field="close_date"):
    return {
        "opportunity_id": f"D{number}",
        "changed_at": f"{day} 12:00:00" if len(day) == 10 else day,
        "field": field,
        "old_value": old,
        "new_value": new,
        "provenance": "exact",
    }


# A move long ago, so that the history reaches back before every period here.
LONG_AGO = change(0, "2024-01-05", "2024-02-01", "2024-01-20")


@pytest.fixture
def view_of(make_snapshot, deal):
    def view(deals, history, period="2025-Q4", as_of=AS_OF, **more):
        old = deal(0, "2024-01-01", "2024-01-20", "1.00", won=True)
        snapshot = make_snapshot(
            as_of, opportunities=[old, *deals], opportunity_history=[LONG_AGO, *history]
        )
        return open_view(snapshot.path, period=period, **more)

    return view


@pytest.fixture
def waterfall(view_of, deal):
    """The deals of a pipeline waterfall, categories as in help.gong.io 7251552457101.

    Worked example K15 without the two deals that change teams: exits count at the
    amount of the start, entries at that of the end.
    """
    before, due = "2025-09-01", "2025-12-15"
    deals = [
        deal("A", before, due, "100.00"),
        deal("B", before, due, "260.00"),
        deal("C", before, due, "120.00"),
        deal("D", before, "2026-02-01", "80.00"),
        deal("E", before, due, "90.00"),
        deal("F", before, "2025-11-20", "75.00", won=True),
        deal("G", before, "2025-11-20", "60.00", won=False),
        deal("H", "2025-10-10", due, "110.00"),
        deal("K", before, "2026-02-01", "150.00"),
    ]
    history = [
        change("B", "2025-11-01", "200.00", "260.00", "amount"),
        change("C", "2025-11-01", "150.00", "120.00", "amount"),
        change("D", "2025-11-01", due, "2026-02-01"),
        change("E", "2025-11-01", "2026-01-20", due),
        change("F", "2025-11-20", "70.00", "75.00", "amount"),
        change("F", "2025-11-20", due, "2025-11-20"),
        change("G", "2025-11-20", due, "2025-11-20"),
        change("K", "2025-11-01", due, "2026-02-01"),
        change("K", "2025-11-01", "130.00", "150.00", "amount"),
    ]
    return view_of(deals, history)


def test_flows_of_the_published_waterfall(waterfall):
    result = slippage(waterfall)
    amounts = {flow: result.amount(flow) for flow in FLOWS}
    assert amounts == {
        "due": 830 - 40,  # without deal I, which left the team
        "won": 70,
        "lost": 60,
        "slipped": 210,
        "still_due": 100 + 200 + 150,
        "pulled_in": 90,
    }
    assert [result.deals(flow) for flow in FLOWS] == [7, 1, 1, 2, 3, 1]
    assert result.headline == (
        "7 deals were due in 2025-Q4 at its start; moved out: 2 (€210), pulled in from later: "
        "1 (€90.00)."
    )


def test_rates_of_the_published_waterfall(waterfall):
    rate, value = slippage_rate(waterfall).value(), slippage_value(waterfall).value()
    assert (rate.number, rate.n) == (pytest.approx(2 / 7), 7)
    assert (value.number, value.n) == (pytest.approx(210 / 790), 7)
    assert value.low < 210 / 790 < value.high
    assert pull_in_rate(waterfall).value().number == 0, "the deal pulled in is still open"
    pushed = pushes(waterfall).value()
    assert (pushed.number, pushed.n) == (2, 2)


def test_a_deal_pushed_twice_slips_once_and_counts_two_pushes(view_of, deal):
    history = [
        change(1, "2025-10-20", "2025-11-15", "2025-12-15"),
        change(1, "2025-12-10", "2025-12-15", "2026-03-31"),
    ]
    view = view_of([deal(1, "2025-09-01", "2026-03-31", "10.00")], history)
    assert slippage_rate(view).value().number == 1.0
    assert (pushes(view).value().number, pushes(view).value().n) == (2, 1)


def test_a_move_within_the_month_is_no_push_and_back_again_is_no_slip(view_of, deal):
    history = [
        change(1, "2025-10-20", "2025-12-01", "2025-12-20"),
        change(2, "2025-10-20", "2025-12-01", "2026-01-20"),
        change(2, "2025-11-20", "2026-01-20", "2025-12-20"),
    ]
    deals = [deal(n, "2025-09-01", "2025-12-20", "10.00") for n in (1, 2)]
    view = view_of(deals, history)
    assert slippage_rate(view).value().number == 0.0
    assert pushes(view).value().number == 1
    assert slippage(view).deals("still_due") == 2


def test_lost_is_not_slipped_and_won_later_is(view_of, deal):
    history = [
        change(1, "2025-11-20", "2025-12-01", "2026-02-01"),  # moved, then given up in Q4
        change(1, "2025-12-20", "2026-02-01", "2025-12-20"),
        change(2, "2025-12-20", "2025-12-01", "2026-02-01"),  # moved, then won in Q1
    ]
    deals = [
        deal(1, "2025-09-01", "2025-12-20", "10.00", won=False),
        deal(2, "2025-09-01", "2026-02-01", "10.00", won=True),
    ]
    later = view_of(deals, history, as_of=dt.date(2026, 3, 31))
    result = slippage(later)
    assert (result.deals("due"), result.deals("lost"), result.deals("slipped")) == (2, 1, 1)


def test_what_was_moved_after_the_period_was_still_due_at_its_end(view_of, deal):
    history = [change(1, "2026-01-02", "2025-12-01", "2026-03-01")]
    deals = [deal(1, "2025-09-01", "2026-03-01", "10.00")]
    view = view_of(deals, history, as_of=dt.date(2026, 1, 31))
    assert slippage(view).deals("still_due") == 1
    assert slippage_rate(view).value().number == 0.0


def test_pulled_in_and_won(view_of, deal):
    history = [
        change(1, "2025-12-20", "2026-02-01", "2025-12-20"),
        change(4, "2025-12-20", "2026-02-01", "2025-12-20"),
    ]
    deals = [
        deal(1, "2025-09-01", "2025-12-20", "10.00", won=True),  # from later
        deal(2, "2025-09-01", "2025-12-20", "10.00", won=True),  # due all the time
        deal(3, "2025-11-01", "2025-12-20", "10.00", won=True),  # created in it
        deal(4, "2025-09-01", "2025-12-20", "10.00", won=False),  # lost: came in for nothing
    ]
    view = view_of(deals, history)
    value = pull_in_rate(view).value()
    assert (value.number, value.n) == (pytest.approx(1 / 3), 3)
    assert slippage(view).deals("pulled_in") == 1


def test_overdue_created_later_and_future_dated_deals_are_not_due(view_of, deal):
    deals = [
        deal(1, "2025-06-01", "2025-09-15", "10.00"),  # overdue when Q4 began
        deal(2, "2025-10-01", "2025-12-15", "10.00"),  # created on its first day
        deal(3, "2025-06-01", "2026-12-15", "10.00", won=True),  # "won" next year
        deal(4, "2025-06-01", "2025-12-31", "10.00"),  # the last day is inside
    ]
    assert slippage(view_of(deals, [])).deals("due") == 1


def test_empty_and_broken_history_values(view_of, deal):
    history = [
        change(1, "2025-11-01", None, "2025-12-15"),  # had no close date at the start
        change(2, "2025-11-01", "soon", "2026-02-01"),  # unreadable: not known to be due
        change(3, "2025-11-01", "2025-12-15T00:00:00Z", "2026-02-01"),
        change(4, "2025-11-01", None, "10.00", "amount"),  # had no amount
    ]
    deals = [
        deal(1, "2025-09-01", "2025-12-15", "10.00"),
        deal(2, "2025-09-01", "2026-02-01", "10.00"),
        deal(3, "2025-09-01", "2026-02-01", "10.00"),
        deal(4, "2025-09-01", "2025-12-15", "10.00"),
        deal(5, "2025-09-01", None, "10.00"),
    ]
    view = view_of(deals, history)
    assert (slippage(view).deals("due"), slippage(view).deals("slipped")) == (2, 1)
    value = slippage_value(view).value()
    assert (value.number, value.reason) == (None, "50% of the open deals have no amount")
    assert slippage_rate(view).value().number == 0.5


def test_changes_in_one_second_are_taken_in_a_fixed_order(view_of, deal):
    history = [
        change(1, "2025-11-01", "2025-12-20", "2026-02-01"),
        change(1, "2025-11-01", "2025-12-10", "2025-12-20"),
    ]
    deals = [deal(1, "2025-09-01", "2026-02-01", "10.00")]
    assert slippage(view_of(deals, history)).deals("slipped") == 1
    assert slippage(view_of(deals, history[::-1])).deals("slipped") == 1


def test_amounts_of_the_start_are_converted_at_the_deals_own_rate(make_snapshot, deal):
    deals = [
        deal(0, "2024-01-01", "2024-01-20", "1.00", won=True, currency="EUR"),
        deal(1, "2025-09-01", "2026-02-01", "200.00", currency="USD"),
    ]
    history = [
        LONG_AGO,
        change(1, "2025-11-01", "2025-12-15", "2026-02-01"),
        change(1, "2025-11-01", "100.00", "200.00", "amount"),
    ]
    rate = {"date": "2024-01-01", "from_currency": "USD", "to_currency": "EUR", "rate": 0.5}
    snapshot = make_snapshot(
        AS_OF, opportunities=deals, opportunity_history=history, fx_rates=[rate]
    )
    view = open_view(snapshot.path, period="2025-Q4", currency=CurrencySettings(reporting="EUR"))
    assert slippage(view).amount("slipped") == 50


def test_without_history_and_before_it_begins_there_is_no_rate(make_snapshot, view_of, deal):
    deals = [deal(1, "2025-01-01", "2025-12-15", "10.00")]
    view = open_view(make_snapshot(AS_OF, opportunities=deals).path, period="2025-Q4")
    assert slippage_rate(view).value().reason == "this export has no history of close dates"
    assert "not computable" in slippage(view).headline
    late = [LONG_AGO | {"changed_at": "2025-08-20 12:00:00", "opportunity_id": "D1"}]
    snapshot = make_snapshot(AS_OF, opportunities=deals, opportunity_history=late)
    view = open_view(snapshot.path, period="2025-Q4")
    assert slippage_rate(view).value("prior").reason == (
        "the history of close dates begins on 20 August 2025"
    )
    assert slippage(view).deals("due") == 1
    assert slippage(view).deals("due", "prior") != slippage(view).deals("due", "prior")
    json.dumps(slippage(view).records(), allow_nan=False)


def test_by_rep_adds_up(view_of, deal):
    history = [change(1, "2025-11-01", "2025-12-15", "2026-02-01")]
    deals = [
        deal(1, "2025-09-01", "2026-02-01", "10.00"),
        deal(2, "2025-09-01", "2025-12-15", "10.00", owner="R2"),
    ]
    measure = slippage_rate(view_of(deals, history), "rep")
    assert measure.value(group="R1").number == 1.0
    assert measure.value(group="R2").number == 0.0


@settings(
    max_examples=6,
    deadline=None,
    phases=[Phase.generate],  # each case is a snapshot: shrinking takes minutes
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.data())
def test_every_deal_due_has_one_fate(view_of, deal, data):
    days = st.dates(dt.date(2025, 9, 1), dt.date(2026, 2, 28)).map(str)
    deals, history = [], []
    for number in range(1, 9):
        steps = data.draw(st.lists(days, max_size=3))
        moments = sorted(data.draw(days) for _ in steps)
        path = [data.draw(days), *steps]
        won = data.draw(st.sampled_from([None, True, False]))
        deals.append(deal(number, "2025-08-01", path[-1], "10.00", won=won))
        history += [
            change(number, day, old, new)
            for day, old, new in zip(moments, path, path[1:], strict=False)
        ]
    result = slippage(view_of(deals, history))
    for role in ("current", "prior"):
        due, *fates = (result.deals(flow, role) for flow in FLOWS[:5])
        assert due == sum(fates)
