"""Open deals of past days: worked by hand, and as the snapshot of that day has them."""

from __future__ import annotations

import datetime as dt

import pandas as pd
import pytest

from salesops_lib.calendar import FiscalCalendar
from salesops_lib.data.view import View
from salesops_lib.errors import InputError
from salesops_lib.forecasting.create_and_close import outcomes_at
from salesops_lib.forecasting.deal_states import deal_outcomes, deal_states, logged_fields
from salesops_lib.forecasting.features import deal_features, known_features, owner_records

AS_OF = dt.date(2026, 6, 30)
STAGES = [
    {"stage": "Open", "order": 1, "is_closed": False, "is_won": False},
    {"stage": "Talks", "order": 2, "is_closed": False, "is_won": False},
    {"stage": "Won", "order": 3, "is_closed": True, "is_won": True},
]


def moment(year, month, day):
    return dt.datetime(year, month, day, 12, tzinfo=dt.UTC).replace(tzinfo=None)


def deal(number, **values):
    return {
        "opportunity_id": number, "owner_id": "r1", "amount": 100, "currency": "EUR",
        "created_date": dt.date(2026, 1, 10), "close_date": dt.date(2026, 5, 20),
        "stage": "Won", "is_closed": True, "is_won": True, "push_count": 1, **values,
    }  # fmt: skip


def change(number, day, field, old, new):
    return {
        "opportunity_id": number, "changed_at": moment(*day), "field": field,
        "old_value": old, "new_value": new, "provenance": "exact",
    }  # fmt: skip


@pytest.fixture
def view(make_snapshot):
    snapshot = make_snapshot(
        AS_OF,
        opportunities=[
            deal("d1", amount=150),
            deal("d2", stage="Open", is_closed=False, is_won=False, push_count=0,
                 created_date=dt.date(2026, 4, 1), close_date=dt.date(2026, 9, 1)),
        ],
        opportunity_history=[
            change("d1", (2026, 2, 1), "stage", "Open", "Talks"),
            change("d1", (2026, 3, 5), "close_date", "2026-03-31", "2026-05-20"),
            change("d1", (2026, 5, 20), "amount", "100", "150"),
            change("d1", (2026, 5, 20), "stage", "Talks", "Won"),
        ],
        stages=STAGES,
        reps=[{"rep_id": "r1", "name": "Ana"}],
        activities=[
            {"rep_id": "r1", "opportunity_id": "d1", "at": moment(2026, 2, 20)},
            {"rep_id": "r1", "opportunity_id": "d1", "at": moment(2026, 5, 1)},
        ],
    )  # fmt: skip
    calendar = FiscalCalendar()
    return View(snapshot, AS_OF, calendar.period("2026-Q2"), calendar)


def test_states_hold_only_what_was_known_then(view):
    days = [dt.date(2026, 1, 20), dt.date(2026, 3, 1), dt.date(2026, 4, 15), dt.date(2026, 6, 1)]
    found = deal_states(view, days)
    seen = [(f"{row.day:%m-%d}", row.opportunity_id) for row in found.itertuples()]
    assert seen == [
        ("01-20", "d1"), ("03-01", "d1"), ("04-15", "d1"), ("04-15", "d2"), ("06-01", "d2"),
    ]  # fmt: skip
    first = found[found["opportunity_id"] == "d1"].set_index("day")
    assert first["stage"].tolist() == ["Open", "Talks", "Talks"]
    assert first["amount"].tolist() == [100, 100, 100]
    assert first["push_count"].tolist() == [0, 0, 1]
    dates = [f"{day:%m-%d}" for day in first["close_date"]]
    assert dates == ["03-31", "03-31", "05-20"]
    assert [f"{day:%m-%d}" for day in first["stage_since"]] == ["01-10", "02-01", "02-01"]
    assert first["stage_moves"].tolist() == [0, 1, 1]
    assert pd.isna(first["active_on"].iloc[0])
    assert f"{first['active_on'].iloc[2]:%m-%d}" == "02-20"
    assert first["stage_mark"].iloc[0] == "inferred"
    assert first["stage_mark"].iloc[2] == "exact"


def test_outcomes_of_a_past_day_forget_what_came_later(view):
    found = deal_outcomes(view).set_index("opportunity_id")
    assert found["outcome"].to_dict() == {"d1": "won", "d2": "open"}
    then = outcomes_at(deal_outcomes(view), dt.date(2026, 3, 1))
    assert then["opportunity_id"].tolist() == ["d1"]
    assert then["outcome"].tolist() == ["open"]
    assert then["close_date"].isna().all()


def test_features_by_hand(view):
    states = deal_states(view, [dt.date(2026, 4, 15)]).assign(end=pd.Timestamp("2026-06-30"))
    rows = deal_features(states, deal_outcomes(view)).set_index("opportunity_id")
    assert rows.loc["d1", ["age_days", "days_in_stage", "days_left"]].tolist() == [95, 73, 76]
    assert rows["days_to_close_date"].tolist() == [35, 139]
    assert rows["due"].tolist() == ["in the period", "later"]
    assert rows.loc["d1", "close_date_after_end"] == -41
    assert rows["amount"].tolist() == [2, 2]


def test_a_field_that_is_not_logged_is_no_feature(view):
    names = {feature.name for feature in known_features(view)[0]}
    without = known_features(view)[1]
    assert logged_fields(view) == ("stage", "amount", "close_date")
    assert "forecast_category" in without
    assert "forecast_category" not in names
    assert {"stage", "pushes", "age_days", "days_since_activity"} <= names


def test_records_of_owners_count_what_had_ended():
    ended = pd.DataFrame(
        {
            "owner_id": ["a", "a", "b"],
            "outcome": ["won", "won", "lost"],
            "close_date": pd.to_datetime(["2026-01-05", "2026-03-05", "2026-01-09"]),
        }
    )
    found = owner_records(ended, [pd.Timestamp("2026-02-01"), pd.Timestamp("2026-04-01")])
    # (1 + 20 / 2) / 21 and (2 + 20 x 2 / 3) / 22
    record = found[found["owner_id"] == "a"]["owner_record"].tolist()
    assert record == pytest.approx([11 / 21, (2 + 40 / 3) / 22])


def test_a_later_day_is_refused(view):
    with pytest.raises(InputError, match="no state of 2026-07-01"):
        deal_states(view, [dt.date(2026, 7, 1)])


def test_no_day_and_a_scope_without_deals(view):
    assert deal_states(view, []).empty
