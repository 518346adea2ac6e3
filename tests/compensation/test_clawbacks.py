"""Clawbacks return exactly what was paid; true-ups are new lines that add up."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from salesops_lib.compensation.clawbacks import LEG_KEY, clawbacks, unserved_share
from salesops_lib.compensation.payment_terms import ClawbackTerms, PaymentTerms
from salesops_lib.compensation.payments import payments
from salesops_lib.compensation.trueups import earnings_with, true_ups
from salesops_lib.errors import InputError

DAY = dt.date
MAY = DAY(2026, 5, 1)


def legs(*cents, deal="d1", period="2026-Q1"):
    return pd.DataFrame(
        {
            "rep_id": ["ann", "bob", "max"][: len(cents)],
            "component": "base",
            "leg": range(len(cents)),
            "credit_id": [f"{deal}/{at}" for at in range(len(cents))],
            "opportunity_id": deal,
            "period": period,
            "credited_on": DAY(2026, 2, 10),
            "base_cents": [c * 10 for c in cents],
            "payout_cents": cents,
        }
    )


def lost(deal="d1", num=1, den=1, on=MAY, **more):
    row = {"opportunity_id": deal, "lost_on": on, "share_num": num, "share_den": den, **more}
    return pd.DataFrame([row])


def test_a_lost_deal_gives_back_each_leg_and_leaves_other_deals_alone():
    paid = pd.concat([legs(333, 667), legs(100, deal="d2")], ignore_index=True)
    found = clawbacks(paid, lost(), ClawbackTerms(), "2026-Q2")
    assert found[["rep_id", "payout_cents"]].to_numpy().tolist() == [["ann", -333], ["bob", -667]]
    assert set(found["kind"]) == {"clawback"}
    assert set(found["booked_in"]) == {"2026-Q2"}


def test_half_a_contract_not_served_gives_back_half():
    term = {"begins": DAY(2026, 1, 1), "ends": DAY(2026, 12, 31)}
    found = clawbacks(
        legs(1001), lost(on=DAY(2026, 6, 30), **term), ClawbackTerms(portion="unserved"), "2026-Q3"
    )
    assert found["payout_cents"].tolist() == [-501]
    assert found["lost_share"].tolist() == [Fraction(1, 2)]


@pytest.mark.parametrize(
    ("begins", "ends", "cancelled", "share"),
    [
        (DAY(2026, 1, 15), DAY(2027, 1, 14), DAY(2026, 4, 14), Fraction(3, 4)),
        (DAY(2026, 1, 1), DAY(2026, 1, 10), DAY(2026, 1, 3), Fraction(7, 10)),
        (DAY(2026, 1, 1), DAY(2026, 12, 31), DAY(2025, 12, 1), Fraction(1)),
        (DAY(2026, 1, 1), DAY(2026, 12, 31), DAY(2027, 2, 1), Fraction(0)),
    ],
)
def test_the_unserved_share_is_by_months_or_days(begins, ends, cancelled, share):
    assert unserved_share(begins, ends, cancelled) == share


def test_after_the_limit_of_days_nothing_is_taken_and_the_line_says_why():
    inside = clawbacks(
        legs(500), lost(on=DAY(2026, 5, 11)), ClawbackTerms(within_days=90), "2026-Q2"
    )
    assert inside["payout_cents"].tolist() == [-500]
    after = clawbacks(
        legs(500), lost(on=DAY(2026, 5, 12)), ClawbackTerms(within_days=90), "2026-Q2"
    )
    assert after["payout_cents"].tolist() == [0]
    assert after["reason"].tolist() == ["lost more than 90 days after the credit"]


def test_the_current_rate_takes_back_what_the_deal_would_earn_today():
    rates = pd.DataFrame({"component": ["base"], "rate_num": [7], "rate_den": [100]})
    terms = ClawbackTerms(rate="current")
    # 5.00 was paid at 10 % of 50.00; today's 7 % of it are 3.50.
    found = clawbacks(legs(500), lost(), terms, "2026-Q2", rates=rates)
    assert found["payout_cents"].tolist() == [-350]
    with pytest.raises(InputError, match="needs the rates of today"):
        clawbacks(legs(500), lost(), terms, "2026-Q2")
    with pytest.raises(InputError, match="current rate of `base` is missing"):
        clawbacks(legs(500), lost(), terms, "2026-Q2", rates=rates[:0])


@pytest.mark.parametrize(
    ("frame", "what", "booked", "message"),
    [
        (legs(5), lost("d9"), "2026-Q2", "`d9` is lost, but was never paid"),
        (legs(5), lost(num=3, den=2), "2026-Q2", "from 0 to 1"),
        (legs(5), lost(den=0), "2026-Q2", "from 0 to 1"),
        (legs(5), pd.concat([lost(), lost()]), "2026-Q2", "lost twice"),
        (pd.concat([legs(5), legs(5)]), lost(), "2026-Q2", "clawed back twice"),
        (legs(5), lost(), "2026-Q1", "booked later"),
        (legs(5).assign(payout_cents=0.5), lost(), "2026-Q2", "whole cents"),
    ],
)
def test_clawbacks_that_cannot_be_right_are_refused(frame, what, booked, message):
    with pytest.raises(InputError, match=message):
        clawbacks(frame, what, ClawbackTerms(), booked)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(-(10**9), 10**9), min_size=1, max_size=3),
    st.lists(st.integers(0, 1000), max_size=5),
)
def test_parts_of_a_clawback_return_the_exact_payout_leg_by_leg(cents, steps):
    paid = legs(*cents)
    booked = pd.DataFrame()
    for at, parts in enumerate([*sorted(steps), 1000]):
        earlier = booked if len(booked) else None
        loss = lost(num=parts, den=1000)
        new = clawbacks(paid, loss, ClawbackTerms(), f"{2027 + at}-Q1", earlier=earlier)
        booked = pd.concat([booked, new], ignore_index=True)
    returned = booked.groupby(list(LEG_KEY))["payout_cents"].sum()
    owed = paid.groupby(list(LEG_KEY))["payout_cents"].sum()
    assert (returned + owed == 0).all()


def lines(rows):
    return pd.DataFrame(rows, columns=["rep_id", "component", "period", "payout_cents"])


def test_a_reopened_period_is_trued_up_by_new_lines_and_a_second_time_by_none():
    booked = lines(
        [
            ("ann", "base", "2026-Q1", 50_000),
            ("bob", "base", "2026-Q1", 10_000),
            ("cy", "base", "2026-Q1", 7_000),
            ("ann", "base", "2025-Q4", 1),
        ]
    )
    before = booked.copy()
    now = lines(
        [
            ("ann", "base", "2026-Q1", 47_500),
            ("bob", "base", "2026-Q1", 10_000),
            ("bob", "spiff", "2026-Q1", 500),
        ]
    )
    found = true_ups(booked, now, "2026-Q2", reason="a return came late")
    assert found[["rep_id", "component", "payout_cents"]].to_numpy().tolist() == [
        ["ann", "base", -2_500],
        ["bob", "spiff", 500],
        ["cy", "base", -7_000],
    ]
    pd.testing.assert_frame_equal(booked, before)
    both = pd.concat([booked, found[booked.columns]], ignore_index=True)
    assert len(true_ups(both, now, "2026-Q3", reason="again")) == 0
    # Paid in the open period, through the same balances.
    open_ = pd.DataFrame({"rep_id": ["ann"], "period": ["2026-Q2"], "payout_cents": [10_000]})
    paid = payments(earnings_with(open_, [found]), PaymentTerms()).frame
    assert paid[["rep_id", "paid_cents", "debt_closing_cents"]].to_numpy().tolist() == [
        ["ann", 7_500, 0],
        ["bob", 500, 0],
        ["cy", 0, 7_000],
    ]


def test_a_true_up_is_booked_later_and_with_a_reason():
    frame = lines([("ann", "base", "2026-Q1", 1)])
    with pytest.raises(InputError, match="later period"):
        true_ups(frame, frame, "2026-Q1", reason="x")
    with pytest.raises(InputError, match="reason"):
        true_ups(frame, frame, "2026-Q2", reason=" ")
    with pytest.raises(InputError, match="whole cents"):
        true_ups(frame, frame.assign(payout_cents=1.0), "2026-Q2", reason="x")


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_after_a_true_up_what_is_booked_is_what_was_recomputed(data):
    row = st.tuples(
        st.sampled_from("abc"),
        st.sampled_from(["base", "spiff"]),
        st.sampled_from(["2026-Q1", "2026-Q2"]),
        st.integers(-1000, 1000),
    )
    booked = lines(data.draw(st.lists(row, max_size=8))).astype({"payout_cents": "int64"})
    now = lines(data.draw(st.lists(row, max_size=8))).astype({"payout_cents": "int64"})
    found = true_ups(booked, now, "2026-Q3", reason="audit")
    for period in set(now["period"]):
        total = sum(
            frame.loc[frame["period"] == period, "payout_cents"].sum() for frame in (booked, found)
        )
        assert total == now.loc[now["period"] == period, "payout_cents"].sum()
