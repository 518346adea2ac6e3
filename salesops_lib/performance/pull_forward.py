"""Pull-forward: wins brought before a period's end that belong after it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import ibis
import pandas as pd
from ibis import _

from salesops_lib.fragments import Cell, Grid, grid_html
from salesops_lib.performance.cohorts import NO_GROUP, answered_with, grouped, in_order
from salesops_lib.performance.rep_periods import covered_periods
from salesops_lib.period_edges import AFTER, BEFORE, EdgeCounts
from salesops_lib.results import MIME
from salesops_lib.rows import json_number, rows_of
from salesops_lib.stats import SMALL_SAMPLE, wilson_interval
from salesops_lib.words import grouping_head, nameless_group

if TYPE_CHECKING:
    from ibis.expr.types import Table as IbisTable

    from salesops_lib.data.view import View

__all__ = ["PERIODS", "PullForward", "pull_forward"]

PERIODS = 12
"""Past periods whose ends are looked at."""

_KINDS = ("late", "early", "month_late", "month_early")


@dataclass(frozen=True)
class PullForward:
    """Deals won just before and just after the ends of past periods.

    Parameters
    ----------
    frame : DataFrame
        One row a group, the one with the highest lower end first: `group`, `label`,
        `late`, `early` (deals won in the 14 days up to the ends of periods, and in the
        30 after them), `share` (late ÷ both) with `low` and `high` (Wilson 95 %),
        `month_late`, `month_early` (the same at the other month ends).
    late, early, month_late, month_early : int
        The same of all groups together.
    by : str or None
        What the groups are.
    view : View
        What was looked at.
    reason : str
        Why there is nothing to compare; empty where there is.
    """

    frame: pd.DataFrame
    late: int
    early: int
    month_late: int
    month_early: int
    by: str | None
    view: View
    reason: str = ""

    @property
    def share(self) -> float | None:
        """Late ÷ (late + early) at the ends of periods."""
        return None if self.reason else self._counts.share

    @property
    def usual(self) -> float | None:
        """The same at the other month ends: what a month's end alone does."""
        return None if self.reason else self._counts.usual

    @property
    def interval(self) -> tuple[float, float] | None:
        """95 % interval of `share` - `usual`."""
        return None if self.reason else self._counts.interval

    @property
    def _counts(self) -> EdgeCounts:
        return EdgeCounts(self.late, self.early, self.month_late, self.month_early)

    @property
    def is_found(self) -> bool:
        """Whether chance does not explain that much before the ends of periods."""
        return self.interval is not None and self.interval[0] > 0

    @property
    def headline(self) -> str:
        """One sentence: how the wins lie about the ends of periods, and of other months."""
        show = self.view.show
        if self.share is None or self.usual is None:
            return show.say("Pull-forward: not computable: {reason}.", reason=self.reason)
        words = {
            "share": show.share(self.share),
            "usual": show.share(self.usual),
            "deals": show.count(self.late + self.early),
        }
        if self.is_found:
            return show.say(
                "Deals are pulled forward: of {deals} won in the 14 days before or the 30 days "
                "after a period's end, {share} came before it; at other month ends {usual} did.",
                **words,
            )
        return show.say(
            "No pull-forward beyond chance: of {deals} deals won in the 14 days before or the 30 "
            "days after a period's end, {share} came before it; at other month ends {usual} did.",
            **words,
        )

    @property
    def grid(self) -> Grid:
        """The counts as a table."""
        show, say = self.view.show, self.view.show.say
        headers = (
            (grouping_head(self.by, show) if self.by else say("Scope"), "text"),
            (say("14 days before"), "number"),
            (say("30 days after"), "number"),
            (say("Share before"), "number"),
            (say("95% interval"), "number"),
        )
        rows = tuple(
            (
                Cell(row.label, "head"),
                Cell(show.count(row.late)),
                Cell(show.count(row.early)),
                Cell(
                    show.value(row.share, "share")
                    + ("*" if row.late + row.early < SMALL_SAMPLE else ""),
                    number=row.share,
                ),
                Cell(show.interval(row.low, row.high, "share")),
            )
            for row in rows_of(self.frame)
        )
        note = say("* fewer than {limit} cases: read with care.", limit=show.count(SMALL_SAMPLE))
        caption = say("Deals won about the ends of past periods, {scope}", scope=self._scope)
        return Grid(caption, headers, rows, note, show=show)

    @property
    def _scope(self) -> str:
        return self.view.scope_phrase

    def records(self) -> dict[str, Any]:
        """Values for machines."""
        plain = self.frame.astype(object).where(self.frame.notna(), None)
        low, high = self.interval or (None, None)
        return {
            "kind": "pull_forward",
            "headline": self.headline,
            "share": json_number(self.share),
            "usual": json_number(self.usual),
            "low": json_number(low),
            "high": json_number(high),
            "rows": plain.to_dict(orient="records"),
        }

    def _repr_mimebundle_(self, **_options: Any) -> dict[str, Any]:
        return {
            "text/plain": self.headline,
            "text/html": grid_html(self.grid),
            MIME: self.records(),
        }


