"""Rate tables for many results at once: which straight line pays each of them."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor
from typing import TYPE_CHECKING

import numpy as np

from salesops_lib.compensation.rate_tables import above_end
from salesops_lib.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from salesops_lib.compensation.rate_tables import RateTable
    from salesops_lib.compensation.ratios import Ints

    Floats = NDArray[np.float64]

__all__ = ["CurveTable", "curve_table", "least_reaching"]

_NEVER = 2**62


@dataclass(frozen=True)
class CurveTable:
    """Pay of each person as straight pieces of the result: ``fixed + slope x result``.

    Parameters
    ----------
    least : array of int64
        Person × piece: least result, in hundredths, that belongs to the piece.
    slope, fixed : array of float
        Person × piece, in cents.
    at_once : array of float
        Person: what any result above zero pays at once.
    end : array of int64
        Person: largest result that the plan knows.
    """

    least: Ints
    slope: Floats
    fixed: Floats
    at_once: Floats
    end: Ints

    def part(self, people: slice) -> CurveTable:
        """The table of some of the people."""
        return CurveTable(
            self.least[people],
            self.slope[people],
            self.fixed[people],
            self.at_once[people],
            self.end[people],
        )

    def pay(self, results: Ints) -> Floats:
        """Cents of each result.

        Parameters
        ----------
        results : array of int64
            Person × case, hundredths of the measure's unit.

        Returns
        -------
        array of float
            Person × case, not rounded.

        Raises
        ------
        InputError
            A result lies above the end of a closed table.
        """
        beyond = results > self.end[:, None]
        if beyond.any():
            person, case = np.argwhere(beyond)[0]
            raise InputError(above_end(int(results[person, case]), int(self.end[person])))
        paid: Floats = self.slope[:, :1] * results
        if self.at_once.any():
            paid += np.where(results > 0, self.at_once[:, None], 0.0)
        for piece in range(1, self.least.shape[1]):
            steeper = (self.slope[:, piece] - self.slope[:, piece - 1])[:, None]
            higher = (self.fixed[:, piece] - self.fixed[:, piece - 1])[:, None]
            # Adding what each further piece changes is faster than looking pieces up.
            paid += (results >= self.least[:, piece, None]) * (steeper * results + higher)
        return paid


def curve_table(
    table: RateTable, quotas: Sequence[int], targets: Sequence[Fraction], who: Sequence[bool]
) -> CurveTable:
    """Straight pieces of a rate table for many people.

    Parameters
    ----------
    table : RateTable
        What a component pays.
    quotas : sequence of int
        Quota of each person, where it is needed.
    targets : sequence of Fraction
        Pay at target of each person in cents, where it is needed.
    who : sequence of bool
        Whom the component pays; the others are paid nothing.

    Returns
    -------
    CurveTable

    Examples
    --------
    >>> from salesops_lib.compensation.rate_tables import RateTable
    >>> half, full = Fraction(1, 20), Fraction(1, 10)
    >>> table = RateTable((Fraction(0), Fraction(1000)), False, (half, full),
    ...                   retroactive=(False, False))
    >>> curve = curve_table(table, [0], [Fraction(0)], [True])
    >>> curve.pay(np.array([[400, 1000, 1500]])).tolist()
    [[20.0, 50.0, 100.0]]
    """
    paid = np.array(who, dtype=bool)
    quota = np.array(quotas, dtype=float)
    target = np.array([float(one) for one in targets])
    per = np.where(paid, target if table.of_target else 1.0, 0.0)
    if table.per_quota:
        per = np.divide(per, quota, out=np.zeros_like(per), where=quota > 0)
    once = np.where(paid, target if table.sums_of_target else 1.0, 0.0)
    scale = quota if table.in_quota else np.ones_like(quota)
    sums = table.sums or (Fraction(0),) * len(table.starts)
    rates, below = _pieces(table)
    jumps = np.array([float(total - sums[0]) for total in sums])
    whole = list(quotas) if table.in_quota else [1] * len(paid)
    least, end = _cuts(table, whole)
    return CurveTable(
        least=least,
        slope=per[:, None] * rates,
        fixed=(per * scale)[:, None] * below + once[:, None] * jumps,
        at_once=once * float(sums[0]),
        end=end,
    )


def _pieces(table: RateTable) -> tuple[Floats, Floats]:
    """Rate of each piece, and what lies below it less its rate from zero on, exactly made."""
    slopes, below = [], []
    for tier, back in enumerate(table.back):
        rates = [table.rates[max(number, back)] for number in range(tier + 1)]
        widths = [table.starts[n + 1] - table.starts[n] for n in range(tier)]
        filled = sum((w * r for w, r in zip(widths, rates[:-1], strict=True)), start=Fraction(0))
        slopes.append(float(rates[tier]))
        below.append(float(filled - table.starts[tier] * rates[tier]))
    return np.array(slopes), np.array(below)


def _cuts(table: RateTable, scales: list[int]) -> tuple[Ints, Ints]:
    """Least result of each piece, and the largest one known, of each person."""
    known: dict[int, tuple[list[int], int]] = {}
    for scale in set(scales):
        starts = [start * scale for start in table.starts[1:]]
        least = [0, *(least_reaching(start, higher=table.higher) for start in starts)]
        known[scale] = least, _NEVER if table.end is None else floor(table.end * scale)
    cuts = np.array([known[scale][0] for scale in scales], dtype=np.int64)
    ends = np.array([known[scale][1] for scale in scales], dtype=np.int64)
    return cuts.reshape(len(scales), len(table.starts)), ends


def least_reaching(level: Fraction, *, higher: bool) -> int:
    """Least whole result that reaches a level, or that passes it where `higher` is false.

    Examples
    --------
    >>> least_reaching(Fraction(5, 2), higher=True), least_reaching(Fraction(2), higher=False)
    (3, 3)
    """
    return ceil(level) if higher else floor(level) + 1
