"""Honest teams are not accused: the rate of false findings, on simulated companies.

Deals fall as a Poisson process with rates of their own for each rep and more in the last
days of every month; nobody looks at quota or period. Draws are fewer than in use, which
makes a p no less valid, only coarser.
"""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from salesops_lib.calendar import FiscalCalendar
from salesops_lib.compensation import period_shift as shift_module
from salesops_lib.compensation import sandbagging as sandbagging_module
from salesops_lib.compensation import split_abuse as split_module
from salesops_lib.compensation import threshold_bunching as bunching_module
from salesops_lib.compensation.bunching import bunching_p_value
from salesops_lib.compensation.period_shift import period_shift
from salesops_lib.compensation.sandbagging import sandbagging
from salesops_lib.compensation.split_abuse import split_lateness, split_lifting, split_returning
from salesops_lib.compensation.threshold_bunching import attainment_bins, threshold_bunching

AS_OF = dt.date(2026, 6, 30)
CALENDAR = FiscalCalendar()
PERIODS = [CALENDAR.period(f"{y}-Q{k}") for y in (2024, 2025, 2026) for k in (1, 2, 3, 4)][:9]
REPS, TEAMS, RATE = 24, 4, 0.06
COMPANIES = 20


@pytest.fixture(autouse=True)
def few_draws(monkeypatch):
    for module in (shift_module, sandbagging_module):
        monkeypatch.setattr(module, "_ROUGH", 199)
        monkeypatch.setattr(module, "_FINE", 199)
    monkeypatch.setattr(sandbagging_module, "_WHOLE", 199)
    monkeypatch.setattr(split_module, "_DRAWS", 199)
    # People are corrected for as teams are; to judge them in each company takes long.
    for module in (shift_module, sandbagging_module, split_module, bunching_module):
        monkeypatch.setitem(module._FEWEST, "rep", 10_000)


def company(seed, *, amounts=0.6):
    """Won deals and attainments of honest people."""
    rng = np.random.default_rng(seed)
    days = np.arange(np.datetime64("2024-01-01"), np.datetime64(AS_OF) + 1)
    of_month = (days - days.astype("datetime64[M]").astype("datetime64[D]")).astype(int)
    weight = np.where(of_month >= 20, 1.6, 1.0)
    own = rng.lognormal(0, 0.3, REPS)
    counts = rng.poisson(RATE * own[:, None] * weight)
    reps, places = np.nonzero(counts)
    times = counts[reps, places]
    reps, places = np.repeat(reps, times), np.repeat(places, times)
    deals = pd.DataFrame(
        {
            "opportunity_id": [f"D{n}" for n in range(len(reps))],
            "rep_id": [f"R{n:02d}" for n in reps],
            "team": [f"T{n % TEAMS}" for n in reps],
            "close_date": days[places],
            "amount_cents": (np.exp(rng.normal(0, amounts, len(reps))) * 1e6).astype("int64"),
        }
    )
    quarter = deals["close_date"].dt.to_period("Q").astype(str)
    deals["period"] = quarter.str[:4] + "-" + quarter.str[4:]
    whole = pd.MultiIndex.from_tuples(
        [(f"R{n:02d}", f"T{n % TEAMS}", p.label) for n in range(REPS) for p in PERIODS],
        names=["rep_id", "team", "period"],
    )
    credit = deals.groupby(["rep_id", "team", "period"])["amount_cents"].sum()
    attained = credit.reindex(whole, fill_value=0).rename("credited_cents").reset_index()
    return deals, attained.assign(quota_cents=int(RATE * 91 * 1.5 * 1e6))


def with_splits(deals, attained, seed):
    """A quarter of the deals shared with a colleague drawn by lot."""
    rng = np.random.default_rng(seed)
    shared = deals[(rng.random(len(deals)) < 0.25) & deals["period"].isin(attained["period"])]
    members = {team: sorted(set(own["rep_id"])) for team, own in attained.groupby("team")}
    receivers = [
        str(rng.choice([one for one in members[team] if one != rep]))
        for rep, team in zip(shared["rep_id"], shared["team"], strict=True)
    ]
    splits = shared[["opportunity_id", "period", "close_date"]].assign(
        giver_id=shared["rep_id"],
        receiver_id=receivers,
        credit_cents=(shared["amount_cents"] * 0.3).astype("int64"),
        made_on=shared["close_date"] - pd.to_timedelta(rng.integers(0, 40, len(shared)), "D"),
    )
    more = splits.groupby(["receiver_id", "period"])["credit_cents"].sum()
    keys = pd.MultiIndex.from_frame(attained[["rep_id", "period"]])
    added = more.reindex(keys, fill_value=0).to_numpy()
    return splits, attained.assign(credited_cents=attained["credited_cents"] + added)


