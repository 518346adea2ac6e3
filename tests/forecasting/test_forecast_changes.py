"""What changed since the last forecast: by hand, deal by deal, and to the cent."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from salesops_lib.errors import InputError
from salesops_lib.forecasting.forecast_changes import STEPS, forecast_changes
from salesops_lib.formats import Formatter

START, END = dt.date(2026, 7, 29), dt.date(2026, 8, 26)
SHOW = Formatter("en", "EUR")


def deals(*rows):
    """Deals of a forecast: id, status, due, amount, chance."""
    frame = pd.DataFrame(
        rows, columns=["opportunity_id", "status", "is_due", "amount", "probability"]
    )
    created = frame["opportunity_id"].map(
        lambda key: "2026-08-10" if "new" in key else "2026-05-01"
    )
    return frame.assign(name=frame["opportunity_id"], created_date=pd.to_datetime(created))


BEFORE = deals(
    ("won", "open", True, "100.00", 0.4),
    ("lost", "open", True, "50.00", 0.5),
    ("out", "open", True, "80.00", 0.25),
    ("in", "open", False, "60.00", 0.5),
    ("stays", "open", True, "200.00", 0.5),
    ("gone", "open", True, "10.00", 0.1),
    ("back", "lost", True, "30.00", 0.0),
)
AFTER = deals(
    ("won", "won", True, "90.00", 1.0),
    ("lost", "lost", True, "50.00", 0.0),
    ("out", "open", False, "80.00", 0.25),
    ("in", "open", True, "60.00", 0.5),
    ("stays", "open", True, "260.00", 0.7),
    ("new", "open", True, "40.00", 0.25),
    ("elsewhere", "open", True, "20.00", 0.5),
    ("back", "open", True, "30.00", 0.1),
)


def test_every_reason_by_hand():
    """Before 40 + 25 + 20 + 100 + 1 = 186; after 90 + 30 + 182 + 10 + 10 + 3 = 325."""
    old_model = AFTER["probability"].where(AFTER["opportunity_id"] != "stays", 0.6)
    after = AFTER.assign(probability_old_model=old_model)
    found = forecast_changes(BEFORE, after, START, END, SHOW, beyond=(Decimal(12), Decimal("7.50")))
    steps = dict(zip(found.frame["step"], map(str, found.frame["amount"]), strict=True))
    assert steps == {
        "new": "10.00", "moved_in": "30.00", "owner_in": "10.00", "reopened": "3.00",
        "won": "50.00", "lost": "-25.00", "moved_out": "-20.00", "owner_out": "-1.00",
        # 60 more at the old chance of one half; then 0.5 to 0.6 and 0.6 to 0.7 of 260.
        "amount": "30.00", "probability": "26.00", "model": "26.00", "beyond": "-4.50",
    }  # fmt: skip
    assert (found.before, found.after) == (Decimal("198.00"), Decimal("332.50"))
    assert found.residual == Decimal("0.00")
    assert found.deals("won")["opportunity_id"].tolist() == ["won"]
    assert list(found.frame["step"]) == [step for step in STEPS if step in steps]
    assert found.bars["after"].iloc[-2] == found.after


def test_without_the_old_model_all_of_a_chance_is_the_deal_s_own():
    found = forecast_changes(BEFORE, AFTER, START, END, SHOW)
    steps = dict(zip(found.frame["step"], found.frame["amount"], strict=True))
    assert steps["probability"] == Decimal("52.00")
    assert "model" not in steps


DEAL = st.tuples(
    st.sampled_from(["open", "won", "lost"]),
    st.booleans(),
    st.one_of(st.none(), st.decimals(-1000, 10_000_000, places=2)),
    st.floats(0, 1),
)


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.integers(0, 30), DEAL), st.dictionaries(st.integers(0, 30), DEAL),
       st.lists(st.floats(0, 1), min_size=31, max_size=31))  # fmt: skip
def test_any_two_forecasts_add_up_to_the_cent(old, new, chances):
    before = deals(*((f"D{key}", *row) for key, row in old.items()))
    after = deals(*((f"D{key}", *row) for key, row in new.items()))
    after["probability_old_model"] = chances[: len(after)]
    found = forecast_changes(before, after, START, END, SHOW)
    assert found.residual == Decimal("0.00")
    # The sum of the deals' own cents, by another way: decimals, deal by deal.
    expected = Decimal(0)
    for status, due, amount, chance in new.values():
        if due and amount is not None and status != "lost":
            share = 1.0 if status == "won" else chance
            expected += Decimal(round(float(amount) * 100) if status == "won"
                                else round(round(float(amount) * 100) * share))  # fmt: skip
    assert abs(found.after - expected / 100) <= Decimal("0.01") * max(len(new), 1)
    by_deal = found.moves.groupby("opportunity_id")["amount"].agg(
        lambda part: sum(part, Decimal(0))
    )
    assert sum(by_deal, Decimal(0)) == found.after - found.before


def test_nothing_changed():
    found = forecast_changes(BEFORE, BEFORE, START, END, SHOW)
    assert found.frame.empty
    assert "as it was" in found.headline


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (pd.concat([AFTER, AFTER.iloc[:1]]), "`won` twice"),
        (AFTER.drop(columns="is_due"), "no column `is_due`"),
        (AFTER.assign(status="Won"), "`Won`"),
        (AFTER.assign(probability=1.5), "between 0 and 1"),
        (AFTER.assign(amount="1e17"), "too large"),
    ],
)
def test_what_cannot_be_compared_is_refused(broken, message):
    with pytest.raises(InputError, match=message):
        forecast_changes(BEFORE, broken, START, END, SHOW)


def test_the_days_are_in_order():
    with pytest.raises(InputError, match="no earlier"):
        forecast_changes(BEFORE, AFTER, END, START, SHOW)
