"""The win rate in time, and the four win rates beside each other, worked by hand."""

from __future__ import annotations

import datetime as dt

import pytest

from salesops_lib.data.view import open_view
from salesops_lib.performance.outcomes import win_rate, win_rate_created, win_rate_value
from salesops_lib.performance.win_curve import win_curve, win_rate_in_time
from salesops_lib.performance.win_rates import win_rates
from salesops_lib.results import MIME
from salesops_lib.stats import wilson_interval

AS_OF = dt.date(2026, 9, 30)


@pytest.fixture
def view_of(make_snapshot, deal):
    """View of some deals, from an extract that goes back far."""

    def view(*deals, period="2026-Q3", as_of=AS_OF, far=True, **tables):
        old = [deal(0, "2024-01-01", "2024-01-02", "1.00", won=True, owner="R0")]
        snapshot = make_snapshot(as_of, opportunities=[*(old if far else []), *deals], **tables)
        return open_view(snapshot.path, period=period)

    return view


@pytest.fixture
def five(view_of, deal):
    """Won after 1 and 4 days, lost after 2, open for 3 and 5: as in `test_incidence`."""
    return view_of(
        deal(1, "2026-09-01", "2026-09-02", "10.00", won=True),
        deal(2, "2026-08-01", "2026-08-03", "10.00", won=False),
        deal(3, "2026-09-27", "2026-12-01", "10.00"),
        deal(4, "2026-09-10", "2026-09-14", "10.00", won=True),
        deal(5, "2026-09-25", "2026-12-01", "10.00"),
    )


def test_open_deals_count_for_as_long_as_they_were_seen(five):
    value = win_rate_in_time(five, days=5).value()
    assert (value.number, value.n, value.reason) == (pytest.approx(0.5), 5, "")
    assert win_curve(five, 5).shares == pytest.approx((0.5, 0.2, 0.3))
    # Variance 0.065 by hand: as of 0.25 ÷ 0.065 = 3.85 deals.
    assert (value.low, value.high) == pytest.approx(wilson_interval(1.9231, 3.8462), abs=1e-4)
    # Won ÷ created takes the three that are still young for failures.
    assert win_rate_created(five).value().number == 0.4
    assert win_rate(five).value().number == pytest.approx(2 / 3)


def test_a_later_close_counts_as_open_until_then(view_of, deal):
    view = view_of(
        deal(1, "2026-01-01", "2026-08-01", "1.00", won=True),
        deal(2, "2026-01-01", "2026-02-01", "1.00", won=True),
        deal(3, "2026-01-01", "2026-11-01", "1.00", won=True),  # dated after the as-of day
        deal(4, "2026-01-01", "2026-03-01", "1.00", won=False),
    )
    assert win_curve(view, 180).shares == pytest.approx((0.25, 0.25, 0.5))
    assert win_curve(view, 240).shares == pytest.approx((0.5, 0.25, 0.25))


def test_what_closed_before_it_was_created_has_no_age(view_of, deal):
    view = view_of(
        deal(1, "2026-01-01", "2025-12-01", "1.00", won=True),
        deal(2, "2026-01-01", "2026-02-01", "1.00", won=True),
        deal(3, "2026-01-01", "2026-02-01", "1.00", won=False),
    )
    value = win_rate_in_time(view).value()
    assert (value.number, value.n) == (0.5, 2)


def test_earlier_periods_are_seen_for_as_many_days_as_this_one(view_of, deal):
    # Created in 2026-Q2; won on 20 July, which nobody knew at the end of June.
    view = view_of(
        deal(1, "2026-06-01", "2026-07-20", "1.00", won=True),
        deal(2, "2026-06-01", "2026-06-05", "1.00", won=False),
    )
    measure = win_rate_in_time(view, days=20)
    assert win_rate_in_time(view, days=60).value().number == 0.5
    assert (measure.value("prior").number, measure.value("prior").n) == (0.0, 2)
    prior = win_rate_in_time(view, days=60).value("prior")
    assert prior.number is None
    assert "fewer than 1 in 10 of the deals were created 60 days" in prior.reason


def test_a_rep_who_wins_everything_has_all_of_it_with_an_interval(view_of, deal):
    deals = [deal(n, "2026-02-01", "2026-03-01", "5.00", won=True, owner="R1") for n in range(1, 5)]
    deals.append(deal(9, "2026-02-01", "2026-03-01", "5.00", won=False, owner="R2"))
    view = view_of(*deals)
    by_rep = win_rate_in_time(view, "rep")
    value = by_rep.value(group="R1")
    assert (value.number, value.n) == (pytest.approx(1.0), 4)
    assert (value.low, value.high) == pytest.approx(wilson_interval(4, 4))
    assert by_rep.value(group="R2").number == 0
    assert by_rep.value(group="R2").high == pytest.approx(wilson_interval(0, 1)[1])


