"""What is planted in the simulated company is found, and where it was planted."""

from __future__ import annotations

import datetime as dt
import json

import pandas as pd
import pytest

from salesops_lib.calendar import FiscalCalendar
from salesops_lib.compensation.period_shift import period_shift
from salesops_lib.compensation.sandbagging import sandbagging
from salesops_lib.compensation.threshold_bunching import threshold_bunching
from salesops_lib.data.sample import write_sample
from salesops_lib.data.sample.planted import THRESHOLD_TEAMS

AS_OF = dt.date(2026, 9, 30)
CALENDAR = FiscalCalendar()
PERIODS = [CALENDAR.period(f"{y}-Q{k}") for y in (2023, 2024, 2025, 2026) for k in (1, 2, 3, 4)][
    :15
]


@pytest.fixture(scope="module")
def truth(tmp_path_factory):
    folder = tmp_path_factory.mktemp("gaming")
    write_sample(folder, seed=2026, scale=1.0)
    return folder, json.loads((folder / "truth.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def attained(truth):
    people = pd.DataFrame(truth[1]["people"]).set_index("rep_id")
    rows = pd.DataFrame(truth[1]["rep_quarters"])
    cents = {
        f"{name}_cents": (rows[column].fillna(0) * 100).round().astype("int64")
        for name, column in (("quota", "first_quota_eur"), ("credited", "credited_eur"))
    }
    return rows.assign(period=rows["quarter"], team=rows["rep_id"].map(people["team"]), **cents)


@pytest.fixture(scope="module")
def deals(truth, attained):
    """Won deals; amounts as parts of what their owner won in the quarter."""
    folder, whole = truth
    teams = pd.DataFrame(whole["people"]).set_index("rep_id")["team"]
    rows = pd.read_csv(folder / "Opportunity.csv", dtype=str).drop_duplicates("Id")
    rows = rows[(rows["IsWon"] == "true") & (rows["CloseDate"] <= str(AS_OF))]
    rows = rows.assign(
        closed=pd.to_datetime(rows["CloseDate"]),
        number=pd.to_numeric(rows["Amount"].str.replace(",", ".")),
    )
    quarter = rows["closed"].dt.to_period("Q").astype(str)
    rows["period"] = quarter.str[:4] + "-" + quarter.str[4:]
    parts = rows["number"] / rows.groupby(["OwnerId", "period"])["number"].transform("sum")
    won = attained.set_index(["rep_id", "period"])["won_amount_eur"]
    keys = pd.MultiIndex.from_frame(rows[["OwnerId", "period"]])
    amounts = parts.to_numpy() * won.reindex(keys).fillna(0).to_numpy() * 100
    return pd.DataFrame(
        {
            "opportunity_id": rows["Id"],
            "rep_id": rows["OwnerId"],
            "team": rows["OwnerId"].map(teams),
            "close_date": rows["closed"],
            "amount_cents": amounts.round().astype("int64"),
        }
    )


def test_bunching_is_found_in_the_two_planted_teams_and_in_no_other(attained, truth):
    result = threshold_bunching(attained)
    assert result.found("all") == ["all"]
    assert sorted(result.found("team")) == sorted(THRESHOLD_TEAMS)
    # People are named only where the habit was planted.
    planted = {p["rep_id"] for p in truth[1]["people"] if p["lands_above_quota"]}
    assert set(result.found("rep")) <= planted
    assert result.estimate.low > 0
    # Without these teams nothing is left.
    rest = attained[~attained["team"].isin(THRESHOLD_TEAMS)]
    assert not threshold_bunching(rest).is_found


def test_deals_are_found_to_be_pulled_forward(deals):
    result = period_shift(deals, PERIODS, CALENDAR, AS_OF)
    assert result.found("all") == ["all"]
    assert result.frame.iloc[0]["effect"] > 0
    assert result.headline.startswith("Deals are pulled forward")


def test_deals_are_found_to_be_held_back_by_those_who_reached_quota(deals, attained):
    result = sandbagging(deals, attained, PERIODS, AS_OF)
    assert result.found("all") == ["all"]
    assert set(result.found("team")) <= set(THRESHOLD_TEAMS)
    planted = result.frame[result.frame["group"].isin(THRESHOLD_TEAMS)]
    others = result.frame[
        (result.frame["level"] == "team") & ~result.frame["group"].isin(planted["group"])
    ]
    assert planted["effect"].min() > others["effect"].max()
