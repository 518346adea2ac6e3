"""Seasons of one series: whether it has one, and what it is like."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["is_seasonal", "seasonal_indices"]

_Z = 1.645
_SMALLEST = 0.01


def is_seasonal(y: Floats, season_length: int) -> bool:
    """Whether values a season apart go together more than chance would have it.

    |r(m)| > 1.645 · √((1 + 2 Σ r(k)²) ÷ n), k from 1 to m − 1, with r the autocorrelation:
    Bartlett's test at 90 %, as the Theta method used it in the M3 competition
    (Assimakopoulos and Nikolopoulos 2000, International Journal of Forecasting 16).

    Parameters
    ----------
    y : array of float
        The series.
    season_length : int
        Steps in a season, m.

    Returns
    -------
    bool
        False for less than three seasons.

    Examples
    --------
    >>> is_seasonal(np.tile([1.0, 2.0, 3.0, 9.0], 5), 4), is_seasonal(np.arange(20.0) ** 2, 7)
    (True, False)
    """
    n = len(y)
    if season_length < 2 or n < 3 * season_length:
        return False
    gap = y - y.mean()
    total = float((gap * gap).sum())
    if total == 0:
        return False
    r = [float((gap[lag:] * gap[:-lag]).sum()) / total for lag in range(1, season_length + 1)]
    limit = _Z * np.sqrt((1 + 2 * sum(one * one for one in r[:-1])) / n)
    return bool(abs(r[-1]) > limit)


def seasonal_indices(y: Floats, season_length: int, *, ratios: bool) -> Floats:
    """Classical indices of a season: values against their centred moving average.

    Parameters
    ----------
    y : array of float
        The series, two seasons or more.
    season_length : int
        Steps in a season.
    ratios : bool
        Whether the indices are factors, with mean 1, or differences, with mean 0.

    Returns
    -------
    array of float
        One for each step of a season, beginning with that of the first value. Without a
        season, 1 or 0, where a factor would be 0 or less.

    Examples
    --------
    >>> seasonal_indices(np.tile([2.0, 4.0], 4), 2, ratios=False)
    array([-1.,  1.])
    """
    weights = np.full(season_length, 1.0)
    if season_length % 2 == 0:
        weights = np.concatenate([[0.5], np.ones(season_length - 1), [0.5]])
    trend = np.convolve(y, weights / season_length, mode="valid")
    first = (len(weights) - 1) // 2
    inner = y[first : first + len(trend)]
    gaps = inner / trend if ratios else inner - trend
    phases = (np.arange(len(trend)) + first) % season_length
    found = np.array([gaps[phases == phase].mean() for phase in range(season_length)])
    found = found / found.mean() if ratios else found - found.mean()
    if ratios and found.min() < _SMALLEST:
        return np.ones(season_length)
    return np.asarray(found, dtype=np.float64)
