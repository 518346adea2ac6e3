"""Costs of contracts: schedules that close, by month, day and second; accruals."""

from __future__ import annotations

import datetime as dt

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from salesops_lib.compensation.accounting_terms import AccountingTerms
from salesops_lib.compensation.accruals import accruals
from salesops_lib.compensation.amortisation import amortisation
from salesops_lib.compensation.payment_terms import PaymentTerms
from salesops_lib.compensation.payments import payments
from salesops_lib.errors import InputError
from salesops_lib.yamlfile import validated

ALL = {"expensed_up_to_months": 0}


def terms(**values):
    return validated(values, AccountingTerms, "plan.yaml")


def cost(cents, starts="2026-01-01", ends=None, number="c1"):
    return pd.DataFrame(
        {
            "cost_id": [number],
            "cost_cents": [cents],
            "starts_at": pd.to_datetime([starts]),
            "ends_at": pd.to_datetime([ends]),
        }
    )


def lost(on, num=1, den=1, number="c1"):
    row = {"cost_id": number, "impaired_on": pd.Timestamp(on), "share_num": num, "share_den": den}
    return pd.DataFrame([row])


def test_a_cost_over_three_months_with_what_is_open_at_each_end():
    found = amortisation(cost(10_000), terms(months=3, **ALL)).frame
    assert found["month"].dt.strftime("%Y-%m").tolist() == ["2026-01", "2026-02", "2026-03"]
    assert found["capitalised_cents"].tolist() == [10_000, 0, 0]
    assert found["amortised_cents"].tolist() == [3_334, 3_333, 3_333]
    assert found["opening_cents"].tolist() == [0, 6_666, 3_333]
    assert found["closing_cents"].tolist() == [6_666, 3_333, 0]


@pytest.mark.parametrize(
    ("starts", "ends", "months"),
    [
        ("2026-01-31", "2026-02-28", 1),
        ("2026-01-15", "2026-02-15", 1),
        ("2026-01-15", "2026-02-15T00:01", 2),
        ("2026-01-15T12:00", "2026-02-15T11:00", 1),
        ("2026-01-01", "2026-01-02", 1),
        ("2026-11-30", "2027-02-28", 3),
    ],
)
def test_even_months_are_those_begun(starts, ends, months):
    found = amortisation(cost(1200, starts, ends), terms(**ALL)).frame
    assert len(found) == months
    assert found["amortised_cents"].tolist() == [1200 // months] * months


def test_short_contracts_are_expensed_at_once():
    costs = pd.concat([cost(300_000, ends="2026-07-01"), cost(5, number="c2")], ignore_index=True)
    found = amortisation(costs, terms())
    assert set(found.frame["cost_id"]) == {"c2"}
    assert found.expensed["expensed_cents"].tolist() == [300_000]
    assert "practical expedient" in found.expensed["reason"].iloc[0]


def test_the_part_that_is_not_incremental_is_expensed():
    found = amortisation(cost(1_001), terms(capitalised_share="50%"))
    assert found.frame["capitalised_cents"].sum() == 501
    assert found.expensed["expensed_cents"].tolist() == [500]


def test_a_lost_contract_is_written_off_after_its_months_own_part():
    found = amortisation(cost(3_600), terms(months=36), lost("2026-03-20")).frame
    assert found["amortised_cents"].tolist() == [100, 100, 100] + [0] * 33
    assert found["impaired_cents"].tolist() == [0, 0, 3_300] + [0] * 33
    assert found["closing_cents"].tolist()[1:4] == [3_400, 0, 0]


def test_a_half_impaired_cost_goes_on_with_half():
    found = amortisation(cost(3_600), terms(months=36), lost("2026-12-31", 1, 2)).frame
    assert found["impaired_cents"].sum() == 1_200
    assert found["amortised_cents"].tolist() == [100] * 12 + [50] * 24


def test_all_costs_by_month_with_the_current_part():
    costs = pd.concat(
        [cost(2_400), cost(1_200, "2026-03-01", "2027-03-01", "c2")], ignore_index=True
    )
    found = amortisation(costs, terms(months=24, **ALL)).by_month
    assert len(found) == 24
    march = found[found["month"] == "2026-03-01"].iloc[0]
    assert march["opening_cents"] == 2_200
    assert march["capitalised_cents"] == 1_200
    assert march["amortised_cents"] == 200
    assert march["closing_cents"] == 3_200
    # Of the 3,200: 12 months of the first, 11 of the second.
    assert march["current_cents"] == 1_200 + 1_100


@pytest.mark.parametrize(
    ("costs", "impairments", "message"),
    [
        (pd.concat([cost(1), cost(1)]), None, "stands twice"),
        (cost(-5), None, "not positive"),
        (cost(5, "2026-02-01", "2026-01-01"), None, "ends before it starts"),
        (cost(5).assign(cost_cents=1.5), None, "whole cents"),
        (cost(5).drop(columns="starts_at"), None, "`starts_at` is missing"),
        (cost(500), lost("2026-03-01", number="c9"), "not capitalised"),
        (cost(500), lost("2025-03-01"), "nothing of it is left"),
        (cost(500), lost("2026-03-01", 3, 2), "above 0, at most 1"),
    ],
)
def test_bad_costs_are_refused(costs, impairments, message):
    with pytest.raises(InputError, match=message):
        amortisation(costs, terms(), impairments)


MOMENTS = st.datetimes(pd.Timestamp("2024-01-01"), pd.Timestamp("2027-12-31"))


@settings(max_examples=50, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(1, 10**11), MOMENTS, st.integers(1, 10**8)), min_size=1, max_size=6
    ),
    st.sampled_from(["even_month", "day", "second"]),
    st.sampled_from(["largest_remainder", "running_total"]),
    st.data(),
)
def test_schedules_sum_to_the_cost_and_close(rows, granularity, cents, data):
    costs = pd.DataFrame(
        {
            "cost_id": [f"c{at}" for at in range(len(rows))],
            "cost_cents": [amount for amount, _, _ in rows],
            "starts_at": pd.to_datetime([begins for _, begins, _ in rows]),
            "ends_at": pd.to_datetime(
                [begins + dt.timedelta(seconds=length) for _, begins, length in rows]
            ),
        }
    )
    rules = terms(granularity=granularity, cents=cents, **ALL)
    plain = amortisation(costs, rules).frame
    assert plain.groupby("cost_id", sort=False)["amortised_cents"].sum().tolist() == [
        amount for amount, _, _ in rows
    ]
    whole = data.draw(st.integers(1, 7))
    share = data.draw(st.integers(1, whole))
    open_ = plain[plain["closing_cents"] > 0]
    losses = None
    if len(open_):
        row = open_.iloc[data.draw(st.integers(0, len(open_) - 1))]
        losses = lost(row["month"], share, whole, row["cost_id"])
    found = amortisation(costs, rules, losses)
    table = found.frame
    assert (table["closing_cents"] >= 0).all()
    assert (table.groupby("cost_id")["closing_cents"].last() == 0).all()
    before = table.groupby("cost_id")["closing_cents"].shift(fill_value=0)
    assert (table["opening_cents"] == before).all()
    gone = table["amortised_cents"].sum() + table["impaired_cents"].sum()
    assert gone == table["capitalised_cents"].sum() == costs["cost_cents"].sum()
    months = found.by_month
    assert (months["opening_cents"] == months["closing_cents"].shift(fill_value=0)).all()
    assert months["closing_cents"].iloc[-1] == 0
    assert (months["current_cents"].between(0, months["closing_cents"])).all()


