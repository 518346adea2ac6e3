"""Velocity, coverage and the open pipeline."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import pandas as pd
from ibis import _

from salesops_lib.data.quotas import quota_parts
from salesops_lib.fragments import Cell, Grid
from salesops_lib.performance.cohorts import opening_deals, pipeline_due
from salesops_lib.performance.comparison import amounts_missing, compared
from salesops_lib.performance.definitions import DEFINITIONS
from salesops_lib.results import Measure, MeasureRow, Value, rows_of

if TYPE_CHECKING:
    from salesops_lib.calendar import Period
    from salesops_lib.data.view import View

__all__ = ["OpenPipeline", "coverage", "open_pipeline", "quota_by", "target_period", "velocity"]


def velocity(view: View, by: str | None = None) -> Measure:
    """Deals x win rate x average won deal ÷ mean cycle, of one population.

    The population of all four factors is the deals open when the period began:
    their number, won ÷ (won + lost) of those that closed in it, the average
    amount and the mean age of those won.

    Parameters
    ----------
    view : View
        Scope, period, calendar and currency.
    by : str, optional
        What to split by.

    Returns
    -------
    Measure
        Reporting currency a day; `n` is the number of deals open at the start.

    Notes
    -----
    Published example: 40 deals, a win rate of 25 %, 25,000 a deal and 90 days
    give 2,777.78 a day.
    """

    def value(row: Any, _role: str) -> Value:
        deals = 0 if row is None else int(row.deals)
        if deals == 0:
            return Value(None, 0, reason="no deal was open when the period began")
        won, valued = int(row.won), int(row.won_valued)
        if valued == 0 or not row.cycle > 0:
            return Value(None, deals, reason="none of the deals open at its start was won")
        rate = won / (won + int(row.lost))
        return Value(deals * rate * float(row.won_amount) / valued / float(row.cycle), deals)

    return compared(view, "velocity", opening_deals(view, by), by, value)


def target_period(view: View) -> Period:
    """Period whose coverage matters: the report's own, or the next once it has ended."""
    ended = view.as_of >= view.period.end
    return view.calendar.next(view.period) if ended else view.period


def coverage(view: View, by: str | None = None) -> Measure:
    """Open pipeline due in the target period ÷ what of its quota is still to be won.

    Parameters
    ----------
    view : View
        Scope, period, calendar and currency.
    by : str, optional
        What to split by.

    Returns
    -------
    Measure
        A multiple; `n` is the number of open deals due. Only the current period
        has a value: the pipeline of earlier dates needs their own snapshots.
    """
    target = target_period(view)
    due = pipeline_due(view, target.start, target.end, by)
    quotas = quota_by(view, target.start, target.end, by)
    labels = dict(zip(due["group"], due["label"], strict=True)) or {"all": "All"}
    cells = {row.group: row for row in rows_of(due)}
    rows = [
        MeasureRow(
            group, label, "current", _coverage(view, cells.get(group), quotas.get(group), target)
        )
        for group, label in labels.items()
    ]
    periods = {"current": target.label, "prior": "", "last_year": ""}
    definition = DEFINITIONS["coverage"]
    return Measure.of_rows(definition, rows, periods, by, view.scope.phrase, view.show)


def _coverage(view: View, row: Any, quota: float | None, target: Period) -> Value:
    deals = 0 if row is None else int(row.open_deals)
    if quota is None:
        return Value(None, deals, reason=f"there is no quota for {target}")
    won = 0.0 if row is None or pd.isna(row.won_amount) else float(row.won_amount)
    due = 0.0 if row is None or pd.isna(row.open_amount) else float(row.open_amount)
    if quota - won <= 0:
        return Value(None, deals, reason=f"the quota of {target} is already met")
    valued = 0 if row is None else int(row.open_valued)
    reason = amounts_missing(view, deals, valued, "open")
    return Value(None if reason else due / (quota - won), deals, reason=reason)


@lru_cache(maxsize=64)
def quota_by(view: View, start: dt.date, end: dt.date, by: str | None = None) -> dict[str, float]:
    """Quota of each group between two days.

    Parameters
    ----------
    view : View
        Scope and currency.
    start, end : date
        First and last day.
    by : str, optional
        None, region, team or rep; quotas belong to no other grouping.

    Returns
    -------
    dict
        Quota in the reporting currency by group key; empty where there are none.
    """
    if not view.snapshot.has("quotas") or by not in {None, "region", "team", "rep"}:
        return {}
    parts = quota_parts(view.quotas, start, end)
    keys = parts["rep_id"] if by == "rep" else parts[by].fillna("") if by else "all"
    sums = parts.assign(group=keys).groupby("group")["amount"].sum()
    return {str(group): float(quota) for group, quota in sums.items() if quota > 0}


