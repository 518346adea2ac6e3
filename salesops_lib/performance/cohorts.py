"""Cohorts: the deals behind the measures, aggregated once and used by many.

Each function makes one pass over the data for all scopes of a kind and all usual
groupings at once: building a query costs more than running it. Rows come back as
pandas only here, when there is one a group and period.
"""

from __future__ import annotations

import datetime as dt
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import ibis
from ibis import _

from salesops_lib.data.view import ROLES
from salesops_lib.errors import InputError

if TYPE_CHECKING:
    import pandas as pd
    from ibis.expr.types import Table as IbisTable

    from salesops_lib.data.view import View

__all__ = [
    "GROUPINGS",
    "NO_GROUP",
    "PLACES",
    "closed_deals",
    "created_deals",
    "grouped",
    "in_order",
    "in_windows",
    "opening_deals",
    "pipeline_due",
    "window_table",
    "with_groups",
]

GROUPINGS = {
    "region": ("region", "region"),
    "team": ("team", "team"),
    "rep": ("owner_id", "owner_name"),
    "product": ("product", "product"),
    "segment": ("segment", "segment"),
    "industry": ("industry", "industry"),
    "country": ("country", "country"),
    "type": ("type", "type"),
    "source": ("source", "source"),
}
"""What a measure can be split by: the column with the key, and the one with the label."""

NO_GROUP = ""
"""Key of the deals that belong to no group; what it is called is the language's."""

USUAL: tuple[str | None, ...] = (None, "region", "team", "rep", "product", "segment")
"""Groupings that one query answers together."""

PLACES: tuple[str | None, ...] = (None, "region", "team", "rep")
"""Groupings that quotas and credit have."""


def with_groups(rows: IbisTable, groupings: tuple[str | None, ...]) -> IbisTable:
    """Rows once for each grouping, with the `group` and `label` they are counted in.

    Parameters
    ----------
    rows : ibis.Table
        Deals with the columns of `facts.deal_facts`.
    groupings : tuple of str or None
        Keys of `GROUPINGS`; None puts all in one group.

    Returns
    -------
    ibis.Table
        `rows` with `by` (the grouping, empty for None), `group` and `label`.
    """
    groups = [_group(rows, by) for by in groupings]
    spread = rows.mutate(spread=ibis.array(groups).unnest())
    return spread.mutate(
        by=spread.spread["by"], group=spread.spread["group"], label=spread.spread["label"]
    ).drop("spread")


def _group(rows: IbisTable, by: str | None) -> Any:
    if by is None:
        cells = {"by": NO_GROUP, "group": "all", "label": "All"}
        return ibis.struct({key: ibis.literal(cell) for key, cell in cells.items()})
    key, label = GROUPINGS[by]
    return ibis.struct(
        {
            "by": ibis.literal(by),
            "group": ibis.coalesce(rows[key], NO_GROUP),
            "label": ibis.coalesce(rows[label], f"No {by}"),
        }
    )


def answered_with(by: str | None) -> tuple[str | None, ...]:
    """Groupings that one query answers together with this one.

    Raises
    ------
    InputError
        There is no such grouping.
    """
    if by is not None and by not in GROUPINGS:
        raise InputError(f"cannot split by `{by}`", found=by, allowed=GROUPINGS)
    return USUAL if by in USUAL else (by,)


def in_windows(view: View, rows: IbisTable, day: str) -> IbisTable:
    """Rows whose day lies in one of the view's windows, once for each window.

    Parameters
    ----------
    view : View
        Supplies the windows.
    rows : ibis.Table
        Any table.
    day : str
        Its date column.

    Returns
    -------
    ibis.Table
        `rows` with `role`, `window_start` and `window_end`.
    """
    windows = window_table(view)
    return rows.inner_join(
        windows, [rows[day] >= windows.window_start, rows[day] <= windows.window_end]
    )


def window_table(view: View) -> IbisTable:
    """The view's windows as a table: `role`, `window_start` and `window_end`."""
    return ibis.memtable(
        {
            "role": list(ROLES),
            "window_start": [view.windows[role].start for role in ROLES],
            "window_end": [view.windows[role].end for role in ROLES],
        },
        schema={"role": "string", "window_start": "date", "window_end": "date"},
    )


@lru_cache(maxsize=256)
def closed_deals(view: View, by: str | None = None) -> pd.DataFrame:
    """Deals won and lost in each window.

    Parameters
    ----------
    view : View
        What to look at.
    by : str, optional
        A key of `GROUPINGS`.

    Returns
    -------
    DataFrame
        One row a group and role: `group`, `label`, `role`, `won`, `lost`,
        `won_amount` and `lost_amount` (reporting currency), `squares` (sum of the
        squared amounts of both), `lost_valued` (lost deals with an amount above 0),
        `amounts` (won amounts above 0, a list) and `cycles` (days from creation to
        close of won deals, a list).
    """
    return _of_grouping(_closed(view, answered_with(by)), by)


@lru_cache(maxsize=32)
def _closed(view: View, groupings: tuple[str | None, ...]) -> pd.DataFrame:
    valued = (_.amount > 0).fill_null(False)

    def query(deals: IbisTable) -> IbisTable:
        rows = in_windows(view, deals.filter(_.is_closed), "close_date")
        sums = grouped(rows, groupings, "role").agg(
            label=_.label.min(),
            won=_.count(where=_.is_won),
            lost=_.count(where=~_.is_won),
            won_amount=_.amount.sum(where=_.is_won),
            lost_amount=_.amount.sum(where=~_.is_won),
            squares=(_.amount.cast("float64") * _.amount.cast("float64")).sum(),
            lost_valued=_.count(where=~_.is_won & valued),
            amounts=_.amount.cast("float64").collect(where=_.is_won & valued),
            cycles=_.age_days.cast("float64").collect(where=_.is_won & (_.age_days >= 0)),
        )
        return in_order(sums)

    return view.tally("closed", "deals", query, groupings)