def earned(rows):
    return pd.DataFrame(rows, columns=["rep_id", "period", "payout_cents"])


def test_pay_that_leaves_a_quarter_later_is_accrued_until_then():
    paid = payments(
        earned([("ann", "2026-Q1", 10_000), ("ann", "2026-Q2", 4_000), ("bob", "2026-Q1", 500)]),
        PaymentTerms(maximum="80"),
    ).frame
    found = accruals(paid, {"2026-Q1": "2026-Q2", "2026-Q2": "2026-Q3"})
    shown = found[["period", "opening_cents", "expense_cents", "paid_cents", "closing_cents"]]
    assert shown.to_numpy().tolist() == [
        ["2026-Q1", 0, 10_500, 0, 10_500],
        ["2026-Q2", 10_500, 4_000, 8_500, 6_000],
        ["2026-Q3", 6_000, 0, 6_000, 0],
    ]
    assert found["payable_cents"].tolist() == [8_500, 6_000, 0]
    assert found["held_cents"].tolist() == [2_000, 0, 0]


def test_an_advance_is_no_expense_until_it_is_earned():
    rules = validated({"draw": {"amount": 100}}, PaymentTerms, "p")
    paid = payments(earned([("ann", "2026-01", 4_000), ("ann", "2026-02", 17_000)]), rules).frame
    found = accruals(paid)
    assert found["expense_cents"].tolist() == [4_000, 17_000]
    assert found["paid_cents"].tolist() == [10_000, 11_000]
    assert found["closing_cents"].tolist() == [-6_000, 0]
    assert found["receivable_cents"].tolist() == [6_000, 0]
    with pytest.raises(InputError, match="cannot be paid before"):
        accruals(paid, {"2026-02": "2026-01"})


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from("ab"), st.integers(1, 6), st.integers(-90_000, 90_000)),
        min_size=1,
        max_size=12,
    ),
    st.integers(0, 2),
)
def test_accruals_open_where_they_closed_and_explain_the_closing(rows, lag):
    rules = validated(
        {"draw": {"amount": 300}, "maximum": 700, "deferral": {"share": "20%"}}, PaymentTerms, "p"
    )
    frame = earned([(rep, f"2026-{month:02}", cents) for rep, month, cents in rows])
    paid = payments(frame, rules).frame
    later = {f"2026-{month:02}": f"2026-{month + lag:02}" for month in range(1, 7)}
    found = accruals(paid, later)
    assert (found["opening_cents"] == found["closing_cents"].shift(fill_value=0)).all()
    explained = found["payable_cents"] + found["held_cents"] - found["receivable_cents"]
    assert (found["closing_cents"] == explained).all()
