"""Velocity, coverage and the open pipeline."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import pandas as pd
from ibis import _

from salesops_lib.data.quotas import quota_parts
from salesops_lib.fragments import Cell, Grid
from salesops_lib.performance.cohorts import NO_GROUP, opening_deals, pipeline_due
from salesops_lib.performance.comparison import amounts_missing, compared
from salesops_lib.performance.definitions import DEFINITIONS
from salesops_lib.performance.formulas import coverage_ratio, velocity_per_day
from salesops_lib.results import Drawn, Measure, MeasureRow, Value
from salesops_lib.rows import rows_of
from salesops_lib.words import nameless_group

if TYPE_CHECKING:
    from ibis.expr.types import Table as IbisTable

    from salesops_lib.calendar import Period
    from salesops_lib.data.view import View

__all__ = [
    "OpenPipeline",
    "coverage",
    "open_pipeline",
    "quota_by",
    "quota_met",
    "target_period",
    "velocity",
]


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
            reason = view.show.say("no deal was open when the period began")
            return Value(None, 0, reason=reason)
        won, valued = int(row.won), int(row.won_valued)
        if valued == 0 or not row.cycle > 0:
            reason = view.show.say("none of the deals open at its start was won")
            return Value(None, deals, reason=reason)
        rate, average = won / (won + int(row.lost)), float(row.won_amount) / valued
        return Value(velocity_per_day(deals, rate, average, float(row.cycle)), deals)

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
    labels = dict(zip(due["group"], due["label"], strict=True))
    if by is None:
        labels = labels or {"all": "All"}
    elif quotas:
        # Who has a quota and nothing due needs the coverage most.
        names = dict(zip(view.quotas["rep_id"], view.quotas["rep_name"], strict=True))
        names[NO_GROUP] = f"No {by}"
        labels = {group: names.get(group, group) for group in quotas} | labels
    labels = dict(sorted(labels.items(), key=lambda pair: (pair[1], pair[0])))
    if by is not None and NO_GROUP in labels:
        labels[NO_GROUP] = nameless_group(by, view.show)
    cells = {row.group: row for row in rows_of(due)}
    rows = tuple(
        MeasureRow(
            group, label, "current", _coverage(view, cells.get(group), quotas.get(group), target)
        )
        for group, label in labels.items()
    )
    periods = {"current": view.show.period(target.label), "prior": "", "last_year": ""}
    definition = DEFINITIONS["coverage"].said(view.show)
    return Measure(definition, rows, periods, by, view.scope_phrase, view.show)


def quota_met(view: View) -> str:
    """Why there is no coverage where the quota of the target period is already met."""
    period = view.show.period(target_period(view).label)
    return view.show.say("the quota of {period} is already met", period=period)


def _coverage(view: View, row: Any, quota: float | None, target: Period) -> Value:
    deals = 0 if row is None else int(row.open_deals)
    if quota is None:
        period = view.show.period(target.label)
        return Value(
            None, deals, reason=view.show.say("there is no quota for {period}", period=period)
        )
    won = 0.0 if row is None or pd.isna(row.won_amount) else float(row.won_amount)
    due = 0.0 if row is None or pd.isna(row.open_amount) else float(row.open_amount)
    if quota - won <= 0:
        return Value(None, deals, reason=quota_met(view))
    valued = 0 if row is None else int(row.open_valued)
    reason = amounts_missing(view, deals, valued, "open")
    return Value(None if reason else coverage_ratio(due, quota, won), deals, reason=reason)


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
    keys = ["all"] * len(parts) if by is None else parts["rep_id" if by == "rep" else by]
    sums: dict[str, Decimal] = {}
    for group, amount in zip(keys, parts["amount"], strict=True):
        sums[group or ""] = sums.get(group or "", Decimal()) + amount
    return {group: float(sums[group]) for group in sorted(sums) if sums[group] > 0}


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
            return show.counted(
                deals,
                "{count} deal is open; {reason}.",
                "{count} deals are open; {reason}.",
                reason=self.unvalued,
            )
        total = show.money(self.total, compact=True)
        if not stale:
            return show.counted(
                deals,
                "{amount} is open in {count} deal.",
                "{amount} is open in {count} deals.",
                amount=total,
            )
        return show.counted(
            deals,
            "{amount} is open in {count} deal, past its close date.",
            "{amount} is open in {count} deals; past their close date: {stale} ({stale_amount}).",
            amount=total,
            stale=show.count(stale),
            stale_amount=show.money(float(self.frame["stale_amount"].sum()), compact=True),
        )

    @property
    def alt(self) -> str:
        """The chart in words."""
        show, rows = self.view.show, list(rows_of(self.frame))
        if not rows:
            return show.say(
                "Bar chart of the open pipeline of {scope}: 0 open deals.",
                scope=self.view.scope_phrase,
            )
        words = {"scope": self.view.scope_phrase, "day": show.date(self.view.as_of)}
        if self.unvalued:
            most = max(rows, key=lambda row: row.deals)
            return show.counted(
                most.deals,
                "Bar chart of the open deals of {scope} by stage, {day}. Most: {stage} with "
                "{count} deal; {reason}.",
                "Bar chart of the open deals of {scope} by stage, {day}. Most: {stage} with "
                "{count} deals; {reason}.",
                stage=most.stage,
                reason=self.unvalued,
                **words,
            )
        largest = max(rows, key=lambda row: row.amount)
        return show.counted(
            largest.deals,
            "Bar chart of the open pipeline of {scope} by stage, {day}. Stages: {stages}. "
            "Largest: {stage} with {amount} in {count} deal; all: {total}.",
            "Bar chart of the open pipeline of {scope} by stage, {day}. Stages: {stages}. "
            "Largest: {stage} with {amount} in {count} deals; all: {total}.",
            stages=show.count(len(rows)),
            stage=largest.stage,
            amount=show.money(largest.amount, compact=True),
            total=show.money(self.total, compact=True),
            **words,
        )

    @property
    def drawn(self) -> Drawn:
        """Its unit, and why no earlier period is beside it."""
        show = self.view.show
        unit = show.say("Open deals") if self.unvalued else show.currency
        why = "none: the pipeline of an earlier day needs that day's snapshot"
        return Drawn(unit, why, "exact")

    @property
    def caption(self) -> str:
        """What is drawn, and from which data."""
        say = self.view.show.say
        words = {
            "day": self.view.show.date(self.view.as_of),
            "snapshot": self.view.snapshot.id,
        }
        if self.unvalued:
            return say(
                "Number of open deals by stage, {day}. Source: snapshot {snapshot}.", **words
            )
        return say("Amount of open deals by stage, {day}. Source: snapshot {snapshot}.", **words)

    @property
    def grid(self) -> Grid:
        """The numbers behind the chart."""
        show, say, money = self.view.show, self.view.show.say, self.view.show.currency
        headers = (
            (say("Stage"), "text"),
            (say("Deals"), "number"),
            (say("Amount, {currency}", currency=money), "number"),
            (say("Past close date"), "number"),
            (say("Their amount, {currency}", currency=money), "number"),
        )
        whole, stale = show.cents(self.frame["amount"]), show.cents(self.frame["stale_amount"])
        rows = tuple(
            (
                Cell(row.stage, "head"),
                Cell(show.count(row.deals)),
                Cell(show.amount(row.amount, whole)),
                Cell(show.count(row.stale)),
                Cell(show.amount(row.stale_amount, stale)),
            )
            for row in rows_of(self.frame)
        )
        return Grid(say("Open pipeline by stage"), headers, rows, show=show)

    def records(self) -> dict[str, Any]:
        """Values for machines."""
        rows = self.frame.astype(object).where(self.frame.notna(), None)
        return {
            "kind": "open_pipeline",
            "headline": self.headline,
            "rows": rows.to_dict(orient="records"),
        }


@lru_cache(maxsize=32)
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

    def query(deals: IbisTable) -> IbisTable:
        stages = deals.filter(~_.is_closed).group_by("scope", "stage")
        sums = stages.agg(
            order=_.stage_order.min(),
            deals=_.count(),
            valued=_.count(where=_.amount > 0),
            amount=_.amount.sum().fill_null(0).cast("float64"),
            stale=_.count(where=stale),
            stale_amount=_.amount.sum(where=stale).fill_null(0).cast("float64"),
        )
        return sums.order_by("order", "stage", "scope")

    frame = view.tally("stages", "deals", query)
    nameless = view.show.say("No stage")
    return OpenPipeline(frame.assign(stage=frame["stage"].fillna(nameless)), view)
