"""People's forecasts and the baselines against what the simulated company's truth says."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest

from salesops_lib.data.ingest import ingest_folder
from salesops_lib.data.sample import write_sample
from salesops_lib.data.view import open_view
from salesops_lib.errors import InputError
from salesops_lib.forecasting.accuracy import interval_coverage, wape
from salesops_lib.forecasting.baselines import baselines, scoped, with_actuals
from salesops_lib.forecasting.categories import CATEGORIES, category_rollup
from salesops_lib.forecasting.corrected_commit import corrected_commit, corrected_commits
from salesops_lib.forecasting.forecast_changes import forecast_changes
from salesops_lib.forecasting.forecast_path import forecast_path
from salesops_lib.forecasting.forecasters import forecaster_bias
from salesops_lib.forecasting.horizons import past_horizons
from salesops_lib.forecasting.plots_record import (
    plot_accuracy_record,
    plot_forecast_changes,
    plot_forecast_path,
    plot_reliability,
)
from salesops_lib.forecasting.record import record
from salesops_lib.forecasting.reliability import reliability
from salesops_lib.forecasting.submissions import submission_paths, submissions
from salesops_lib.forecasting.value_added import value_added
from salesops_lib.forecasting.weighted_deals import weighted_deals
from salesops_lib.notebook.figures import figure

AS_OF = dt.date(2026, 9, 30)
MAPPING = Path(__file__).parents[2] / "parameters" / "mappings" / "sample.yaml"


@pytest.fixture(scope="module")
def company(tmp_path_factory):
    folder = tmp_path_factory.mktemp("company")
    write_sample(folder / "export", seed=11, scale=0.3)
    ingest_folder(folder / "export", MAPPING, AS_OF, folder / "store")
    truth = json.loads((folder / "export" / "truth.json").read_text(encoding="utf-8"))
    return folder / "store", truth


@pytest.fixture(scope="module")
def view(company):
    return open_view(company[0], period="2026-Q3")


@pytest.fixture(scope="module")
def backtest(view):
    return baselines(view)


@pytest.fixture(scope="module")
def corrected(view):
    return scoped(view, with_actuals(view, corrected_commits(view, past_horizons(view))))


def test_planted_biases_lie_in_their_intervals(company, view):
    """At most one forecaster in ten outside a 95 % interval, and neither planted one."""
    people = {person["rep_id"]: person for person in company[1]["people"]}
    found = forecaster_bias(view).frame
    true = found["forecaster_id"].map(lambda key: people[key]["forecast_bias"])
    inside = (found["low"] <= true) & (true <= found["high"])
    assert len(found) >= 12
    assert inside.mean() >= 0.9
    planted = true.isin([-0.18, 0.25])
    assert planted.sum() >= 2
    assert inside[planted].all()
    assert (found.loc[planted, "low"] * found.loc[planted, "high"] > 0).all()


def test_a_bias_of_the_past_knows_nothing_of_later_quarters(company, view):
    """As of mid-2025 the same figures come out, whether the later data is there or not."""
    early = open_view(company[0], period="2025-Q2", as_of=dt.date(2025, 6, 30))
    now = forecaster_bias(view, dt.date(2025, 7, 1)).frame.set_index("forecaster_id")
    then = forecaster_bias(early).frame.set_index("forecaster_id")
    assert set(then.index) == set(now.index)
    pd.testing.assert_series_equal(then["quarters"], now["quarters"].loc[then.index])
    assert (then["bias"] - now["bias"].loc[then.index]).abs().max() < 0.02


def test_submissions_are_about_teams_also_where_a_leader_stands_in(company, view):
    rows = submissions(view)
    assert set(rows["kind"]) == {"team"}
    assert not rows.duplicated(["key", "day", "category"]).any()
    stand_in = rows[(rows["key"] == "Brazil") & rows["day"].between("2024-11-09", "2024-12-03")]
    roles = {person["rep_id"]: person["role"] for person in company[1]["people"]}
    assert {roles[key] for key in stand_in["forecaster_id"]} == {"leader"}
    path = submission_paths(view)
    assert path.frame.drop_duplicates("forecaster_id")["change"].isna().all()
    assert path.frame["change"].notna().sum() > 0
    assert str(path.frame["forecaster_id"].nunique()) in path.headline


def test_actuals_are_the_true_bookings(company, backtest):
    totals = pd.DataFrame(company[1]["totals"])
    rows = backtest[(backtest["method"] == "seasonal_naive") & (backtest["week"] == 1)]
    for kind in ("team", "region"):
        true = totals.groupby([kind, "quarter"])["won_amount_eur"].sum()
        for row in rows[rows["kind"] == kind].itertuples():
            assert row.actual == pytest.approx(true.get((row.key, row.period), 0), abs=0.01)


def test_the_seasonal_naive_is_the_true_year_before(company, backtest):
    totals = pd.DataFrame(company[1]["totals"]).groupby("quarter")["won_amount_eur"].sum()
    rows = backtest[(backtest["method"] == "seasonal_naive") & (backtest["kind"] == "company")]
    assert len(rows) == 8 * 4
    for row in rows.itertuples():
        year, quarter = row.period.split("-")
        assert row.forecast == pytest.approx(totals[f"{int(year) - 1}-{quarter}"], abs=0.01)


@pytest.mark.parametrize("method", ["stage_weighted", "crm_probability", "category_commit"])
def test_parts_add_up_to_the_company(backtest, method):
    rows = backtest[backtest["method"] == method]
    sums = rows.groupby(["kind", "period", "week"])["forecast"].sum().unstack("kind")  # noqa: PD010
    # Deals of people without a team are in the company alone.
    for kind in ("region", "team", "rep"):
        assert (sums["company"] - sums[kind]).min() > -0.01
        assert ((sums["company"] - sums[kind]) / sums["company"]).max() < 0.1


def test_a_baseline_knows_nothing_of_later_days(company, backtest):
    """The company as it stood in week 5 of 2026-Q1 gives the same forecasts."""
    early = open_view(company[0], period="2026-Q1", as_of=dt.date(2026, 1, 29))
    then = baselines(early, periods=8)
    keys = ["method", "kind", "key", "period", "week"]
    same = then.merge(backtest, on=keys, suffixes=("", "_later"))
    same = same[(same["period"] == "2026-Q1") & (same["week"] == 5)]
    same = same[same["method"].isin(["category_commit", "commit", "seasonal_naive"])]
    same = same[same["kind"].isin(["company", "region", "team"])].dropna(subset=["forecast"])
    assert len(same) > 40
    gap = (same["forecast"] - same["forecast_later"]).abs() / same["forecast"].clip(lower=1)
    assert (gap < 0.02).mean() > 0.9


def test_taking_off_the_bias_makes_commits_of_teams_better(backtest, corrected):
    both = pd.concat([backtest, corrected])
    found = value_added(both, "commit_corrected", "commit", by=["kind"]).set_index("kind")
    assert found.loc["team", "added"] > 0.005
    assert found.loc["team", "low"] > 0
    teams = corrected[corrected["kind"] == "team"]
    covered = interval_coverage(teams["actual"], teams["low"], teams["high"])
    assert 0.7 <= covered.number <= 0.9


def test_a_commit_beats_the_seasonal_naive_beyond_chance(backtest):
    found = value_added(backtest, "commit", "seasonal_naive", by=["kind", "week"])
    late = found[(found["kind"] == "team") & (found["week"] == 13)].iloc[0]
    assert late["low"] > 0
    assert late["quarters"] == 8


def test_the_record_holds_every_method_and_its_errors(view, backtest, corrected):
    told = record(view, [backtest, corrected])
    summary = told.summary.set_index(["method", "kind", "week"])
    rows = backtest[(backtest["method"] == "commit") & (backtest["kind"] == "region")]
    rows = rows[rows["week"] == 9]
    assert summary.loc[("commit", "region", 9), "wape"] == pytest.approx(
        wape(rows["actual"], rows["forecast"]).number
    )
    assert summary.loc[("stage_weighted", "company", 5), "skill_stage_weighted"] == 0
    assert told.of("team").kind == "team"
    with pytest.raises(InputError, match="twice"):
        record(view, [backtest, backtest])
    with pytest.raises(InputError, match="no forecasts by"):
        told.of("country")
    bent = corrected.assign(actual=corrected["actual"] + 1)
    with pytest.raises(InputError, match="do not agree"):
        record(view, [backtest, bent])


def test_charts_are_drawn_of_it(view, backtest, corrected):
    told = record(view, [backtest, corrected])
    path = forecast_path(told, "2026-Q1", ("commit_corrected", "commit", "stage_weighted"))
    chances = reliability([1, 0, 1, 0] * 30, [0.8, 0.3, 0.6, 0.1] * 30, view.show)
    before, after = dt.date(2026, 7, 29), dt.date(2026, 8, 26)
    changes = forecast_changes(
        weighted_deals(view, before), weighted_deals(view, after, before), before, after, view.show
    )
    assert changes.residual == Decimal("0.00")
    for plot, result in (
        (plot_accuracy_record, told),
        (plot_forecast_path, path),
        (plot_reliability, chances),
        (plot_forecast_changes, changes),
    ):
        drawn = figure(plot, result)
        assert drawn.svg.startswith("<svg"), plot.__name__
        html = drawn._repr_mimebundle_()["text/html"]
        assert "nan" not in html.lower().replace("finance", ""), plot.__name__
    assert json.dumps([told.records(), path.records(), chances.records(), changes.records()])


def test_changes_lead_from_one_weighted_pipeline_to_the_next(view, backtest):
    """The forecast that the changes end with is that of the deals, added up another way."""
    day = dt.date(2026, 7, 29)
    rows = weighted_deals(view, day)
    won = rows[rows["is_due"] & (rows["status"] == "won")]["amount"].sum()
    open_ = rows[rows["is_due"] & (rows["status"] == "open")]
    found = forecast_changes(rows, rows, day, dt.date(2026, 7, 30), view.show)
    expected = won + (open_["amount"] * open_["probability"]).sum()
    assert float(found.after) == pytest.approx(expected, abs=0.01 * len(open_))


@pytest.mark.parametrize("by", [None, "region", "team", "rep"])
def test_categories_keep_both_identities(company, by):
    view = open_view(company[0], period="2026-Q3", as_of=dt.date(2026, 8, 12))
    found = category_rollup(view, by)
    assert found.residual == Decimal("0.00")
    whole = category_rollup(view)
    for name in (*CATEGORIES, "best_case_forecast", "open_pipeline"):
        assert sum(found.frame[name], Decimal(0)) == whole.frame[name].iloc[0], name
    if by in {None, "region", "team"}:
        judged = found.frame["judged_commit"].dropna()
        assert len(judged) >= 1
        gap = found.frame["adjusted_commit"] + found.frame["commit_forecast"]
        assert gap.dropna().tolist() == judged.tolist()


def test_a_view_shows_its_own_scope_only(company, backtest):
    team = open_view(company[0], period="2026-Q3", scope="team:Brazil")
    rows = baselines(team)
    assert set(zip(rows["kind"], rows["key"], strict=True)) == {("team", "Brazil")}
    same = backtest[(backtest["kind"] == "team") & (backtest["key"] == "Brazil")]
    assert rows["forecast"].tolist() == pytest.approx(same["forecast"].tolist(), nan_ok=True)
    rep = backtest.loc[backtest["kind"] == "rep", "key"].iloc[-1]
    own = open_view(company[0], period="2026-Q3", scope=f"rep:{rep}")
    assert set(submissions(own)["forecaster_id"]) <= {rep}
    assert corrected_commit(own).forecast is None
    assert "80%" in corrected_commit(team).headline
