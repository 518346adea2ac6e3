"""Payments: draws, minimums, maximums, deferral; balances that always close."""

from __future__ import annotations

from decimal import Decimal

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from salesops_lib.compensation.balances import Balances
from salesops_lib.compensation.payment_terms import PaymentTerms
from salesops_lib.compensation.payments import COLUMNS, payments
from salesops_lib.errors import InputError
from salesops_lib.yamlfile import validated


def terms(**values):
    return validated(values, PaymentTerms, "plan.yaml")


def earned(*amounts, rep="ann", first=1):
    labels = [f"2026-{month:02}" for month in range(first, first + len(amounts))]
    return pd.DataFrame(
        {"rep_id": rep, "period": labels, "payout_cents": [round(a * 100) for a in amounts]}
    )


def column(found, name):
    return [cents / 100 for cents in found.frame[f"{name}_cents"]]


def test_without_terms_earnings_are_paid_as_they_are():
    found = payments(earned(10, 0, 20.55), terms())
    assert column(found, "paid") == [10, 0, 20.55]
    assert tuple(found.frame.columns) == COLUMNS


def test_a_draw_that_ends_is_recovered_from_all_that_is_earned_after():
    found = payments(earned(500, 600, 700), terms(draw={"amount": 1000, "last_period": 2}))
    assert column(found, "paid") == [1000, 1000, 0]
    assert column(found, "owed_closing") == [500, 900, 200]


def test_recovery_takes_no_more_than_its_share_of_what_exceeds_the_draw():
    found = payments(earned(400, 2000), terms(draw={"amount": 1000}, recovery_share="50%"))
    # 600 owed; 1,000 above the draw, half of it at most: 500.
    assert column(found, "paid") == [1000, 1500]
    assert column(found, "owed_closing") == [600, 100]


def test_recovery_that_starts_later_leaves_what_is_earned_until_then():
    found = payments(earned(500, 3000, 3000), terms(minimum={"amount": 1000}, recovery_starts=3))
    assert column(found, "paid") == [1000, 3000, 2500]


def test_a_minimum_that_is_a_gift_below_a_draw_that_is_owed():
    both = terms(minimum={"amount": 500, "recoverable": False}, draw={"amount": 1000})
    found = payments(earned(200, 700, 1200), both)
    assert column(found, "minimum") == [300, 0, 0]
    assert column(found, "draw") == [500, 300, 0]
    assert column(found, "gift") == [300, 0, 0]
    assert column(found, "owed_closing") == [500, 800, 600]
    assert column(found, "paid") == [1000, 1000, 1000]


@pytest.mark.parametrize(
    ("above", "paid", "carried", "forfeited"),
    [
        ("carried", [1000, 1000, 700], [500, 200, 0], [0, 0, 0]),
        ("forfeited", [1000, 700, 500], [0, 0, 0], [500, 0, 0]),
    ],
)
def test_above_the_maximum_pay_waits_or_is_lost(above, paid, carried, forfeited):
    found = payments(earned(1500, 700, 500), terms(maximum=1000, above_maximum=above))
    assert column(found, "paid") == paid
    assert column(found, "carried_closing") == carried
    assert column(found, "forfeited") == forfeited


def test_a_clawback_beyond_the_earnings_waits_and_is_repaid_first():
    found = payments(earned(-300, 200, 500), terms())
    assert column(found, "paid") == [0, 0, 400]
    assert column(found, "debt_closing") == [300, 100, 0]
    collected = payments(earned(-300, 200), terms(negative_earnings="collected"))
    assert column(collected, "paid") == [-300, 200]


def test_a_draw_does_not_forgive_a_clawback():
    gift = {"amount": 1000, "recoverable": False}
    found = payments(earned(-300, 1500), terms(draw=gift))
    assert column(found, "paid") == [1000, 1200]
    assert column(found, "gift") == [1000, 0]


def test_deferred_pay_is_released_later_in_one_sum():
    found = payments(earned(100, 0.01, 0), terms(deferral={"share": "50%", "periods": 2}))
    # Half a cent is rounded up, so the cent of the second period is all deferred.
    assert column(found, "paid") == [50, 0, 50]
    assert column(found, "deferred_closing") == [50, 50.01, 0.01]
    later = payments(earned(0, first=4), terms(), found.balances)
    assert column(later, "paid") == [0.01]


@pytest.mark.parametrize(
    ("rounding", "paid", "carried", "gap"),
    [
        ("down", [20.00, 20.10, 20.00], [0.05, 0, 0.05], [0, 0, 0]),
        ("half_up", [20.10, 20.10, 20.10], [0, 0, 0], [0.05, 0.05, 0.05]),
        ("half_even", [20.00, 20.00, 20.00], [0, 0, 0], [-0.05, -0.05, -0.05]),
    ],
)
def test_payments_in_units_carry_or_show_the_difference(rounding, paid, carried, gap):
    found = payments(earned(20.05, 20.05, 20.05), terms(unit="0.10", rounding=rounding))
    assert column(found, "paid") == paid
    assert column(found, "carried_closing") == carried
    assert column(found, "rounding") == gap


