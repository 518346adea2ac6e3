"""The deals behind a number, to look at and to take away."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import ibis
from ibis import _

from salesops_lib.data.view import ROLES
from salesops_lib.errors import InputError
from salesops_lib.formats import MISSING
from salesops_lib.fragments import Cell, Grid, grid_html
from salesops_lib.fragments.attachments import csv_bytes
from salesops_lib.performance.cohorts import GROUPINGS, NO_GROUP
from salesops_lib.performance.comparison import period_labels
from salesops_lib.performance.definitions import DEFINITIONS
from salesops_lib.performance.open_deals import open_amount
from salesops_lib.performance.outcomes import (
    average_deal,
    bookings,
    cycle_days,
    deals_created,
    deals_won,
    median_deal,
    pipeline_created,
    win_rate,
)
from salesops_lib.results import MIME
from salesops_lib.rows import json_number, rows_of

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd
    from ibis.expr.types import Table as IbisTable

    from salesops_lib.data.view import Role, View, Window
    from salesops_lib.formats import Formatter
    from salesops_lib.results import Definition, Measure

__all__ = ["COUNTED", "MOST_DEALS", "Deals", "deals"]

MOST_DEALS = 500
"""Deals that a table and its file hold unless more are asked for."""

_ROWS_SHOWN = 12
_COLUMNS = {
    "opportunity_id": "opportunity_id",
    "name": "name",
    "account": "account_name",
    "owner": "owner_name",
    "product": "product",
    "stage": "stage",
    "created_date": "created_date",
    "close_date": "close_date",
    "age_days": "age_days",
    "amount": "amount",
    "is_closed": "is_closed",
    "is_won": "is_won",
}


def _closed(rows: IbisTable, window: Window) -> IbisTable:
    return rows.filter(_.is_closed, _.close_date.between(window.start, window.end))


def _won(rows: IbisTable, window: Window) -> IbisTable:
    return _closed(rows, window).filter(_.is_won)


def _valued(rows: IbisTable, window: Window) -> IbisTable:
    return _won(rows, window).filter(_.amount > 0)


def _timed(rows: IbisTable, window: Window) -> IbisTable:
    return _won(rows, window).filter(_.age_days >= 0)


def _created(rows: IbisTable, window: Window) -> IbisTable:
    return rows.filter(_.created_date.between(window.start, window.end))


def _open(rows: IbisTable, _window: Window) -> IbisTable:
    return rows.filter(~_.is_closed)


@dataclass(frozen=True)
class Counted:
    """A measure whose value comes from deals that can be listed.

    Parameters
    ----------
    measure : callable
        The measure, of a view and what to split by.
    rows : callable
        The deals that it counts in a window.
    """

    measure: Callable[[View, str | None], Measure]
    rows: Callable[[IbisTable, Window], IbisTable]


COUNTED: dict[str, Counted] = {
    "bookings": Counted(bookings, _won),
    "deals_won": Counted(deals_won, _won),
    "win_rate": Counted(win_rate, _closed),
    "average_deal": Counted(average_deal, _valued),
    "median_deal": Counted(median_deal, _valued),
    "cycle_days": Counted(cycle_days, _timed),
    "pipeline_created": Counted(pipeline_created, _created),
    "deals_created": Counted(deals_created, _created),
    "open_pipeline": Counted(open_amount, _open),
}
"""Measures that `deals` can open up, by id."""


@dataclass(frozen=True)
class Deals:
    """Deals behind one value of a measure.

    Parameters
    ----------
    definition : Definition
        The measure.
    frame : DataFrame
        One row a deal, the largest first: `opportunity_id`, `name`, `account`,
        `owner`, `product`, `stage`, `created_date`, `close_date`, `age_days`
        (created to close, or to the as-of date), `amount` (reporting currency),
        `is_closed`, `is_won`. At most as many as were asked for.
    count : int
        All deals behind the value, those left out of `frame` too.
    amount : float
        Sum of all their amounts, in the reporting currency.
    group : str
        Label of the group, or of the scope.
    period : str
        Label of the period, or the as-of date.
    view : View
        What was looked at.
    """

    definition: Definition
    frame: pd.DataFrame
    count: int
    amount: float
    group: str
    period: str
    view: View

    @property
    def rounded(self) -> dict[str, float]:
        """Number of deals, and their sum to three significant digits."""
        return {"deals": self.count, "amount": float(f"{self.amount:.3g}")}

    @property
    def headline(self) -> str:
        """One sentence: how many deals, what they are worth together."""
        show = self.view.show
        return show.counted(
            self.count,
            "{measure}, {group}, {period}: {count} deal, {amount}.",
            "{measure}, {group}, {period}: {count} deals, {amount} in all.",
            measure=self.definition.name,
            group=self.group,
            period=self.period,
            amount=show.money(self.amount, compact=True),
        )

    @property
    def grid(self) -> Grid:
        """The deals as a table; columns that no deal fills are left out."""
        show, say = self.view.show, self.view.show.say
        headers = (
            (say("Deal"), "text"),
            (say("Account"), "text"),
            (say("Owner"), "text"),
            (say("Product"), "text"),
            (say("Stage"), "text"),
            (say("Outcome"), "text"),
            # As numbers, so that a date stays on one line.
            (say("Created"), "number"),
            (say("Close date"), "number"),
            (say("Days"), "number"),
            (say("Amount, {currency}", currency=show.currency), "number"),
            (say("Id"), "text"),
        )
        digits = show.cents(self.frame["amount"])
        rows = tuple(self._row(row, digits) for row in rows_of(self.frame))
        caption = say(
            "Deals behind {measure}, {group}, {period}",
            measure=self.definition.name,
            group=self.group,
            period=self.period,
        )
        note = ""
        if self.count > len(rows):
            note = say(
                "The {shown} largest of {all}.",
                shown=show.count(len(rows)),
                all=show.count(self.count),
            )
        grid = Grid(caption, headers, rows, note, show=show)
        filled = [
            place
            for place, _head in enumerate(headers)
            if place == 0 or any(row[place].text not in {"", MISSING} for row in rows)
        ]
        return grid.columns(*filled)

    def _row(self, row: Any, digits: int) -> tuple[Cell, ...]:
        show, say = self.view.show, self.view.show.say
        days = _plain(row.age_days)
        amount, missing = json_number(row.amount), say("no amount")
        return (
            Cell(str(row.name or row.opportunity_id), "head"),
            *(Cell(_text(text), "text") for text in (row.account, row.owner, row.product)),
            Cell(_text(row.stage), "text"),
            Cell(_outcome(row, show), "text"),
            *(
                Cell(_day(day, show), title="" if _day(day, show) else say("no date"))
                for day in (row.created_date, row.close_date)
            ),
            # What is missing is empty, for the file; the page shows a dash that says why.
            _number(show.whole(days), days, say("no date")),
            _number(show.amount(amount, digits), None if amount is None else row.amount, missing),
            Cell(str(row.opportunity_id), "text"),
        )

    def csv(self) -> bytes:
        """The table as a CSV file that spreadsheet programs read and that runs nothing.

        Returns
        -------
        bytes
            UTF-8; text that a program could take for a formula begins with an
            apostrophe.
        """
        return csv_bytes(self.grid)

    def records(self) -> dict[str, Any]:
        """Values for machines; the deals themselves are in the table's file."""
        return {
            "kind": "deals",
            "measure": self.definition.id,
            "group": self.group,
            "period": self.period,
            "deals": self.count,
            "amount": json_number(self.amount),
        }

    def _repr_mimebundle_(self, **_options: Any) -> dict[str, Any]:
        return {
            "text/plain": self.headline,
            "text/html": grid_html(self.grid, _ROWS_SHOWN),
            MIME: self.records(),
        }


