"""Intervals around the figures, so that small numbers are read with care."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from scipy import special, stats

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

__all__ = [
    "CONFIDENCE",
    "SMALL_SAMPLE",
    "Dispersion",
    "amount_dispersion",
    "amount_share_interval",
    "count_dispersion",
    "mean_interval",
    "median_interval",
    "share_difference_interval",
    "sum_interval",
    "wilson_interval",
]

CONFIDENCE = 0.95
"""Confidence of every interval unless it says otherwise."""

SMALL_SAMPLE = 10
"""Below this many cases a figure is marked as a small sample."""

Interval = tuple[float, float]


def wilson_interval(
    successes: float, trials: float, confidence: float = CONFIDENCE
) -> Interval | None:
    """Wilson score interval of a share.

    Parameters
    ----------
    successes, trials : float
        Counts, with ``0 <= successes <= trials``; effective ones may be no whole numbers.
    confidence : float
        Between 0 and 1.

    Returns
    -------
    tuple of float, or None
        Low and high, shares of 1; None without trials.

    Notes
    -----
    ``(p + z²/2n ± z √(p(1-p)/n + z²/4n²)) / (1 + z²/n)``: Wilson, E. B. (1927),
    Journal of the American Statistical Association 22.
    It keeps its coverage for small samples and for shares near 0 and 1.

    Examples
    --------
    >>> low, high = wilson_interval(8, 10)
    >>> round(low, 4), round(high, 4)
    (0.4902, 0.9433)
    """
    if trials == 0:
        return None
    z = float(special.ndtri((1 + confidence) / 2))
    share, spread = successes / trials, z * z / trials
    centre = share + spread / 2
    half = z * math.sqrt(share * (1 - share) / trials + spread / (4 * trials))
    # Rounding must not carry an end past a share of none or of all.
    low = 0.0 if successes == 0 else (centre - half) / (1 + spread)
    high = 1.0 if successes == trials else (centre + half) / (1 + spread)
    return low, high


def amount_share_interval(
    part: float, total: float, sum_of_squares: float, confidence: float = CONFIDENCE
) -> Interval | None:
    """Wilson interval of a share of an amount, where few large items count as few.

    The number of cases is Kish's effective one, the total squared ÷ the sum of the
    squared items: as many items of one size would carry as much chance.

    Parameters
    ----------
    part, total : float
        Amount of the items that count, and of all.
    sum_of_squares : float
        Of all items, in the square of their unit.
    confidence : float
        Between 0 and 1.

    Returns
    -------
    tuple of float, or None
        Low and high, shares of 1; None where the total is not positive, or the
        part (with negative items) is none of it.

    Notes
    -----
    Kish, L. (1965), Survey Sampling. Items of one size give the Wilson interval
    of their count.

    Examples
    --------
    >>> amount_share_interval(80.0, 100.0, 1000.0) == wilson_interval(8, 10)
    True
    """
    if total <= 0 or sum_of_squares <= 0 or not 0 <= part <= total:
        return None
    cases = total * total / sum_of_squares
    return wilson_interval(cases if part == total else cases * (part / total), cases, confidence)


def share_difference_interval(
    successes: float,
    trials: float,
    other_successes: float,
    other_trials: float,
    confidence: float = CONFIDENCE,
) -> Interval | None:
    """Interval of one share less another one, of other cases.

    Parameters
    ----------
    successes, trials, other_successes, other_trials : float
        Counts of the two shares.
    confidence : float
        Between 0 and 1.

    Returns
    -------
    tuple of float, or None
        Low and high, shares of 1; None without trials of both.

    Notes
    -----
    Built of the two Wilson intervals: Newcombe, R. G. (1998), Statistics in Medicine 17,
    method 10, whose example this is.

    Examples
    --------
    >>> low, high = share_difference_interval(56, 70, 48, 80)
    >>> round(low, 4), round(high, 4)
    (0.0524, 0.3339)
    """
    one = wilson_interval(successes, trials, confidence)
    two = wilson_interval(other_successes, other_trials, confidence)
    if one is None or two is None:
        return None
    share, other = successes / trials, other_successes / other_trials
    low = math.hypot(share - one[0], two[1] - other)
    high = math.hypot(one[1] - share, other - two[0])
    return share - other - low, share - other + high


def median_interval(values: ArrayLike, confidence: float = CONFIDENCE) -> Interval | None:
    """Distribution-free interval of a median, from order statistics.

    Parameters
    ----------
    values : array-like of float
        The observations.
    confidence : float
        Between 0 and 1.

    Returns
    -------
    tuple of float, or None
        Low and high in the unit of the values; None where there are too few
        values (fewer than 6 at 95 %) for any interval to hold its confidence.

    Notes
    -----
    The ranks are those of the sign test (binomial with p = 1/2).

    Examples
    --------
    >>> median_interval(range(1, 11))
    (2.0, 9.0)
    """
    ordered = np.sort(np.asarray(values, dtype=float))
    n = len(ordered)
    rank = _sign_rank(n, confidence) if n else 0
    # `rank` is the count from each end; rank 0 would mean "from minus infinity".
    if rank < 1:
        return None
    return float(ordered[rank - 1]), float(ordered[n - rank])


@lru_cache(maxsize=4096)
def _sign_rank(n: int, confidence: float) -> int:
    """Smallest count that n fair coins fall short of with at most half the error."""
    return int(stats.binom.ppf((1 - confidence) / 2, n, 0.5))


def mean_interval(
    n: int, mean: float, deviation: float, confidence: float = CONFIDENCE
) -> Interval | None:
    """Student interval of a mean.

    Parameters
    ----------
    n : int
        Number of observations.
    mean, deviation : float
        Their mean and sample standard deviation.
    confidence : float
        Between 0 and 1.

    Returns
    -------
    tuple of float, or None
        Low and high; None with fewer than two observations.

    Examples
    --------
    >>> low, high = mean_interval(4, 10.0, 2.0)
    >>> round(low, 2), round(high, 2)
    (6.82, 13.18)
    """
    if n < 2 or not math.isfinite(deviation):
        return None
    half = float(special.stdtrit(n - 1, (1 + confidence) / 2)) * deviation / math.sqrt(n)
    return mean - half, mean + half


def sum_interval(
    total: float, sum_of_squares: float, confidence: float = CONFIDENCE
) -> Interval | None:
    """Interval of a total whose number of items is itself a matter of chance.

    The items are taken as a compound Poisson sum: variance = sum of the squared
    items. A gamma distribution with that mean and variance gives the ends, so
    that the low end never falls below zero.

    Parameters
    ----------
    total, sum_of_squares : float
        Sum of the items and of their squares, in the unit and its square.
    confidence : float
        Between 0 and 1.

    Returns
    -------
    tuple of float, or None
        Low and high in the unit of the items; None when the total is not positive.

    Notes
    -----
    With items that are all 1 this is the gamma approximation to the Poisson
    interval of a count.

    Examples
    --------
    >>> low, high = sum_interval(100.0, 100.0)
    >>> round(low), round(high)
    (81, 121)
    """
    if total <= 0 or sum_of_squares <= 0:
        return None
    shape, scale = total**2 / sum_of_squares, sum_of_squares / total
    low, high = (special.gammaincinv(shape, (1 + side * confidence) / 2) for side in (-1, 1))
    return float(low * scale), float(high * scale)


@dataclass(frozen=True)
class Dispersion:
    """How far figures of several periods vary, against what chance alone makes them vary.

    Parameters
    ----------
    ratio : float
        Variance ÷ that expected of chance: about 1 where there is nothing but chance.
    above, below : float
        How often chance gives as much or more, and as little or less; shares of 1.
    """

    ratio: float
    above: float
    below: float


def amount_dispersion(
    totals: ArrayLike, shares: ArrayLike, squares: float, fourths: float
) -> Dispersion | None:
    """How evenly amounts fall into periods, against a throw of dice for each of them.

    Parameters
    ----------
    totals : array-like of float
        Total of each period.
    shares : array-like of float
        Chance of one item to fall into each period; above 0, they add up to 1.
    squares, fourths : float
        Sums of the second and fourth powers of the single items.

    Returns
    -------
    Dispersion, or None
        None with fewer than two periods, or without items.

    Notes
    -----
    ``Σ (total - share x all)² ÷ share ÷ ((periods - 1) x squares)``. Given the items,
    its mean is 1 and its variance ``(fourths x (Σ 1/share - periods²) + 2 (periods - 1)
    (squares² - fourths)) ÷ ((periods - 1) squares)²``, whatever their sizes; a gamma
    distribution with both gives the tails. With items that are all 1 this is the
    dispersion test of counts (Fisher, Thornton and Mackenzie, 1922, Annals of Applied
    Biology 9).

    Examples
    --------
    >>> evenly = amount_dispersion([10, 10, 10, 10], [0.25] * 4, 40, 40)
    >>> evenly.ratio, evenly.below < 0.01
    (0.0, True)
    >>> all_at_once = amount_dispersion([40, 0, 0, 0], [0.25] * 4, 40, 40)
    >>> all_at_once.ratio, all_at_once.above < 1e-9
    (40.0, True)
    """
    found, chance = np.asarray(totals, dtype=float), np.asarray(shares, dtype=float)
    free = len(found) - 1
    if free < 1 or squares <= 0:
        return None
    ratio = float((((found - chance * found.sum()) ** 2) / chance).sum() / (free * squares))
    uneven = fourths * (float((1 / chance).sum()) - len(found) ** 2)
    variance = (uneven + 2 * free * (squares**2 - fourths)) / (free * squares) ** 2
    # A single item leaves nothing that chance could spread.
    return _gamma_tails(ratio, variance) if variance > 0 else None


def count_dispersion(
    successes: ArrayLike, trials: ArrayLike, expected: ArrayLike, own_share: float = 0.0
) -> Dispersion | None:
    """How evenly successes fall into periods, against tosses of a coin.

    Parameters
    ----------
    successes, trials : array-like of int
        Counts of each period.
    expected : array-like of float
        Share of successes that each period leads one to expect, between 0 and 1. Only
        differences between them count; the level is that of the successes.
    own_share : float
        Share of the trials in those that `expected` was taken from.

    Returns
    -------
    Dispersion, or None
        None with fewer than two periods with trials, or where all or none succeeded.

    Notes
    -----
    Pearson's ``Σ (found - expected)² ÷ (expected (1 - expected ÷ trials))`` ÷ (periods
    - 1), and the tails of chi square. ``(n - 1) ÷ n`` makes its mean exactly that where
    totals are given; ``1 - own_share`` makes up for what one has in common with oneself.

    Examples
    --------
    >>> count_dispersion([5, 5, 5], [10, 10, 10], [0.5] * 3).ratio
    0.0
    >>> round(count_dispersion([8, 2, 8, 2], [10, 10, 10, 10], [0.5] * 4).ratio, 2)
    4.68
    """
    found, n = np.asarray(successes, dtype=float), np.asarray(trials, dtype=float)
    rate = np.asarray(expected, dtype=float)[n > 0]
    found, n = found[n > 0], n[n > 0]
    free, won, all_ = len(n) - 1, float(found.sum()), float(n.sum())
    if free < 1 or won in {0.0, all_} or own_share >= 1:
        return None
    share = np.clip(rate * won / float((rate * n).sum()), 1e-3, 1 - 1e-3)
    pearson = float((((found - n * share) ** 2) / (n * share * (1 - share))).sum())
    ratio = pearson * (all_ - 1) / all_ / (1 - own_share) / free
    return _gamma_tails(ratio, 2 / free)


def _gamma_tails(ratio: float, variance: float) -> Dispersion:
    """Tails of a ratio with mean 1 and a variance."""
    shape = 1 / variance
    return Dispersion(
        ratio,
        float(special.gammaincc(shape, shape * ratio)),
        float(special.gammainc(shape, shape * ratio)),
    )
