"""The deals' forecast: paths that add up, and a real export without history."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from salesops_lib.data.facts import CurrencySettings
from salesops_lib.data.ingest import ingest_folder
from salesops_lib.data.sample import write_sample
from salesops_lib.data.view import open_view
from salesops_lib.errors import InputError
from salesops_lib.forecasting.create_and_close import create_and_close
from salesops_lib.forecasting.deal_backtest import deal_backtest
from salesops_lib.forecasting.deal_forecast import deal_forecast, shared_spread
from salesops_lib.forecasting.deal_paths import BookingPaths, simulated_wins

PARAMETERS = Path(__file__).parents[2] / "parameters" / "mappings"


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    folder = tmp_path_factory.mktemp("company")
    write_sample(folder / "export", seed=7, scale=0.2)
    mapping = PARAMETERS / "sample.yaml"
    ingest_folder(folder / "export", mapping, dt.date(2026, 9, 30), folder / "store")
    return open_view(folder / "store", period="2026-Q3")


@pytest.fixture(scope="module")
def forecast(sample):
    return deal_forecast(sample, paths=300)


def units(*owners):
    return pd.DataFrame(
        {"owner_id": list(owners), "team": "t", "region": "r", "value": 100.0}
    )  # fmt: skip


def test_certain_and_hopeless_deals():
    found = simulated_wins(
        units("a", "b"), np.array([[1.0, 0.0], [0.0, 0.0]]), np.ones(1), ("P1", "P2"),
        spread=0.0, paths=50, rng=np.random.default_rng(0),
    )  # fmt: skip
    assert found.total("rep", "a").tolist() == [[10_000] * 50, [0] * 50]
    assert found.total("rep", "b").sum() == 0


def test_shares_of_paths_are_the_chances():
    found = simulated_wins(
        units("a"), np.array([[0.3, 0.5]]), np.array([2.0]), ("P1", "P2"),
        spread=0.0, paths=20_000, rng=np.random.default_rng(0),
    )  # fmt: skip
    total = found.total()
    assert (total > 0).mean(axis=1) == pytest.approx([0.3, 0.5], abs=0.015)
    # A deal is won once, and at twice its amount here.
    assert (total.sum(axis=0) <= 20_000).all()
    assert set(np.unique(total)) == {0, 20_000}


def test_paths_of_different_people_add_up():
    one = BookingPaths(("P1",), units("a", "b"), np.array([[[1, 2], [3, 4]]]))
    two = BookingPaths(("P1",), units("b", "c"), np.array([[[10, 20], [30, 40]]]))
    both = one + two
    assert both.total("rep", "b").tolist() == [[13, 24]]
    assert both.total().tolist() == [[44, 66]]
    with pytest.raises(InputError, match="cannot be added"):
        _ = one + BookingPaths(("P2",), one.units, one.cents)


def test_what_deals_have_in_common_is_found():
    rng = np.random.default_rng(1)
    shift = np.repeat(rng.normal(0, 0.4, 60), 300)
    odds = rng.normal(-1, 1, 60 * 300)
    frame = pd.DataFrame(
        {"time": np.repeat(range(60), 300), "probability": 1 / (1 + np.exp(-odds))}
    )
    frame["won"] = (rng.random(len(frame)) < 1 / (1 + np.exp(-odds - shift))).astype(float)
    assert shared_spread(frame) == pytest.approx(0.4, abs=0.12)


def test_probabilities_are_shares_and_regions_add_up(forecast):
    names = [name for name in forecast.frame.columns if name.startswith("won ")]
    chances = forecast.frame[names].to_numpy()
    assert len(names) == 5
    assert (chances >= 0).all()
    assert (chances.sum(axis=1) <= 1 + 1e-9).all()
    assert forecast.method == "win model"
    for kind in ("region", "team", "rep"):
        parts = sum(forecast.paths.total(kind, key) for key in forecast.paths.keys(kind))
        column = forecast.paths.units["owner_id" if kind == "rep" else kind]
        nobody = forecast.paths.cents[:, column.isna().to_numpy()].sum(axis=1)
        assert (parts + nobody == forecast.paths.total()).all()
    assert "open deals of the company bring" in forecast.headline
    mean = forecast.paths.total()[0].mean() / 100
    assert mean == pytest.approx(forecast.frame["expected"].sum(), rel=0.1)


def test_reasons_of_a_deal(forecast):
    deals = forecast.frame["opportunity_id"].head(2).tolist()
    found = forecast.explained(deals)
    assert found["opportunity_id"].tolist() == [deals[0]] * 3 + [deals[1]] * 3
    assert found["label"].notna().all()


def test_a_past_day_uses_nothing_later(sample):
    day = dt.date(2026, 2, 10)
    found = create_and_close(sample, day, paths=200)
    assert found.frame["period"].iloc[0] == "2026-Q1"
    assert found.past["deals"].ge(0).all()
    assert (found.frame["hi-95"] >= found.frame["lo-95"]).all()
    again = create_and_close(sample, day, paths=200)
    assert np.array_equal(found.paths.cents, again.paths.cents)


def test_horizons_follow_each_other(sample):
    quarters = [sample.calendar.period(label) for label in ("2026-Q4", "2027-Q2")]
    with pytest.raises(InputError, match="must begin on 2027-01-01"):
        create_and_close(sample, horizons=quarters)
    with pytest.raises(InputError, match="nothing is known"):
        create_and_close(sample, dt.date(2027, 1, 1))


def test_the_backtest_beats_base_rate_stage_and_category(sample):
    found = deal_backtest(sample, periods=4, paths=100)
    skills = found.report.skills
    assert set(skills) == {"base_rate", "stage", "forecast_category"}
    assert all(value.number > 0 for value in skills.values())
    assert found.report.calibration_error.number <= 0.03
    company = found.frame[found.frame["kind"] == "company"]
    assert len(company) == 16
    assert found.frame["forecast"].to_numpy() == pytest.approx(
        (found.frame["booked"] + found.frame["open"] + found.frame["created"]).to_numpy()
    )


def test_a_real_export_without_history_or_quotas(shared_data, tmp_path):
    mapping = PARAMETERS / "maven_crm.yaml"
    ingest_folder(shared_data / "maven_crm", mapping, dt.date(2017, 9, 30), tmp_path / "store")
    view = open_view(
        tmp_path / "store", period="2017-Q3", currency=CurrencySettings(reporting="USD")
    )
    found = deal_forecast(view, horizons=[view.calendar.period("2017-Q4")], paths=200)
    assert "stage" in found.without
    assert "amount" in found.without
    assert len(found.reasons) == 2
    assert len(found.frame) == 2409
    assert found.frame["value_is_estimate"].all()
    assert found.frame["probability"].between(0, 1, inclusive="neither").all()
    assert found.report.skills["base_rate"].number > 0
    assert found.summary["mean"].iloc[0] > 0
