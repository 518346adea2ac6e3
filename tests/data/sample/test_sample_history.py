"""The history of every deal leads from its creation to what the CRM shows."""

from __future__ import annotations

import pandas as pd
import pytest

STAGES = ["Prospecting", "Qualification", "Proposal", "Negotiation"]


def replayed(export, field):
    """First old value, last new value, and whether every change starts where the last one ended."""
    rows = export.history[export.history["Field"] == field].sort_values(
        ["OpportunityId", "CreatedDate"], kind="stable"
    )
    by_deal = rows.groupby("OpportunityId")
    before = by_deal["NewValue"].shift()
    chained = (before.isna()) | (before == rows["OldValue"])
    return by_deal["OldValue"].first(), by_deal["NewValue"].last(), chained


@pytest.mark.parametrize(
    ("field", "column", "at_birth"),
    [
        ("StageName", "StageName", "Prospecting"),
        ("ForecastCategoryName", "ForecastCategoryName", "Pipeline"),
        ("Amount", "Amount", None),
        ("CloseDate", "CloseDate", None),
        ("Owner", "OwnerId", None),
    ],
)
def test_replaying_the_history_gives_the_current_state(export, field, column, at_birth):
    first, last, chained = replayed(export, field)
    assert chained.all()
    now = export.deals[column]
    if field == "CloseDate":
        now = now.dt.strftime("%Y-%m-%d")
    now = now.astype(str)
    changed = now.index.intersection(last.index)
    assert len(changed) > 300
    assert (now[changed] == last[changed]).all()
    if at_birth is not None:
        assert (first == at_birth).all()
        assert (now[now.index.difference(last.index)] == at_birth).all()


def test_a_change_changes_something_and_lies_within_the_life_of_the_deal(export):
    history = export.history[export.history["OpportunityId"].isin(export.deals.index)]
    assert (history["OldValue"] != history["NewValue"]).all()
    deal = export.deals.loc[history["OpportunityId"]]
    when = history["CreatedDate"].to_numpy()
    assert (when >= deal["CreatedDate"].to_numpy()).all()
    assert (history["CreatedDate"] < pd.Timestamp("2026-10-01", tz="UTC")).all()
    closed = deal["IsClosed"].to_numpy()
    day = history["CreatedDate"].dt.tz_localize(None).dt.normalize().to_numpy()
    assert (day[closed] <= deal["CloseDate"].to_numpy()[closed]).all()


def test_flags_probability_and_category_follow_the_stage(export):
    stages = export.frame("OpportunityStage").set_index("MasterLabel")
    deals = export.deals
    stage = stages.loc[deals["StageName"]]
    assert (deals["IsClosed"].to_numpy() == stage["IsClosed"].to_numpy()).all()
    assert (deals["IsWon"].to_numpy() == stage["IsWon"].to_numpy()).all()
    assert (deals["Probability"].to_numpy() == stage["DefaultProbability"].to_numpy()).all()
    closed = deals[deals["IsClosed"]]
    expected = stages.loc[closed["StageName"], "ForecastCategoryName"]
    assert (closed["ForecastCategoryName"].to_numpy() == expected.to_numpy()).all()


def test_push_count_counts_moves_to_a_later_month(export):
    moves = export.history[export.history["Field"] == "CloseDate"]
    old, new = (pd.to_datetime(moves[side]).dt.to_period("M") for side in ("OldValue", "NewValue"))
    pushes = moves[new > old].groupby("OpportunityId").size()
    counted = export.deals["PushCount"]
    assert (counted == pushes.reindex(counted.index, fill_value=0)).all()
    assert counted.max() >= 3


def test_the_last_stage_change_is_the_last_one_of_the_history(export):
    moves = export.history[export.history["Field"] == "StageName"]
    last = moves.groupby("OpportunityId")["CreatedDate"].max()
    deals = export.deals
    expected = last.reindex(deals.index).fillna(deals["CreatedDate"])
    assert (deals["LastStageChangeDate"] == expected).all()


def test_stages_move_one_way_but_for_steps_back(export):
    moves = export.history[export.history["Field"] == "StageName"]
    number = {name: place for place, name in enumerate(STAGES)}
    inside = moves[moves["NewValue"].isin(STAGES)]
    step = inside["NewValue"].map(number) - inside["OldValue"].map(number)
    assert set(step) == {-1, 1, 2}
    assert 0.005 < (step == -1).mean() < 0.03
    won = moves[moves["NewValue"] == "Closed Won"]
    assert set(won["OldValue"]) == {"Negotiation"}


def test_close_dates_of_open_deals_lie_ahead_unless_they_are_stale(export):
    still_open = export.deals[~export.deals["IsClosed"]]
    past = set(still_open.index[still_open["CloseDate"] <= "2026-09-30"])
    assert past == export.defective("stale_close_date")
    closed = export.deals[export.deals["IsClosed"]]
    assert closed["CloseDate"].between("2023-01-01", "2026-09-30").all()
    created = closed["CreatedDate"].dt.tz_localize(None).dt.normalize()
    assert (created < closed["CloseDate"]).all()


def test_last_activity_is_the_last_completed_one(export):
    tasks, events = export.frame("Task"), export.frame("Event")
    done = pd.concat(
        [
            tasks.loc[tasks["IsClosed"], ["WhatId", "CompletedDateTime"]].set_axis(
                ["id", "at"], axis=1
            ),
            events.loc[~events["IsChild"], ["WhatId", "StartDateTime"]].set_axis(
                ["id", "at"], axis=1
            ),
        ]
    )
    last = done.groupby("id")["at"].max().dt.tz_localize(None).dt.normalize()
    shown = export.deals["LastActivityDate"]
    expected = last.reindex(shown.index)
    assert (
        shown.equals(expected.astype(shown.dtype).rename(shown.name))
        or ((shown == expected) | (shown.isna() & expected.isna())).all()
    )
