"""Intervals around the figures, so that small numbers are read with care."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from scipy import special, stats

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

__all__ = [
    "CONFIDENCE",
    "SMALL_SAMPLE",
    "mean_interval",
    "median_interval",
    "sum_interval",
    "wilson_interval",
]

CONFIDENCE = 0.95
"""Confidence of every interval unless it says otherwise."""

SMALL_SAMPLE = 10
"""Below this many cases a figure is marked as a small sample."""

Interval = tuple[float, float]


def wilson_interval(successes: int, trials: int, confidence: float = CONFIDENCE) -> Interval | None:
    """Wilson score interval of a share.

    Parameters
    ----------
    successes, trials : int
        Counts, with ``0 <= successes <= trials``.
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
