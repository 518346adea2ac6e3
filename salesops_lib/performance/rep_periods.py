"""What each rep closed and was credited with in each of the last periods."""

from __future__ import annotations

import datetime as dt
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import ibis
import pandas as pd
from ibis import _

from salesops_lib.performance.cohorts import NO_GROUP
from salesops_lib.performance.comparison import is_truncated
from salesops_lib.performance.pipeline import quota_by

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ibis.expr.types import Table as IbisTable

    from salesops_lib.calendar import Period
    from salesops_lib.data.view import View

__all__ = ["covered_days", "covered_periods", "rep_closed", "rep_credit"]


def covered_periods(view: View, periods: int) -> tuple[Period, ...]:
    """The last periods, the report's own included, that the extract covers from their start.

    Parameters
    ----------
    view : View
        Supplies calendar and extract.
    periods : int
        How many at most.

    Returns
    -------
    tuple of Period
        Oldest first.
    """
    spans = view.calendar.trailing(view.period, periods)
    first = view.starts_on
    if first is None:
        return ()
    return tuple(span for span in spans if first <= span.end and not is_truncated(view, span.start))


def covered_days(view: View, periods: int) -> tuple[dt.date, dt.date]:
    """First and last day of the last periods, as far as the extract and time have come.

    Parameters
    ----------
    view, periods
        As for `covered_periods`; the report's own period counts even where it is
        truncated.

    Returns
    -------
    tuple of date
    """
    spans = covered_periods(view, periods) or (view.period,)
    return spans[0].start, min(view.period.end, view.as_of)


@lru_cache(maxsize=16)
def rep_closed(view: View, periods: int) -> pd.DataFrame:
    """Deals that each rep closed in each period.

    Parameters
    ----------
    view, periods
        As for `covered_periods`.

    Returns
    -------
    DataFrame
        One row a rep and period with closed deals: `rep_id`, `rep`, `period`, `won`,
        `closed`.
    """
    spans = covered_periods(view, periods) or (view.period,)

    def query(deals: IbisTable) -> IbisTable:
        rows = deals.filter(_.is_closed, _.owner_id.notnull(), _.close_date <= view.as_of)
        keyed = _in_spans(rows, spans).group_by("scope", "period", rep_id=_.owner_id)
        sums = keyed.agg(rep=_.owner_name.min(), won=_.count(where=_.is_won), closed=_.count())
        return sums.order_by("scope", "rep_id", "period")

    return view.tally("rep-closed", "deals", query, *spans)


@lru_cache(maxsize=16)
def rep_credit(view: View, periods: int) -> pd.DataFrame:
    """Credit and quota of each rep in each period.

    Parameters
    ----------
    view, periods
        As for `covered_periods`.

    Returns
    -------
    DataFrame
        One row a rep and period with a quota: `rep_id`, `rep`, `period`, `credit`,
        `quota` (of the days gone), `squares`, `fourths` (sums of the second and fourth
        powers of the single credits) and `deals`; in the reporting currency and its
        powers. Credit without a quota is left out: there is nothing to hold it against.
    """
    spans = covered_periods(view, periods) or (view.period,)
    amount = _.amount.cast("float64")

    def query(credits_: IbisTable) -> IbisTable:
        rows = credits_.filter(_.is_won, _.rep_id.notnull(), _.close_date <= view.as_of)
        keyed = _in_spans(rows, spans).group_by("scope", "rep_id", "period")
        sums = keyed.agg(
            rep=_.rep_name.min(),
            credit=_.amount.sum().cast("float64"),
            squares=(amount**2).sum(),
            fourths=(amount**4).sum(),
            deals=_.count(),
        )
        return sums.order_by("scope", "rep_id", "period")

    credit = view.tally("rep-credit", "credits", query, *spans).drop(columns="rep")
    names = dict(zip(view.quotas["rep_id"], view.quotas["rep_name"], strict=True))
    goals = [
        (rep_id, names.get(rep_id, rep_id), span.label, quota)
        for span in spans
        for rep_id, quota in quota_by(view, span.start, min(span.end, view.as_of), "rep").items()
        if rep_id != NO_GROUP
    ]
    frame = pd.DataFrame(goals, columns=["rep_id", "rep", "period", "quota"])
    frame = frame.astype({"rep_id": object, "period": object, "quota": float})
    merged = frame.merge(credit, on=["rep_id", "period"], how="left")
    filled = merged.fillna({"credit": 0.0, "squares": 0.0, "fourths": 0.0, "deals": 0})
    return filled.sort_values(["rep_id", "period"], ignore_index=True)


def _in_spans(rows: Any, spans: Sequence[Period]) -> Any:
    """Rows with the `period` that their close date lies in; others are left out."""
    table = ibis.memtable(
        {
            "period": [span.label for span in spans],
            "from_day": [span.start for span in spans],
            "to_day": [span.end for span in spans],
        },
        schema={"period": "string", "from_day": "date", "to_day": "date"},
    )
    return rows.inner_join(
        table, [rows.close_date >= table.from_day, rows.close_date <= table.to_day]
    )