def deals(
    view: View,
    measure: str,
    by: str | None = None,
    group: str | None = None,
    *,
    role: Role = "current",
    most: int | None = MOST_DEALS,
) -> Deals:
    """Deals behind one value of a measure.

    Parameters
    ----------
    view : View
        Scope, period, calendar and currency.
    measure : str
        Id of a measure in `COUNTED`.
    by, group : str, optional
        Grouping and key of one of its groups, as ``Measure.groups`` has it; empty
        for the deals that belong to no group. Default: all deals of the scope.
    role : str
        ``current``, ``prior`` or ``last_year``.
    most : int, optional
        Deals listed, the largest first; None for all.

    Returns
    -------
    Deals
        Their count is the measure's: of bookings the won deals, of a win rate the
        closed ones.

    Raises
    ------
    InputError
        There is no such measure, grouping or role, or `by` and `group` do not go
        together.

    Examples
    --------
    ``performance.deals(view, "bookings", "team", "Iberia")`` lists what Iberia won;
    ``Path("iberia.csv").write_bytes(performance.deals(...).csv())`` takes it away.
    """
    _check(measure, by, group, role)
    window = view.windows[role]
    rows = COUNTED[measure].rows(view.deals, window)
    label = view.scope_label
    if by is not None:
        key, _label = GROUPINGS[by]
        rows = rows.filter(ibis.coalesce(rows[key], NO_GROUP) == group)
        # Named as the measure names it, also where no deal of this window bears the name.
        known = dict(COUNTED[measure].measure(view, by).groups)
        label = known.get(group or "", group or "")
    sums = next(rows_of(rows.agg(n=rows.count(), amount=rows.amount.sum()).to_pandas()))
    listed = rows.order_by(ibis.desc(rows.amount, nulls_first=False), rows.opportunity_id)
    listed = listed.select(**{name: listed[column] for name, column in _COLUMNS.items()})
    frame = (listed if most is None else listed.limit(most)).to_pandas()
    is_open = measure == "open_pipeline"
    period = view.show.date(view.as_of, short=True) if is_open else period_labels(view)[role]
    amount = json_number(sums.amount)
    definition = DEFINITIONS[measure].said(view.show)
    return Deals(definition, frame, int(sums.n), float(amount or 0), label, period, view)


def _check(measure: str, by: str | None, group: str | None, role: str) -> None:
    if measure not in COUNTED:
        raise InputError(
            f"the deals behind `{measure}` cannot be listed", found=measure, allowed=COUNTED
        )
    if by is not None and by not in GROUPINGS:
        raise InputError(f"cannot split by `{by}`", found=by, allowed=GROUPINGS)
    if (by is None) != (group is None):
        raise InputError("name both what is split by and the group, or neither of them")
    if role not in ROLES:
        raise InputError(f"no period `{role}`", found=role, allowed=ROLES)
    if measure == "open_pipeline" and role != "current":
        raise InputError(
            "the pipeline of an earlier date needs that day's snapshot; its role is `current`"
        )


def _number(text: str, number: Any, missing: str) -> Cell:
    return Cell("", title=missing) if number is None else Cell(text, number=number)


def _outcome(row: Any, show: Formatter) -> str:
    if not row.is_closed:
        return show.say("open")
    return show.say("won") if row.is_won else show.say("lost")


def _day(day: Any, show: Formatter) -> str:
    return "" if day is None or day != day else show.date(day, short=True)


def _text(text: Any) -> str:
    return "" if text is None or text != text else str(text)


def _plain(number: Any) -> int | None:
    return None if number is None or number != number else int(number)
