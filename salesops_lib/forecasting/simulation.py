"""Draws of all scopes that add up, around means and with spreads that the past bears out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from salesops_lib.forecasting.scope_tree import ScopeTree

    Floats = NDArray[np.float64]
    Members = NDArray[np.int64]

__all__ = ["coherent_means", "shaped_draws"]

_JITTER = 1e-9


def coherent_means(
    tree: ScopeTree, wholes: Floats, wholes_error: Floats, units: Floats, units_error: Floats
) -> Floats:
    """Means of the units, nearest to the forecasts of all levels in units of their errors.

    Parameters
    ----------
    tree : ScopeTree
        Which units each scope holds.
    wholes, units : array of float
        Forecast of each of ``tree.wholes``, and of each unit; NaN in `wholes` where there
        is none.
    wholes_error, units_error : array of float
        Usual error of each.

    Returns
    -------
    array of float
        One a unit, none negative; every scope is a sum of them.

    Notes
    -----
    Weighted least squares, the reconciliation of Hyndman et al. (2011), Computational
    Statistics & Data Analysis 55: minimises ``Σ ((sum of units − forecast) ÷ error)²`` over
    all scopes and units. Solved by the small matrix of the scopes, so that thousands of
    owners cost little. Units below 0 become 0, and the rest shrinks to the same total.
    """
    known = np.isfinite(wholes)
    sums = tree.sums[known]
    variance = units_error**2
    spread = sums * variance
    inner = spread @ sums.T + np.diag(wholes_error[known] ** 2)
    size = float(np.trace(inner)) / max(len(inner), 1)
    if not size > 0:
        return np.maximum(units, 0.0)
    inner += _JITTER * size * np.eye(len(inner))
    found = units + spread.T @ np.linalg.solve(inner, wholes[known] - sums @ units)
    total = max(float(found.sum()), 0.0)
    kept = np.maximum(found, 0.0)
    result: Floats = kept * (total / kept.sum()) if kept.sum() > 0 else kept
    return result


def shaped_draws(
    tree: ScopeTree, draws: Floats, means: Floats, factors: Mapping[str, float]
) -> Floats:
    """Draws about other means and with other spreads, still adding up in each path.

    Parameters
    ----------
    tree : ScopeTree
        Which units each scope holds.
    draws : array, units × paths
        A simulation, none negative; it gives the shape.
    means : array of float
        The mean wanted of each unit.
    factors : mapping
        By kind of scope, how many times as far as in `draws` a draw is to lie from
        its mean.

    Returns
    -------
    array, units × paths
        None negative. Whoever has no mean has nothing in any path.

    Notes
    -----
    From the top down. The company's draws are moved to its mean and stretched. Those of
    its parts are too, and what they then miss of the whole is dealt among them by their
    variances, as the error of a sum is. Because that gives each part some of the whole's
    spread, its own factor is chosen so that both together make the one wanted:
    ``f̃² = (f² − s f₀²) ÷ (1 − s)``, with s the part's share of the variance, and f₀
    the whole's factor. Where parts fall below 0 they are 0, and their siblings shrink.
    """
    whole = draws.sum(axis=0)
    drawn = _moved(whole[None], np.array([means.sum()]), np.array([factors["company"]]))
    parents: Members = np.zeros(len(draws), dtype=np.int64)
    above = factors["company"]
    for kind, branch in tree.branches:
        count = int(branch.max()) + 1 if len(branch) else 0
        parent: Any = np.zeros(count, dtype=np.int64)
        parent[branch] = parents
        raw = np.zeros((count, draws.shape[1]))
        np.add.at(raw, branch, draws)
        mean = np.bincount(branch, weights=means, minlength=count).astype(np.float64)
        drawn = _dealt(raw, mean, parent, drawn, above, factors[kind])
        parents, above = branch, factors[kind]
    return drawn


def _moved(draws: Floats, means: Floats, factors: Floats) -> Floats:
    """Draws about other means, stretched; none below 0."""
    centre = draws.mean(axis=1, keepdims=True)
    found: Floats = np.maximum(means[:, None] + factors[:, None] * (draws - centre), 0.0)
    return found


def _dealt(
    raw: Floats, means: Floats, parent: Any, whole: Floats, above: float, factor: float
) -> Floats:
    """Draws of parts that add up to the draws of their wholes."""
    variance = raw.var(axis=1)
    among = np.bincount(parent, weights=variance, minlength=len(whole))[parent]
    share = np.divide(variance, among, out=np.zeros(len(raw)), where=among > 0)
    rest = np.maximum(1 - share, _JITTER)
    own = np.sqrt(np.maximum(factor**2 - share * above**2, 0.0) / rest)
    # An only part is its whole.
    own = np.where(share > 1 - 1e-6, above, np.minimum(own, 3 * factor))
    moved = means[:, None] + own[:, None] * (raw - raw.mean(axis=1, keepdims=True))
    gap = whole - _added(moved, parent, len(whole))
    weight = np.where(among > 0, share, _even(means, parent, len(whole)))
    kept = np.maximum(moved + weight[:, None] * gap[parent], 0.0)
    kept[means <= 0] = 0.0
    sums = _added(kept, parent, len(whole))[parent]
    even = _even(means, parent, len(whole))[:, None] * whole[parent]
    scaled = kept * (whole[parent] / np.where(sums > 0, sums, 1.0))
    found: Floats = np.where(sums > 0, scaled, even)
    return found


def _even(means: Floats, parent: Members, count: int) -> Floats:
    """Share of each part in its whole, by its mean."""
    sums = np.bincount(parent, weights=means, minlength=count)[parent]
    size = np.bincount(parent, minlength=count)[parent]
    return np.divide(means, sums, out=1.0 / np.maximum(size, 1), where=sums > 0)


def _added(values: Floats, parent: Members, count: int) -> Floats:
    found = np.zeros((count, values.shape[1]))
    np.add.at(found, parent, values)
    return found
