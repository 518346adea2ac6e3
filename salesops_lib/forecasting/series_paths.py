"""Paths drawn from forecasts of series: all series and steps together, as they move together."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from salesops_lib.forecasting.series import SeriesForecast

    Floats = NDArray[np.float64]

__all__ = ["sample_paths", "scaled_errors", "spreads"]

_PRIOR_ORIGINS = 10.0
"""Weight of a random walk in what steps have to do with each other, in past origins."""

_GRID = np.linspace(0.0, 0.9995, 2000)


def spreads(forecast: SeriesForecast) -> Floats:
    """Usual error of each series at each step ahead.

    Parameters
    ----------
    forecast : SeriesForecast
        Forecasts.

    Returns
    -------
    array, series x horizon
        In the unit of the series; 0 where nothing tells how far it may move.
    """
    found = np.zeros((len(forecast.parts), forecast.horizon))
    for places, calibrated in forecast.calibrations.values():
        found[list(places)] = np.outer(np.nan_to_num(calibrated.scales), calibrated.profile)
    return found


def scaled_errors(forecast: SeriesForecast) -> Floats:
    """Past errors of each series, each step in units of its usual size.

    Parameters
    ----------
    forecast : SeriesForecast
        Forecasts.

    Returns
    -------
    array, series x origins x horizon
        Origins are the same number of steps before the end in all series; NaN where a
        series has none.
    """
    backs = sorted({back for part in forecast.parts for back in part.test.origins}, reverse=True)
    found = np.full((len(forecast.parts), len(backs), forecast.horizon), np.nan)
    usual = spreads(forecast)
    for place, part in enumerate(forecast.parts):
        if not usual[place].any():
            continue
        for back, error in zip(part.test.origins, part.errors_now, strict=True):
            found[place, backs.index(back)] = error / usual[place]
    return found


def sample_paths(forecast: SeriesForecast, correlation: Floats, count: int) -> Floats:
    """Paths of all series: a Gaussian copula between series and steps, calibrated margins.

    Each path is a draw of what all series do at all steps. At one step a series has
    the quantiles of its interval; how series go together is `correlation`, how steps
    do comes from past errors. Nothing is cut at 0.

    Parameters
    ----------
    forecast : SeriesForecast
        Forecasts; its seed decides the draws.
    correlation : array, series x series
        Between errors of series.
    count : int
        Paths.

    Returns
    -------
    array, series x horizon x paths
    """
    from scipy.special import ndtr

    draws = np.random.default_rng(forecast.seed).standard_normal(
        (count, len(forecast.parts), forecast.horizon)
    )
    series, steps = _root(correlation), _root(_step_correlation(forecast))
    normal = np.einsum("ij,pjh,kh->ikp", series, draws, steps, optimize=True)
    mean = np.stack([part.mean for part in forecast.parts])
    shares = np.abs(2 * ndtr(normal) - 1)
    shocks = np.zeros_like(normal)
    usual = spreads(forecast)
    for places, calibrated in forecast.calibrations.values():
        held = list(places)
        size = np.interp(shares[held], _GRID, calibrated.spread(_GRID))
        shocks[held] = np.sign(normal[held]) * size * usual[held][:, :, None]
    return np.asarray(mean[:, :, None] + shocks, dtype=np.float64)


def _root(correlation: Floats) -> Floats:
    """Matrix whose square is a correlation, also where that has no full rank."""
    values, vectors = np.linalg.eigh(correlation)
    # The sign of a vector is free; the matrix that is symmetric has none to choose.
    return np.asarray((vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T, dtype=np.float64)


def _step_correlation(forecast: SeriesForecast) -> Floats:
    """Correlation between steps ahead: past errors, drawn to that of a random walk."""
    steps = np.arange(1.0, forecast.horizon + 1)
    prior = np.sqrt(np.minimum.outer(steps, steps) / np.maximum.outer(steps, steps))
    errors = scaled_errors(forecast).reshape(-1, forecast.horizon)
    errors = errors[~np.isnan(errors).any(axis=1)]
    products = errors.T @ errors
    size = np.sqrt(np.diag(products))
    if not len(errors) or not size.all():
        return np.asarray(prior, dtype=np.float64)
    seen = products / np.outer(size, size)
    n = len(errors)
    return np.asarray((n * seen + _PRIOR_ORIGINS * prior) / (n + _PRIOR_ORIGINS), dtype=np.float64)
