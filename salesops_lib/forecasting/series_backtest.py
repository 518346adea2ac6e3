"""Backtests of one series: its models forecast its own last steps from what came before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from salesops_lib.forecasting.series_models import Plan, model_forecast, plan_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["ORIGINS", "Backtest", "backtest", "combined", "member_weights", "origins"]

ORIGINS = 3
"""Past days that a series is forecast from."""

_PRIOR_ORIGINS = 2.0
"""Weight of what all series say of a model, in origins of the series' own."""

_TRIMMED = 4
"""From so many models on, the highest and the lowest at each step are left out."""


@dataclass(frozen=True)
class Backtest:
    """What each model said, in the past and now.

    Parameters
    ----------
    plan : Plan
        Method of the series; its members are the models, in the order of the arrays.
    origins : tuple of int
        Steps before the end from which the past forecasts were made.
    past : array, models x origins x horizon
        Past forecasts; NaN where there is none, or no actual yet.
    actual : array, origins x horizon
        What came; NaN beyond the end.
    future : array, models x horizon
        Forecasts from the end; NaN where a model has none.
    scale : float
        Mean absolute change to the step a season before, or to the step before.
    """

    plan: Plan
    origins: tuple[int, ...]
    past: Floats
    actual: Floats
    future: Floats
    scale: float