def test_a_run_in_two_parts_is_the_run_in_one():
    whole = payments(earned(500, 700, 400, 3000), terms(draw={"amount": 1000}, recovery_starts=4))
    rules = terms(draw={"amount": 1000}, recovery_starts=4)
    first = payments(earned(500, 700), rules)
    second = payments(earned(400, 3000, first=3), rules, first.balances)
    both = pd.concat([first.frame, second.frame], ignore_index=True)
    pd.testing.assert_frame_equal(both, whole.frame)
    pd.testing.assert_frame_equal(second.balances.frame, whole.balances.frame)


def test_a_period_that_was_paid_is_not_paid_again():
    found = payments(earned(500, 700), terms())
    with pytest.raises(InputError, match="was already paid for 2026-02"):
        payments(earned(900, first=2), terms(), found.balances)


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (earned(1).drop(columns="period"), "`period` is missing"),
        (earned(1).assign(payout_cents=1.5), "whole cents"),
        (earned(1).assign(rep_id=None), "empty cells"),
        (earned(1).assign(period="Q1"), "not a period"),
    ],
)
def test_bad_earnings_are_said(frame, message):
    with pytest.raises(InputError, match=message):
        payments(frame, terms())


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"draw": {"amount": 2000}, "maximum": 1000}, "exceeds the maximum"),
        ({"draw": {"amount": 2000}, "negative_earnings": "collected"}, "contradicts"),
        ({"draw": {"amount": "10.05"}, "unit": 1}, "no multiple"),
        ({"maximum": "10.05", "unit": 1}, "no multiple"),
        ({"unit": "0.001"}, "parts of a cent"),
    ],
)
def test_terms_that_contradict_each_other_are_refused(values, message):
    with pytest.raises(InputError, match=message):
        terms(**values)


def test_balances_that_could_lose_money_are_refused():
    good = payments(earned(1), terms()).balances
    with pytest.raises(InputError, match="two balances"):
        Balances(pd.concat([good.frame, good.frame]), good.deferred)
    with pytest.raises(InputError, match="whole cents"):
        Balances(good.frame.assign(owed_cents=1.0), good.deferred)


ADVANCE = st.fixed_dictionaries(
    {"amount": st.integers(1, 3000), "recoverable": st.booleans()},
    optional={"last_period": st.integers(1, 6)},
)
TERMS = st.fixed_dictionaries(
    {},
    optional={
        "draw": ADVANCE,
        "minimum": ADVANCE,
        "maximum": st.integers(3000, 6000),
        "above_maximum": st.sampled_from(["carried", "forfeited"]),
        "recovery_starts": st.integers(1, 6),
        "recovery_share": st.sampled_from(["0%", "33.3%", "100%"]),
        "deferral": st.fixed_dictionaries(
            {"share": st.sampled_from(["10%", "50%"]), "periods": st.integers(1, 4)}
        ),
        "unit": st.sampled_from(["0.01", "0.05", "1"]),
        "rounding": st.sampled_from(["down", "half_up", "half_even"]),
    },
)
EARNED = st.lists(
    st.tuples(st.sampled_from("abc"), st.integers(1, 9), st.integers(-500_000, 900_000)),
    min_size=1,
    max_size=25,
)


@settings(max_examples=60, deadline=None)
@given(EARNED, TERMS)
def test_balances_close_in_every_row_and_over_all_periods(rows, values):
    frame = pd.DataFrame(
        [(rep, f"2026-{month:02}", cents) for rep, month, cents in rows],
        columns=["rep_id", "period", "payout_cents"],
    )
    rules = terms(**values)
    found = payments(frame, rules)
    table = found.frame

    def change(name):
        return table[f"{name}_closing_cents"] - table[f"{name}_opening_cents"]

    explained = (
        table["earned_cents"]
        + table["gift_cents"]
        - table["forfeited_cents"]
        + table["rounding_cents"]
        - change("carried")
        - change("deferred")
        + change("owed")
        + change("debt")
    )
    assert (table["paid_cents"] == explained).all()
    assert (table["paid_cents"] >= 0).all()
    if rules.maximum is not None:
        assert (table["paid_cents"] <= rules.maximum * 100).all()
    assert (table["paid_cents"] % int(rules.unit * 100) == 0).all()
    for name in ("owed", "debt", "carried", "deferred"):
        opens, closes = f"{name}_opening_cents", f"{name}_closing_cents"
        assert (table[closes] >= 0).all()
        before = table.groupby("rep_id")[closes].shift(fill_value=0)
        assert (table[opens] == before).all()
    assert table["earned_cents"].sum() == sum(cents for _, _, cents in rows)
    assert found.balances.deferred["cents"].sum() == (
        table.groupby("rep_id")["deferred_closing_cents"].last().sum()
    )


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 500_000), min_size=1, max_size=8), st.integers(1, 4000))
def test_a_recovered_draw_pays_in_the_end_what_was_earned(amounts, draw):
    labels = [f"2026-{month:02}" for month in range(1, len(amounts) + 2)]
    # A last period that earns enough to repay all that was ever lent.
    cents = [*amounts, 500_000 * 10]
    frame = pd.DataFrame({"rep_id": "ann", "period": labels, "payout_cents": cents})
    found = payments(frame, terms(draw={"amount": draw, "recoverable": True}))
    assert found.frame["paid_cents"].sum() == sum(cents)
    assert found.frame["owed_closing_cents"].iloc[-1] == 0
    assert Decimal(int(found.frame["paid_cents"].min())) >= draw * 100
