"""Published worked examples of velocity, coverage, win rates and roll-ups.

Each test names who published the example. Where a source prints a wrong figure,
the right one stands here with the reason.
"""

from __future__ import annotations

import datetime as dt

import pytest

from salesops_lib.data.view import open_view
from salesops_lib.errors import InputError
from salesops_lib.performance.formulas import (
    coverage_needed,
    coverage_ratio,
    forecast_rollup,
    share_of,
    velocity_per_day,
)
from salesops_lib.performance.outcomes import win_rate, win_rate_created
from salesops_lib.performance.pipeline import coverage


def test_velocity_of_forty_deals():
    """mavenlb.com, sales velocity formula: 40 x 25,000 x 25 % ÷ 90 = 2,777.78 a day."""
    assert f"{velocity_per_day(40, 0.25, 25_000, 90):.2f}" == "2777.78"


def test_ten_percent_better_on_all_four_levers():
    """framer glossary prints +52 %; 1.1³ ÷ 0.9 is +47.9 %."""
    before = velocity_per_day(100, 0.2, 10_000, 50)
    after = velocity_per_day(110, 0.22, 11_000, 45)
    assert f"{after / before - 1:+.1%}" == "+47.9%"


def test_coverage_against_what_remains():
    """winsabove, pipeline coverage ratio: 4.8 M open, 1.6 M remaining, 22 % won."""
    assert f"{coverage_ratio(4_800_000, 1_600_000):.2f}" == "3.00"
    assert f"{coverage_needed(0.22):.2f}" == "4.55"
    expected = 4_800_000 * 0.22
    assert expected == pytest.approx(1_056_000)
    assert f"{share_of(expected, 1_600_000):.0%}" == "66%"


def test_coverage_of_the_same_example_from_deals(make_snapshot, deal):
    """winsabove again, through a snapshot: 400,000 of 2 M are won, 4.8 M open and due."""
    quota = {
        "rep_id": "R1",
        "measure": "bookings",
        "period_start": "2026-07-01",
        "period_end": "2026-09-30",
        "amount": "2000000.00",
    }
    rollup = {**quota, "rep_id": "M1", "amount": "9000000.00", "is_rollup": True}
    deals = [
        deal(1, "2026-07-01", "2026-08-01", "400000.00", won=True),
        deal(2, "2026-07-01", "2026-09-20", "4800000.00"),
    ]
    as_of = dt.date(2026, 8, 15)
    snapshot = make_snapshot(as_of, opportunities=deals, quotas=[quota, rollup])
    view = open_view(snapshot.path, period="2026-Q3")
    assert coverage(view).value().number == pytest.approx(3.0), "a roll-up is not added"


def test_created_and_closed_win_rate_of_the_same_deals(make_snapshot, deal):
    """Varicent Lift, created win rate: of 100 created 3 won, 7 lost, 90 open: 3 % and 30 %."""
    days = ("2026-07-06", "2026-08-03")
    deals = [deal(n, *days, "10.00", won=True) for n in range(3)]
    deals += [deal(n, *days, "10.00", won=False) for n in range(3, 10)]
    deals += [deal(n, days[0], "2026-12-01", "10.00") for n in range(10, 100)]
    view = open_view(
        make_snapshot(dt.date(2026, 9, 30), opportunities=deals).path, period="2026-Q3"
    )
    created, closed = win_rate_created(view).value(), win_rate(view).value()
    assert (created.number, created.n) == (0.03, 100)
    assert (closed.number, closed.n) == (0.3, 10)


@pytest.mark.parametrize(
    ("won", "closed", "published"),
    [
        (531, 647, "82.07"),
        (1254, 2032, "61.71"),
        (1257, 2047, "61.41"),
        (1196, 1985, "60.25"),
        (531 + 1254 + 1257 + 1196, 647 + 2032 + 2047 + 1985, "63.15"),
    ],
)
def test_closed_win_rate_by_quarter(won, closed, published):
    """Pivot of Maven's CRM data, github gauravmkh/CRM-Sales-Opportunities: 2017, Q1 to Q4, all.

    The deals themselves give the same figures in tests/real.
    """
    assert f"{share_of(won, closed):.2%}" == f"{published}%"


def test_rollup_identities_of_forecast_categories():
    """Salesforce object reference, ForecastingSubmissionItem: what each forecast adds up."""
    amounts = {
        "pipeline": 1,
        "best_case": 20,
        "most_likely": 300,
        "commit": 4_000,
        "closed": 50_000,
        "omitted": 600_000,
    }
    assert forecast_rollup(amounts) == {
        "closed": 50_000,
        "commit_forecast": 54_000,
        "most_likely_forecast": 54_300,
        "best_case_forecast": 54_320,
        "open_pipeline": 4_321,
    }


def test_an_unknown_category_is_refused_and_a_missing_one_is_nothing():
    assert forecast_rollup({})["best_case_forecast"] == 0
    with pytest.raises(InputError, match="did you mean `commit`"):
        forecast_rollup({"comit": 1})


@pytest.mark.parametrize("none", [share_of(1, 0), velocity_per_day(9, 0.5, 9, 0)])
def test_a_division_by_nothing_is_no_number(none):
    assert none is None


def test_a_met_quota_has_no_coverage_and_no_win_no_coverage_needed():
    assert coverage_ratio(100, 50, 50) is None
    assert coverage_ratio(100, 50, 60) is None
    assert coverage_needed(0.0) is None
    assert coverage_needed(None) is None
