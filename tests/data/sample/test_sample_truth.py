"""What was planted can be found again in the files, within sampling error."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

AS_OF = pd.Timestamp("2026-09-30")
SEGMENTS = ["SMB", "Mid-market", "Enterprise"]


@pytest.fixture(scope="module")
def facts(export):
    """Clean deals with amounts at birth in EUR, segment, owner's truth and team."""
    deals = export.deals.copy()
    deals["born"] = deals["CreatedDate"].dt.tz_localize(None).dt.normalize()
    first = (
        export.history[export.history["Field"] == "Amount"]
        .sort_values(["OpportunityId", "CreatedDate"], kind="stable")
        .groupby("OpportunityId")["OldValue"]
        .first()
        .astype(float)
    )
    deals["birth_amount"] = first.reindex(deals.index).fillna(deals["Amount"].astype(float))
    deals["birth_eur"] = deals["birth_amount"] * rates(export, deals, deals["born"])
    accounts = export.frame("Account").set_index("Id")
    deals["segment"] = deals["AccountId"].map(accounts["Segment__c"])
    people = pd.DataFrame(export.truth["people"]).set_index("rep_id")
    for name in ("skill_log_odds", "trait", "lands_above_quota", "capture", "trained"):
        deals[name] = deals["OwnerId"].map(people[name])
    return deals


def rates(export, deals, days):
    fx = export.frame("fx").pivot_table(index="date", columns="from", values="rate")
    fx["EUR"] = 1.0
    quarter = fx.index.searchsorted(days.to_numpy(), side="right") - 1
    return fx.to_numpy()[quarter, fx.columns.get_indexer(deals["CurrencyIsoCode"])]


def size_of(facts):
    """Standardised log amount within segment and product, without growth."""
    years = (facts["born"] - pd.Timestamp("2023-01-01")).dt.days / 365.25
    log = np.log(facts["birth_eur"]) - years * np.log(1.02)
    group = log.groupby([facts["segment"], facts["Product__c"]])
    return (log - group.transform("mean")) / group.transform("std")


def fitted(features, outcome):
    model = LogisticRegression(C=np.inf, max_iter=2_000).fit(features, outcome)
    return dict(zip(features.columns, model.coef_[0], strict=True)) | {
        "intercept": float(model.intercept_[0])
    }


def test_deals_are_created_with_the_season(export, facts):
    months = facts[facts["born"].between("2023-01-01", "2025-12-31")]
    team = export.truth["totals"]
    weight = pd.DataFrame(team).groupby("region")["won_deals"].sum()
    planted = pd.DataFrame(export.truth["planted"]["month_factors"], index=range(1, 13))
    expected = (planted * weight).sum(axis=1)
    expected /= expected.sum()
    found = months["born"].dt.month.value_counts(normalize=True).sort_index()
    assert (found / expected - 1).abs().max() < 0.10
    assert np.corrcoef(found, expected)[0, 1] > 0.9


def test_pushes_depend_on_size_as_planted(export, facts):
    planted = export.truth["planted"]
    old = facts[
        facts["born"].between("2023-01-01", "2025-12-31")
        & (facts["StageName"] != "Disqualified")
        & ~facts["lands_above_quota"].astype(bool)
    ]
    pushed = old["PushCount"] > 0
    found = fitted(pd.DataFrame({"size": size_of(old)}), pushed)
    assert found["intercept"] == pytest.approx(planted["push_log_odds"], abs=0.08)
    assert found["size"] == pytest.approx(planted["push_size_log_odds"], abs=0.08)