@dataclass(frozen=True)
class OpenPipeline:
    """The open pipeline by stage.

    Parameters
    ----------
    frame : DataFrame
        One row a stage: `stage`, `order`, `deals`, `valued` (those with an amount
        above 0), `amount` and `stale` (open deals whose close date has passed),
        `stale_amount`, in pipeline order; amounts in the reporting currency.
    view : View
        What was looked at.
    """

    frame: pd.DataFrame
    view: View

    @property
    def total(self) -> float:
        """Amount of all open deals."""
        return float(self.frame["amount"].sum())

    @property
    def unvalued(self) -> str:
        """Why the amounts say nothing; empty where they do."""
        deals, valued = int(self.frame["deals"].sum()), int(self.frame["valued"].sum())
        return amounts_missing(self.view, deals, valued, "open")

    @property
    def headline(self) -> str:
        """One sentence with the total and what of it is stale."""
        show = self.view.show
        deals, stale = int(self.frame["deals"].sum()), int(self.frame["stale"].sum())
        if self.unvalued:
            return f"{show.count(deals)} deals are open; {self.unvalued}."
        text = f"{show.money(self.total, compact=True)} is open in {show.count(deals)} deals"
        if not stale:
            return f"{text}."
        amount = show.money(float(self.frame["stale_amount"].sum()), compact=True)
        return f"{text}; {show.count(stale)} of them ({amount}) are past their close date."

    @property
    def alt(self) -> str:
        """The chart in words."""
        show, rows = self.view.show, list(rows_of(self.frame))
        if not rows:
            return f"Bar chart of the open pipeline of {self.view.scope.phrase}: 0 open deals."
        if self.unvalued:
            most = max(rows, key=lambda row: row.deals)
            return (
                f"Bar chart of the open deals of {self.view.scope.phrase} by stage, "
                f"{show.date(self.view.as_of)}. Most: {most.stage} with {show.count(most.deals)} "
                f"deals. {self.unvalued}."
            )
        largest = max(rows, key=lambda row: row.amount)
        return (
            f"Bar chart of the open pipeline of {self.view.scope.phrase} by stage, "
            f"{show.date(self.view.as_of)}, in {len(rows)} stages. Largest: {largest.stage} with "
            f"{show.money(largest.amount, compact=True)} in {show.count(largest.deals)} deals; "
            f"all: {show.money(self.total, compact=True)}."
        )

    @property
    def caption(self) -> str:
        """What is drawn, and from which data."""
        what = "Number" if self.unvalued else "Amount"
        day = self.view.show.date(self.view.as_of)
        return f"{what} of open deals by stage, {day}. Source: snapshot {self.view.snapshot.id}."

    @property
    def grid(self) -> Grid:
        """The numbers behind the chart."""
        show = self.view.show
        money = show.currency
        names = ["Stage", "Deals", f"Amount, {money}", "Past close date", f"Their amount, {money}"]
        headers = tuple((name, "text" if name == "Stage" else "number") for name in names)
        rows = tuple(
            (
                Cell(row.stage, "head"),
                Cell(show.count(row.deals)),
                Cell(show.amount(row.amount)),
                Cell(show.count(row.stale)),
                Cell(show.amount(row.stale_amount)),
            )
            for row in rows_of(self.frame)
        )
        return Grid("Open pipeline by stage", headers, rows)

    def records(self) -> dict[str, Any]:
        """Values for machines."""
        rows = self.frame.astype(object).where(self.frame.notna(), None)
        return {
            "kind": "open_pipeline",
            "headline": self.headline,
            "rows": rows.to_dict(orient="records"),
        }


def open_pipeline(view: View) -> OpenPipeline:
    """Open deals by stage, as of the view's date.

    Parameters
    ----------
    view : View
        Scope and currency.

    Returns
    -------
    OpenPipeline
    """
    stale = _.close_date < view.as_of
    frame = (
        view.deals.filter(~_.is_closed)
        .group_by("stage")
        .agg(
            order=_.stage_order.min(),
            deals=_.count(),
            valued=_.count(where=_.amount > 0),
            amount=_.amount.sum().fill_null(0).cast("float64"),
            stale=_.count(where=stale),
            stale_amount=_.amount.sum(where=stale).fill_null(0).cast("float64"),
        )
        .order_by("order", "stage")
        .to_pandas()
    )
    return OpenPipeline(frame.assign(stage=frame["stage"].fillna("No stage")), view)
