"""Forecast categories: what people call sure, likely and possible, rolled up.

Each deal is in one category; the roll-ups are cumulative. The published identities
(Salesforce, ForecastingSubmissionItem): Commit = Closed + commit; Most Likely = Commit
+ most likely; Best Case = Most Likely + best case; Open Pipeline = all open but omitted.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import ibis
import pandas as pd
from ibis import _

from salesops_lib.errors import InputError
from salesops_lib.forecasting.booked import KEYS
from salesops_lib.forecasting.commits import commits
from salesops_lib.forecasting.horizons import Horizon
from salesops_lib.fragments import Cell, Grid
from salesops_lib.rollups import forecast_rollup
from salesops_lib.rows import json_number, rows_of

if TYPE_CHECKING:
    from ibis.expr.types import Table as IbisTable

    from salesops_lib.data.view import View

__all__ = ["CATEGORIES", "JUDGED", "UNCATEGORISED", "CategoryRollup", "category_rollup"]

UNCATEGORISED = "uncategorised"
"""Open deals without a category, and without a stage that has one."""

CATEGORIES = (
    "closed", "commit", "most_likely", "best_case", "pipeline", "omitted", UNCATEGORISED,
)  # fmt: skip
"""Exclusive categories, the surest first."""

JUDGED = {
    "commit": "commit_forecast",
    "most_likely": "most_likely_forecast",
    "best_case": "best_case_forecast",
}
"""Roll-up that a submission of each category is the judgement of."""

_NONE = Decimal("0.00")


@dataclass(frozen=True)
class CategoryRollup:
    """A period's deals by forecast category, exclusive and rolled up, with the judgements.

    Parameters
    ----------
    frame : DataFrame
        One row a group: `group` (key), `label`; the exclusive amounts of `CATEGORIES`;
        `commit_forecast`, `most_likely_forecast`, `best_case_forecast`,
        `open_pipeline` (cumulative; all Decimal, reporting currency); and for each
        of `JUDGED` that was handed in, ``judged_CATEGORY`` and ``adjusted_CATEGORY``,
        the judgement and what it adds to the roll-up (None where there is none).
    deals : DataFrame
        `group`, `category`, `deals` (numbers).
    by : str or None
        What the groups are.
    view : View
        What was looked at.
    reason : str
        Why there is no roll-up; empty where there is one.
    """

    frame: pd.DataFrame
    deals: pd.DataFrame
    by: str | None
    view: View
    reason: str = ""

    @property
    def residual(self) -> Decimal:
        """Largest gap of the two identities over all groups: 0.00, or a roll-up is wrong.

        Closed + open pipeline = best case forecast + pipeline; and the commit forecast,
        most likely and best case on top of it = best case forecast.
        """
        gaps = [_NONE]
        for row in rows_of(self.frame):
            gaps += [
                abs(row.closed + row.open_pipeline - row.best_case_forecast - row.pipeline),
                abs(row.commit_forecast + row.most_likely + row.best_case - row.best_case_forecast),
            ]
        return max(gaps)

    @property
    def headline(self) -> str:
        """One sentence: closed, commit and best case of all groups together."""
        show, period = self.view.show, self.view.show.period(self.view.period.label)
        if self.reason:
            return show.say(
                "Forecast categories of {period}: not computable: {reason}.",
                period=period,
                reason=self.reason,
            )
        total = {
            name: sum(self.frame[name], _NONE)
            for name in ("closed", "commit_forecast", "best_case_forecast", "open_pipeline")
        }
        words = {name: show.money(amount, compact=True) for name, amount in total.items()}
        return show.say(
            "{closed} of {period} is closed; with the deals in commit it is {commit_forecast}, "
            "with best case {best_case_forecast}. {open_pipeline} is open.",
            period=period,
            **words,
        )

    @property
    def grid(self) -> Grid:
        """The roll-ups as a table."""
        show, say = self.view.show, self.view.show.say
        columns = {
            "closed": say("Closed"),
            "commit_forecast": say("Closed and commit"),
            "judged_commit": say("Commit handed in"),
            "best_case_forecast": say("Closed, commit and best case"),
            "open_pipeline": say("Open pipeline"),
        }
        shown = [name for name in columns if name in self.frame.columns]
        headers = (
            (say("Group"), "text"),
            *((say("{name}, {currency}", name=columns[name], currency=show.currency), "number")
              for name in shown),
        )  # fmt: skip
        rows = tuple(
            (
                Cell(row.label, "head"),
                *(Cell(show.amount(getattr(row, name)), number=getattr(row, name))
                  for name in shown),
            )
            for row in rows_of(self.frame)
        )  # fmt: skip
        caption = say("Forecast categories, {period}", period=show.period(self.view.period.label))
        return Grid(caption, headers, rows, show=show)

    def records(self) -> dict[str, Any]:
        """Values for machines."""
        names = [name for name in self.frame.columns if name not in {"group", "label"}]
        rows = [
            {"group": row["group"], "label": row["label"]}
            | {name: json_number(row[name]) for name in names}
            for row in self.frame.to_dict(orient="records")
        ]
        return {
            "kind": "category_rollup",
            "by": self.by,
            "headline": self.headline,
            "reason": self.reason,
            "residual": json_number(self.residual),
            "rows": rows,
        }


def category_rollup(view: View, by: str | None = None) -> CategoryRollup:
    """Deals of the view's period by forecast category, as of its as-of date.

    Parameters
    ----------
    view : View
        Scope, period, calendar and currency.
    by : str, optional
        ``region``, ``team`` or ``rep``. Default: the scope as a whole.

    Returns
    -------
    CategoryRollup

    Raises
    ------
    InputError
        There is no such grouping.

    Notes
    -----
    Closed is what was won in the period; the other categories hold the open deals due
    in it. A deal without a category takes its stage's. One that is open and says that
    it is closed contradicts itself, and is uncategorised. A judgement is the number
    last handed in for the group, or the sum of those for all of its parts.
    """
    if by is not None and by not in KEYS:
        raise InputError(f"deals cannot be rolled up by `{by}`", found=by, allowed=tuple(KEYS))
    say = view.show.say
    counted = view.tally("categories", "deals", lambda rows: _counted(view, rows, by), by)
    reason = ""
    known = counted[counted["category"].isin([*JUDGED, "pipeline", "omitted"])]
    if known.empty and (counted["category"] == UNCATEGORISED).any():
        reason = say("the export holds no forecast categories")
    rows = []
    for (group, label), part in counted.groupby(["key", "label"], sort=False):
        amounts = dict(zip(part["category"], part["amount"], strict=True))
        exclusive = {name: amounts.get(name, _NONE) for name in CATEGORIES}
        plain = {name: amount for name, amount in exclusive.items() if name != UNCATEGORISED}
        rolled = {name: Decimal(number) + _NONE for name, number in forecast_rollup(plain).items()}
        rows.append({"group": group, "label": label, **exclusive, **rolled})
    columns = [
        "group",
        "label",
        *CATEGORIES,
        *(name for name in forecast_rollup({}) if name != "closed"),
    ]
    frame = pd.DataFrame(rows, columns=columns)
    if by is None:
        frame["label"] = view.scope_label
    frame = frame.sort_values(["label", "group"], ignore_index=True)
    deals = counted.rename(columns={"key": "group"})[["group", "category", "deals"]]
    return CategoryRollup(_judged(view, frame, by), deals, by, view, reason)


def _counted(view: View, rows: IbisTable, by: str | None) -> IbisTable:
    start, end = view.period.start, view.period.end
    stages = view.snapshot.whole.table("stages").select(
        stage_name="stage", stage_category="forecast_category"
    )
    due = rows.filter(
        _.close_date.between(start, end)
        & (~_.is_closed | (_.is_won & (_.close_date <= view.as_of)))
    )
    due = due.left_join(stages, due.stage == stages.stage_name)
    told = ibis.coalesce(due.forecast_category, due.stage_category)
    due = due.mutate(
        category=ibis.cases(
            (due.is_won, "closed"),
            (told.isnull() | (told == "closed"), UNCATEGORISED),
            else_=told,
        ),
        key=ibis.coalesce(due[KEYS[by]], "") if by else ibis.literal(""),
        label=ibis.coalesce(due["owner_name" if by == "rep" else KEYS[by]], view.show.say("None"))
        if by
        else ibis.literal(""),
    )
    sums = due.group_by("scope", "key", "label", "category").agg(
        deals=_.count(), amount=_.amount.sum().fill_null(0).cast("decimal(18, 2)")
    )
    return sums.order_by("scope", "label", "key", "category")


def _judged(view: View, frame: pd.DataFrame, by: str | None) -> pd.DataFrame:
    """Roll-ups with what people handed in for the same groups."""
    day = min(view.as_of, view.period.end)
    at = Horizon(view.period, (day - view.period.start).days // 7 + 1, day)
    kind = by or view.scope.kind
    for category, rollup in JUDGED.items():
        given = commits(view, [at], category)
        given = given[(given["kind"] == kind) & given["forecast"].notna()]
        told = dict(zip(given["key"], given["forecast"], strict=True))
        if not told:
            continue
        keys = frame["group"] if by else pd.Series(view.scope.key, index=frame.index)
        judged = [Decimal(f"{told[key]:.2f}") if key in told else None for key in keys]
        gaps = [
            None if number is None else number - rolled
            for number, rolled in zip(judged, frame[rollup], strict=True)
        ]
        frame[f"judged_{category}"] = pd.Series(judged, index=frame.index, dtype=object)
        frame[f"adjusted_{category}"] = pd.Series(gaps, index=frame.index, dtype=object)
    return frame
