"""Weights of the parts of a forecast, by how wrong each was before."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from salesops_lib.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

__all__ = ["EQUAL_WEIGHT", "stacked", "stacking_weights"]

EQUAL_WEIGHT = 1.0
"""Weight of equal weights, in past periods."""


def stacking_weights(
    errors: ArrayLike,
    importance: ArrayLike | None = None,
    periods: float | None = None,
    equal: float = EQUAL_WEIGHT,
) -> Floats:
    """Weights whose combination would have been least wrong, drawn to equal ones.

    Parameters
    ----------
    errors : array, cases × parts
        Forecast less actual of each part in the past.
    importance : array, optional
        How much each case counts. Default: all the same.
    periods : float, optional
        Independent periods that the cases come from. Default: the number of cases.
    equal : float
        Weight of equal weights, in periods.

    Returns
    -------
    array of float
        One a part, none negative, adding up to 1. Equal where nothing was ever wrong, or
        there is no case.

    Raises
    ------
    InputError
        An error is missing, or there is no part.

    Notes
    -----
    Minimises ``w'Aw + λ w'w`` over the simplex, with A the mean product of errors and
    ``λ = equal ÷ periods × min diag(A)``, the error of the best part: Bates and Granger
    (1969), Operational Research Quarterly 20, without negative weights (Breiman 1996,
    Machine Learning 24) and with a ridge towards equal ones. Errors are taken as they are,
    bias and all.

    Examples
    --------
    A part three times as wrong as the other has little to say:

    >>> weights = stacking_weights([[1.0, 3.0], [-1.0, 3.0], [1.0, -3.0], [-1.0, -3.0]])
    >>> weights.round(2).tolist()
    [0.88, 0.12]
    """
    table = np.asarray(errors, dtype=float)
    if table.ndim != 2 or not table.shape[1] or not np.isfinite(table).all():
        raise InputError("stacking needs a table of errors without gaps, a column a part")
    cases, parts = table.shape
    same = np.full(parts, 1.0 / parts)
    weight = np.ones(cases) if importance is None else np.asarray(importance, dtype=float)
    if not cases or not weight.sum() > 0:
        return same
    products = (table * weight[:, None]).T @ table / weight.sum()
    if not np.trace(products) > 0:
        return same
    # A part that was never wrong is taken to be wrong a thousandth as much as the others.
    size = max(float(np.diag(products).min()), 1e-6 * float(np.trace(products)))
    count = cases if periods is None else max(periods, 1e-9)
    ridge = products / size + equal / count * np.eye(parts)
    return _on_simplex(ridge)


def stacked(values: Floats, weights: Floats) -> Floats:
    """Weighted means of the parts that are there.

    Parameters
    ----------
    values : array, cases × parts
        Forecasts; NaN where a part has none.
    weights : array of float
        One a part.

    Returns
    -------
    array of float
        One a case; NaN where no part has a forecast, or those that have weigh nothing.

    Examples
    --------
    >>> stacked(np.array([[10.0, 20.0], [10.0, np.nan]]), np.array([0.5, 0.5])).tolist()
    [15.0, 10.0]
    """
    there = np.isfinite(values)
    total = there @ weights
    sums = np.where(there, values, 0.0) @ weights
    found: Floats = np.divide(sums, total, out=np.full(len(values), np.nan), where=total > 0)
    return found


def _on_simplex(matrix: Floats) -> Floats:
    """Weights that minimise w'Mw, none negative, adding up to 1: by active sets."""
    parts = len(matrix)
    held = np.ones(parts, dtype=bool)
    for _step in range(parts):
        inner = matrix[np.ix_(held, held)]
        solved = np.linalg.solve(inner, np.ones(int(held.sum())))
        if (solved >= 0).all():
            break
        # The part that would be subtracted most leaves.
        held[np.flatnonzero(held)[int(np.argmin(solved))]] = False
    found = np.zeros(parts)
    inner = matrix[np.ix_(held, held)]
    solved = np.maximum(np.linalg.solve(inner, np.ones(int(held.sum()))), 0.0)
    found[held] = solved / solved.sum()
    return found
