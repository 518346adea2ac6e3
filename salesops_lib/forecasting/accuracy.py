"""How wrong forecasts were: plain formulas on numbers alone.

Each returns a `Value`: where a formula has no answer, its number is None and its
reason says why. A forecast without an error measure is never given a 0.

Sources: Hyndman and Koehler (2006), International Journal of Forecasting 22 (MASE);
Makridakis and Hibon (2000), the same, 16 (sMAPE as in the M3 competition); Koenker and
Bassett (1978), Econometrica 46 (pinball); Gneiting and Raftery (2007), Journal of the
American Statistical Association 102 (CRPS); Kolassa and Schütz (2007), Foresight 6
(WAPE, there MAD/mean).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from salesops_lib.errors import InputError
from salesops_lib.results import Value
from salesops_lib.stats import wilson_interval

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

__all__ = [
    "CONSTANT",
    "NOTHING_HAPPENED",
    "NOTHING_TO_SCORE",
    "PERFECT_REFERENCE",
    "ZERO_ACTUAL",
    "bias",
    "crps",
    "interval_coverage",
    "mape",
    "mase",
    "pinball",
    "skill",
    "smape",
    "wape",
]

NOTHING_TO_SCORE = "there is no forecast with an actual"
NOTHING_HAPPENED = "the actuals add up to nothing"
ZERO_ACTUAL = "an actual is 0, so that no percentage can be taken of it"
CONSTANT = "the history is constant or too short, so that it gives no scale"
PERFECT_REFERENCE = "the reference makes no error that could be undercut"


def wape(actual: ArrayLike, forecast: ArrayLike) -> Value:
    """Weighted absolute percentage error: Σ|actual − forecast| ÷ Σ|actual|.

    Parameters
    ----------
    actual, forecast : array-like of float
        In one unit, in one order. Pairs in which either is missing are left out.

    Returns
    -------
    Value
        A share; `n` is the number of pairs.

    Raises
    ------
    InputError
        There are not as many of one as of the other.

    Examples
    --------
    >>> round(wape([100, 120, 80], [110, 100, 90]).number, 4)
    0.1333
    >>> wape([0, 0], [1, 2]).reason
    'the actuals add up to nothing'
    """
    y, f = _pairs(actual, forecast)
    return _ratio(float(np.abs(y - f).sum()), float(np.abs(y).sum()), len(y))


def bias(actual: ArrayLike, forecast: ArrayLike) -> Value:
    """Σ(forecast − actual) ÷ Σ|actual|; above 0 where too much was forecast.

    Parameters
    ----------
    actual, forecast : array-like of float
        As for `wape`.

    Returns
    -------
    Value
        A share.

    Examples
    --------
    No bias, with an error of 13 %: one says nothing of the other.

    >>> bias([100, 120, 80], [110, 100, 90]).number
    0.0
    """
    y, f = _pairs(actual, forecast)
    return _ratio(float((f - y).sum()), float(np.abs(y).sum()), len(y))


def mape(actual: ArrayLike, forecast: ArrayLike) -> Value:
    """Mean of |actual − forecast| ÷ |actual|.

    Parameters
    ----------
    actual, forecast : array-like of float
        As for `wape`.

    Returns
    -------
    Value
        A share; not computable where an actual is 0. `wape` has no such gap, and is
        not led by the smallest actuals.

    Examples
    --------
    >>> round(mape([100, 120, 80], [110, 100, 90]).number, 4)
    0.1306
    """
    y, f = _pairs(actual, forecast)
    if not len(y):
        return Value(None, 0, reason=NOTHING_TO_SCORE)
    if (y == 0).any():
        return Value(None, len(y), reason=ZERO_ACTUAL)
    return Value(float((np.abs(y - f) / np.abs(y)).mean()), len(y))


def smape(actual: ArrayLike, forecast: ArrayLike) -> Value:
    """Symmetric MAPE of the M3 competition: mean of 2|actual − forecast| ÷ (|actual| + |forecast|).

    Parameters
    ----------
    actual, forecast : array-like of float
        As for `wape`. Where both are 0 nothing is wrong, and the pair counts as 0.

    Returns
    -------
    Value
        A share between 0 and 2; the competition prints it times 100.

    Examples
    --------
    >>> round(smape([100, 100], [100, 50]).number, 4)
    0.3333
    """
    y, f = _pairs(actual, forecast)
    if not len(y):
        return Value(None, 0, reason=NOTHING_TO_SCORE)
    size = np.abs(y) + np.abs(f)
    parts = np.divide(2 * np.abs(y - f), size, out=np.zeros(len(y)), where=size > 0)
    return Value(float(parts.mean()), len(y))


def mase(actual: ArrayLike, forecast: ArrayLike, history: ArrayLike, season_length: int) -> Value:
    """Mean absolute scaled error: MAE ÷ the MAE of the seasonal naive within the history.

    Parameters
    ----------
    actual, forecast : array-like of float
        As for `wape`.
    history : array-like of float
        What was known when the forecast was made, oldest first.
    season_length : int
        Steps in a season: 4 for quarters, 12 for months, 1 for none.

    Returns
    -------
    Value
        A ratio; below 1 the forecast is better than the naive was in the history.

    Raises
    ------
    InputError
        The season is shorter than one step.

    Examples
    --------
    >>> mase([12, 14], [11, 12], history=[1, 2, 3, 4], season_length=1).number
    1.5
    """
    if season_length < 1:
        raise InputError(f"a season of {season_length} steps is none: at least 1 is needed")
    y, f = _pairs(actual, forecast)
    past = np.asarray(history, dtype=float)
    moves = np.abs(past[season_length:] - past[:-season_length])
    moves = moves[np.isfinite(moves)]
    if not len(y):
        return Value(None, 0, reason=NOTHING_TO_SCORE)
    if not len(moves) or moves.mean() == 0:
        return Value(None, len(y), reason=CONSTANT)
    return Value(float(np.abs(y - f).mean() / moves.mean()), len(y))


def pinball(actual: ArrayLike, forecast: ArrayLike, quantile: float) -> Value:
    """Pinball loss: mean of max(q (actual − forecast), (q − 1)(actual − forecast)).

    Parameters
    ----------
    actual, forecast : array-like of float
        As for `wape`; the forecast is that of the quantile.
    quantile : float
        Between 0 and 1.

    Returns
    -------
    Value
        In the unit of the actuals. At 0.5 it is half the mean absolute error.

    Raises
    ------
    InputError
        The quantile is not between 0 and 1.

    Examples
    --------
    >>> pinball([10, 10], [8, 12], 0.9).number
    1.0
    """
    if not 0 < quantile < 1:
        raise InputError(f"a quantile lies between 0 and 1, and {quantile} does not")
    y, f = _pairs(actual, forecast)
    if not len(y):
        return Value(None, 0, reason=NOTHING_TO_SCORE)
    gap = y - f
    return Value(float(np.maximum(quantile * gap, (quantile - 1) * gap).mean()), len(y))


def interval_coverage(actual: ArrayLike, low: ArrayLike, high: ArrayLike) -> Value:
    """Share of the actuals that lie within their intervals, both ends included.

    Parameters
    ----------
    actual, low, high : array-like of float
        In one unit and order. Rows in which one is missing are left out.

    Returns
    -------
    Value
        A share with its Wilson interval, for which each row is a case of its own:
        rows of one quarter are not, so that it is rather too narrow.

    Examples
    --------
    >>> interval_coverage([1, 5, 9], [0, 0, 0], [4, 5, 6]).n
    3
    """
    y, lo, hi = _complete(actual, low, high)
    if not len(y):
        return Value(None, 0, reason=NOTHING_TO_SCORE)
    inside = int(((y >= lo) & (y <= hi)).sum())
    ends = wilson_interval(inside, len(y)) or (None, None)
    return Value(inside / len(y), len(y), *ends)


def crps(actual: ArrayLike, samples: ArrayLike) -> Value:
    """Continuous ranked probability score of forecasts given as draws, mean over cases.

    ``E|X − y| − E|X − Z| ÷ 2``, in which X and Z are two draws of one forecast; the
    second mean is taken over all m (m − 1) pairs of different draws, so that few draws
    do not flatter ("fair" CRPS: Ferro 2014, Quarterly Journal of the Royal
    Meteorological Society 140).

    Parameters
    ----------
    actual : array-like of float
        One a case.
    samples : array-like of float
        One row a case, one column a draw; at least two draws.

    Returns
    -------
    Value
        In the unit of the actuals. Of a forecast without spread it is the absolute error.

    Raises
    ------
    InputError
        The shapes do not fit, or there are fewer than two draws.

    Examples
    --------
    >>> crps([3.0], [[1.0, 2.0]]).number
    1.0
    """
    y, draws = np.asarray(actual, dtype=float), np.asarray(samples, dtype=float)
    if draws.ndim != 2 or len(draws) != len(y) or draws.shape[1] < 2:
        raise InputError(
            f"{len(y)} actuals need as many rows of at least two draws, and not {draws.shape}"
        )
    kept = np.isfinite(y) & np.isfinite(draws).all(axis=1)
    y, draws = y[kept], np.sort(draws[kept], axis=1)
    if not len(y):
        return Value(None, 0, reason=NOTHING_TO_SCORE)
    m = draws.shape[1]
    # Of sorted draws, Σ|x − x'| over pairs is Σ (2k − m − 1) x_k.
    rank = 2 * np.arange(1, m + 1) - m - 1
    spread = (draws * rank).sum(axis=1) / (m * (m - 1))
    return Value(float((np.abs(draws - y[:, None]).mean(axis=1) - spread).mean()), len(y))


def skill(error: Value | float | None, reference: Value | float | None) -> Value:
    """Part of a reference's error that a forecast saves: 1 − error ÷ reference.

    Parameters
    ----------
    error, reference : Value or float or None
        Errors of the same cases: WAPE, pinball, Brier and the like.

    Returns
    -------
    Value
        A share; 0 is as good as the reference, below 0 is worse.

    Examples
    --------
    >>> skill(0.12, 0.16).number
    0.25
    >>> skill(0.0, 0.0).reason
    'the reference makes no error that could be undercut'
    """
    ours, theirs = _as_value(error), _as_value(reference)
    if ours.number is None or theirs.number is None:
        return Value(None, ours.n, reason=ours.reason or theirs.reason or NOTHING_TO_SCORE)
    if float(theirs.number) <= 0:
        return Value(None, ours.n, reason=PERFECT_REFERENCE)
    # One rounding for 1 - 0.12 / 0.16, whose digits floating point cannot hold.
    return Value(round(1 - float(ours.number) / float(theirs.number), 12), ours.n)


def _as_value(number: Value | float | None) -> Value:
    return number if isinstance(number, Value) else Value(number)


def _ratio(part: float, whole: float, n: int) -> Value:
    if not n:
        return Value(None, 0, reason=NOTHING_TO_SCORE)
    if whole == 0:
        return Value(None, n, reason=NOTHING_HAPPENED)
    return Value(part / whole, n)


def _pairs(actual: ArrayLike, forecast: ArrayLike) -> tuple[Floats, Floats]:
    y, f = _complete(actual, forecast)
    return y, f


def _complete(*columns: ArrayLike) -> list[Floats]:
    """Columns of one length without the rows in which any is missing."""
    arrays = [np.asarray(column, dtype=float) for column in columns]
    lengths = sorted({array.shape for array in arrays})
    if len(lengths) != 1 or len(lengths[0]) != 1:
        shapes = " and ".join(str(shape) for shape in lengths)
        raise InputError(f"actuals and forecasts must pair up, and their shapes are {shapes}")
    kept = np.logical_and.reduce([np.isfinite(array) for array in arrays])
    return [array[kept] for array in arrays]
