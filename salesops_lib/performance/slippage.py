"""Measures of deals that were due in a period and moved out of it, or into it."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import ibis
from ibis import _

from salesops_lib.data.view import ROLES
from salesops_lib.performance.close_dates import FLOWS, fates, history_begins
from salesops_lib.performance.cohorts import answered_with, grouped, in_order
from salesops_lib.performance.comparison import (
    amounts_missing,
    begins_late,
    compared,
)
from salesops_lib.performance.formulas import share_of
from salesops_lib.results import Measure, Value
from salesops_lib.stats import amount_share_interval, wilson_interval

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd
    from ibis.expr.types import Table as IbisTable

    from salesops_lib.data.view import Role, View

__all__ = [
    "flows_of",
    "history_lacks",
    "pull_in_rate",
    "pushes",
    "slippage_rate",
    "slippage_value",
]


def slippage_rate(view: View, by: str | None = None) -> Measure:
    """Deals moved past the period's end ÷ deals due in it when it began.

    Parameters
    ----------
    view : View
        Scope, period, calendar and currency.
    by : str, optional
        What to split by.

    Returns
    -------
    Measure
        A share with its Wilson interval; `n` is the number of deals due.
    """

    def value(row: Any) -> Value:
        due = 0 if row is None else int(row.due)
        if due == 0:
            return Value(None, 0, reason=view.show.say("no deal was due when the period began"))
        return Value(share_of(row.slipped, due), due, *_ends(wilson_interval(row.slipped, due)))

    return _measured(view, "slippage_rate", by, value)


def slippage_value(view: View, by: str | None = None) -> Measure:
    """Amount moved past the period's end ÷ amount due in it when it began.

    Parameters
    ----------
    view, by
        As for `slippage_rate`.

    Returns
    -------
    Measure
        A share, in which few large deals count as few; `n` is the number of deals
        due. Amounts are those of the period's start.
    """

    def value(row: Any) -> Value:
        due = 0 if row is None else int(row.due)
        if due == 0:
            return Value(None, 0, reason=view.show.say("no deal was due when the period began"))
        reason = amounts_missing(view, due, int(row.valued), "open")
        share = share_of(row.slipped_amount, row.due_amount)
        if reason or share is None:
            reason = reason or view.show.say("the deals due have no amounts")
            return Value(None, due, reason=reason)
        ends = amount_share_interval(row.slipped_amount, row.due_amount, row.squares)
        return Value(share, due, *_ends(ends))

    return _measured(view, "slippage_value", by, value)


def pull_in_rate(view: View, by: str | None = None) -> Measure:
    """Deals won that were due later when the period began ÷ deals won.

    Parameters
    ----------
    view, by
        As for `slippage_rate`.

    Returns
    -------
    Measure
        A share with its Wilson interval; `n` is the number of deals won.
    """

    def value(row: Any) -> Value:
        won = 0 if row is None else int(row.all_won)
        if won == 0:
            return Value(None, 0, reason=view.show.say("no deal was won"))
        ends = wilson_interval(row.pulled_won, won)
        return Value(share_of(row.pulled_won, won), won, *_ends(ends))

    return _measured(view, "pull_in_rate", by, value)


def pushes(view: View, by: str | None = None) -> Measure:
    """Number of times a close date moved to a later month.

    Parameters
    ----------
    view, by
        As for `slippage_rate`.

    Returns
    -------
    Measure
        A count; `n` is the number of deals pushed.
    """

    def value(row: Any) -> Value:
        return Value(0, 0) if row is None else Value(int(row.pushes), int(row.pushed))

    return _measured(view, "pushes", by, value)


def _measured(
    view: View, measure: str, by: str | None, value_of: Callable[[Any], Value]
) -> Measure:
    def value(row: Any, role: Role) -> Value:
        reason = history_lacks(view, role)
        return Value(None, reason=reason) if reason else value_of(row)

    return compared(view, measure, flows_of(view, by), by, value, closed=False)


def _ends(interval: tuple[float, float] | None) -> tuple[float | None, float | None]:
    return interval or (None, None)


def history_lacks(view: View, role: Role) -> str:
    """Why the close dates of a period's start are not known; empty where they are.

    Parameters
    ----------
    view : View
        What is looked at.
    role : str
        ``current``, ``prior`` or ``last_year``.

    Returns
    -------
    str
    """
    say, first = view.show.say, history_begins(view)
    if first is None:
        return say("this export has no history of close dates")
    if begins_late(view, view.windows[role].start, first):
        return say("the history of close dates begins on {day}", day=view.show.date(first))
    return ""


def flows_of(view: View, by: str | None) -> pd.DataFrame:
    """Deals and amounts of each flow, a row a group and role.

    Parameters
    ----------
    view, by
        As for `slippage_rate`.

    Returns
    -------
    DataFrame
        `group`, `label`, `role`; of each of `close_dates.FLOWS` the deals, and with
        ``_amount`` their amount in the reporting currency; and what the rates need.
    """
    frame = _flows(view, answered_with(by))
    return frame[frame["by"] == (by or "")]


@lru_cache(maxsize=32)
def _flows(view: View, groupings: tuple[str | None, ...]) -> pd.DataFrame:
    ends = [view.periods[role].end for role in ROLES]

    def query(deals: IbisTable) -> IbisTable:
        rows = fates(view, deals)
        sums = {"label": _.label.min()}
        for flow in FLOWS:
            amount = rows.amount_end if flow == "pulled_in" else rows.amount_start
            rows = rows.mutate(**{f"{flow}_value": ibis.ifelse(rows[flow], amount, 0.0)})
            sums[flow] = _[flow].sum()
            sums[f"{flow}_amount"] = _[f"{flow}_value"].sum().fill_null(0)
        sums |= {
            "valued": _.count(where=_.due & (_.amount_start > 0)),
            "squares": (_.due_value * _.due_value).sum().fill_null(0),
            "all_won": _.all_won.sum(),
            "pulled_won": (_.pulled_in & _.all_won).sum(),
            "pushes": _.pushes.sum(),
            "pushed": _.count(where=_.pushes > 0),
        }
        return in_order(grouped(rows, groupings, "role").agg(**sums))

    return view.tally("slippage", "deals", query, groupings, ends)