@lru_cache(maxsize=256)
def created_deals(view: View, by: str | None = None) -> pd.DataFrame:
    """Deals created in each window, and how many were won at the same age.

    Parameters
    ----------
    view : View
        What to look at.
    by : str, optional
        A key of `GROUPINGS`.

    Returns
    -------
    DataFrame
        One row a group and role: `group`, `label`, `role`, `created`,
        `created_amount` (reporting currency), `valued` (with an amount above 0)
        and `won` (won by as many days after the window's end as lie between the
        report's window and its as-of date).
    """
    return _of_grouping(_created(view, answered_with(by)), by)


@lru_cache(maxsize=32)
def _created(view: View, groupings: tuple[str | None, ...]) -> pd.DataFrame:
    lag = (view.as_of - view.windows["current"].end).days
    # Ibis has no date + integer; the difference in days says the same.
    won_in_time = _.is_won & (_.close_date.delta(_.window_end, unit="day") <= lag).fill_null(False)

    def query(deals: IbisTable) -> IbisTable:
        sums = grouped(in_windows(view, deals, "created_date"), groupings, "role").agg(
            label=_.label.min(),
            created=_.count(),
            created_amount=_.amount.sum(),
            valued=_.count(where=(_.amount > 0).fill_null(False)),
            won=_.count(where=won_in_time),
        )
        return in_order(sums)

    return view.tally("created", "deals", query, groupings)


@lru_cache(maxsize=256)
def opening_deals(view: View, by: str | None = None) -> pd.DataFrame:
    """Deals open when each window began, and what became of them in it.

    Parameters
    ----------
    view : View
        What to look at.
    by : str, optional
        A key of `GROUPINGS`.

    Returns
    -------
    DataFrame
        One row a group and role: `group`, `label`, `role`, `deals` (open when
        the window began), `won`, `lost` (closed in the window), `won_valued`
        (won with an amount above 0), `won_amount` (reporting currency) and
        `cycle` (mean days from creation to close of the won).
    """
    return _of_grouping(_opening(view, answered_with(by)), by)


@lru_cache(maxsize=32)
def _opening(view: View, groupings: tuple[str | None, ...]) -> pd.DataFrame:
    windows = window_table(view)
    won = _.resolved & _.is_won

    def query(deals: IbisTable) -> IbisTable:
        open_then = deals.inner_join(
            windows,
            [
                deals.created_date < windows.window_start,
                ~deals.is_closed | (deals.close_date >= windows.window_start),
            ],
        ).mutate(resolved=_.is_closed & (_.close_date <= _.window_end))
        sums = grouped(open_then, groupings, "role").agg(
            label=_.label.min(),
            deals=_.count(),
            won=_.count(where=won),
            lost=_.count(where=_.resolved & ~_.is_won),
            won_valued=_.count(where=won & (_.amount > 0).fill_null(False)),
            won_amount=_.amount.sum(where=won & (_.amount > 0)),
            cycle=_.age_days.mean(where=won),
        )
        return in_order(sums)

    return view.tally("opening", "deals", query, groupings)


@lru_cache(maxsize=256)
def pipeline_due(view: View, start: dt.date, end: dt.date, by: str | None = None) -> pd.DataFrame:
    """Open deals expected to close between two days, and those won in them.

    Parameters
    ----------
    view : View
        What to look at.
    start, end : date
        First and last day of the target period.
    by : str, optional
        A key of `GROUPINGS`.

    Returns
    -------
    DataFrame
        One row a group: `group`, `label`, `open_deals` due in the period, those
        `open_valued` (with an amount above 0), their `open_amount` and the
        `won_amount` closed in it, in the reporting currency.
    """
    return _of_grouping(_due(view, start, end, answered_with(by)), by)


@lru_cache(maxsize=32)
def _due(
    view: View, start: dt.date, end: dt.date, groupings: tuple[str | None, ...]
) -> pd.DataFrame:
    due = _.close_date.between(start, end)

    def query(deals: IbisTable) -> IbisTable:
        sums = grouped(deals.filter(due), groupings).agg(
            label=_.label.min(),
            open_deals=_.count(where=~_.is_closed),
            open_valued=_.count(where=~_.is_closed & (_.amount > 0).fill_null(False)),
            open_amount=_.amount.sum(where=~_.is_closed),
            won_amount=_.amount.sum(where=_.is_won & (_.close_date <= view.as_of)),
        )
        return in_order(sums)

    return view.tally("due", "deals", query, start, end, groupings)


def _of_grouping(frame: pd.DataFrame, by: str | None) -> pd.DataFrame:
    return frame[frame["by"] == (by or NO_GROUP)]


def grouped(rows: IbisTable, groupings: tuple[str | None, ...], *more: str) -> Any:
    """Rows grouped by scope, by each of the groupings, and by more columns."""
    return with_groups(rows, groupings).group_by("scope", "by", "group", *more)


def in_order(sums: IbisTable) -> IbisTable:
    """Rows of a grouped query in one fixed order: by label, then by key."""
    rest = [name for name in ("scope", "by", "role") if name in sums.columns]
    return sums.order_by("label", "group", *rest)
