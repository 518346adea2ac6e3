"""A pay run stops before it writes anything."""

from __future__ import annotations

import pandas as pd
import pytest

from salesops_lib.compensation.credit_checks import (
    refuse_double_credit,
    refuse_unplanned,
    with_adjustments,
)
from salesops_lib.compensation.credits import COLUMNS
from salesops_lib.errors import InputError


def credits_of(*rows):
    names = ["opportunity_id", "rep_id", "kind", "period", "amount_cents"]
    frame = pd.DataFrame(rows, columns=names)
    ids = frame["opportunity_id"] + "/" + frame["kind"] + "/" + frame["rep_id"]
    frame = frame.assign(credit_id=ids, credited_on=pd.Timestamp("2026-05-01"), currency="EUR")
    empty = dict.fromkeys(set(COLUMNS) - set(frame.columns))
    frame = frame.assign(**empty)[list(COLUMNS)]
    return frame.astype(dict.fromkeys(["period", "kind", "currency", "reason"], "category"))


def test_people_without_a_plan_are_named_with_what_they_would_lose():
    frame = credits_of(
        ("d1", "anne", "owner", "2026-Q2", 123_456),
        ("d2", "cy", "split", "2026-Q2", 100),
        ("d1", "max", "rollup", "2026-Q2", 123_456),
    )
    refuse_unplanned(frame, ["anne", "cy"])
    with pytest.raises(InputError, match=r"`anne` is credited with 1,234\.56.*and 1 more people"):
        refuse_unplanned(frame, ["ann", "bob"])


def test_a_deal_that_moved_from_a_paid_period_is_not_paid_again():
    paid = credits_of(("d1", "ann", "owner", "2026-Q1", 500), ("d2", "ann", "owner", "2026-Q1", 5))
    now = credits_of(("d1", "bob", "owner", "2026-Q2", 500), ("d3", "ann", "owner", "2026-Q2", 5))
    with pytest.raises(InputError, match="`d1` is credited twice: in 2026-Q2, and already in"):
        refuse_double_credit(now, paid)
    undone = credits_of(("d1", "ann", "owner", "2026-Q1", -500))
    refuse_double_credit(now, pd.concat([paid, undone], ignore_index=True))
    # The same period again is a rerun, not a second payment.
    refuse_double_credit(paid, paid)


def test_a_credit_that_stands_twice_is_refused():
    row = ("d1", "ann", "owner", "2026-Q2", 500)
    with pytest.raises(InputError, match="stands twice"):
        refuse_double_credit(credits_of(row, row), credits_of())


def adjustments(**changes):
    row = {
        "adjustment_id": "a1",
        "rep_id": "ann",
        "credited_on": pd.Timestamp("2026-06-30"),
        "period": "2026-Q2",
        "amount_cents": -250,
        "reason": "booked on the wrong person",
    }
    return pd.DataFrame([{**row, **changes}])


def test_adjustments_are_credits_of_their_own():
    frame = credits_of(("d1", "ann", "owner", "2026-Q2", 500))
    found = with_adjustments(frame, adjustments())
    assert found["amount_cents"].tolist() == [500, -250]
    assert found["amount_cents"].dtype == "int64"
    assert found["credit_id"].tolist() == ["d1/owner/ann", "adjustment/a1"]
    assert found["currency"].tolist() == ["EUR", "EUR"]
    assert found["kind"].tolist() == ["owner", "adjustment"]
    assert found["reason"].iloc[1] == "booked on the wrong person"


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (adjustments(reason=" "), "`reason` has empty cells"),
        (adjustments(amount_cents=2.5), "whole cents"),
        (adjustments().drop(columns="period"), "`period` is missing"),
        (pd.concat([adjustments(), adjustments()]), "`a1` stands twice"),
        (adjustments(regoin="EMEA"), "unknown column `regoin`; did you mean `region`"),
    ],
)
def test_bad_adjustments_are_refused(rows, message):
    with pytest.raises(InputError, match=message):
        with_adjustments(credits_of(("d1", "ann", "owner", "2026-Q2", 500)), rows)
