"""The M3 competition: forecasts of its 3,003 series against the published results.

    python benchmarks/m3.py
    python benchmarks/m3.py --sample 100 --periods monthly quarterly

Reads `m3/m3.csv.gz` in the folder that `SALESOPS_SHARED_DATA` names (else `../shared/data`).
The library sees the training part of each series only. Prints:

- sMAPE (mean of 200·|y−f| ÷ (|y|+|f|)) and MASE (scaled by the in-sample seasonal naive),
  means over series, beside those of the original submissions, recomputed the same way;
- the share of the test values within the 80 % and 95 % intervals;
- series a second, of the library and of single models of statsforecast, each in one
  process on the same series. The library's time holds its backtests and intervals; that of
  a single model is one fit and its point forecast.
"""

from __future__ import annotations

import argparse
import os
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table

SEASONS = {"yearly": 1, "quarterly": 4, "monthly": 12, "other": 1}
SPEED_SERIES = 24
PUBLISHED = {  # sMAPE quarterly, monthly, all; MASE quarterly, monthly, all
    "Theta (winner)": (8.956, 13.892, 12.762, 1.087, 0.858, 1.395),
    "ForecastPro": (9.815, 13.898, 13.056, 1.204, 0.848, 1.467),
    "Comb S-H-D": (9.216, 14.466, 13.130, 1.105, 0.896, 1.441),
    "Damped": (9.361, 14.576, 13.284, 1.126, 0.908, 1.484),
    "Naive2": (9.951, 16.891, 14.742, 1.238, 1.037, 1.665),
}
SINGLE_MODELS = ("AutoETS", "DynamicOptimizedTheta", "AutoCES", "AutoARIMA")


def series_of(periods: list[str], sample: int | None) -> pd.DataFrame:
    folder = Path(
        os.environ.get("SALESOPS_SHARED_DATA", Path(__file__).parents[1].parent / "shared" / "data")
    )
    frame = pd.read_csv(folder / "m3" / "m3.csv.gz")
    kept = []
    for period in periods:
        names = np.sort(frame.loc[frame["period"] == period, "series"].unique())
        step = max(1, len(names) // sample) if sample else 1
        kept.extend(names[::step][: sample or len(names)])
    rows = frame[frame["series"].isin(kept)]
    return rows.rename(columns={"series": "unique_id", "t": "ds"})


def forecasts(train: pd.DataFrame, horizon: int, season: int, workers: int) -> pd.DataFrame:
    from salesops_lib.forecasting import forecast

    return forecast(train[["unique_id", "ds", "y"]], horizon, season, freq=1, workers=workers).frame


def scored(rows: pd.DataFrame, season: int, workers: int) -> pd.DataFrame:
    """One row a series: errors, and shares of the test values within the intervals."""
    from salesops_lib.forecasting.accuracy import mase, smape

    train, test = rows[rows["part"] == "train"], rows[rows["part"] == "test"]
    horizon = int(test.groupby("unique_id").size().max())
    found = forecasts(train, horizon, season, workers).merge(
        test[["unique_id", "ds", "y"]], on=["unique_id", "ds"], validate="1:1"
    )
    if len(found) != len(test):
        raise SystemExit("the forecasts do not cover the test parts")
    history = dict(list(train.groupby("unique_id")["y"]))
    records = []
    for name, part in found.groupby("unique_id"):
        y = part["y"]
        records.append(
            {
                "smape": 100 * float(smape(y, part["mean"]).number or 0),
                "mase": mase(y, part["mean"], history[name], season).number,
                "in80": y.between(part["lo-80"], part["hi-80"]).mean(),
                "in95": y.between(part["lo-95"], part["hi-95"]).mean(),
            }
        )
    return pd.DataFrame(records).astype(float)


def speeds(rows: pd.DataFrame, season: int) -> dict[str, float]:
    """Series a second, one process."""
    from statsforecast import models

    train = rows[rows["part"] == "train"]
    horizon = int(rows[rows["part"] == "test"].groupby("unique_id").size().max())
    names = np.sort(train["unique_id"].unique())
    names = names[:: max(1, len(names) // SPEED_SERIES)][:SPEED_SERIES]
    train = train[train["unique_id"].isin(names)]
    values = [part.to_numpy(float) for _, part in train.groupby("unique_id")["y"]]
    started = time.perf_counter()
    forecasts(train, horizon, season, 1)
    found = {"salesops_lib": len(values) / (time.perf_counter() - started)}
    for name in SINGLE_MODELS:
        started = time.perf_counter()
        for y in values:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                getattr(models, name)(season_length=season).forecast(y=y, h=horizon)
        found[name] = len(values) / (time.perf_counter() - started)
    return found


def table(title: str, columns: list[str], rows: list[list[Any]]) -> Table:
    shown = Table(title=title)
    for place, column in enumerate(columns):
        shown.add_column(column, justify="right" if place else "left")
    for row in rows:
        shown.add_row(*[cell if isinstance(cell, str) else f"{cell:.3f}" for cell in row])
    return shown


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--sample", type=int, help="series of each period, instead of all")
    parser.add_argument("--periods", nargs="+", choices=SEASONS, default=list(SEASONS))
    parser.add_argument("--workers", type=int, choices=(1, 2), default=2)
    parser.add_argument("--no-speed", action="store_true", help="errors only")
    chosen = parser.parse_args()
    console = Console(width=100)
    every = series_of(chosen.periods, chosen.sample)
    scores, rows = {}, []
    for period in chosen.periods:
        started = time.perf_counter()
        part = every[every["period"] == period]
        scores[period] = scored(part, SEASONS[period], chosen.workers)
        took = time.perf_counter() - started
        rows.append([period, f"{len(scores[period]):,}", *scores[period].mean(), f"{took:.0f} s"])
        console.print(" ".join(str(cell) for cell in rows[-1]), style="dim")
    if len(scores) > 1:
        whole = pd.concat(scores.values())
        rows.append(["all", f"{len(whole):,}", *whole.mean(), ""])
    columns = ["salesops_lib", "series", "sMAPE", "MASE", "within 80 %", "within 95 %", "time"]
    console.print(table("M3, test parts", columns, rows))
    head = ["published", "sMAPE quarterly", "monthly", "all", "MASE quarterly", "monthly", "all"]
    console.print(
        table("Original submissions, whole set", head, [[k, *v] for k, v in PUBLISHED.items()])
    )
    if not chosen.no_speed:
        periods = [p for p in ("monthly", "quarterly") if p in scores]
        found = {p: speeds(every[every["period"] == p], SEASONS[p]) for p in periods}
        names = ["salesops_lib", *SINGLE_MODELS]
        cells = [[name, *[f"{found[p][name]:.1f}" for p in periods]] for name in names]
        console.print(table("Series a second, one process", ["model", *periods], cells))


if __name__ == "__main__":
    main()
