"""Proration: published cases, day counts by hand, and parts that sum to the whole."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesops_lib.compensation.crediting_terms import CreditingTerms, Leave, ProrationTerms
from salesops_lib.compensation.proration import (
    day_factor,
    prorated_cents,
    quota_factor,
    ramp_factor,
    spread_cents,
)
from salesops_lib.errors import InputError

DAY = dt.date
YEAR = (DAY(2026, 1, 1), DAY(2026, 12, 31))
Q3 = (DAY(2026, 7, 1), DAY(2026, 9, 30))


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, Fraction(47, 92)),  # 16 Aug to 30 Sep with the 15th: 17 + 30 days
        ({"first_day_counts": False}, Fraction(46, 92)),
        ({"day_count": "30/360"}, Fraction(46, 90)),  # 15 to 30 August are 16 days
        ({"day_count": "months"}, Fraction(1, 3)),  # on 1 August not there yet
        # 17 to 31 August: 11 weekdays; September: 22; the quarter: 23 + 21 + 22.
        ({"day_count": "working"}, Fraction(33, 66)),
        ({"digits": 2}, Fraction(51, 100)),
    ],
)
def test_somebody_who_starts_on_15_august(settings, expected):
    assert day_factor(DAY(2026, 8, 15), Q3[1], Q3, ProrationTerms(**settings)) == expected


def test_a_leavers_last_day_counts_or_does_not():
    last = DAY(2026, 7, 31)
    assert day_factor(Q3[0], last, Q3, ProrationTerms()) == Fraction(31, 92)
    assert day_factor(Q3[0], last, Q3, ProrationTerms(last_day_counts=False)) == Fraction(30, 92)


def test_whole_periods_are_whole_whichever_days_count():
    for count in ("actual", "working", "30/360", "months"):
        terms = ProrationTerms(day_count=count, first_day_counts=False, last_day_counts=False)
        assert day_factor(*Q3, Q3, terms) == 1
        assert day_factor(DAY(2020, 1, 1), DAY(2030, 1, 1), Q3, terms) == 1
        assert day_factor(DAY(2027, 1, 1), DAY(2030, 1, 1), Q3, terms) == 0


def test_a_period_without_a_working_day_is_said():
    weekend = (DAY(2026, 8, 15), DAY(2026, 8, 16))
    with pytest.raises(InputError, match="no day counts"):
        day_factor(*weekend, weekend, ProrationTerms(day_count="working"))


def test_leaves_cut_the_quota_and_the_target_only_where_they_say_so():
    leave = Leave(rep_id="ann", first_day=DAY(2026, 6, 15), last_day=DAY(2026, 7, 31))
    terms = CreditingTerms(leaves=(leave,))
    assert quota_factor(*Q3, Q3, terms, rep_id="ann") == Fraction(61, 92)
    assert quota_factor(*Q3, Q3, terms, rep_id="bob") == 1
    assert quota_factor(*Q3, Q3, terms, rep_id="ann", of="target") == 1
    # Hired during the leave's span: no day is taken off twice.
    assert quota_factor(DAY(2026, 7, 11), Q3[1], Q3, terms, rep_id="ann") == Fraction(61, 92)


def test_a_ramp_runs_by_months_since_hire():
    ramp = [Decimal("0.3")] * 3 + [Decimal("0.7")] * 3
    months = [DAY(2026, month, 1) for month in range(1, 13)]
    shares = [ramp_factor(DAY(2026, 1, 15), month, ramp) for month in months]
    # Published: 30 % for 3 months, 70 % for 3, then full: 750,000 of a million.
    assert prorated_cents(100_000_000, sum(shares) / 12) == 75_000_000
    assert ramp_factor(DAY(2026, 5, 1), DAY(2026, 4, 30), ramp) == 0


@given(
    st.integers(-(10**14), 10**14),
    st.lists(st.integers(0, 400), min_size=1, max_size=15),
    st.sampled_from(["even", "days"]),
)
def test_parts_of_any_spread_sum_to_the_whole(amount, lengths, by):
    first = DAY(2026, 1, 1)
    spans = []
    for length in lengths:
        spans.append((first, first + dt.timedelta(days=length)))
        first = spans[-1][1] + dt.timedelta(days=1)
    assert sum(spread_cents(amount, spans, by=by)) == amount


@given(st.dates(Q3[0], DAY(2026, 9, 29)), st.sampled_from(["actual", "working", "30/360"]))
def test_two_parts_of_a_period_are_the_whole(cut, count):
    terms = ProrationTerms(day_count=count)
    after = cut + dt.timedelta(days=1)
    assert day_factor(Q3[0], cut, Q3, terms) + day_factor(after, Q3[1], Q3, terms) == 1