def test_the_planted_share_of_early_closes_is_pulled_forward(export, facts):
    planted = export.truth["planted"]
    won = facts[facts["IsWon"] & ~facts["lands_above_quota"].astype(bool)]
    won = won[won["trait"] != "heavy_pull_forward"]
    moves = export.history[export.history["Field"] == "CloseDate"]
    moves = moves.assign(
        old=pd.to_datetime(moves["OldValue"]), new=pd.to_datetime(moves["NewValue"])
    )
    pushes = moves[moves["new"] > moves["old"]]
    last_push = pushes.groupby("OpportunityId")["CreatedDate"].max().dt.tz_localize(None)
    pulls = moves[moves["new"].dt.to_period("Q") < moves["old"].dt.to_period("Q")]
    pulled = won.index.isin(pulls["OpportunityId"])
    in_window = won["CloseDate"] > won["CloseDate"].dt.to_period("Q").dt.end_time - pd.Timedelta(
        days=14
    )
    assert in_window[pulled].all()
    start = won["CloseDate"].dt.to_period("Q").dt.start_time
    window = start - pd.Timedelta(days=planted["pull_forward_days"])
    could = (
        (won["CloseDate"] < start + pd.Timedelta(days=planted["pull_forward_reach"]))
        & (won["born"] < window - pd.Timedelta(days=7))
        & ~(last_push.reindex(won.index) >= window - pd.Timedelta(days=3))
        & ~pulled
        & (start > pd.Timestamp("2023-01-01"))
    )
    # Pulls out of the quarter that is still to come have no counterpart yet.
    n_pulled = int((pulled & (won["CloseDate"] < "2026-07-01")).sum())
    n = n_pulled + int(could.sum())
    error = np.sqrt(0.18 * 0.82 / n)
    assert n > 400
    assert n_pulled / n == pytest.approx(planted["pull_forward_share"], abs=3 * error)
    realised = export.truth["realised"]
    assert n_pulled / n == pytest.approx(
        realised["won_pulled_forward"] / realised["won_due_early_in_a_quarter"], abs=0.035
    )


def test_winning_depends_on_what_was_planted(export, facts):
    planted = export.truth["planted"]
    closed = facts[facts["IsClosed"] & (facts["StageName"] != "Disqualified")]
    closed = closed[closed["trait"].isna() | closed["trait"].isin(["namesake", "logs_little"])]
    trained = [
        pd.Timestamp(programmes.get("Value Selling", "2099-01-01")) < day
        for programmes, day in zip(closed["trained"], closed["CloseDate"], strict=True)
    ]
    placebo = [
        pd.Timestamp(programmes.get("CRM Hygiene", "2099-01-01")) < day
        for programmes, day in zip(closed["trained"], closed["CloseDate"], strict=True)
    ]
    features = pd.DataFrame(
        {
            "size": size_of(closed),
            "skill": closed["skill_log_odds"],
            "expansion": closed["Type"] == "Expansion",
            "trained": trained,
            "placebo": placebo,
            "mid": closed["segment"] == "Mid-market",
            "large": closed["segment"] == "Enterprise",
            **{
                name: closed["LeadSource"] == name
                for name in planted["source_log_odds"]
                if name != "Inbound Web"
            },
        }
    ).astype(float)
    found = fitted(features, closed["IsWon"])
    sources, segments = planted["source_log_odds"], planted["segment_log_odds"]
    assert found["size"] == pytest.approx(planted["size_log_odds"], abs=0.08)
    assert found["skill"] == pytest.approx(1.0, abs=0.25)
    assert found["expansion"] == pytest.approx(planted["expansion_log_odds"], abs=0.13)
    assert found["trained"] == pytest.approx(planted["programmes"][0]["log_odds"], abs=0.18)
    assert found["placebo"] == pytest.approx(0.0, abs=0.18)
    assert found["mid"] == pytest.approx(segments["Mid-market"] - segments["SMB"], abs=0.15)
    for name in sources:
        if name != "Inbound Web":
            expected = sources[name] - sources["Inbound Web"]
            assert found[name] == pytest.approx(expected, abs=0.25), name


