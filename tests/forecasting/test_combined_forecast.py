"""The combined forecast on the simulated company: it adds up, and its record holds."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from salesops_lib.data.facts import CurrencySettings
from salesops_lib.data.ingest import ingest_folder
from salesops_lib.data.sample import write_sample
from salesops_lib.data.view import open_view
from salesops_lib.errors import InputError
from salesops_lib.forecasting.combined import booking_forecast
from salesops_lib.forecasting.combined_changes import combined_changes
from salesops_lib.forecasting.combined_record import (
    chance_record,
    combined_record,
    later_quarters,
)
from salesops_lib.forecasting.company_forecast import (
    _made,
    company_forecast,
    past_forecasts,
    quarterly_view,
)
from salesops_lib.forecasting.deciding_deals import deciding_deals, forecast_risks
from salesops_lib.forecasting.forecast_findings import forecast_findings
from salesops_lib.forecasting.forecast_parts import forecast_parts
from salesops_lib.forecasting.plots_combined import plot_booking_forecast, plot_forecast_parts
from salesops_lib.forecasting.plots_record import (
    plot_accuracy_record,
    plot_forecast_changes,
    plot_reliability,
)
from salesops_lib.forecasting.scenarios import Levers, scenarios
from salesops_lib.notebook.figures import figure
from salesops_lib.notebook.statements import statement

AS_OF = dt.date(2026, 9, 30)
MAPPINGS = Path(__file__).parents[2] / "parameters" / "mappings"


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    folder = tmp_path_factory.mktemp("company")
    write_sample(folder / "export", seed=11, scale=0.3)
    ingest_folder(folder / "export", MAPPINGS / "sample.yaml", AS_OF, folder / "store")
    return folder / "store"


@pytest.fixture(scope="module")
def view(store):
    return open_view(store, period="2026-Q3")


@pytest.fixture(scope="module")
def found(view):
    return booking_forecast(view)


@pytest.fixture(scope="module")
def record(view):
    return combined_record(view)


def error(rows, method, kinds, week=5):
    """Σ|actual − forecast| ÷ Σ actual over scopes of some kinds."""
    own = rows[(rows["method"] == method) & rows["kind"].isin(kinds) & (rows["week"] == week)]
    own = own[own["forecast"].notna() & own["actual"].notna()]
    return (own["forecast"] - own["actual"]).abs().sum() / own["actual"].sum()


def test_errors_lie_below_the_weighted_pipeline_and_the_commit(record):
    rows = record.frame
    kinds = ("company", "region", "team", "rep")
    assert rows.loc[rows["method"] == "combined", "period"].nunique() == 8
    assert error(rows, "combined", kinds) <= 0.7 * error(rows, "stage_weighted", kinds)
    # People hand in forecasts of teams, so that those of reps cannot be compared.
    with_commit = ("company", "region", "team")
    assert error(rows, "combined", with_commit) < error(rows, "commit", with_commit)
    for kind in kinds:
        assert error(rows, "combined", (kind,)) < error(rows, "seasonal_naive", (kind,))


def test_intervals_hold_what_they_promise(record, view):
    rows = record.frame[record.frame["method"] == "combined"]
    inside = (rows["actual"] >= rows["low"]) & (rows["actual"] <= rows["high"])
    assert len(rows) > 500
    assert 0.75 <= inside.mean() <= 0.85
    later = later_quarters(view)
    assert set(later["step"]) == {2, 3, 4, 5}
    assert np.average(later["coverage"], weights=later["n"]) >= 0.7


def test_chances_beat_base_rate_stage_and_category(view):
    found = chance_record(view)
    assert set(found.skills) == {"base_rate", "stage", "forecast_category"}
    assert all(value.number > 0 for value in found.skills.values())
    assert found.error.number <= 0.03


def test_a_past_forecast_knows_nothing_of_later_quarters(view):
    """What was booked in the last quarter makes no difference to forecasts before it."""
    from salesops_lib.forecasting.experience import Experience

    cases = past_forecasts(view)
    known = Experience(cases).known_on(dt.date(2025, 7, 1)).cases
    assert known["end"].max() == pd.Timestamp("2025-06-30")
    assert set(cases["stack"]) == {"all", "no_commit"}


def test_draws_add_up_to_the_cent_over_all_scopes(found):
    for step in (1, 2, 5):
        whole = found.draws(step, "company", "")
        for kind in ("region", "team", "rep"):
            keys = found.frame.loc[
                (found.frame["kind"] == kind) & (found.frame["step"] == step), "key"
            ]
            parts = sum(found.draws(step, kind, key) for key in keys)
            assert np.abs(parts - whole).max() < 1e-6
        assert (whole >= 0).all()


def test_rows_are_of_the_draws(found):
    row = found.own.iloc[0]
    draws = found.draws(1)
    assert list(found.own["period"]) == ["2026-Q4", "2027-Q1", "2027-Q2", "2027-Q3", "2027-Q4"]
    assert row["forecast"] == pytest.approx(draws.mean())
    assert row["low"] <= row["forecast"] <= row["high"]
    assert ((draws >= row["low"]) & (draws <= row["high"])).mean() == pytest.approx(0.8, abs=0.01)
    parts = found.frame[["booked", "open", "created", "beside"]].sum(axis=1)
    assert parts.to_numpy() == pytest.approx(found.frame["forecast"].to_numpy())
    assert row["chance"] == pytest.approx((draws >= row["goal"]).mean())
    assert row["shortfall"] == pytest.approx(np.maximum(row["goal"] - draws, 0).mean())
    assert "will book" in found.headline
    assert "80% interval" in found.headline


def test_the_same_seed_gives_the_same_bytes(view, found):
    made = _made.__wrapped__(quarterly_view(view), AS_OF)
    first = company_forecast(view)
    assert all(
        np.array_equal(one, two)
        for one, two in zip(first.draws["cents"], made["draws"]["cents"], strict=True)
    )


def test_no_commit_is_named_as_the_reason(found):
    assert found.method.method("combination") == "stacked"
    assert found.method.method("commit") == "none"
    assert "nobody has handed in a forecast" in found.method.reason("commit")
    assert found.own["commit"].isna().all()


def test_changes_lead_from_one_forecast_to_the_next_to_the_cent(view, found):
    changes = combined_changes(view)
    assert changes.residual == Decimal("0.00")
    assert float(changes.after) == pytest.approx(found.own["forecast"].iloc[0], abs=0.02)
    assert float(changes.before) == pytest.approx(
        booking_forecast(view, changes.start).own.set_index("period").loc["2026-Q4", "forecast"],
        abs=0.02,
    )
    with pytest.raises(InputError, match="no earlier one"):
        combined_changes(view, AS_OF)


def test_a_forecast_of_a_past_day_has_the_commit_and_its_quarter_first(view):
    then = booking_forecast(view, dt.date(2026, 9, 2))
    assert then.own["period"].iloc[0] == "2026-Q3"
    assert then.own["commit"].notna().iloc[0]
    assert then.own["booked"].iloc[0] > 0


@pytest.mark.parametrize("audience", ["manager", "leadership"])
def test_a_team_holds_its_own_reps_and_nobody_else(store, found, audience):
    team = found.frame.loc[found.frame["kind"] == "team", "key"].iloc[0]
    own = open_view(store, period="2026-Q3", scope=f"team:{team}", audience=audience)
    part = booking_forecast(own)
    assert set(part.frame["kind"]) == {"team", "rep"}
    assert (part.units["team"] == team).all()
    assert part.own["forecast"].iloc[0] == pytest.approx(found.draws(1, "team", team).mean())
    with pytest.raises(InputError, match="holds no company"):
        part.draws(1, "company", "")
    assert set(combined_record(own).frame["key"]) <= {team}


def test_a_rep_sees_nobody_else(store, found):
    rep = found.frame.loc[found.frame["kind"] == "rep", "key"].iloc[0]
    own = open_view(store, period="2026-Q3", scope=f"rep:{rep}")
    part = booking_forecast(own)
    assert set(part.frame["key"]) == {rep}
    assert set(part.units["owner_id"]) == {rep}


@pytest.mark.parametrize("kind", ["company", "team", "rep"])
def test_all_that_the_notebook_shows_holds_nobody_elses_deals(store, found, kind):
    own = found.frame[found.frame["kind"] == kind]
    key = own["key"].iloc[0]
    audience = {"company": "leadership", "team": "manager", "rep": "rep"}[kind]
    scope = "company" if kind == "company" else f"{kind}:{key}"
    view = open_view(store, period="2026-Q3", scope=scope, audience=audience)
    shown = [
        forecast_findings(view), booking_forecast(view), deciding_deals(view), scenarios(view),
        figure(plot_booking_forecast, booking_forecast(view)),
        figure(plot_forecast_parts, forecast_parts(view)),
        statement(forecast_risks(view)),
        figure(plot_forecast_changes, combined_changes(view)),
        figure(plot_accuracy_record, combined_record(view)),
        figure(plot_reliability, chance_record(view)),
    ]  # fmt: skip
    pages = [one._repr_mimebundle_()["text/html"] for one in shown]
    assert all(pages)
    inside = set(booking_forecast(view).units["owner_id"])
    people = found.frame[found.frame["kind"] == "rep"]
    others = set(people.loc[~people["key"].isin(inside), "label"])
    assert len(others) > 5 or kind == "company"
    assert not [name for name in others if any(name in page for page in pages)]
    assert 3 <= len(shown[0].findings) <= 7


def test_parts_and_scenarios_come_to_the_forecast(view, found):
    parts = forecast_parts(view).frame.set_index("part")["amount"]
    four = parts[["booked", "open", "created", "beside"]].sum()
    assert four == pytest.approx(found.own["forecast"].iloc[0])
    assert four + parts["gap"] == pytest.approx(found.own["goal"].iloc[0])
    grid = scenarios(view).frame.set_index(["scenario", "step"])["forecast"]
    assert grid["as_it_is", 1] == pytest.approx(found.own["forecast"].iloc[0])
    assert grid["win_rate_up", 1] > grid["as_it_is", 1] > grid["win_rate_down", 1]
    # What slips out of one quarter comes in the next.
    first, second = found.own.iloc[0], found.own.iloc[1]
    opens = [
        (row["forecast"] - row["booked"]) * row["open"] / (row["open"] + row["created"])
        for row in (first, second)
    ]
    assert grid["slips", 1] == pytest.approx(first["forecast"] - 0.2 * opens[0], rel=1e-3)
    assert grid["slips", 2] == pytest.approx(
        second["forecast"] + 0.2 * opens[0] - 0.2 * opens[1], rel=1e-3
    )
    assert grid["hires", 1] == grid["as_it_is", 1]
    with pytest.raises(InputError, match="slippage"):
        Levers(slippage=1.5)


def test_an_export_without_history_or_quotas_gets_a_forecast_and_says_how(shared_data, tmp_path):
    mapping = MAPPINGS / "maven_crm.yaml"
    ingest_folder(shared_data / "maven_crm", mapping, dt.date(2017, 9, 30), tmp_path / "store")
    own = open_view(
        tmp_path / "store", period="2017-Q3", currency=CurrencySettings(reporting="USD")
    )
    part = booking_forecast(own)
    row = part.own.iloc[0]
    assert row["period"] == "2017-Q4"
    assert 0 < row["low"] < row["forecast"] < row["high"]
    # Quarters beyond hold what is not created yet too, and are no surer than the next one.
    later = part.own.iloc[1:]
    assert (later["forecast"] > row["forecast"] / 2).all()
    assert (later["high"] - later["low"] > (row["high"] - row["low"]) / 4).all()
    assert np.isnan(row["goal"])
    assert part.method.method("open_deals") == "win_model_without_history"
    assert part.method.method("goal") == "none"
    assert part.method.method("commit") == "none"
    assert "no quotas" in part.method.headline
    rows = combined_record(own).frame
    rows = rows[(rows["method"] == "combined") & (rows["kind"] == "company")]
    assert len(rows) >= 4
    assert rows["forecast"].notna().all()
