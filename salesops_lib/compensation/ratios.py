"""Exact arithmetic on columns of cents: ratios and rounding, never a float.

Columns are int64. Where a product could leave that range, Python's own whole
numbers do the same sum, more slowly; a result that no int64 holds is an error.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from salesops_lib.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]
    Marks = NDArray[np.bool_]

__all__ = ["Rounding", "group_sums", "multiplied", "running", "shared_out", "whole_cents"]

Rounding = Literal["half_up", "half_even", "down", "up"]
_MOST = 2**62


def running(values: Ints, starts: Marks) -> tuple[Ints, Ints]:
    """Running totals of each group, before and after each row.

    Parameters
    ----------
    values : array of int64
        Rows of a group stand together.
    starts : array of bool
        True at each group's first row.

    Returns
    -------
    (array, array)
        Totals before and after each row.

    Examples
    --------
    >>> before, after = running(np.array([5, 3, 7]), np.array([True, False, True]))
    >>> before.tolist(), after.tolist()
    ([0, 5, 0], [5, 8, 7])
    """
    if len(values) == 0:
        return values, values
    if _bound(values) * len(values) >= _MOST and sum(abs(int(v)) for v in values) >= _MOST:
        raise InputError("the amounts are too large to be added up")
    after = np.cumsum(values)
    offsets = (after - values)[starts]
    after = after - np.repeat(offsets, _sizes(starts))
    return after - values, after


def group_sums(values: Ints, groups: Ints, count: int) -> Ints:
    """Sum of each group.

    Parameters
    ----------
    values : array of int64
        What is added.
    groups : array of int64
        Number of each row's group, from 0.
    count : int
        How many groups there are.

    Returns
    -------
    array of int64
    """
    if len(values) and _bound(values) * len(values) >= _MOST:
        total = sum(abs(int(v)) for v in values)
        if total >= _MOST:
            raise InputError("the amounts are too large to be added up")
    sums = np.zeros(count, dtype=np.int64)
    np.add.at(sums, groups, values)
    return sums


def multiplied(base: Ints, numerator: Ints, denominator: Ints) -> tuple[Ints, Ints]:
    """Base times a ratio, as whole cents and the rest.

    Parameters
    ----------
    base : array of int64
        Cents.
    numerator, denominator : array of int64
        The ratio of each row; the denominator is positive.

    Returns
    -------
    (array, array)
        Whole cents, rounded down, and the rest in parts of `denominator`.

    Examples
    --------
    >>> whole, rest = multiplied(np.array([100, -100]), np.array([2, 2]), np.array([3, 3]))
    >>> whole.tolist(), rest.tolist()
    ([66, -67], [2, 1])
    """
    if _bound(base) * _bound(numerator) < _MOST:
        return np.divmod(base * numerator, denominator)
    high, low = np.divmod(base, denominator)
    if (
        _bound(denominator) * _bound(numerator) < _MOST
        and _bound(high) * _bound(numerator) < _MOST // 2
    ):
        whole, rest = np.divmod(low * numerator, denominator)
        return high * numerator + whole, rest
    parts = base.astype(object) * numerator.astype(object)
    return _int64(parts // denominator), _int64(parts % denominator)


def shared_out(whole: Ints, rest: Ints, denominator: Ints, starts: Marks, how: Rounding) -> Ints:
    """Whole cents of each row, such that each group's are its rounded exact total.

    Row k has round(total to k) - round(total to k-1), so nothing is lost on the way.

    Parameters
    ----------
    whole, rest, denominator : array of int64
        Exact amounts: `whole` + `rest` ÷ `denominator` cents; one denominator a group.
    starts : array of bool
        True at each group's first row.
    how : str
        How parts of a cent are rounded.

    Returns
    -------
    array of int64

    Examples
    --------
    >>> thirds = np.array([33, 33, 33]), np.array([1, 1, 1]), np.array([3, 3, 3])
    >>> shared_out(*thirds, np.array([True, False, False]), "half_up").tolist()
    [33, 34, 33]
    """
    if len(whole) == 0:
        return whole
    if _bound(denominator) * len(rest) >= _MOST:
        return _shared_out_slowly(whole, rest, denominator, starts, how)
    _, wholes = running(whole, starts)
    _, rests = running(rest, starts)
    carry, rests = np.divmod(rests, denominator)
    total = whole_cents(wholes + carry, rests, denominator, how)
    paid: Ints = np.diff(total, prepend=0)
    paid[starts] = total[starts]
    return paid


def whole_cents(whole: Any, rest: Any, denominator: Any, how: Rounding) -> Any:
    """Exact amounts rounded to whole cents.

    Parameters
    ----------
    whole, rest, denominator : int or array of int64
        ``whole + rest / denominator`` cents, 0 <= rest < denominator.
    how : str
        ``half_up`` (half a cent away from zero), ``half_even``, ``down`` (towards
        zero) or ``up`` (away from it).

    Returns
    -------
    int or array of int64

    Examples
    --------
    >>> [int(whole_cents(w, 1, 2, "half_up")) for w in (2, -3)]
    [3, -3]
    >>> [int(whole_cents(w, 1, 2, "half_even")) for w in (2, 3)]
    [2, 4]
    """
    twice = 2 * rest
    negative = whole < 0
    match how:
        case "half_up":
            up = (twice > denominator) | ((twice == denominator) & ~np.asarray(negative))
        case "half_even":
            up = (twice > denominator) | ((twice == denominator) & (whole % 2 == 1))
        case "down":
            up = (rest > 0) & negative
        case "up":
            up = (rest > 0) & ~np.asarray(negative)
    return whole + up


def _shared_out_slowly(
    whole: Ints, rest: Ints, denominator: Ints, starts: Marks, how: Rounding
) -> Ints:
    paid, total_whole, total_rest, last = [], 0, 0, 0
    rows = zip(whole.tolist(), rest.tolist(), denominator.tolist(), starts.tolist(), strict=True)
    for cents, part, per, first in rows:
        if first:
            total_whole, total_rest, last = 0, 0, 0
        carry, total_rest = divmod(total_rest + part, per)
        total_whole += cents + carry
        total = int(whole_cents(total_whole, total_rest, per, how))
        paid.append(total - last)
        last = total
    return _int64(np.array(paid, dtype=object))


def _sizes(starts: Marks) -> Ints:
    return np.diff(np.append(np.flatnonzero(starts), len(starts)))


def _bound(values: Ints) -> int:
    """Largest absolute value, as a Python number that cannot overflow."""
    return max(abs(int(values.max())), abs(int(values.min()))) if len(values) else 0


def _int64(values: NDArray[np.object_]) -> Ints:
    if any(abs(value) >= _MOST for value in values):
        raise InputError("a payout is too large to be an amount of money")
    return values.astype(np.int64)
