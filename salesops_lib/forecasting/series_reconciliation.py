"""Forecasts that add up: company, regions, teams and reps, and their intervals too."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from salesops_lib.definition import Definition
from salesops_lib.errors import InputError
from salesops_lib.forecasting.series_hierarchy import Tree, checked_tree
from salesops_lib.forecasting.series_paths import sample_paths, scaled_errors, spreads

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from salesops_lib.forecasting.series import SeriesForecast

    Floats = NDArray[np.float64]

__all__ = ["RECONCILED_FORECAST", "ReconciledForecast", "reconciled"]

RECONCILED_FORECAST = Definition(
    "reconciled_forecast",
    "Reconciled forecast",
    "money",
    "forecasts of all levels, changed as little as their past errors allow so that parts add "
    "up to wholes (minimum trace); interval: quantiles of paths that add up as well",
    "the series of one hierarchy",
    "last step of the series",
    "With too few past errors each series weighs by the number of its parts (structural "
    "scaling). Where no series was ever negative, none becomes so: its siblings give way.",
    "neither",
)

_FEWEST_ORIGINS = 2
_FEWEST_ERRORS = 12


@dataclass(frozen=True)
class ReconciledForecast:
    """Forecasts of a hierarchy that add up.

    Parameters
    ----------
    frame : DataFrame
        One row a series and step, parents first: `unique_id`, `ds`, `mean`, and `lo-80`,
        `hi-80` and so on, the quantiles of `paths`.
    names : tuple of str
        Series, in the order of `paths`.
    paths : array, series x horizon x paths
        Draws in each of which parts add up to wholes.
    method : str
        ``minimum trace, shrunk`` or ``structural scaling``.
    reason : str
        Why it is the simpler one; empty for the first.
    definition : Definition
        What it means.
    """

    frame: pd.DataFrame
    names: tuple[str, ...]
    paths: Floats
    method: str
    reason: str
    definition: Definition = RECONCILED_FORECAST


def reconciled(
    forecast: SeriesForecast, hierarchy: Mapping[str, str], paths: int = 1000
) -> ReconciledForecast:
    """Forecasts of a hierarchy, and paths of it, in which parts add up to wholes.

    Minimum trace (Wickramasuriya, Athanasopoulos and Hyndman 2019, Journal of the American
    Statistical Association 114) with a shrunk covariance of past errors. Paths
    are drawn from the calibrated intervals and go through the same projection, so each of
    them adds up; the quantiles of sums are not sums of quantiles, and need not be.

    Parameters
    ----------
    forecast : SeriesForecast
        Forecasts of every series of the tree. Its seed decides the paths.
    hierarchy : mapping
        The series that each one is a part of, such as ``{"Ana": "North", "North": "company"}``.
    paths : int
        Paths, at least 100.

    Returns
    -------
    ReconciledForecast

    Raises
    ------
    InputError
        Where the hierarchy is not one tree over the series, series end at different steps, or
        parts do not add up to wholes in the past.
    """
    if paths < 100:
        raise InputError(f"quantiles need at least 100 paths, not {paths}")
    tree = checked_tree(forecast, hierarchy)
    place = {part.series.unique_id: number for number, part in enumerate(forecast.parts)}
    order = np.array([place[name] for name in tree.names])
    first = len(order) - tree.bottoms
    # What was always 0 stays so; it takes no part in the projection.
    moving = np.array([forecast.parts[number].series.y.any() for number in order])
    summing = tree.summing[moving][:, moving[first:]]
    base = np.stack([forecast.parts[number].mean for number in order])
    usual = spreads(forecast)[order]
    errors = scaled_errors(forecast)[order][moving]
    projection, correlation, method, reason = _projection(
        summing, base[moving], errors, usual[moving]
    )
    full = np.eye(len(forecast.parts))
    rows = order[moving]
    full[np.ix_(rows, rows)] = correlation
    drawn = sample_paths(forecast, full, paths)[rows]
    lower = all(part.is_never_negative for part in forecast.parts)
    stacked = np.concatenate([base[moving][:, :, None], drawn], axis=2)
    coherent = np.zeros((len(order), forecast.horizon, paths + 1))
    coherent[moving] = np.einsum("ij,jhp->ihp", summing @ projection, stacked, optimize=True)
    if lower:
        _cut_at_zero(coherent, tree)
    # Sums of the bottom once more, so that not even rounding keeps parts from their whole.
    coherent = np.einsum("ib,bhp->ihp", tree.summing, coherent[first:], optimize=True)
    mean, coherent = coherent[:, :, 0], coherent[:, :, 1:]
    frame = _frame(forecast, tree, mean, coherent)
    return ReconciledForecast(frame, tree.names, coherent, method, reason)


def _projection(
    summing: Floats, base: Floats, errors: Floats, usual: Floats
) -> tuple[Floats, Floats, str, str]:
    """Matrix from all series to those without parts, and the correlation of their errors."""
    series, bottoms = summing.shape
    if not bottoms:
        return np.zeros((0, 0)), np.eye(0), "structural scaling", "every value is 0"
    reason = _too_few(errors, usual)
    if not reason:
        # In money again, but each step in units of the first one's size.
        cases = (errors * usual.mean(axis=1)[:, None, None]).reshape(series, -1)
        found = _minimum_trace(summing, base, cases[:, ~np.isnan(cases).any(axis=0)])
        if found is not None:
            return *found, "minimum trace, shrunk", ""
        reason = "the covariance of past errors has no inverse"
    from hierarchicalforecast.methods import MinTrace  # type: ignore[import-untyped]

    structural = MinTrace("wls_struct").fit(summing, base)
    return np.asarray(structural.P), np.eye(series), "structural scaling", reason


def _too_few(errors: Floats, usual: Floats) -> str:
    """Why a covariance cannot be learnt from the past errors; empty where it can."""
    if not usual.any(axis=1).all():
        return "a series has no past errors that tell how far it may move"
    shared = np.asarray(np.isfinite(errors).all(axis=0))
    origins, cases = int(shared.any(axis=1).sum()), int(shared.sum())
    if origins < _FEWEST_ORIGINS or cases < _FEWEST_ERRORS:
        return f"{cases} past errors from {origins} origins that all series share: too few"
    return ""


def _minimum_trace(summing: Floats, base: Floats, cases: Floats) -> tuple[Floats, Floats] | None:
    from hierarchicalforecast.methods import MinTrace

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            fitted = MinTrace("mint_shrink").fit(summing, base, cases, np.zeros_like(cases))
    except Exception:  # noqa: BLE001 (it raises plain exceptions where it is ill-conditioned)
        return None
    projection, covariance = np.asarray(fitted.P), np.asarray(fitted.W)
    sizes = np.sqrt(np.diag(covariance))
    bottoms = summing.shape[1]
    sound = np.isfinite(projection).all() and np.isfinite(covariance).all() and (sizes > 0).all()
    # A projection leaves alone what adds up already.
    if not sound or not np.allclose(projection @ summing, np.eye(bottoms), atol=1e-6):
        return None
    correlation = covariance / np.outer(sizes, sizes)
    return projection, np.asarray((correlation + correlation.T) / 2, dtype=np.float64)


def _cut_at_zero(values: Floats, tree: Tree) -> None:
    """Negative parts become 0, and their siblings shrink so that the whole stays what it is."""
    values[0] = np.maximum(values[0], 0.0)
    for parent in range(len(tree.names) - tree.bottoms):
        parts = list(tree.parts[parent])
        positive = np.maximum(values[parts], 0.0)
        total = positive.sum(axis=0)
        share = np.where(total > 0, values[parent] / np.where(total > 0, total, 1.0), 0.0)
        values[parts] = positive * share


def _frame(forecast: SeriesForecast, tree: Tree, mean: Floats, paths: Floats) -> pd.DataFrame:
    future = forecast.parts[0].series.future
    columns = {
        "unique_id": np.repeat(tree.names, forecast.horizon),
        "ds": list(future) * len(tree.names),
        "mean": mean.ravel(),
    }
    for level in forecast.level:
        tail = (1 - level / 100) / 2
        low, high = np.quantile(paths, [tail, 1 - tail], axis=2)
        columns[f"lo-{level}"], columns[f"hi-{level}"] = low.ravel(), high.ravel()
    return pd.DataFrame(columns)
