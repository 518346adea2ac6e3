"""The M3 competition's own reference, as published, on its whole monthly and quarterly sets."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from salesops_lib.forecasting.series_models import model_forecast


@pytest.mark.parametrize(
    ("period", "season", "smape", "mase"),
    [("quarterly", 4, 9.951, 1.238), ("monthly", 12, 16.891, 1.037)],
)
def test_naive2_has_its_published_errors(shared_data, period, season, smape, mase):
    if not (shared_data / "m3" / "m3.csv.gz").is_file():
        pytest.skip("the M3 series are not on this machine (SALESOPS_SHARED_DATA)")
    rows = pd.read_csv(shared_data / "m3" / "m3.csv.gz")
    errors = []
    for _, part in rows[rows["period"] == period].groupby("series"):
        past = part.loc[part["part"] == "train", "y"].to_numpy(float)
        y = part.loc[part["part"] == "test", "y"].to_numpy(float)
        forecast = model_forecast("Naive2", past, season, len(y))
        gap = np.abs(y - forecast)
        size = np.abs(y) + np.abs(forecast)
        moves = np.abs(past[season:] - past[:-season]).mean()
        errors.append(((200 * gap / size).mean(), gap.mean() / moves))
    found = np.mean(errors, axis=0)
    # The submission's test for a season was another one: a few series differ.
    assert found == pytest.approx([smape, mase], rel=0.015)
