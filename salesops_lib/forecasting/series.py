"""Forecasts of many series: an ensemble chosen by backtest, with intervals that hold.

One call takes any long frame (a row a series and step), monthly, weekly, quarterly or of
any other even step.
"""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from salesops_lib.definition import Definition
from salesops_lib.errors import InputError
from salesops_lib.forecasting.series_backtest import (
    Backtest,
    backtest,
    combined,
    member_weights,
)
from salesops_lib.forecasting.series_input import Gaps, Series, checked_series
from salesops_lib.forecasting.series_intervals import Calibration, calibration, growth_of_errors

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["SERIES_FORECAST", "ForecastSeries", "SeriesForecast", "forecast"]

SERIES_FORECAST = Definition(
    "series_forecast",
    "Forecast of a series",
    "money",
    "mean of damped ETS, CES (both also of logs), Theta and Naive2, without the highest and the "
    "lowest at each step, each weighed by the inverse of its past error; "
    "interval: quantiles of what past forecasts of these series missed by",
    "the values of the series up to its last one; no deal, and nobody's judgement",
    "last step of the series",
    "Short, intermittent, constant and empty series have simpler methods, which are named. "
    "Where every value is the same, or there is only one, there is no interval.",
    "neither",
)

_NO_INTERVAL = "no interval: nothing tells how far it may move"


@dataclass(frozen=True)
class ForecastSeries:
    """One series with its forecast, in numbers.

    Parameters
    ----------
    series : Series
        The series itself.
    test : Backtest
        What its models said, in the past and now.
    weights : array of float
        Weight of each model.
    mean : array of float
        The forecast.
    errors : array, origins x horizon
        Actual less forecast of past origins; NaN where there is no actual.
    """

    series: Series
    test: Backtest
    weights: Floats
    mean: Floats
    errors: Floats

    @property
    def errors_now(self) -> Floats:
        """Past errors in the size that they would have today."""
        test = self.test
        growth = growth_of_errors(self.series.y, test.origins, test.plan.season_length)
        return self.errors * growth[:, None]

    @property
    def is_never_negative(self) -> bool:
        """Whether no value of the past is below 0, so that no forecast is either."""
        return bool(self.series.y.min() >= 0)


@dataclass(frozen=True)
class SeriesForecast:
    """Forecast of each series of a frame.

    Parameters
    ----------
    frame : DataFrame
        One row a series and step: `unique_id`, `ds`, `mean`, and `lo-80`, `hi-80` and so on
        for each level, in the unit of the series; NaN where there is no interval.
    methods : DataFrame
        One row a series: `unique_id`, `n` (values), `filled` (values that the rule for gaps put
        in), `method` (``ensemble``, ``intermittent``, ``short``, ``naive`` or ``zero``),
        `reason` (why it is not the whole ensemble, and why there is no interval),
        `season_length`, `origins` (past origins that it was tested from), `mae` and
        `mase` (mean absolute error of these tests; the same over the mean absolute seasonal
        change; NaN where there is none).
    models : DataFrame
        One row a series and model: `unique_id`, `model`, `weight` (they add up to 1), `mae`.
    horizon, season_length : int
        Steps.
    level : tuple of int
        Shares that the intervals hold, in per cent.
    seed : int
        Of paths that are drawn from it.
    parts : tuple of ForecastSeries
        The same in numbers.
    calibrations : dict
        How far the series of each method have missed, and which they are.
    definition : Definition
        What it means.
    """

    frame: pd.DataFrame
    methods: pd.DataFrame
    models: pd.DataFrame
    horizon: int
    season_length: int
    level: tuple[int, ...]
    seed: int
    parts: tuple[ForecastSeries, ...]
    calibrations: dict[str, tuple[tuple[int, ...], Calibration]]
    definition: Definition = SERIES_FORECAST


def forecast(
    frame: pd.DataFrame,
    horizon: int,
    season_length: int,
    level: Sequence[int] = (80, 95),
    *,
    freq: str | int,
    gaps: Gaps = "refuse",
    seed: int = 0,
    workers: int = 1,
) -> SeriesForecast:
    """Forecast of each series of a long frame.

    The ensemble is the mean of six models, weighed by their errors at up to three past
    origins, without the highest and the lowest at each step. Intervals are quantiles of
    what the ensemble missed by at these origins, pooled over the series of the frame,
    each in its own scale. Nothing after a past origin enters a forecast from it.

    Parameters
    ----------
    frame : DataFrame
        Columns `unique_id`, `ds` (dates, or whole numbers) and `y`.
    horizon : int
        Steps ahead, at least 1.
    season_length : int
        Steps in a season: 12 for months, 4 for quarters, 52 for weeks, 1 for none.
    level : sequence of int
        Shares that the intervals hold, in per cent.
    freq : str or int
        Step: an alias of pandas such as ``MS``, ``QS`` or ``W-MON``; 1 for whole numbers.
    gaps : str
        What a missing step or value becomes: ``refuse``, ``zero`` or ``interpolate``.
    seed : int
        Of paths that are drawn from the forecast; the forecast itself draws nothing.
    workers : int
        Processes.

    Returns
    -------
    SeriesForecast

    Raises
    ------
    InputError
        For a frame that cannot be forecast; see `checked_series`.

    Examples
    --------
    >>> months = pd.date_range("2026-01-01", periods=3, freq="MS")
    >>> frame = pd.DataFrame({"unique_id": "North", "ds": months, "y": [4.0, 4.0, 4.0]})
    >>> found = forecast(frame, 2, 12, freq="MS")
    >>> found.frame["mean"].tolist(), found.methods["reason"].tolist()
    ([4.0, 4.0], ['every value is the same; no interval: nothing tells how far it may move'])
    """
    levels = _checked(horizon, season_length, level)
    series = checked_series(frame, horizon, freq, gaps)
    tests = _backtests([one.y for one in series], horizon, season_length, workers)
    parts = tuple(
        _part(one, test, weights)
        for one, test, weights in zip(series, tests, member_weights(tests), strict=True)
    )
    calibrations = _calibrations(parts)
    return SeriesForecast(
        _frame(parts, calibrations, levels),
        _methods(parts, calibrations),
        _models(parts),
        horizon,
        season_length,
        levels,
        seed,
        parts,
        calibrations,
    )


