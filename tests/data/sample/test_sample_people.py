"""People, their places over time, and who owned what when."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

AS_OF = pd.Timestamp("2026-09-30")


def places_on(export, people, days):
    """Assignment row of each person on each day; NaN where there is none."""
    asked = pd.DataFrame({"rep_id": list(people), "day": pd.to_datetime(list(days))})
    asked["row"] = range(len(asked))
    found = asked.merge(export.assignments, on="rep_id", how="left")
    there = (found["effective_from"] <= found["day"]) & (found["day"] <= found["effective_to"])
    return found[there].set_index("row").reindex(range(len(asked)))


def test_a_person_is_in_one_place_at_a_time(export):
    rows = export.assignments.sort_values(["rep_id", "effective_from"])
    assert (rows["effective_from"] <= rows["effective_to"]).all()
    following = rows.groupby("rep_id")["effective_from"].shift(-1)
    has_next = following.notna()
    assert (rows.loc[has_next, "effective_to"] < following[has_next]).all()


def test_assignments_run_from_hire_to_leaving(export):
    people = export.frame("people").set_index("employee_number")
    spans = export.assignments.groupby("employee_number").agg(
        first=("effective_from", "min"), last=("effective_to", "max")
    )
    assert (spans["first"] == people["hire_date"].reindex(spans.index)).all()
    leave = people["leave_date"].fillna(pd.Timestamp("2099-12-31")).reindex(spans.index)
    assert (spans["last"] == leave).all()
    gaps = export.assignments.sort_values(["rep_id", "effective_from"])
    following = gaps.groupby("rep_id")["effective_from"].shift(-1)
    joined = following.isna() | (following == gaps["effective_to"] + pd.Timedelta(days=1))
    assert joined.all()


def test_every_owner_was_employed_and_assigned(export):
    deals = export.deals
    day = deals["CloseDate"].where(deals["IsClosed"], AS_OF)
    place = places_on(export, deals["OwnerId"], day)
    assert place["team"].notna().mean() > 0.999  # a leader holds the odd orphaned deal
    assert place["region"].notna().all()
    first = export.history[export.history["Field"] == "Owner"].groupby("OpportunityId")
    creator = first["OldValue"].first().reindex(deals.index).fillna(deals["OwnerId"])
    born = deals["CreatedDate"].dt.tz_localize(None).dt.normalize()
    assert places_on(export, creator, born)["role"].eq("rep").all()


def test_every_activity_is_of_somebody_who_was_there(export):
    tasks, events = export.frame("Task"), export.frame("Event")
    owners = pd.concat([tasks["OwnerId"], events["OwnerId"]])
    days = pd.concat([tasks["ActivityDate"], events["StartDateTime"].dt.tz_localize(None)])
    sampled = np.arange(0, len(owners), 7)
    place = places_on(export, owners.iloc[sampled], days.iloc[sampled].dt.normalize())
    assert place["region"].notna().all()


def test_deals_change_hands_when_their_owner_leaves(export):
    history = export.history[export.history["Field"] == "Owner"]
    people = export.frame("people").merge(
        export.users, left_on="employee_number", right_on="EmployeeNumber"
    )
    left = people.dropna(subset=["leave_date"]).set_index("Id")["leave_date"]
    gone = export.deals[export.deals["OwnerId"].isin(left.index)]
    assert (gone["CloseDate"] <= gone["OwnerId"].map(left)).all()
    assert gone["IsClosed"].all()
    given = history[history["OldValue"].isin(left.index)]
    day = given["CreatedDate"].dt.tz_localize(None).dt.normalize()
    assert (day <= given["OldValue"].map(left)).all()
    assert len(given) > 50


def test_managers_lead_their_own_team(export):
    rows = export.assignments
    reps = rows[(rows["role"] == "rep") & rows["manager_id"].notna()]
    place = places_on(export, reps["manager_id"], reps["effective_from"])
    same = (place["team"].to_numpy() == reps["team"].to_numpy()) & (place["role"] == "manager")
    acting = (place["role"] == "leader") & (place["region"].to_numpy() == reps["region"].to_numpy())
    head = place["team"].isna() & place["region"].isna() & (place["role"] == "leader")
    assert (same | acting | head).all()
    assert same.mean() > 0.8


def test_the_company_has_its_size(export):
    rows = export.assignments
    now = rows[(rows["effective_from"] <= AS_OF) & (rows["effective_to"] >= AS_OF)]
    assert now.loc[now["role"] == "rep", "rep_id"].nunique() == pytest.approx(85, abs=8)
    ever = rows[(rows["role"] == "rep") & (rows["effective_to"] >= "2023-01-01")]
    assert ever["rep_id"].nunique() == pytest.approx(120, abs=15)
    assert now["team"].nunique() == 14
    assert set(now["region"].dropna()) == {"EMEA", "North America", "LATAM", "APAC"}
    assert (now["role"] == "manager").sum() >= 12


def test_planted_people_are_there_by_name(export):
    by_trait = {}
    for person in export.truth["people"]:
        if person["trait"]:
            by_trait.setdefault(person["trait"], []).append(person)
    assert len(by_trait["consistent_high_performer"]) == 2
    assert len(by_trait["erratic"]) == 2
    namesakes = by_trait["namesake"]
    assert namesakes[0]["name"] == namesakes[1]["name"]
    assert namesakes[0]["rep_id"] != namesakes[1]["rep_id"]
    assert all(person["left"] is None for group in by_trait.values() for person in group)


def test_the_mover_moves_mid_quarter_and_leaves_the_deals_behind(export):
    mover = next(p for p in export.truth["people"] if p["trait"] == "moved_mid_quarter")
    rows = export.assignments[export.assignments["rep_id"] == mover["rep_id"]]
    teams = rows.sort_values("effective_from")[["team", "effective_from"]].to_numpy().tolist()
    assert teams[-1] == ["Central Europe", pd.Timestamp("2026-08-17")]
    assert teams[-2][0] == "Southern Europe"
    handed = export.history[
        (export.history["Field"] == "Owner") & (export.history["OldValue"] == mover["rep_id"])
    ]
    assert len(handed) > 2
    assert set(handed["CreatedDate"].dt.strftime("%Y-%m-%d")) == {"2026-08-16"}


def test_the_perfect_closer_has_few_deals_and_won_them_all(export):
    closer = next(p for p in export.truth["people"] if p["trait"] == "wins_every_deal")
    own = export.deals[(export.deals["OwnerId"] == closer["rep_id"]) & export.deals["IsClosed"]]
    assert own["IsWon"].all()
    assert 2 <= len(own) <= 10


def test_mail_addresses_are_plain_and_unique(export):
    mails = export.users["Email"]
    assert mails.is_unique
    assert mails.str.fullmatch(r"[a-z0-9.\-]+@example\.com").all()
    assert (export.users["Name"].map(str.isascii)).mean() < 0.8


def test_quotas_ramp_with_tenure_and_roll_up_once(export):
    quotas = export.frame("quotas")
    people = export.frame("people").set_index("employee_number")
    reps = quotas[~quotas["is_rollup"]]
    hired = reps["employee_number"].map(people["hire_date"]).dt.to_period("Q")
    tenure = reps["period_start"].dt.to_period("Q").astype("int64") - hired.astype("int64")
    assert (reps["ramp_pct"] == tenure.clip(0, 3).map({0: 25, 1: 50, 2: 75, 3: 100})).all()
    key = ["employee_number", "period_start", "version"]
    assert not quotas.duplicated(key).any()
    revised = quotas[quotas["version"] == 2]
    assert len(revised) >= 3
    assert (revised["effective_from"] == pd.Timestamp("2026-08-01")).all()
    company = quotas[quotas["is_rollup"] & (quotas["period_start"] == "2026-01-01")]
    assert company["quota"].max() == pytest.approx(
        float(company["quota"].astype(float).nlargest(5).iloc[1:].sum()), rel=0.001
    )