def pull_forward(view: View, by: str | None = None, periods: int = PERIODS) -> PullForward:
    """Deals won before the ends of past periods, against those won after them.

    Deals that are closed earlier than they would be leave the next period empty. The
    close dates of the CRM need not show it, because only the outcome is typed in. So
    what is compared is how the wins lie about the ends of periods, and about the ends
    of the months within them, where nobody has a reason to pull.

    Parameters
    ----------
    view : View
        Scope and calendar.
    by : str, optional
        What to split by.
    periods : int
        How many past periods at most.

    Returns
    -------
    PullForward
        Not computable without wins about both kinds of ends. An end that is not 30
        days past yet does not count.
    """
    rows = list(rows_of(_edges(view, periods, answered_with(by))))
    counts = {row.group: dict.fromkeys(_KINDS, 0) for row in rows if row.by == (by or "")}
    labels = {row.group: row.label for row in rows if row.by == (by or "")}
    for row in rows:
        if row.by == (by or ""):
            counts[row.group][row.kind] = int(row.deals)
    found = []
    for group, of_kind in counts.items():
        both = of_kind["late"] + of_kind["early"]
        low, high = wilson_interval(of_kind["late"], both) or (None, None)
        label = nameless_group(by, view.show) if by and group == NO_GROUP else labels[group]
        share = of_kind["late"] / both if both else None
        found.append((group, label, *of_kind.values(), share, low, high))
    columns = ["group", "label", *_KINDS, "share", "low", "high"]
    frame = pd.DataFrame(found, columns=columns).astype(dict.fromkeys(columns[-3:], float))
    frame = frame.sort_values(
        ["low", "late", "label", "group"], ascending=[False, False, True, True], ignore_index=True
    )
    late, early, month_late, month_early = (int(frame[kind].sum()) for kind in _KINDS)
    reason = ""
    if late + early == 0:
        reason = view.show.say("no deal was won about a past period's end")
    elif month_late + month_early == 0:
        reason = view.show.say("no deal was won about another month's end")
    if by is None and view.scope.kind != "company":
        frame["label"] = view.scope_label
    return PullForward(frame, late, early, month_late, month_early, by, view, reason)


@lru_cache(maxsize=32)
def _edges(view: View, periods: int, groupings: tuple[str | None, ...]) -> pd.DataFrame:
    spans = _spans(view, periods)
    table = ibis.memtable(
        {
            "kind": [kind for kind, _first, _last in spans],
            "first": [first for _kind, first, _last in spans],
            "last": [last for _kind, _first, last in spans],
        },
        schema={"kind": "string", "first": "date", "last": "date"},
    )

    def query(deals: IbisTable) -> IbisTable:
        won = deals.filter(_.is_won)
        rows = won.inner_join(table, [won.close_date >= table.first, won.close_date <= table.last])
        sums = grouped(rows, groupings, "kind").agg(label=_.label.min(), deals=_.count())
        return in_order(sums)

    return view.tally("pull_forward", "deals", query, groupings, spans)


def _spans(view: View, periods: int) -> list[tuple[str, dt.date, dt.date]]:
    """Days before and after each end, with what kind of end it is."""
    spans: list[tuple[str, dt.date, dt.date]] = []
    before, after = dt.timedelta(days=BEFORE - 1), dt.timedelta(days=AFTER)
    for period in covered_periods(view, periods):
        for month in view.calendar.within(period, "month"):
            if month.end + after > view.as_of:
                continue
            mark = "" if month.end == period.end else "month_"
            spans.append((f"{mark}late", month.end - before, month.end))
            spans.append((f"{mark}early", month.end + dt.timedelta(days=1), month.end + after))
    return spans