def _checked(horizon: int, season_length: int, level: Sequence[int]) -> tuple[int, ...]:
    for name, steps in (("horizon", horizon), ("season_length", season_length)):
        if isinstance(steps, bool) or not isinstance(steps, int | np.integer) or steps < 1:
            raise InputError(f"`{name}` must be a whole number of at least 1, not {steps!r}")
    wrong = [one for one in level if not 0 < one < 100]
    if wrong:
        raise InputError(f"a level lies between 0 and 100 per cent, not {wrong[0]!r}")
    return tuple(sorted(set(level)))


def _backtests(
    values: list[Floats], horizon: int, season_length: int, workers: int
) -> list[Backtest]:
    run = partial(backtest, horizon=horizon, season_length=season_length)
    if workers <= 1 or len(values) < 2 * workers:
        return [run(y) for y in values]
    with ProcessPoolExecutor(workers) as pool:
        return list(pool.map(run, values, chunksize=max(1, len(values) // (8 * workers))))


def _part(series: Series, test: Backtest, weights: Floats) -> ForecastSeries:
    horizon = len(series.future)
    if not test.plan.members:
        return ForecastSeries(series, test, weights, np.zeros(horizon), test.actual)
    mean, past = combined(test.future, weights), combined(test.past, weights)
    if series.y.min() >= 0:
        mean, past = np.maximum(mean, 0.0), np.maximum(past, 0.0)
    return ForecastSeries(series, test, weights, mean, test.actual - past)


def _calibrations(
    parts: Sequence[ForecastSeries],
) -> dict[str, tuple[tuple[int, ...], Calibration]]:
    """Calibration of each method; series that never moved are in none."""
    places: dict[str, list[int]] = {}
    for place, part in enumerate(parts):
        if part.test.plan.method not in {"zero", "naive"}:
            places.setdefault(part.test.plan.method, []).append(place)
    return {
        method: (
            tuple(held),
            calibration(
                [parts[place].errors_now for place in held],
                [parts[place].test.origins for place in held],
                np.array([parts[place].test.scale for place in held]),
            ),
        )
        for method, held in sorted(places.items())
    }


def _frame(
    parts: Sequence[ForecastSeries],
    calibrations: dict[str, tuple[tuple[int, ...], Calibration]],
    levels: tuple[int, ...],
) -> pd.DataFrame:
    mean = np.stack([part.mean for part in parts])
    floor = np.array([[0.0 if part.is_never_negative else -np.inf] for part in parts])
    columns = {
        "unique_id": np.repeat([part.series.unique_id for part in parts], mean.shape[1]),
        "ds": [step for part in parts for step in part.series.future],
        "mean": mean.ravel(),
    }
    for one in levels:
        half = np.full(mean.shape, np.nan)
        for places, found in calibrations.values():
            half[list(places)] = found.half_widths(one / 100)
        columns[f"lo-{one}"] = np.maximum(mean - half, floor).ravel()
        columns[f"hi-{one}"] = (mean + half).ravel()
    return pd.DataFrame(columns)


def _methods(
    parts: Sequence[ForecastSeries], calibrations: dict[str, tuple[tuple[int, ...], Calibration]]
) -> pd.DataFrame:
    known = {
        place
        for places, found in calibrations.values()
        for place, scale in zip(places, found.scales, strict=True)
        if not np.isnan(scale)
    }
    rows = []
    for place, part in enumerate(parts):
        plan, mae = part.test.plan, _mean_size(part.errors)
        reasons = [plan.reason, "" if place in known else _NO_INTERVAL]
        rows.append(
            {
                "unique_id": part.series.unique_id,
                "n": len(part.series.y),
                "filled": part.series.filled,
                "method": plan.method,
                "reason": "; ".join(reason for reason in reasons if reason),
                "season_length": plan.season_length,
                "origins": len(part.test.origins),
                "mae": mae,
                "mase": mae / part.test.scale if part.test.scale > 0 else np.nan,
            }
        )
    return pd.DataFrame(rows)


def _models(parts: Sequence[ForecastSeries]) -> pd.DataFrame:
    rows = [
        (part.series.unique_id, name, float(weight), _mean_size(part.test.actual - past))
        for part in parts
        for name, weight, past in zip(
            part.test.plan.members, part.weights, part.test.past, strict=True
        )
    ]
    return pd.DataFrame(rows, columns=["unique_id", "model", "weight", "mae"])


def _mean_size(errors: Floats) -> float:
    known = errors[~np.isnan(errors)]
    return float(np.abs(known).mean()) if known.size else float("nan")
