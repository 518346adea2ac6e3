"""Money cut into shares: exact, to the cent, and for a million deals at once.

All arithmetic is in whole numbers; see `ratios` for those that 64 bits do not hold.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from salesops_lib.compensation.ratios import multiplied, shared_out, whole_cents

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = [
    "first_rest_shares",
    "largest_remainder",
    "product_cents",
    "running_shares",
    "shared_cents",
]


def largest_remainder(pool_cents: int, weights: Sequence[int]) -> list[int]:
    """One pool cut by weights: shares rounded down, then the cents left over dealt out.

    Parameters
    ----------
    pool_cents : int
        What is shared; a negative pool is cut as its opposite, so that a return
        takes from everyone what the sale gave.
    weights : sequence of int
        Not negative, not all zero.

    Returns
    -------
    list of int
        They sum to the pool. A cent left over goes to the share that was cut most;
        of equals to the one that stands first.

    Examples
    --------
    >>> largest_remainder(10000, [1, 1, 1])
    [3334, 3333, 3333]
    """
    group = np.zeros(len(weights), dtype="int64")
    cents = shared_cents(np.array([pool_cents]), np.array(weights, dtype="int64"), group)
    return [int(part) for part in cents]


def shared_cents(
    pools: NDArray[np.int64], weights: NDArray[np.int64], group: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Many pools cut at once by `largest_remainder`.

    Parameters
    ----------
    pools : array of int64
        Cents of each group.
    weights : array of int64
        Weight of each row.
    group : array of int64
        Place of each row's pool in `pools`; rows of a group stand together, in the
        order in which equals are served.

    Returns
    -------
    array of int64
        Cents of each row; those of a group sum to its pool.

    Raises
    ------
    ValueError
        A weight is negative, or all weights of a group are zero.
    """
    if not len(weights):
        return np.zeros(0, dtype="int64")
    starts, lengths, _sums = _groups(weights, group)
    # 0.333333333333 three times is 1 : 1 : 1, and short weights fit into 64 bits.
    parts = weights // np.repeat(np.gcd.reduceat(weights, starts), lengths)
    wholes = np.add.reduceat(parts, starts)
    pool = pools[group]
    quotient, rest = multiplied(np.abs(pool), parts, np.repeat(wholes, lengths))
    left = np.abs(pools[group[starts]]) - np.add.reduceat(quotient, starts)
    order = np.lexsort((-rest, np.repeat(np.arange(len(starts)), lengths)))
    place = np.empty(len(order), dtype="int64")
    place[order] = np.arange(len(order)) - np.repeat(starts, lengths)
    quotient[place < np.repeat(left, lengths)] += 1
    return np.asarray(np.where(pool < 0, -quotient, quotient), dtype="int64")


def first_rest_shares(
    pools: NDArray[np.int64], weights: NDArray[np.int64], group: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Many pools cut at once, each share rounded towards zero, the rest to the first.

    Parameters
    ----------
    pools, weights, group : array of int64
        As for `shared_cents`.

    Returns
    -------
    array of int64
        Cents of each row; those of a group sum to its pool.

    Examples
    --------
    >>> first_rest_shares(np.array([101]), np.array([1, 1, 1]), np.array([0, 0, 0])).tolist()
    [35, 33, 33]
    """
    if not len(weights):
        return np.zeros(0, dtype="int64")
    starts, lengths, wholes = _groups(weights, group)
    pool = pools[group]
    quotient, _rest = multiplied(np.abs(pool), weights, np.repeat(wholes, lengths))
    quotient[starts] += np.abs(pools[group[starts]]) - np.add.reduceat(quotient, starts)
    return np.asarray(np.where(pool < 0, -quotient, quotient), dtype="int64")


def running_shares(
    pools: NDArray[np.int64], weights: NDArray[np.int64], group: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Many pools cut at once by running totals.

    Share k is round(pool x weights up to k ÷ all weights) less the same up to k-1, an
    exact half away from zero. The first share is therefore the rounded quotient.

    Parameters
    ----------
    pools, weights, group : array of int64
        As for `shared_cents`.

    Returns
    -------
    array of int64
        Cents of each row; those of a group sum to its pool.

    Examples
    --------
    >>> running_shares(np.array([10000]), np.array([1, 1, 1]), np.array([0, 0, 0])).tolist()
    [3333, 3334, 3333]
    """
    if not len(weights):
        return np.zeros(0, dtype="int64")
    starts, lengths, sums = _groups(weights, group)
    wholes = np.repeat(sums, lengths)
    begins = np.zeros(len(group), dtype=bool)
    begins[starts] = True
    whole, rest = multiplied(pools[group], weights, wholes)
    return shared_out(whole, rest, wholes, begins, "half_up")


def product_cents(
    cents: NDArray[np.int64], numerators: NDArray[np.int64], denominators: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Cents times a ratio, to the cent, an exact half away from zero.

    Parameters
    ----------
    cents : array of int64
        Amounts.
    numerators, denominators : array of int64
        The ratio of each: not negative, and positive.

    Returns
    -------
    array of int64

    Examples
    --------
    >>> product_cents(np.array([5, -5, 4]), np.array([1, 1, 1]), np.array([2, 2, 2])).tolist()
    [3, -3, 2]
    """
    common = np.gcd(numerators, denominators)
    by, over = numerators // common, denominators // common
    whole, rest = multiplied(cents, by, over)
    return np.asarray(whole_cents(whole, rest, over, "half_up"), dtype="int64")


def _groups(
    weights: NDArray[np.int64], group: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """First row, number of rows and sum of weights of each group."""
    starts = np.flatnonzero(np.r_[True, group[1:] != group[:-1]])
    sums = np.add.reduceat(weights, starts)
    if weights.min() < 0 or sums.min() == 0:
        raise ValueError("weights must not be negative, nor all zero")
    return starts, np.diff(np.r_[starts, len(group)]), sums
