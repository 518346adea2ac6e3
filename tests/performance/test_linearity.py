"""How bookings spread over a period, worked by hand."""

from __future__ import annotations

import datetime as dt

import pytest

from salesops_lib.data.view import open_view
from salesops_lib.errors import InputError
from salesops_lib.performance.linearity import late_share, linearity
from salesops_lib.stats import amount_share_interval, wilson_interval


@pytest.fixture
def view_of(make_snapshot, deal):
    """View of won deals given as (close date, amount), from an extract that goes back far."""

    def view(as_of, period, *won, more=()):
        deals = [deal(0, "2024-01-01", "2024-01-02", "1.00", won=True)]
        deals += [deal(n, "2025-01-01", *pair, won=True) for n, pair in enumerate(won, start=1)]
        snapshot = make_snapshot(as_of, opportunities=[*deals, *more])
        return open_view(snapshot.path, period=period)

    return view


END = dt.date(2026, 9, 30)
QUARTER = (
    ("2026-07-31", "100.00"),
    ("2026-08-01", "100.00"),
    ("2026-09-16", "50.00"),
    ("2026-09-17", "250.00"),
    ("2026-06-30", "40.00"),
    ("2026-04-01", "10.00"),
)


def test_shares_by_month_against_working_days(view_of):
    frame = linearity(view_of(END, "2026-Q3", *QUARTER)).of()
    assert frame["label"].to_list() == ["2026-07", "2026-08", "2026-09"]
    assert frame["bookings"].to_list() == [100, 100, 300]
    assert frame["share"].to_list() == pytest.approx([0.2, 0.2, 0.6])
    # July 2026 has 23 working days, August 21, September 22.
    assert frame["working_days"].to_list() == [23, 21, 22]
    assert frame["even"].to_list() == pytest.approx([23 / 66, 21 / 66, 22 / 66])
    assert frame["running"].to_list() == pytest.approx([0.2, 0.4, 1.0])
    assert frame["running_even"].iloc[-1] == pytest.approx(1.0)


def test_the_prior_period_and_the_sentence(view_of):
    result = linearity(view_of(END, "2026-Q3", *QUARTER))
    assert result.of("prior")["share"].to_list() == pytest.approx([0.2, 0.0, 0.8])
    assert result.of("last_year")["share"].isna().all(), "nothing was booked then"
    assert result.headline == (
        "Most above an even pace in 2026-Q3: 2026-09 with 60.0% of the bookings; an even pace is "
        "33.3%."
    )
    assert [cell.text for cell in result.grid.rows[2]][-2:] == ["80.0%", "–"]


def test_weeks_of_a_quarter_are_cut_at_its_edges_and_add_up(view_of):
    frame = linearity(view_of(END, "2026-Q3", *QUARTER), "week").of()
    assert frame["start"].iloc[0] == dt.date(2026, 7, 1)
    assert frame["end"].iloc[-1] == END
    assert frame["bookings"].sum() == 500
    assert frame["even"].sum() == pytest.approx(1)
    assert frame["working_days"].sum() == 66


def test_a_running_period_counts_what_has_gone_so_far(view_of):
    view = view_of(dt.date(2026, 8, 14), "2026-Q3", *QUARTER)  # 33 of 66 working days
    frame = linearity(view).of()
    assert frame["label"].to_list() == ["2026-07", "2026-08"]
    assert frame["share"].to_list() == pytest.approx([0.5, 0.5])
    assert frame["even"].to_list() == pytest.approx([23 / 33, 10 / 33])
    assert frame["end"].iloc[-1] == dt.date(2026, 8, 14)


def test_a_share_of_few_large_deals_has_a_wide_interval(view_of):
    row = linearity(view_of(END, "2026-Q3", *QUARTER)).of().iloc[2]
    # 500² ÷ (100² + 100² + 50² + 250²) = 2.94 deals' worth of evidence.
    low, high = wilson_interval(0.6 * 250_000 / 85_000, 250_000 / 85_000)
    assert (row["low"], row["high"]) == pytest.approx((low, high))
    assert row["high"] - row["low"] > 0.6


def test_refunds_may_leave_nothing_to_share(view_of):
    view = view_of(END, "2026-Q3", ("2026-07-02", "50.00"), ("2026-08-02", "-60.00"))
    result = linearity(view)
    assert not result.is_computable
    assert result.headline == "Linearity of 2026-Q3: nothing was booked."
    assert late_share(view).value().reason == "nothing was booked"


def test_a_part_longer_than_the_period_is_refused(view_of):
    with pytest.raises(InputError, match="no quarters inside"):
        linearity(view_of(END, "2026-09", *QUARTER), "quarter")


def test_the_last_two_weeks_begin_on_the_fourteenth_last_day(view_of):
    value = late_share(view_of(END, "2026-Q3", *QUARTER)).value()
    assert (value.number, value.n) == (0.5, 4)  # 250 of 500; the 16th is one day too early
    prior = late_share(view_of(END, "2026-Q3", *QUARTER)).value("prior")
    assert prior.number == pytest.approx(0.8)


def test_the_last_two_weeks_by_rep(view_of, deal):
    other = deal(90, "2026-01-01", "2026-07-05", "70.00", won=True, owner="R2")
    measure = late_share(view_of(END, "2026-Q3", *QUARTER, more=[other]), "rep")
    assert measure.value(group="R1").number == 0.5
    assert measure.value(group="R2").number == 0.0
    assert measure.value(group="R2").high < 1


def test_a_running_or_short_period_has_no_last_two_weeks(view_of):
    running = late_share(view_of(dt.date(2026, 9, 20), "2026-Q3", *QUARTER)).value()
    assert (running.number, running.reason) == (None, "the period is still running")
    week = view_of(END, "2026-09", *QUARTER).calendar.period_of(dt.date(2026, 9, 16), "week")
    short = late_share(view_of(END, week.label, *QUARTER)).value()
    assert short.reason == "the period is no longer than two weeks"


def test_records_are_plain(view_of):
    import json

    records = linearity(view_of(END, "2026-Q3", *QUARTER)).records()
    assert json.loads(json.dumps(records, allow_nan=False))["rows"][0]["start"] == "2026-07-01"


def test_an_amount_share_of_equal_items_is_that_of_their_count():
    assert amount_share_interval(30, 100, 1000) == pytest.approx(wilson_interval(3, 10))
    assert amount_share_interval(120, 100, 1000) is None
    assert amount_share_interval(0, 0, 0) is None
    assert amount_share_interval(100, 100, 1000)[1] == 1.0
