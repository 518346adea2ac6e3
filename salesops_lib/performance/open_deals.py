"""The open pipeline by region, team, rep, product or segment."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from ibis import _

from salesops_lib.performance.cohorts import NO_GROUP, answered_with, grouped, in_order
from salesops_lib.performance.comparison import amounts_missing
from salesops_lib.performance.definitions import DEFINITIONS
from salesops_lib.results import Measure, MeasureRow, Value
from salesops_lib.rows import rows_of
from salesops_lib.words import nameless_group

if TYPE_CHECKING:
    import pandas as pd
    from ibis.expr.types import Table as IbisTable

    from salesops_lib.data.view import View

__all__ = ["open_amount"]


def open_amount(view: View, by: str | None = None) -> Measure:
    """Sum of the amounts of open deals, as of the view's date.

    Parameters
    ----------
    view : View
        Scope and currency.
    by : str, optional
        What to split by: region, team, rep, product, segment and others.

    Returns
    -------
    Measure
        In the reporting currency, the largest first; `n` is the number of open
        deals. Not computable where more than 20 % of them have no amount. Only the
        current period has a value: the pipeline of earlier dates needs their own
        snapshots.
    """
    frame = _open(view, answered_with(by))
    rows = list(rows_of(frame[frame["by"] == (by or NO_GROUP)]))
    rows.sort(key=lambda row: (-float(row.amount), row.label, row.group))
    found = tuple(
        MeasureRow(
            row.group,
            nameless_group(by, view.show) if by and row.group == NO_GROUP else row.label,
            "current",
            _value(view, int(row.deals), int(row.valued), float(row.amount)),
        )
        for row in rows
    )
    if by is None and not found:
        found = (MeasureRow("all", "All", "current", Value(0, 0)),)
    periods = {"current": view.show.date(view.as_of, short=True), "prior": "", "last_year": ""}
    definition = DEFINITIONS["open_pipeline"].said(view.show)
    return Measure(definition, found, periods, by, view.scope_phrase, view.show)


@lru_cache(maxsize=32)
def _open(view: View, groupings: tuple[str | None, ...]) -> pd.DataFrame:
    def query(deals: IbisTable) -> IbisTable:
        sums = grouped(deals.filter(~_.is_closed), groupings).agg(
            label=_.label.min(),
            deals=_.count(),
            valued=_.count(where=(_.amount > 0).fill_null(False)),
            amount=_.amount.sum().fill_null(0).cast("float64"),
        )
        return in_order(sums)

    return view.tally("open", "deals", query, groupings)


def _value(view: View, deals: int, valued: int, amount: float) -> Value:
    reason = amounts_missing(view, deals, valued, "open")
    return Value(None if reason else amount, deals, reason=reason)