def test_totals_of_the_truth_are_those_of_the_clean_rows(export):
    deals = export.frame("Opportunity")
    # What an honest reader drops: the recycle bin, tests, repeated and unreadable rows.
    deals = deals[~deals["IsDeleted"] & (deals["Name"] != "TEST do not use")].drop_duplicates()
    deals = deals[~deals["Id"].duplicated(keep=False)]
    won = deals[deals["IsWon"] & (deals["CloseDate"] <= AS_OF)]
    rate = rates(export, won, won["CloseDate"])
    cents = np.floor(won["Amount"].astype(float) * 100 * rate + 0.5 + 1e-7)
    quarter = won["CloseDate"].dt.to_period("Q").map(lambda q: f"{q.year}-Q{q.quarter}")
    found = pd.DataFrame({"quarter": quarter, "cents": cents}).groupby("quarter")["cents"]
    totals = pd.DataFrame(export.truth["totals"]).groupby("quarter")
    assert found.size().to_dict() == totals["won_deals"].sum().to_dict()
    expected = (totals["won_amount_eur"].sum() * 100).round()
    assert (found.sum() - expected).abs().max() == 0


def test_headline_figures_are_those_of_a_real_company(export):
    totals = pd.DataFrame(export.truth["totals"])
    by_quarter = totals.groupby("quarter")["won_amount_eur"].sum() / 1e6
    assert by_quarter["2024-Q3":].between(9, 14).all()
    years = by_quarter.groupby(by_quarter.index.str[:4]).sum()
    growth = [years["2024"] / years["2023"], years["2025"] / years["2024"]]
    assert all(1.06 < factor < 1.17 for factor in growth)
    won, lost = totals["won_deals"].sum(), totals["lost_deals"].sum()
    assert 0.25 < won / (won + lost) < 0.31
    reps = pd.DataFrame(export.truth["rep_quarters"])
    last = reps[(reps["quarter"] == "2026-Q3") & (reps["ramp"] == 1)]
    attainment = last["credited_eur"] / last["first_quota_eur"]
    assert 0.85 < attainment.median() < 1.0
    assert 0.43 < (attainment >= 1).mean() < 0.56
    quota = reps.loc[reps["quarter"] == "2026-Q3", "first_quota_eur"].sum()
    assert 0.95 < by_quarter["2026-Q3"] * 1e6 / quota < 1.05


def test_one_region_has_a_thin_pipeline_for_the_next_quarter(export):
    due = pd.DataFrame(export.truth["open_pipeline"])
    due = due[due["due_quarter"] == "2026-Q4"].set_index("region")["amount_eur"]
    won = pd.DataFrame(export.truth["totals"])
    usual = won[won["quarter"] > "2025-Q3"].groupby("region")["won_amount_eur"].sum() / 4
    coverage = due / usual
    assert coverage.idxmin() == export.truth["planted"]["thin_region"]
    assert coverage["APAC"] < 0.7 * coverage.drop("APAC").min()


def test_threshold_reps_land_just_above_quota_and_others_do_not(export):
    reps = pd.DataFrame(export.truth["rep_quarters"]).dropna(subset=["first_quota_eur"])
    people = pd.DataFrame(export.truth["people"]).set_index("rep_id")
    reps["attainment"] = reps["credited_eur"] / reps["first_quota_eur"]
    habit = reps["rep_id"].map(people["lands_above_quota"]).astype(bool)
    above, below = reps["attainment"].between(1, 1.06), reps["attainment"].between(0.94, 0.99999)
    assert above[habit].sum() > 8 * max(below[habit].sum(), 1)
    assert above[~habit].sum() < 2 * below[~habit].sum()


def test_steady_and_erratic_reps_differ(export):
    reps = pd.DataFrame(export.truth["rep_quarters"]).dropna(subset=["first_quota_eur"])
    reps["attainment"] = reps["credited_eur"] / reps["first_quota_eur"]
    spread = reps.groupby("rep_id")["attainment"].agg(["mean", "std", "count"])
    spread = spread[spread["count"] >= 8]
    variation = spread["std"] / spread["mean"]
    people = pd.DataFrame(export.truth["people"]).set_index("rep_id")
    steady = people.index[people["trait"] == "consistent_high_performer"]
    erratic = people.index[people["trait"] == "erratic"]
    assert variation[steady].max() < variation.median() < variation[erratic].min()
    assert spread.loc[steady, "mean"].min() > 1.15


