"""Where a running quarter is heading, worked by hand."""

from __future__ import annotations

import datetime as dt
import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesops_lib.data.view import open_view
from salesops_lib.performance.backtest import backtest, landing_interval
from salesops_lib.performance.landing import landing, pace
from salesops_lib.performance.pacing import pacing

# 33 of the 66 working days of 2026-Q3 are over on this day.
AS_OF = dt.date(2026, 8, 14)
QUARTERS = [(year, quarter) for year in (2024, 2025, 2026) for quarter in (1, 2, 3, 4)][:10]


def early(year, quarter):
    return f"{year}-{3 * quarter - 2:02}-03"


def late(year, quarter):
    return f"{year}-{3 * quarter:02}-25"


@pytest.fixture
def view_of(make_snapshot, deal):
    """View of 2026-Q3, half over, after quarters with (booked early, booked late)."""

    def view(past, so_far, as_of=AS_OF, more=(), **tables):
        deals = []
        for (year, quarter), (first, second) in zip(QUARTERS[-len(past) :], past, strict=True):
            n = f"{year}{quarter}"
            deals.append(deal(f"{n}a", "2023-12-01", early(year, quarter), first, won=True))
            deals.append(deal(f"{n}b", "2023-12-01", late(year, quarter), second, won=True))
        if so_far:
            deals.append(deal("now", "2026-01-01", "2026-07-10", so_far, won=True))
        snapshot = make_snapshot(as_of, opportunities=[*deals, *more], **tables)
        return open_view(snapshot.path, period="2026-Q3")

    return view


QUOTA = {
    "rep_id": "R1",
    "measure": "bookings",
    "period_start": "2026-07-01",
    "period_end": "2026-09-30",
    "amount": "1000.00",
}
# Shares by mid-quarter: 25 %, 50 %, 40 %, 40 %, 50 %; their median is 40 %.
PAST = [("25", "75"), ("50", "50"), ("40", "60"), ("40", "60"), ("100", "100")]


def test_the_median_share_of_past_quarters_tells_the_landing(view_of):
    value = landing(view_of(PAST, "200.00")).value()
    assert value.number == pytest.approx(200 / 0.4)
    assert value.n == 5


def test_pace_is_against_the_quota_of_the_whole_quarter(view_of):
    measure = pace(view_of(PAST, "200.00", quotas=[QUOTA]))
    # 200 against 40 % of 1,000.
    assert measure.value().number == pytest.approx(0.5)
    assert pace(view_of(PAST, "200.00")).value().reason == "no quota in this period"


def test_one_backtested_quarter_carries_no_interval_but_its_error_is_told(view_of):
    result = pacing(view_of(PAST, "200.00"))
    assert result.landing.value().low is None
    assert result.frame["period"].to_list()[-1] == "2026-Q2"
    last = result.frame.iloc[-1]
    # Foretold from 25, 50, 40 and 40 %, whose median is 40 %: 100 ÷ 0.4 = 250 of 200.
    assert last["foretold"] == pytest.approx(250)
    assert last["error"] == pytest.approx(0.25)
    assert result.frame["foretold"].isna().sum() == 4
    assert result.headline == (
        "At the pace of past periods 2026-Q3 to 14 Aug lands at €500; 50% of its working days "
        "are over."
    )


def test_the_interval_is_the_backtested_error(view_of):
    # Seven quarters: the last three are foretold with 40 % and had 50, 40 and 32 %.
    past = [("40", "60")] * 4 + [("50", "50"), ("40", "60"), ("32", "68")]
    value = landing(view_of(past, "200.00")).value()
    errors = [math.log(100 * 0.4 / 50), 0.0, math.log(100 * 0.4 / 32)]
    size = math.sqrt(sum(e * e for e in errors) / 3)
    reach = 3.182446 * size  # Student's t, 97.5 %, 3 degrees of freedom
    assert value.high == pytest.approx(500 * math.exp(reach), rel=1e-5)
    assert value.low == pytest.approx(max(200, 500 * math.exp(-reach)), rel=1e-5)


def test_the_interval_never_falls_below_what_is_booked(view_of):
    past = [("90", "10")] * 4 + [("20", "80"), ("90", "10"), ("95", "5")]
    value = landing(view_of(past, "900.00")).value()
    assert value.low == 900


def test_too_few_quarters_or_an_empty_start_tell_nothing(view_of):
    few = landing(view_of(PAST[:3], "200.00")).value()
    assert few.number is None
    assert few.reason == "4 past periods with bookings are needed, the extract has 3"
    none = landing(view_of([("0", "10")] * 5, "200.00")).value()
    assert none.reason == "by this day at least half of the past periods had booked nothing"
    assert landing(view_of(PAST, None)).value().reason == "nothing was booked so far"


def test_a_quarter_in_which_the_extract_begins_does_not_count(view_of, deal):
    more = [deal("x", "2025-01-01", "2025-06-25", "60.00", won=True)]
    value = landing(view_of(PAST[1:], "200.00", more=more)).value()
    # Shares of 50, 40, 40 and 50 %; with the cut quarter's 0 % it would be 40 %.
    assert value.n == 4
    assert value.number == pytest.approx(200 / 0.45)


def test_once_the_quarter_has_ended_the_landing_is_its_bookings(view_of):
    result = pacing(view_of(PAST, "200.00", as_of=dt.date(2026, 9, 30)))
    value = result.landing.value()
    assert (value.number, value.low) == (200, None)
    assert result.headline == "2026-Q3 has ended; it landed at €200."


def test_future_dated_wins_do_not_count(view_of, deal):
    more = [deal("f", "2026-01-01", "2026-09-20", "999.00", won=True)]
    assert landing(view_of(PAST, "200.00", more=more)).value().number == pytest.approx(500)


def test_each_rep_is_measured_by_its_own_past(view_of, deal):
    more = [deal("x", "2026-01-01", "2026-07-08", "5.00", won=True, owner="R2")]
    measure = landing(view_of(PAST, "200.00", more=more), "rep")
    assert measure.value(group="R1").number == pytest.approx(500)
    assert "the extract has 0" in measure.value(group="R2").reason


def test_records_and_table_are_plain(view_of):
    result = pacing(view_of(PAST, "200.00", quotas=[QUOTA]))
    json.dumps(result.records(), allow_nan=False)
    assert [cell.text for cell in result.grid.rows[-2]][-1] == "+25.0%"
    # The period itself: 200 booked, and where it lands.
    assert [cell.text for cell in result.grid.rows[-1]][2::3] == ["200", "500"]


@given(
    st.lists(st.floats(0.01, 0.99), min_size=8, max_size=14),
    st.floats(0.1, 10),
)
def test_errors_do_not_depend_on_the_currency(shares, factor):
    totals = [100.0 + n for n in range(len(shares))]
    parts = [share * total for share, total in zip(shares, totals, strict=True)]
    plain = backtest(parts, totals)
    scaled = backtest([p * factor for p in parts], [t * factor for t in totals])
    assert plain[:4] == [None] * 4
    assert plain[4:] == pytest.approx(scaled[4:], abs=1e-9)
    low, high = landing_interval(100.0, plain)
    assert low <= 100 <= high


def test_an_error_without_end_leaves_no_interval():
    assert backtest([0, 0, 0, 0, 10], [100] * 5)[-1] == math.inf
    assert backtest([50, 50, 50, 50, 0], [100] * 5)[-1] == math.inf
    assert landing_interval(100.0, [0.1, 0.1, 0.1, math.inf]) is None
    assert landing_interval(100.0, [0.1, 0.1]) is None
