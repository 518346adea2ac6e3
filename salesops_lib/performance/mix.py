"""The mix of deals: what each rep's territories and segments lead one to expect."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from ibis import _

from salesops_lib.performance.cohorts import NO_GROUP
from salesops_lib.performance.rep_periods import covered_days
from salesops_lib.stats import SMALL_SAMPLE

if TYPE_CHECKING:
    import pandas as pd
    from ibis.expr.types import Table as IbisTable
    from numpy.typing import NDArray

    from salesops_lib.data.view import View

__all__ = ["MIX", "expected_wins", "has_mix", "standardised"]

MIX = ("region", "segment")
"""What a deal's chances depend on, and its rep cannot choose."""

_COUNTS = ["won", "closed"]


@lru_cache(maxsize=32)
def _closed_by_mix(view: View, periods: int) -> pd.DataFrame:
    """Deals closed in the periods: `rep_id`, `rep`, `region`, `segment`, `won`, `closed`."""
    first, last = covered_days(view, periods)

    def query(deals: IbisTable) -> IbisTable:
        rows = deals.filter(_.is_closed, _.close_date.between(first, last))
        keys = {
            "rep_id": _.owner_id.fill_null(NO_GROUP),
            **{part: _[part].fill_null(NO_GROUP) for part in MIX},
        }
        sums = rows.group_by("scope", **keys).agg(
            rep=_.owner_name.min(), won=_.count(where=_.is_won), closed=_.count()
        )
        return sums.order_by("scope", "rep_id", *MIX)

    return view.tally("mix", "deals", query, first, last)


def has_mix(view: View, periods: int = 1) -> bool:
    """Whether the closed deals differ in anything that their mix is told by."""
    return len(_closed_by_mix(view, periods)[list(MIX)].drop_duplicates()) > 1


def expected_wins(view: View, periods: int = 1) -> pd.DataFrame:
    """Wins of each rep, and those that the others make one expect of the same deals.

    Indirect standardisation: each deal counts with the share that the other reps of
    the scope have won in its region and segment. Where they closed few there, it leans
    on the segment everywhere, and that on all deals: each step counts as much as ten
    deals.

    Parameters
    ----------
    view : View
        Scope and period.
    periods : int
        How many of the last periods count, the report's own included.

    Returns
    -------
    DataFrame
        One row a rep with closed deals, by id: `rep_id`, `rep`, `won`, `closed`,
        `expected` (wins, a fraction), `error` (standard error of `expected`) and `thin`
        (own deals in regions and segments where the others closed fewer than ten).

    Notes
    -----
    A rep's own deals are left out of what is expected of that rep; else one who has a
    segment alone would be compared with nobody but oneself.
    """
    return standardised(_closed_by_mix(view, periods))


def standardised(rows: pd.DataFrame) -> pd.DataFrame:
    """Wins of each rep, and those to be expected, of counts by region and segment.

    Parameters
    ----------
    rows : DataFrame
        One row a rep, region and segment: `rep_id`, `rep`, `region`, `segment`, `won`,
        `closed`. Rows of nobody (an empty id) count as others'.

    Returns
    -------
    DataFrame
        As from `expected_wins`.
    """
    overall = [rows[name].sum() - _summed(rows, ["rep_id"], name) for name in _COUNTS]
    # Half a deal won and lost: a share of nothing, or of all, is expected of no one.
    rate = (overall[0] + 0.5) / (overall[1] + 1)
    beside = overall[1]
    for cell in (["segment"], list(MIX)):
        won, beside = (
            _summed(rows, cell, name) - _summed(rows, [*cell, "rep_id"], name) for name in _COUNTS
        )
        rate = (won + SMALL_SAMPLE * rate) / (beside + SMALL_SAMPLE)
    # Variance of a beta distribution: few deals of others leave open what is expected.
    unsure = rate * (1 - rate) / (beside + SMALL_SAMPLE + 1)
    found = rows.assign(
        expected=rate * rows["closed"],
        error=unsure * rows["closed"] ** 2,
        thin=np.where(beside < SMALL_SAMPLE, rows["closed"], 0),
    )
    sums = {name: (name, "sum") for name in (*_COUNTS, "expected", "error", "thin")}
    by_rep = found[found["rep_id"] != NO_GROUP].groupby("rep_id", as_index=False)
    sums_by_rep = by_rep.agg(rep=("rep", "first"), **sums)
    return sums_by_rep.assign(error=np.sqrt(sums_by_rep["error"]))


def _summed(rows: pd.DataFrame, cell: list[str], name: str) -> NDArray[np.float64]:
    """Sum over the rows that share a cell, for each row."""
    return rows.groupby(cell)[name].transform("sum").to_numpy(dtype=float)
