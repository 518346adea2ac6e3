"""Commits added up to scopes, shares of stages, and forecasts without a history: by hand."""

from __future__ import annotations

import datetime as dt

import pandas as pd
import pytest

from salesops_lib.data.view import open_view
from salesops_lib.errors import InputError
from salesops_lib.forecasting.baselines import baselines
from salesops_lib.forecasting.categories import category_rollup
from salesops_lib.forecasting.commits import added_up
from salesops_lib.forecasting.corrected_commit import corrected_commit
from salesops_lib.forecasting.forecasters import forecaster_bias
from salesops_lib.forecasting.horizons import forecast_day, past_horizons
from salesops_lib.forecasting.record import record
from salesops_lib.forecasting.stage_conversion import stage_conversion
from salesops_lib.forecasting.submissions import submissions
from salesops_lib.forecasting.value_added import value_added

SELLERS = pd.DataFrame(
    [("R1", "A", "North"), ("R2", "A", "North"), ("R3", "B", "North"), ("R4", "C", "South")],
    columns=["owner_id", "team", "region"],
)


def sums(given, sellers=SELLERS):
    return {(kind, key): number for kind, key, number in added_up(given, sellers)}


def test_a_team_without_a_commit_leaves_no_sum_above_it():
    found = sums({"team": {"A": 10.0, "C": 5.0}})
    assert found["region", "North"] is None
    assert found["region", "South"] == 5.0
    assert found["company", ""] is None


def test_reps_make_a_team_only_all_together():
    assert sums({"rep": {"R1": 3.0, "R2": 4.0}})["team", "A"] == 7.0
    assert ("team", "A") not in sums({"rep": {"R1": 3.0}})


def test_a_judgement_comes_before_the_sum():
    given = {"team": {"A": 10.0, "B": 1.0, "C": 5.0}, "region": {"North": 9.0}}
    found = sums(given)
    assert found["region", "North"] == 9.0
    assert found["company", ""] == 14.0
    assert sums({**given, "company": {"": 20.0}})["company", ""] == 20.0


def test_one_number_for_two_teams_counts_once_and_is_neither_team_s():
    found = sums({"teams": {"A + B": 12.0}, "team": {"C": 5.0}})
    assert found["region", "North"] == 12.0
    assert found["company", ""] == 17.0
    assert ("team", "A") not in found


def test_a_team_without_a_region_is_in_the_company():
    sellers = SELLERS.assign(region=[None, None, "North", "South"])
    assert sums({"team": {"A": 10.0, "B": 1.0, "C": 5.0}}, sellers)["company", ""] == 16.0


def test_stage_shares_know_only_what_was_decided_by_the_day():
    """Twelve deals seen in Offer on 1 January: 6 won by March, 6 more lost by June."""
    ids = [f"D{n}" for n in range(12)]
    states = pd.DataFrame(
        {"day": pd.Timestamp("2026-01-01"), "opportunity_id": ids, "stage": "Offer"}
    )
    outcomes = pd.DataFrame(
        {
            "opportunity_id": ids,
            "outcome": ["won"] * 6 + ["lost"] * 6,
            "close_date": pd.to_datetime(["2026-02-15"] * 6 + ["2026-05-15"] * 6),
        }
    )
    days = [dt.date(2026, 1, 1), dt.date(2026, 3, 1), dt.date(2026, 6, 1)]
    found = stage_conversion(states, outcomes, days, {"Offer": 0.3})
    assert found["n"].tolist() == [0, 6, 12]
    assert found["won"].tolist() == [0, 6, 6]
    # Fewer than ten decided: the stage's own chance; then 6 of 12.
    assert found["share"].tolist() == pytest.approx([0.3, 0.3, 0.5])
    bare = stage_conversion(states, outcomes, days, {})
    assert bare["share"].iloc[1] == 1.0
    assert pd.isna(bare["share"].iloc[0])


def test_a_quarter_has_no_fifteenth_week(make_snapshot, deal):
    snapshot = make_snapshot(
        dt.date(2026, 8, 10),
        opportunities=[deal(1, "2025-01-05", "2025-02-01", "100.00", won=True)],
    )
    view = open_view(snapshot.path, period="2026-Q3")
    assert [at.day for at in past_horizons(view, 1)][-2:] == [
        dt.date(2026, 7, 1), dt.date(2026, 7, 29)
    ]  # fmt: skip
    with pytest.raises(InputError, match="weeks are 1 to 14"):
        forecast_day(view.period, 15)


@pytest.fixture
def bare(make_snapshot, deal):
    """Won deals in six quarters; no history, no categories, nobody who forecasts."""
    days = ["2025-02-10", "2025-05-10", "2025-08-10", "2025-11-10", "2026-02-10", "2026-05-10"]
    deals = [
        deal(n, "2025-01-02", day, f"{100 + 10 * n}.00", won=True) for n, day in enumerate(days)
    ]
    first = deal(8, "2025-01-01", "2025-01-03", "50.00", won=True)
    open_ = deal(9, "2026-06-01", "2026-06-20", "70.00")
    snapshot = make_snapshot(dt.date(2026, 6, 30), opportunities=[first, *deals, open_])
    return open_view(snapshot.path, period="2026-Q2")


def test_without_history_and_forecasters_the_reasons_are_told(bare):
    rows = baselines(bare, periods=4)
    company = rows[(rows["kind"] == "company") & (rows["week"] == 5)].set_index(
        ["method", "period"]
    )
    assert company.loc[("seasonal_naive", "2026-Q1"), "forecast"] == 150.0
    assert company.loc[("seasonal_naive", "2026-Q1"), "actual"] == 140.0
    assert "reach back" in company.loc[("seasonal_naive", "2025-Q4"), "reason"]
    assert "history" in company.loc[("stage_weighted", "2026-Q1"), "reason"]
    assert "handed in" in company.loc[("commit", "2026-Q1"), "reason"]
    told = record(bare, [rows])
    summary = told.summary.set_index(["method", "kind", "week"])
    assert summary.loc[("seasonal_naive", "company", 5), "missing"] == 2
    assert pd.isna(summary.loc[("commit", "company", 5), "wape"])
    assert summary.loc[("commit", "company", 5), "reason"]
    added = value_added(rows, "seasonal_naive", "seasonal_naive")
    assert added["low"].isna().all()
    assert added["reason"].str.contains("four quarters").all()


def test_what_people_never_forecast_is_not_computable(bare):
    assert submissions(bare).empty
    assert not forecaster_bias(bare).is_computable
    assert "not computable" in forecaster_bias(bare).headline
    assert "not computable" in corrected_commit(bare).headline
    found = category_rollup(bare)
    assert "not computable" in found.headline
    assert found.frame["uncategorised"].iloc[0] == 70
    with pytest.raises(InputError, match="rolled up by"):
        category_rollup(bare, "country")


def test_an_empty_record_says_so(bare):
    told = record(bare, [])
    assert "no finished quarter" in told.headline
    assert told.undrawn == told.headline
    assert told.records()["summary"]["rows"] == []
