"""Slippage: deals that were due in a period and moved out of it, or into it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import ibis
import pandas as pd
from ibis import _

from salesops_lib.data.view import ROLES
from salesops_lib.fragments import Cell, Grid, grid_html
from salesops_lib.performance.close_dates import FLOWS, Flow, fates, history_begins
from salesops_lib.performance.cohorts import answered_with, grouped, in_order
from salesops_lib.performance.comparison import (
    amounts_missing,
    begins_late,
    compared,
    period_labels,
)
from salesops_lib.performance.formulas import share_of
from salesops_lib.results import MIME, Measure, Value, rows_of
from salesops_lib.stats import amount_share_interval, wilson_interval

if TYPE_CHECKING:
    from collections.abc import Callable

    from ibis.expr.types import Table as IbisTable

    from salesops_lib.data.view import Role, View

__all__ = [
    "Slippage",
    "pull_in_rate",
    "pushes",
    "slippage",
    "slippage_rate",
    "slippage_value",
]


@dataclass(frozen=True)
class Slippage:
    """What became of the deals due in a period, and which came in from later.

    Parameters
    ----------
    frame : DataFrame
        One row a role and flow: `role`, `flow` (one of `FLOWS`), `deals`, `amount`
        (reporting currency; pulled in: at the period's end, all others: at its
        start). NaN where the history does not reach back.
    reasons : dict
        Why a role has no figures; empty where it has.
    view : View
        What was looked at.
    """

    frame: pd.DataFrame
    reasons: dict[Role, str]
    view: View

    def deals(self, flow: Flow, role: Role = "current") -> float:
        """Number of deals of one flow."""
        return float(self._cell(flow, role)["deals"].iloc[0])

    def amount(self, flow: Flow, role: Role = "current") -> float:
        """Amount of one flow, in the reporting currency."""
        return float(self._cell(flow, role)["amount"].iloc[0])

    def _cell(self, flow: Flow, role: Role) -> pd.DataFrame:
        return self.frame[(self.frame["flow"] == flow) & (self.frame["role"] == role)]

    @property
    def headline(self) -> str:
        """One sentence: how many of those due moved out, and how many came in."""
        show, reason = self.view.show, self.reasons["current"]
        period = period_labels(self.view)["current"]
        if reason:
            return show.say(
                "Slippage of {period}: not computable: {reason}.", period=period, reason=reason
            )
        return show.counted(
            int(self.deals("due")),
            "{count} deal was due in {period} at its start; moved out: {slipped} "
            "({slipped_amount}), pulled in from later: {pulled} ({pulled_amount}).",
            "{count} deals were due in {period} at its start; moved out: {slipped} "
            "({slipped_amount}), pulled in from later: {pulled} ({pulled_amount}).",
            period=period,
            slipped=show.count(self.deals("slipped")),
            slipped_amount=show.money(self.amount("slipped"), compact=True),
            pulled=show.count(self.deals("pulled_in")),
            pulled_amount=show.money(self.amount("pulled_in"), compact=True),
        )

    @property
    def grid(self) -> Grid:
        """The flows as a table."""
        show, say, periods = self.view.show, self.view.show.say, period_labels(self.view)
        names = {
            "due": say("Due at the start"),
            "won": say("of them won"),
            "lost": say("of them lost"),
            "slipped": say("of them moved out"),
            "still_due": say("of them still open and due"),
            "pulled_in": say("Pulled in from later"),
        }
        headers = (
            (say("Deals"), "text"),
            (periods["current"], "number"),
            (say("Amount, {currency}", currency=show.currency), "number"),
            (periods["prior"], "number"),
            (periods["last_year"], "number"),
        )
        digits = show.cents(self.frame["amount"])
        rows = tuple(
            (
                Cell(names[flow], "head"),
                Cell(show.value(self.deals(flow), "count")),
                Cell(show.amount(self.amount(flow), digits)),
                *(Cell(show.value(self.deals(flow, role), "count")) for role in ROLES[1:]),
            )
            for flow in FLOWS
        )
        caption = say("Deals due in {period}, and what became of them", period=periods["current"])
        return Grid(caption, headers, rows, show=show)

    def records(self) -> dict[str, Any]:
        """Values for machines."""
        plain = self.frame.astype(object).where(self.frame.notna(), None)
        return {
            "kind": "slippage",
            "headline": self.headline,
            "rows": plain.to_dict(orient="records"),
        }

    def _repr_mimebundle_(self, **_options: Any) -> dict[str, Any]:
        return {
            "text/plain": self.headline,
            "text/html": grid_html(self.grid),
            MIME: self.records(),
        }


def slippage(view: View) -> Slippage:
    """What became of the deals due in the period when it began.

    Parameters
    ----------
    view : View
        Scope, period, calendar and currency.

    Returns
    -------
    Slippage
    """
    reasons = {role: _lacking(view, role) for role in ROLES}
    cells = {row.role: row for row in rows_of(_flows_of(view, None))}
    rows = []
    for role in ROLES:
        row = cells.get(role)
        for flow in FLOWS:
            deals, amount = float("nan"), float("nan")
            if not reasons[role]:
                deals = 0.0 if row is None else float(getattr(row, flow))
                amount = 0.0 if row is None else float(getattr(row, f"{flow}_amount"))
            rows.append({"role": role, "flow": flow, "deals": deals, "amount": amount})
    return Slippage(pd.DataFrame(rows), reasons, view)


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
        reason = _lacking(view, role)
        return Value(None, reason=reason) if reason else value_of(row)

    return compared(view, measure, _flows_of(view, by), by, value, closed=False)


def _ends(interval: tuple[float, float] | None) -> tuple[float | None, float | None]:
    return interval or (None, None)


def _lacking(view: View, role: Role) -> str:
    """Why the close dates of a period's start are not known; empty where they are."""
    say, first = view.show.say, history_begins(view)
    if first is None:
        return say("this export has no history of close dates")
    if begins_late(view, view.windows[role].start, first):
        return say("the history of close dates begins on {day}", day=view.show.date(first))
    return ""


def _flows_of(view: View, by: str | None) -> pd.DataFrame:
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