def origins(n: int, horizon: int, plan: Plan) -> tuple[int, ...]:
    """Steps before the end of a series from which it is forecast.

    Up to three, half a horizon apart, the last of them a whole horizon before the end;
    a short series is forecast from later ones too, so that none is left with less
    than half of its values, or two seasons.

    Parameters
    ----------
    n : int
        Length of the series.
    horizon : int
        Steps ahead.
    plan : Plan
        Method of the series.

    Returns
    -------
    tuple of int
        From the earliest to the latest.

    Examples
    --------
    >>> plan = plan_of(np.arange(1.0, 45.0), 4)
    >>> origins(44, 8, plan), origins(14, 8, plan)
    ((16, 12, 8), (4,))
    """
    if not plan.members:
        return ()
    least = 1 if plan.method == "short" else max(6, n // 2)
    if plan.season_length > 1 and plan.method == "ensemble":
        least = max(least, 2 * plan.season_length + 1)
    step = max(1, round(horizon / 2))
    start = horizon + (ORIGINS - 1) * step
    return tuple(back for back in range(start, 0, -step) if n - back >= least)[:ORIGINS]


def backtest(y: Floats, horizon: int, season_length: int) -> Backtest:
    """Forecasts of a series' models from past origins and from its end.

    Parameters
    ----------
    y : array of float
        The series, without gaps.
    horizon, season_length : int
        Steps.

    Returns
    -------
    Backtest
    """
    test = _backtest(y, horizon, plan_of(y, season_length))
    if test.plan.members and np.isnan(test.future).any(axis=1).all():
        why = "no model of the ensemble converged"
        return _backtest(y, horizon, Plan("short", why, ("naive", "historic average"), 1))
    return test


def _backtest(y: Floats, horizon: int, plan: Plan) -> Backtest:
    backs = origins(len(y), horizon, plan)
    shape = (len(backs), horizon)
    past = np.full((len(plan.members), *shape), np.nan)
    actual = np.full(shape, np.nan)
    future = np.full((len(plan.members), horizon), np.nan)
    for place, back in enumerate(backs):
        seen = min(back, horizon)
        known, actual[place, :seen] = y[:-back], y[-back:][:seen]
        for model, name in enumerate(plan.members):
            found = _forecast(name, known, plan, seen)
            if found is not None:
                past[model, place, :seen] = found
    for model, name in enumerate(plan.members):
        found = _forecast(name, y, plan, horizon)
        if found is not None:
            future[model] = found
    return Backtest(plan, backs, past, actual, future, _scale(y, plan.season_length))


def _forecast(name: str, y: Floats, plan: Plan, horizon: int) -> Floats | None:
    # A past origin may see fewer seasons, zeros or signs than the end does.
    season = plan.season_length if len(y) > plan.season_length else 1
    return model_forecast(name, y, season, horizon)


def _scale(y: Floats, season_length: int) -> float:
    lag = season_length if len(y) > 2 * season_length else 1
    return float(np.abs(y[lag:] - y[:-lag]).mean()) if len(y) > lag else 0.0


def member_weights(backtests: Sequence[Backtest]) -> list[Floats]:
    """Weight of each model in each series: by the inverse of its past error.

    A model's error is its mean absolute one over all origins, relative to the mean of the
    models of that series. One series tells little of which model is best for it, so its
    own figure is drawn to the median of all series of the same method as if that were two
    origins more. A model without a forecast gets no weight.

    Parameters
    ----------
    backtests : sequence of Backtest
        Of all series.

    Returns
    -------
    list of array
        One weight a model, which add up to 1; empty where the method has no models.
    """
    own = [_relative_errors(test) for test in backtests]
    by_members: dict[tuple[str, ...], list[Floats]] = {}
    for test, errors in zip(backtests, own, strict=True):
        by_members.setdefault(test.plan.members, []).append(errors)
    pooled = {members: _median(np.stack(rows)) for members, rows in by_members.items() if members}
    weights = []
    for test, errors in zip(backtests, own, strict=True):
        if not test.plan.members:
            weights.append(np.empty(0))
            continue
        prior, n = pooled[test.plan.members], len(test.origins)
        mixed = (n * errors + _PRIOR_ORIGINS * prior) / (n + _PRIOR_ORIGINS)
        inverse = 1 / np.maximum(np.where(np.isnan(errors), prior, mixed), 1e-3)
        inverse[np.isnan(test.future).any(axis=1)] = 0.0
        total = inverse.sum()
        weights.append(inverse / total if total > 0 else inverse)
    return weights


def _relative_errors(test: Backtest) -> Floats:
    errors = np.array([_mean(np.abs(test.actual - past)) for past in test.past])
    known = errors[~np.isnan(errors)]
    if not len(known) or known.mean() == 0:
        return np.full(len(errors), np.nan)
    return np.asarray(errors / known.mean(), dtype=np.float64)


def _mean(errors: Floats) -> float:
    known = errors[~np.isnan(errors)]
    return float(known.mean()) if len(known) else np.nan


def _median(rows: Floats) -> Floats:
    """Median of each column; 1 where nothing is known."""
    return np.array(
        [np.median(known) if len(known := column[~np.isnan(column)]) else 1.0 for column in rows.T]
    )


def combined(forecasts: Floats, weights: Floats) -> Floats:
    """Weighted mean of the models' forecasts, without the highest and the lowest of four or more.

    Parameters
    ----------
    forecasts : array, models x ...
        NaN where a model has none.
    weights : array of float
        One a model.

    Returns
    -------
    array
        Without the first axis; NaN where no model has a forecast.

    Examples
    --------
    >>> combined(np.array([[1.0, np.nan], [4.0, 6.0]]), np.array([2 / 3, 1 / 3])).round(9)
    array([2., 6.])
    >>> combined(np.array([[1.0], [90.0], [4.0], [6.0]]), np.full(4, 0.25))
    array([5.])
    """
    shaped = weights.reshape(-1, *[1] * (forecasts.ndim - 1))
    heavy = np.where(np.isnan(forecasts) | (shaped == 0), 0.0, shaped)
    # Ties by the order of the models, so that each step loses one at either end.
    known = np.where(heavy > 0, forecasts, np.inf)
    ranks = known.argsort(axis=0, kind="stable").argsort(axis=0, kind="stable")
    count = (heavy > 0).sum(axis=0)
    heavy = np.where((count >= _TRIMMED) & ((ranks == 0) | (ranks == count - 1)), 0.0, heavy)
    total = heavy.sum(axis=0)
    summed = (heavy * np.nan_to_num(forecasts)).sum(axis=0)
    return np.where(total > 0, summed / np.where(total > 0, total, 1.0), np.nan)