def rates(results):
    """Shares of the companies, and of their teams, with a p of at most 5 %; any finding."""
    frames = [result.frame for result in results]
    whole = np.array([result.p for result in results], dtype=float)
    teams = pd.concat(frames)
    teams = teams[(teams["level"] == "team") & teams["p"].notna()]["p"].to_numpy(float)
    return whole, teams, np.mean([result.is_found for result in results])


def assert_size(results, of_teams=True):
    whole, teams, any_ = rates(results)
    # Of 20 companies 3 is what 5 % gives in all but 2 of 100 such runs.
    assert np.sum(whole <= 0.05) <= 3
    assert any_ <= 0.15
    # The test is not silent for a wrong reason: some of the companies lie below the middle.
    assert 0.15 < np.mean(whole <= 0.5) < 0.9
    if of_teams:
        assert np.mean(teams <= 0.05) <= 0.11


def test_honest_attainment_does_not_bunch():
    rng = np.random.default_rng(5)
    bins = attainment_bins()
    found = [
        bunching_p_value(bins.counts(sample), bins, draws=199)
        for sample in (
            np.where(rng.random(n) < 0.5, rng.lognormal(-0.05, 0.35, n), rng.gamma(4, 0.25, n))
            for n in np.resize([100, 400, 1500], 300)
        )
    ]
    assert 0.02 <= np.mean(np.array(found) <= 0.05) <= 0.085


def test_honest_companies_are_not_found_to_bunch():
    # Credits without large single deals, so that many lie about quota.
    found = [threshold_bunching(company(seed, amounts=0.1)[1]) for seed in range(COMPANIES)]
    assert_size(found, of_teams=False)


def test_honest_companies_are_not_found_to_shift_deals():
    assert_size(
        [period_shift(company(seed)[0], PERIODS, CALENDAR, AS_OF) for seed in range(COMPANIES)]
    )


def test_honest_companies_are_not_found_to_hold_deals_back():
    assert_size([sandbagging(*company(seed), PERIODS, AS_OF) for seed in range(COMPANIES)])


@pytest.mark.parametrize("test", [split_lifting, split_returning, split_lateness])
def test_honest_splits_are_not_suspected(test):
    assert_size([test(*with_splits(*company(seed), seed)) for seed in range(COMPANIES)])


def test_a_habit_is_found_and_its_team_named(monkeypatch):
    """Everybody in one team closes half the deals of a period's first month before its start."""
    monkeypatch.setattr(shift_module, "_FINE", 19_999)
    deals, _attained = company(1)
    rng = np.random.default_rng(1)
    month = deals["close_date"].dt.month.isin([1, 4, 7, 10])
    moved = (deals["team"] == "T1") & month & (rng.random(len(deals)) < 0.6)
    moved &= deals["close_date"] > pd.Timestamp("2024-03-31")
    start = deals["close_date"].dt.to_period("M").dt.start_time
    deals.loc[moved, "close_date"] = start[moved] - pd.to_timedelta(
        rng.integers(1, 12, moved.sum()), "D"
    )
    found = period_shift(deals, PERIODS, CALENDAR, AS_OF)
    team = found.frame.set_index("group").loc["T1"]
    assert team["effect"] > 0.2
    assert team["p"] < 0.01
    assert not set(found.found("team")) - {"T1"}


def test_splits_that_lift_are_found():
    deals, attained = company(3)
    splits, attained = with_splits(deals, attained, 3)
    # Everyone below quota gets exactly what is missing, from a colleague.
    below = attained[(attained["credited_cents"] / attained["quota_cents"]).between(0.8, 0.999)]
    missing = (below["quota_cents"] - below["credited_cents"]).to_numpy()
    extra = pd.DataFrame(
        {
            "opportunity_id": [f"X{n}" for n in range(len(below))],
            "period": below["period"].to_numpy(),
            "close_date": pd.Timestamp("2025-03-31"),
            "giver_id": [f"R{(int(rep[1:]) + TEAMS) % REPS:02d}" for rep in below["rep_id"]],
            "receiver_id": below["rep_id"].to_numpy(),
            "credit_cents": missing,
            "made_on": pd.Timestamp("2025-03-31"),
        }
    )
    attained.loc[below.index, "credited_cents"] += missing
    result = split_lifting(pd.concat([splits, extra]), attained)
    assert result.p <= 0.01
    assert result.frame.iloc[0]["effect"] > 0.02
    # Made on the day of the close, where others were made weeks before.
    assert split_lateness(pd.concat([splits, extra]), attained).p <= 0.01


def test_pairs_that_only_share_with_each_other_are_found():
    deals, attained = company(4)
    splits, attained = with_splits(deals, attained, 4)
    number = splits["giver_id"].str[1:].astype(int)
    partner = np.where((number // TEAMS) % 2 == 0, number + TEAMS, number - TEAMS)
    paired = splits.assign(receiver_id=[f"R{n:02d}" for n in partner])
    result = split_returning(paired, attained)
    assert result.p <= 0.01
    assert result.tested["rep"] == 0
