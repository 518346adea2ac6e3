"""How far each commit was from what came: of what was still to come on its day."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from salesops_lib.forecasting.booked import KEYS, whole_view, won_deals
from salesops_lib.forecasting.submissions import submissions

if TYPE_CHECKING:
    import datetime as dt

    from salesops_lib.data.view import View

__all__ = ["commit_errors", "quarterly_commits", "summed", "with_open_part"]

_UNIT = ["forecaster_id", "kind", "key", "period"]


def with_open_part(view: View, rows: pd.DataFrame) -> pd.DataFrame:
    """Submissions with what of them was closed already when they were handed in.

    Parameters
    ----------
    view : View
        Snapshot, currency and as-of date.
    rows : DataFrame
        Rows of `submissions` of the whole company.

    Returns
    -------
    DataFrame
        Those of category ``commit`` with `closed`, what the forecaster handed in as
        closed beside it, or what the scope had booked before that day; `ahead`, the
        commit less it; and `actual_ahead`, what the scope booked in the whole period
        less it. An `actual_ahead` is what the data has today: of a period that still
        runs it is no actual.
    """
    key = ["forecaster_id", "kind", "key", "period_start", "period_end", "day"]
    commit = rows[rows["category"] == "commit"].reset_index(drop=True)
    told = rows.loc[rows["category"] == "closed", [*key, "amount"]]
    told = told.rename(columns={"amount": "told"}).drop_duplicates(key)
    commit = commit.merge(told, on=key, how="left")
    won = won_deals(whole_view(view))
    commit["closed"] = commit["told"].fillna(_won_between(won, commit, "day", inclusive=False))
    actual = _won_between(won, commit, "period_end", inclusive=True)
    return commit.drop(columns="told").assign(
        ahead=commit["amount"] - commit["closed"],
        actual_ahead=actual - commit["closed"],
    )


def commit_errors(view: View, before: dt.date | None = None) -> pd.DataFrame:
    """Commit against what came, by forecaster, scope and finished quarter.

    Parameters
    ----------
    view : View
        Snapshot, calendar, currency and scope.
    before : date, optional
        Only quarters that had ended before this day: what could be learnt by then.
        Default: those that had ended by the as-of date.

    Returns
    -------
    DataFrame
        One row a forecaster, scope and quarter: `forecaster_id`, `forecaster`, `kind`,
        `key`, `region`, `period`, `weeks` (number of commits), `ahead` and
        `actual_ahead` (their sums, reporting currency), `log_ratio` (log of their
        ratio; NaN where one of them is not above 0).

    Notes
    -----
    What was closed already is no forecast. It is left out, so that a bias is not
    watered down as the quarter goes on; sums over a quarter's weeks weigh each by what
    was still open.
    """
    rows = quarterly_commits(view, before)
    mine = submissions(view)[_UNIT[:3]].drop_duplicates()
    rows = rows.merge(mine, on=_UNIT[:3])
    return summed(rows)


def quarterly_commits(view: View, before: dt.date | None = None) -> pd.DataFrame:
    """The whole company's rows of `with_open_part` for quarters that had ended.

    Parameters
    ----------
    view, before
        As for `commit_errors`.

    Returns
    -------
    DataFrame
    """
    rows = _open_parts(whole_view(view))
    over = rows["period_end"] <= pd.Timestamp(view.as_of)
    if before is not None:
        over &= rows["period_end"] < pd.Timestamp(before)
    return rows[over & rows["period"].str.contains("-Q", regex=False)]


@lru_cache(maxsize=8)
def _open_parts(view: View) -> pd.DataFrame:
    return with_open_part(view, submissions(view))


def summed(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of `with_open_part` by forecaster, scope and period; see `commit_errors`."""
    sums = rows.groupby(_UNIT, sort=True, as_index=False).agg(
        forecaster=("forecaster", "first"),
        region=("region", "first"),
        weeks=("day", "size"),
        ahead=("ahead", "sum"),
        actual_ahead=("actual_ahead", "sum"),
    )
    good = (sums["ahead"] > 0) & (sums["actual_ahead"] > 0)
    ratio = (sums["ahead"] / sums["actual_ahead"].where(good)).where(good)
    return sums.assign(log_ratio=np.log(ratio.astype(float)))


def _won_between(
    won: pd.DataFrame, rows: pd.DataFrame, until: str, *, inclusive: bool
) -> pd.Series:
    """What each row's scope won from the first day of its period up to a day of its own."""
    found = pd.Series(0.0, index=rows.index)
    for kind, part in rows.groupby("kind", sort=True):
        column = KEYS.get("team" if kind == "teams" else str(kind))
        for key, asked in part.groupby("key", sort=True):
            if column is None:
                deals = won
            else:
                names = str(key).split(" + ") if kind == "teams" else [key]
                deals = won[won[column].isin(names)]
            days = deals["close_date"].to_numpy()
            running = np.concatenate([[0.0], deals["amount"].to_numpy(dtype=float).cumsum()])
            first = asked["period_start"].to_numpy(dtype=days.dtype)
            last = asked[until].to_numpy(dtype=days.dtype)
            end = np.searchsorted(days, last, side="right" if inclusive else "left")
            begin = np.searchsorted(days, first, side="left")
            found[asked.index] = running[np.maximum(end, begin)] - running[begin]
    return found.round(2)
