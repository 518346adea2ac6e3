"""Models of one series: which are combined, and which stand in where there is too little."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from salesops_lib.forecasting.series_seasons import is_seasonal, seasonal_indices

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["MODELS", "Plan", "model_forecast", "plan_of"]

_SHORT = 8
"""Below so many values no model is fitted."""

_INTERMITTENT = 1 - 1 / 1.32
"""Share of zeros from which demand is intermittent: 1.32 steps from one sale to the next
(Syntetos, Boylan and Croston 2005, Journal of the Operational Research Society 56)."""

_RUNAWAY = 10.0
"""A model that forecasts so many times the largest value of the past has not converged."""


@dataclass(frozen=True)
class Plan:
    """How a series is forecast.

    Parameters
    ----------
    method : str
        Name of the method: ``ensemble``, or that of a fallback.
    reason : str
        Why it is a fallback, or what was left out; empty for the whole ensemble.
    members : tuple of str
        Models that are combined; empty where the method needs none.
    season_length : int
        Season that they know; 1 for none.
    """

    method: str
    reason: str
    members: tuple[str, ...]
    season_length: int


def _damped_ets(y: Floats, season: int, horizon: int) -> Floats:
    from statsforecast.models import AutoETS

    return _mean(AutoETS(season_length=season, damped=True), y, horizon)


def _ces(y: Floats, season: int, horizon: int) -> Floats:
    from statsforecast.models import AutoCES

    return _mean(AutoCES(season_length=season), y, horizon)


def _theta(y: Floats, season: int, horizon: int) -> Floats:
    from statsforecast.models import DynamicOptimizedTheta

    return _mean(DynamicOptimizedTheta(season_length=season), y, horizon)


def _additive_theta(y: Floats, season: int, horizon: int) -> Floats:
    from statsforecast.models import DynamicOptimizedTheta

    model = DynamicOptimizedTheta(season_length=season, decomposition_type="additive")
    return _mean(model, y, horizon)


def _log_ces(y: Floats, season: int, horizon: int) -> Floats:
    return _exp(_ces(np.log(y), season, horizon))


def _log_ets(y: Floats, season: int, horizon: int) -> Floats:
    from statsforecast.models import AutoETS

    model = AutoETS(season_length=season, model="AZZ", damped=True)
    return _exp(_mean(model, np.log(y), horizon))


def _naive2(y: Floats, season: int, horizon: int) -> Floats:
    if not is_seasonal(y, season):
        return np.full(horizon, y[-1])
    ratios = bool(y.min() > 0)
    indices = seasonal_indices(y, season, ratios=ratios)
    phases = (np.arange(-1, horizon) + len(y)) % season
    last, future = indices[phases[0]], indices[phases[1:]]
    return np.asarray(y[-1] / last * future if ratios else y[-1] - last + future)


def _croston(y: Floats, _season: int, horizon: int) -> Floats:
    from statsforecast.models import CrostonSBA

    return _mean(CrostonSBA(), y, horizon)


def _tsb(y: Floats, _season: int, horizon: int) -> Floats:
    from statsforecast.models import TSB

    return _mean(TSB(alpha_d=0.1, alpha_p=0.1), y, horizon)


def _imapa(y: Floats, _season: int, horizon: int) -> Floats:
    from statsforecast.models import IMAPA

    return _mean(IMAPA(), y, horizon)


def _naive(y: Floats, _season: int, horizon: int) -> Floats:
    return np.full(horizon, y[-1])


def _average(y: Floats, _season: int, horizon: int) -> Floats:
    return np.full(horizon, y.mean())


def _seasonal_naive(y: Floats, season: int, horizon: int) -> Floats:
    return np.resize(y[-season:], horizon)


MODELS: dict[str, Callable[[Floats, int, int], Floats]] = {
    "ETS, damped": _damped_ets,
    "CES": _ces,
    "CES of logs": _log_ces,
    "Theta": _theta,
    "Theta, additive": _additive_theta,
    "ETS of logs, damped": _log_ets,
    "Naive2": _naive2,
    "Croston SBA": _croston,
    "TSB": _tsb,
    "IMAPA": _imapa,
    "naive": _naive,
    "historic average": _average,
    "seasonal naive": _seasonal_naive,
}
"""Each takes the values, the season's length and the horizon."""

_POSITIVE = ("ETS, damped", "ETS of logs, damped", "CES", "CES of logs", "Theta", "Naive2")
_ANY_SIGN = ("ETS, damped", "CES", "Theta, additive", "Naive2")


def plan_of(y: Floats, season_length: int) -> Plan:
    """How a series is forecast, from its length, signs and zeros alone.

    Parameters
    ----------
    y : array of float
        Its values, without gaps.
    season_length : int
        Steps in a season.

    Returns
    -------
    Plan

    Examples
    --------
    >>> plan_of(np.zeros(30), 12).method
    'zero'
    >>> plan_of(np.array([5.0, 7.0, 6.0]), 12).reason
    '3 values: too few to fit a model'
    """
    n = len(y)
    if not y.any():
        return Plan("zero", "every value is 0", (), 1)
    if n == 1:
        return Plan("naive", "1 value: it is repeated", ("naive",), 1)
    if (y == y[0]).all():
        return Plan("naive", "every value is the same", ("naive",), 1)
    if n < _SHORT:
        members: tuple[str, ...] = ("naive", "historic average")
        if season_length < n:
            members += ("seasonal naive",)
        return Plan("short", f"{n} values: too few to fit a model", members, season_length)
    zeros = float((y == 0).mean())
    if zeros >= _INTERMITTENT:
        why = f"{zeros:.0%} of the values are 0"
        if (y < 0).any():
            return Plan("short", why + " and some are negative", ("historic average",), 1)
        return Plan("intermittent", why, ("Croston SBA", "TSB", "IMAPA"), 1)
    return _ensemble(y, season_length)


def _ensemble(y: Floats, season_length: int) -> Plan:
    reasons = []
    season = season_length
    if season > 1 and len(y) <= 2 * season:
        reasons.append(f"{len(y)} values: too few to know a season of {season}")
        season = 1
    members: tuple[str, ...] = _POSITIVE
    if y.min() <= 0:
        reasons.append("values of 0 or below: no model that takes logs or ratios")
        members = _ANY_SIGN
    return Plan("ensemble", "; ".join(reasons), members, season)


def model_forecast(name: str, y: Floats, season_length: int, horizon: int) -> Floats | None:
    """Forecast of one model; None where it finds none that can be believed.

    Parameters
    ----------
    name : str
        One of `MODELS`.
    y : array of float
        The past.
    season_length, horizon : int
        Steps.

    Returns
    -------
    array of float, or None
        None where the model fails on this series, or runs away beyond ten times the
        largest value of the past.

    Examples
    --------
    >>> model_forecast("seasonal naive", np.array([1.0, 2.0, 3.0, 4.0]), 2, 3)
    array([3., 4., 3.])
    """
    try:
        # What a library warns of while it searches is settled by what it finds.
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            found = MODELS[name](y, season_length, horizon)
    except Exception:  # noqa: BLE001 (a library's search may fail in many ways)
        return None
    if not np.isfinite(found).all() or np.abs(found).max() > _RUNAWAY * np.abs(y).max():
        return None
    return found


def _mean(model: Any, y: Floats, horizon: int) -> Floats:
    return np.asarray(model.forecast(y=y, h=horizon)["mean"], dtype=np.float64)


def _exp(logs: Floats) -> Floats:
    return np.asarray(np.exp(np.minimum(logs, 700.0)), dtype=np.float64)