def test_an_extract_that_starts_late_is_flagged_and_what_it_lacks_left_out(view_of, deal):
    view = view_of(
        # Of the deals created in spring only the slow ones are in the extract.
        deal(1, "2026-03-01", "2026-07-20", "1.00", won=True),
        deal(2, "2026-03-01", "2026-08-20", "1.00", won=True),
        deal(3, "2026-07-20", "2026-07-25", "1.00", won=True),
        deal(4, "2026-07-20", "2026-08-25", "1.00", won=False),
        far=False,
    )
    measure = win_rate_in_time(view, days=60)
    assert (measure.value().number, measure.value().n) == (0.5, 2)
    assert measure.value().reason == (
        "truncated: without the deals created before 20 July 2026, where the extract begins"
    )
    assert "first closed deal is of 20 July 2026" in measure.value("prior").reason
    assert measure.value("prior").number is None
    result = win_rates(view, 60)
    assert [verdict[:15] for verdict in result.verdicts] == ["Read with care:"] * 2 + [
        "Read with care:",
        "Read with care:",
    ]


def test_without_a_closed_deal_or_without_any_there_is_no_rate(view_of, deal):
    only_open = view_of(deal(1, "2026-01-01", "2026-12-01", "1.00"), far=False)
    assert "before any deal has closed" in win_rate_in_time(only_open).value().reason
    assert win_rate_in_time(view_of()).value().reason == "no deal was created"
    young = view_of(deal(1, "2026-09-01", "2026-12-01", "1.00"))
    assert win_rate_in_time(young).value().number is None
    assert win_rate_in_time(young).value().n == 1


def test_each_rate_says_what_it_answers(five):
    result = win_rates(five, 5)
    closed, by_value, created, in_time = result.verdicts
    assert closed == "How decisions fall; it says nothing of the deals that stay open."
    assert by_value == "How much of the decided money was won; large deals decide it."
    assert created == "What new deals have brought so far; it rises as they age."
    assert in_time == ("What becomes of a new deal in 5 days: 50.0% won, 20.0% lost, 30.0% open.")
    bundle = result._repr_mimebundle_()
    assert all(verdict in bundle["text/html"] for verdict in result.verdicts)
    assert bundle[MIME]["in_time"] == {"days": 5, "won": 0.5, "lost": 0.2, "open": 0.3}
    rows = result.grid.rows
    assert [row[3].text for row in rows] == ["3", "3", "5", "5"]
    assert {row[3].below for row in rows} == {"small sample"}
    # Each of them has its interval beside it.
    assert all(" to " in row[2].below for row in rows)


def test_the_verdict_says_why_a_rate_is_not_computable(view_of, deal):
    view = view_of(
        deal(1, "2026-01-01", "2026-08-01", "10.00", won=True),
        deal(2, "2026-01-01", "2026-08-01", "0.00", won=False),
        deal(3, "2026-01-01", "2026-08-01", None, won=False),
    )
    verdict = win_rates(view).verdicts[1]
    assert verdict == "Not computable: 100% of the lost deals have no amount."


def test_who_lost_nothing_is_told_to_read_the_lower_end(view_of, deal):
    view = view_of(*(deal(n, "2026-07-01", "2026-08-01", "9.00", won=True) for n in (1, 2, 3)))
    low = wilson_interval(3, 3)[0]
    assert low == pytest.approx(3 / (3 + 1.959964**2))  # 0.4385
    assert win_rates(view, 30).verdicts[0] == (
        "Nothing is lost yet: read the lower end of the interval, 43.9%."
    )


def test_one_large_deal_counts_as_one_in_the_rate_by_value(view_of, deal):
    deals = [deal(n, "2026-07-01", "2026-08-01", "10.00", won=n % 2 == 0) for n in range(1, 21)]
    even = win_rate_value(view_of(*deals)).value()
    assert (even.low, even.high) == pytest.approx(wilson_interval(10, 20))
    large = deal(50, "2026-07-01", "2026-08-01", "1000.00", won=True)
    value = win_rate_value(view_of(*deals, large)).value()
    # 1100 won of 1200; (1200²) ÷ (1000² + 20 x 10²) = 1.437 deals.
    assert value.number == pytest.approx(1100 / 1200)
    cases = 1200**2 / (1000**2 + 20 * 10**2)
    assert value.low == pytest.approx(wilson_interval(cases * 1100 / 1200, cases)[0])


def test_the_rates_are_split_by_what_the_others_are(view_of, deal):
    view = view_of(
        deal(1, "2026-01-01", "2026-02-01", "1.00", won=True, product="A"),
        deal(2, "2026-01-01", "2026-02-01", "1.00", won=False, product="B"),
    )
    measure = win_rate_in_time(view, "product")
    assert measure.value(group="A").number == 1
    assert measure.value(group="B").number == 0
