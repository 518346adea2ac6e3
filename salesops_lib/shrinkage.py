"""Figures of many people at once, each drawn towards what all have in common.

The fewer cases a figure rests on, the more of it is chance, and the more it is drawn
towards the others. How far is learnt from the figures themselves (empirical Bayes).
The spread between the people is not set to its best guess but averaged over all that
fit the data: with few people a guess is poor, and intervals that trust it are too
narrow.

Sources: Efron and Morris (1975), Journal of the American Statistical Association 70;
Morris (1983), the same, 78; Christiansen and Morris (1997), Annals of Internal
Medicine 127 (uniform shrinkage, comparison with what was expected); Daniels (1999),
Canadian Journal of Statistics 27 (uniform shrinkage prior); Laird and Louis (1989),
Journal of Educational Statistics 14, and Goldstein and Spiegelhalter (1996), Journal
of the Royal Statistical Society A 159 (ranks and their uncertainty).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import special

from salesops_lib.stats import CONFIDENCE

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

__all__ = ["DRAWS", "Ranks", "Shrunk", "shrunk_means", "shrunk_rates"]

DRAWS = 4000
"""Draws from the joint distribution of all figures; ends of intervals and ranks are read
off them."""

_SPREADS = 40
"""Steps in which the spread between people is averaged."""

_LEVELS = 41
"""Steps in which the common level of rates is averaged."""


@dataclass(frozen=True)
class Ranks:
    """Ranks of people with their uncertainty; 1 is the highest figure.

    Parameters
    ----------
    low, high : array of int
        Ends of each one's interval.
    first, last : array of float
        How likely each is the highest, and the lowest, of all; shares of 1.
    """

    low: NDArray[np.int64]
    high: NDArray[np.int64]
    first: Floats
    last: Floats


@dataclass(frozen=True)
class Shrunk:
    """Shrunk figures of people, who stand in the order that they were given in.

    Parameters
    ----------
    mean, low, high : array of float
        Each one's figure and the ends of its interval, in the unit of the figures.
    weight : array of float
        How much of each one's own figure is left; 0: all is drawn to the others.
    draws : array of float
        Joint distribution: one row a draw, one column a person.
    confidence : float
        That of the intervals.
    """

    mean: Floats
    low: Floats
    high: Floats
    weight: Floats
    draws: Floats
    confidence: float

    @cached_property
    def ranks(self) -> Ranks:
        """Ranks, as they come out in the draws.

        Examples
        --------
        >>> apart = shrunk_means([3.0, 1.0, 2.0], [1e-4, 1e-4, 1e-4])
        >>> apart.ranks.low.tolist(), apart.ranks.high.tolist()
        ([1, 3, 2], [1, 3, 2])
        """
        people = self.draws.shape[1]
        order = np.argsort(-self.draws, axis=1, kind="stable")
        ranks = np.empty(order.shape, dtype=np.int64)
        np.put_along_axis(ranks, order, np.arange(1, people + 1)[None, :], axis=1)
        ends = [(1 - self.confidence) / 2, (1 + self.confidence) / 2]
        low, high = np.quantile(ranks, ends, axis=0, method="inverted_cdf")
        return Ranks(
            low.astype(np.int64),
            high.astype(np.int64),
            (ranks == 1).mean(axis=0),
            (ranks == people).mean(axis=0),
        )


def shrunk_rates(
    successes: ArrayLike,
    trials: ArrayLike,
    expected: ArrayLike | None = None,
    error: ArrayLike | None = None,
    confidence: float = CONFIDENCE,
) -> Shrunk:
    """Shares of successes, drawn towards what was to be expected of each.

    Parameters
    ----------
    successes, trials : array-like of int
        Counts of each person, with ``0 <= successes <= trials`` and trials above 0.
    expected : array-like of float, optional
        Share that each one's cases lead one to expect, such as that of the team with
        the same mix of deals. Default: the same for all. Only differences between
        them count; the level is fitted.
    error : array-like of float, optional
        Standard errors of `expected`. Default: it is known.
    confidence : float
        Between 0 and 1.

    Returns
    -------
    Shrunk
        Shares on the common mix: two people who did equally well against what was to
        be expected of them have equal ones.

    Notes
    -----
    Successes are beta-binomial: each one's share comes from a beta distribution with
    mean ``logit⁻¹(logit(expected) + level)`` and a precision M common to all, counted
    in cases. M ÷ (M + mean trials), the shrinkage, is uniform beforehand, and so is the
    common share; both are averaged by their marginal likelihood. A share is carried to
    the common mix on the scale of log-odds, where the errors are taken as normal. The
    draws are seeded by the counts.

    Examples
    --------
    One of one is no better than 60 of 100, and 9 of 10 is drawn down.

    >>> found = shrunk_rates([1, 60, 9, 30, 28], [1, 100, 10, 60, 70])
    >>> [round(float(share), 2) for share in found.mean]
    [0.58, 0.59, 0.66, 0.52, 0.45]
    """
    won, n = np.asarray(successes, dtype=float), np.asarray(trials, dtype=float)
    if not len(n):
        return _nothing(confidence)
    pooled = float(special.logit((won.sum() + 0.5) / (n.sum() + 1)))
    start = np.full(len(n), pooled)
    if expected is not None:
        start = special.logit(np.clip(np.asarray(expected, dtype=float), 1e-3, 1 - 1e-3))
    shift = float(np.average(start, weights=n))
    offset = start - shift
    # Wide enough for what few cases, or people far apart, leave open.
    reach = 4 / np.sqrt(n.sum() / 6) + 6 / np.sqrt(len(n))
    levels = pooled + np.linspace(-reach, reach, _LEVELS)
    precisions = n.mean() * np.array([kept / (1 - kept) for kept in _steps()])
    share = special.expit(levels[:, None] + offset[None, :])
    log_weight = np.empty((_SPREADS, _LEVELS))
    for place, precision in enumerate(precisions):
        a, b = share * precision, (1 - share) * precision
        evidence = special.betaln(won + a, n - won + b) - special.betaln(a, b)
        log_weight[place] = evidence.sum(axis=1)
    # Uniform in the common share, so not in its log-odds.
    log_weight += special.log_expit(levels) + special.log_expit(-levels)
    rng = _generator(won, n, start)
    spread, level = np.divmod(_chosen(log_weight.ravel()), _LEVELS)
    precision = precisions[spread][:, None]
    a, b = share[level] * precision, (1 - share[level]) * precision
    draws = rng.beta(won + a, n - won + b)
    carried = special.logit(np.clip(draws, 1e-12, 1 - 1e-12)) - offset
    if expected is not None and error is not None:
        known = special.expit(start)
        # The error of a log-odds is that of the share over p (1 - p).
        doubt = np.asarray(error, dtype=float) / (known * (1 - known))
        carried += doubt * rng.standard_normal(carried.shape)
    common = special.expit(carried)
    return _shrunk(common.mean(axis=0), (n / (n + precision)).mean(axis=0), common, confidence)


def shrunk_means(values: ArrayLike, variances: ArrayLike, confidence: float = CONFIDENCE) -> Shrunk:
    """Figures with known variances, drawn towards their common mean.

    Parameters
    ----------
    values, variances : array-like of float
        Figure of each person, and what chance adds to it, above 0.
    confidence : float
        Between 0 and 1.

    Returns
    -------
    Shrunk
        In the unit of the values.

    Notes
    -----
    Each figure is normal about the person's true one, and the true ones are normal
    about a common mean with variance τ². With V the harmonic mean of the variances,
    V ÷ (V + τ²), the shrinkage, is uniform beforehand, the common mean flat; both are
    averaged by their marginal likelihood (Gelman and others, Bayesian Data Analysis,
    5.4, with Daniels' prior). The draws are seeded by the values.

    Examples
    --------
    >>> found = shrunk_means([0.4, 1.0, 1.1, 1.6], [0.04, 0.01, 0.01, 0.16])
    >>> [round(float(mean), 2) for mean in found.mean]
    [0.69, 0.99, 1.07, 1.13]
    """
    y, v = np.asarray(values, dtype=float), np.asarray(variances, dtype=float)
    if not len(y):
        return _nothing(confidence)
    typical = 1 / np.mean(1 / v)
    spreads = typical * np.array([(1 - drawn) / drawn for drawn in _steps()])
    weight = 1 / (v[None, :] + spreads[:, None])
    total = weight.sum(axis=1)
    centre = (weight * y).sum(axis=1) / total
    log_weight = 0.5 * (
        np.log(weight).sum(axis=1)
        - np.log(total)
        - (weight * (y - centre[:, None]) ** 2).sum(axis=1)
    )
    rng = _generator(y, v)
    chosen = _chosen(log_weight)
    common = centre[chosen] + rng.standard_normal(DRAWS) / np.sqrt(total[chosen])
    spread = spreads[chosen][:, None]
    own = spread / (v + spread)
    draws = own * y + (1 - own) * common[:, None]
    draws += np.sqrt(own * v) * rng.standard_normal(draws.shape)
    # The mean itself needs no draws.
    share = _weights(log_weight) @ (spreads[:, None] / (v + spreads[:, None]))
    drawn = _weights(log_weight) @ (v * weight * centre[:, None])
    return _shrunk(share * y + drawn, share, draws, confidence)


def _steps() -> Floats:
    """Shrinkages from none to all, evenly spread."""
    return (np.arange(_SPREADS) + 0.5) / _SPREADS


def _weights(log_weight: Floats) -> Floats:
    weight: Floats = np.exp(log_weight - special.logsumexp(log_weight))
    return weight


def _chosen(log_weight: Floats) -> NDArray[np.int64]:
    """Cells of a grid, as often as they weigh, without any noise of their own."""
    ends = np.cumsum(_weights(log_weight))
    cells: NDArray[np.int64] = np.searchsorted(ends, (np.arange(DRAWS) + 0.5) / DRAWS * ends[-1])
    return cells


def _generator(*given: Any) -> np.random.Generator:
    """Chance that the same figures meet in the same form."""
    digest = hashlib.sha256()
    for array in given:
        digest.update(np.ascontiguousarray(array, dtype="<f8").tobytes())
    return np.random.default_rng(int.from_bytes(digest.digest(), "little"))


def _shrunk(mean: Floats, weight: Floats, draws: Floats, confidence: float) -> Shrunk:
    low, high = np.quantile(draws, [(1 - confidence) / 2, (1 + confidence) / 2], axis=0)
    return Shrunk(mean, low, high, weight, draws, confidence)


def _nothing(confidence: float) -> Shrunk:
    empty = np.empty(0)
    return Shrunk(empty, empty, empty, empty, np.empty((DRAWS, 0)), confidence)
