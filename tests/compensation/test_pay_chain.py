"""From deal to payment and back: credits, the engine's legs, payments, clawback."""

from __future__ import annotations

import datetime as dt

import pandas as pd
import pytest

from salesops_lib.compensation.clawbacks import clawbacks, paid_legs
from salesops_lib.compensation.credits import deal_credits
from salesops_lib.compensation.engine import earnings
from salesops_lib.compensation.payments import payments
from salesops_lib.compensation.plan import Plan
from salesops_lib.compensation.trueups import earnings_with
from salesops_lib.period import Period
from salesops_lib.yamlfile import validated

DAY = dt.date
Q1 = Period("quarter", 2026, 1, DAY(2026, 1, 1), DAY(2026, 3, 31))

PLAN = {
    "version": 1,
    "id": "simple",
    "name": "Simple",
    "from": DAY(2026, 1, 1),
    "currency": "EUR",
    "people": [{"role": "rep"}],
    "measures": {"bookings": {"credits": ["owner", "split"]}},
    "components": [
        {"name": "commission", "kind": "flat", "measure": "bookings", "rate": "7%"},
    ],
    "crediting": {"roll_ups": "none"},
    "payments": {"draw": {"amount": 100}},
}


@pytest.fixture
def credited(make_snapshot):
    deals = [
        {
            "opportunity_id": number,
            "owner_id": "ann",
            "amount": amount,
            "currency": "EUR",
            "close_date": day,
            "is_closed": True,
            "is_won": True,
        }
        for number, amount, day in (
            ("d1", "1000.01", DAY(2026, 1, 20)),
            ("d2", "3333.33", DAY(2026, 2, 20)),
        )
    ]
    splits = [
        {"opportunity_id": "d1", "rep_id": rep, "share": 0.5, "kind": "revenue"}
        for rep in ("ann", "bob")
    ]
    reps = [{"rep_id": rep, "name": rep} for rep in ("ann", "bob")]
    snapshot = make_snapshot(
        DAY(2026, 4, 1), opportunities=deals, opportunity_splits=splits, reps=reps
    )
    plan = validated(PLAN, Plan, "simple.yaml")
    return plan, deal_credits(snapshot, plan.crediting, Q1)


def test_a_lost_deal_is_followed_from_credit_to_payment_and_back(credited):
    plan, found = credited
    people = pd.DataFrame({"rep_id": ["ann", "bob"], "role": "rep"})
    earned = earnings(plan, found.frame, people, None, Q1)
    # ann: 7 % of 500.01 and 3,333.33; bob: 7 % of 500.00. The owner has the odd cent.
    assert earned.totals.to_dict() == {"ann": 26833, "bob": 3500}
    paid = payments([earned], plan.payments)
    assert paid.frame["paid_cents"].tolist() == [26833, 10000]
    assert paid.frame["owed_closing_cents"].tolist() == [0, 6500]

    lost = pd.DataFrame(
        [{"opportunity_id": "d1", "lost_on": DAY(2026, 5, 3), "share_num": 1, "share_den": 1}]
    )
    legs = paid_legs([earned])
    back = clawbacks(legs, lost, plan.payments.clawback, "2026-Q2")
    of_deal = legs[legs["opportunity_id"] == "d1"]
    assert back["payout_cents"].tolist() == [-cents for cents in of_deal["payout_cents"]]

    empty = pd.DataFrame({"rep_id": [], "period": [], "payout_cents": pd.Series(dtype="int64")})
    later = payments(earnings_with(empty, [back]), plan.payments, paid.balances).frame
    # The draw is paid all the same; the clawback is not forgiven by it.
    assert later["paid_cents"].tolist() == [10000, 10000]
    assert later["debt_closing_cents"].tolist() == [-back["payout_cents"].iloc[0], 3500]