def test_managers_forecast_with_their_bias(export):
    sheet = export.frame("forecast_submissions")
    ids = export.users.set_index("Email")["Id"]
    sheet["rep_id"] = sheet["forecaster"].map(ids)
    people = pd.DataFrame(export.truth["people"]).set_index("rep_id")
    first = sheet[sheet["category"] == "Commit"].sort_values("submitted")
    first = first.groupby(["rep_id", "period_start"]).first().reset_index()
    first = first[(first["submitted"] - first["period_start"]).dt.days < 7]
    totals = pd.DataFrame(export.truth["totals"]).set_index(["team", "quarter"])["won_amount_eur"]
    first["team"] = first["rep_id"].map(people["team"])
    quarter = first["period_start"].dt.to_period("Q").map(lambda q: f"{q.year}-Q{q.quarter}")
    final = totals.reindex(pd.MultiIndex.from_arrays([first["team"], quarter])).to_numpy()
    first["error"] = first["amount"].astype(float) / final - 1
    errors = first.dropna().groupby("rep_id")["error"].agg(["mean", "count"])
    errors = errors[errors["count"] >= 6]
    assert len(errors) >= 12
    bias = people.loc[errors.index, "forecast_bias"]
    assert ((errors["mean"] - bias).abs() < 4 * 0.1 / np.sqrt(errors["count"])).all()
    planted = export.truth["planted"]["forecast_bias"]
    leads = people[(people["role"] == "manager") & people["team"].isin(planted)]
    first_leads = leads.sort_values("hired").groupby("team")["forecast_bias"].first()
    assert first_leads.to_dict() == planted


def test_activities_go_with_winning_and_with_who_logs(export, facts):
    tasks, events = export.frame("Task"), export.frame("Event")
    done = pd.concat(
        [tasks.loc[tasks["IsClosed"], "WhatId"], events.loc[~events["IsChild"], "WhatId"]]
    )
    count = done.value_counts().reindex(facts.index).fillna(0)
    closed = facts["IsClosed"] & (facts["StageName"] != "Disqualified")
    smb = closed & (facts["segment"] == "SMB")
    full, little = facts["capture"] > 0.75, facts["capture"] < 0.3
    by_won = count[smb & full].groupby(facts["IsWon"]).mean()
    assert by_won[True] / by_won[False] == pytest.approx(1.5, abs=0.1)
    logged = count[smb & little].mean() / count[smb & full].mean()
    expected = facts.loc[smb & little, "capture"].mean() / facts.loc[smb & full, "capture"].mean()
    assert logged == pytest.approx(expected, abs=0.06)
    assert events["IsChild"].mean() == pytest.approx(0.25, abs=0.04)


def test_splits_add_up_and_are_as_frequent_as_planted(export, facts):
    splits = export.frame("OpportunitySplit")
    revenue = splits[splits["SplitType"] == "Revenue"]
    assert (revenue.groupby("OpportunityId")["SplitPercentage"].sum() == 100).all()
    assert (revenue.groupby("OpportunityId")["SplitOwnerId"].nunique() == 2).all()
    owner = export.deals["OwnerId"].reindex(revenue["OpportunityId"].unique()).dropna()
    pairs = set(zip(revenue["OpportunityId"], revenue["SplitOwnerId"], strict=True))
    assert all((deal, rep) in pairs for deal, rep in owner.items())
    large = facts[
        (facts["birth_eur"] >= export.truth["planted"]["split_threshold_eur"])
        & ~facts["lands_above_quota"].astype(bool)
        & (facts["trait"] != "wins_every_deal")
    ]
    share = large.index.isin(revenue["OpportunityId"]).mean()
    assert share == pytest.approx(0.20, abs=3 * np.sqrt(0.16 / len(large)) + 0.01)
    overlay = splits[splits["SplitType"] == "Overlay"]
    roles = pd.DataFrame(export.truth["people"]).set_index("rep_id")["role"]
    assert set(overlay["SplitOwnerId"].map(roles)) == {"overlay"}
