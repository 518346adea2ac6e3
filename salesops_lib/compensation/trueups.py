"""True-ups: what a reopened period changes is booked as new lines, never rewritten."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from salesops_lib.compensation.balances import checked_cents, period_order
from salesops_lib.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["COLUMNS", "earnings_with", "true_ups"]

_KEY = ("rep_id", "component", "period")
COLUMNS = (*_KEY, "booked_in", "kind", "before_cents", "after_cents", "payout_cents", "reason")
"""Columns of the lines that `true_ups` returns."""


def true_ups(
    booked: pd.DataFrame,
    recomputed: pd.DataFrame,
    booked_in: str,
    *,
    reason: str,
) -> pd.DataFrame:
    """Lines that bring what was booked for reopened periods to what they now come to.

    Parameters
    ----------
    booked : DataFrame
        All that was ever booked for these periods, earlier true-ups and clawbacks
        included: `rep_id`, `component`, `period` (that it is for), `payout_cents`. Not
        changed, and never written again.
    recomputed : DataFrame
        The same columns, as the reopened periods now come out. Only periods that are
        in it are trued up; somebody who is in `booked` only now earns nothing there.
    booked_in : str
        Open period that the lines are booked in, later than all reopened ones.
    reason : str
        Why the periods were reopened; it stands in each line.

    Returns
    -------
    DataFrame
        One line a person, component and period that differs, `COLUMNS`: `before_cents`,
        `after_cents` and `payout_cents` (after less before). Booked with the rest, they
        sum to what was recomputed, so a second run finds nothing.

    Raises
    ------
    InputError
        Amounts are not whole cents, a reopened period is not earlier than `booked_in`,
        or there is no reason.

    Examples
    --------
    >>> paid = pd.DataFrame({"rep_id": ["ann"], "component": ["base"], "period": ["2026-Q1"],
    ...                      "payout_cents": [50_000]})
    >>> now = paid.assign(payout_cents=[47_500])
    >>> true_ups(paid, now, "2026-Q2", reason="late return")["payout_cents"].tolist()
    [-2500]
    """
    if not reason.strip():
        raise InputError("a reopened period needs the reason why it was reopened")
    for frame, where in ((booked, "booked lines"), (recomputed, "recomputed lines")):
        missing = [name for name in (*_KEY, "payout_cents") if name not in frame]
        if missing:
            raise InputError(f"the column `{missing[0]}` is missing", where=where)
        checked_cents(frame, "payout_cents", where)
    reopened = set(recomputed["period"])
    for period in sorted(reopened, key=period_order):
        if period_order(period) >= period_order(booked_in):
            raise InputError(
                f"what changes in {period} must be booked in a later period, not in {booked_in}"
            )
    before = _sums(booked[booked["period"].isin(reopened)]).rename("before_cents")
    after = _sums(recomputed).rename("after_cents")
    both = pd.concat([before, after], axis=1).fillna(0).astype("int64").sort_index().reset_index()
    both["payout_cents"] = both["after_cents"] - both["before_cents"]
    changed = both[both["payout_cents"] != 0]
    lines = changed.assign(booked_in=booked_in, kind="true-up", reason=reason)
    return lines[list(COLUMNS)].reset_index(drop=True)


def earnings_with(earnings: pd.DataFrame, lines: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Earnings of the open periods together with what is booked in them for others.

    Parameters
    ----------
    earnings : DataFrame
        `rep_id`, `period`, `payout_cents`: what the open periods earned themselves.
    lines : sequence of DataFrame
        Lines of `clawbacks` and `true_ups`.

    Returns
    -------
    DataFrame
        The same columns, for `payments`; lines count in the period they are booked in.
    """
    names = ["rep_id", "period", "payout_cents"]
    extra = [
        frame[["rep_id", "booked_in", "payout_cents"]].rename(columns={"booked_in": "period"})
        for frame in lines
        if len(frame)
    ]
    return pd.concat([earnings[names], *extra], ignore_index=True)


def _sums(frame: pd.DataFrame) -> pd.Series:
    plain = frame.astype(dict.fromkeys(_KEY, object))
    return plain.groupby(list(_KEY), sort=True)["payout_cents"].sum()
