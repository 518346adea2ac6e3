"""Rules that every row of a canonical table must keep, whatever file it came from."""

from __future__ import annotations

import datetime as dt
from functools import cache
from typing import TYPE_CHECKING, cast

import ibis
from babel.numbers import list_currencies

from salesops_lib.data.ingest.functions import rounded_half_even
from salesops_lib.data.ingest.parsing import Problem, quoted
from salesops_lib.data.ingest.reasons import reason
from salesops_lib.data.schema import EARLIEST_YEAR

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ibis.expr.types import BooleanValue, DateValue, NumericValue, StringValue, Value
    from ibis.expr.types import Table as IbisTable

    from salesops_lib.data.schema import Column, Table

__all__ = ["REPAIR", "YEARS_AHEAD", "checked", "flagged"]

REPAIR = "repair/"
"""How the columns begin that tell which rows were repaired, and why."""

YEARS_AHEAD = 10
"""A date later than that many years after the as-of date is a typing error."""

_CURRENCIES = frozenset({"currency", "from_currency", "to_currency"})
_NOT_LATER = {
    "opportunities": "created_date",
    "opportunity_history": "changed_at",
    "forecast_submissions": "submitted_date",
}
_INTERVALS = {
    "rep_assignments": ("effective_from", "effective_to"),
    "quotas": ("period_start", "period_end"),
    "forecast_submissions": ("period_start", "period_end"),
    "reps": ("hire_date", "leave_date"),
}


def flagged(rows: IbisTable, problems: Iterable[Problem]) -> IbisTable:
    """Rows with the reason and the details of what is wrong with them.

    A row that has a reason already keeps it. Of several problems the first one
    is the reason, and the details name them all.

    Parameters
    ----------
    rows : ibis.Table
        Rows, with or without `_reason` and `_detail`.
    problems : iterable of Problem
        In order of weight.

    Returns
    -------
    ibis.Table
    """
    listed = list(problems)
    if "_reason" not in rows.columns:
        rows = rows.mutate(_reason=ibis.null("string"), _detail=ibis.null("string"))
    if not listed:
        return rows
    # Each step stands on its own, so that nothing is worked out twice.
    rows = rows.mutate(**{f"_problem{n}": one.when for n, one in enumerate(listed)})
    flags = [cast("BooleanValue", rows[f"_problem{n}"]) for n in range(len(listed))]
    found = [(flag, one.reason) for flag, one in zip(flags, listed, strict=True)]
    rows = rows.mutate(_found=ibis.cases(*found, else_=ibis.null("string")))
    details = ibis.literal("; ").join(
        [
            ibis.ifelse(f, one.detail, ibis.null("string"))
            for f, one in zip(flags, listed, strict=True)
        ]
    )
    rows = rows.mutate(
        _reason=ibis.coalesce(rows["_reason"], rows["_found"]),
        _detail=ibis.ifelse(
            rows["_reason"].isnull() & rows["_found"].notnull(), details, rows["_detail"]
        ),
    )
    return rows.drop("_found", *[f"_problem{n}" for n in range(len(listed))])


def checked(rows: IbisTable, table: Table, as_of: dt.date) -> IbisTable:
    """Rows with their values as they are stored, and the rules that they break.

    Parameters
    ----------
    rows : ibis.Table
        Rows with some of the table's columns; money not yet rounded.
    table : Table
        Canonical table.
    as_of : date
        The day that the data shows.

    Returns
    -------
    ibis.Table
        The same rows; money as DECIMAL(18, 2).
    """
    there = [column for column in table.columns if column.name in rows.columns]
    rows = flagged(rows, [one for column in there for one in _column_problems(rows, column, as_of)])
    money = [column.name for column in there if column.type == "money"]
    cents = {name: rounded_half_even(rows[name]) for name in money}
    changed = {REPAIR + reason("rounded", name): cents[name] != rows[name] for name in money}
    rows = rows.mutate(
        **{name: value.try_cast("decimal(18, 2)") for name, value in cents.items()}, **changed
    )
    return flagged(rows, _table_problems(rows, table, as_of))


def _column_problems(rows: IbisTable, column: Column, as_of: dt.date) -> list[Problem]:
    name, value = column.name, rows[column.name]
    problems: list[Problem] = []
    if column.required:
        empty = cast("StringValue", ibis.literal(f"{name} is empty"))
        problems.append(Problem(reason("missing_value", name), value.isnull(), empty))
    if column.type == "money":
        huge = cast("NumericValue", value).abs() >= 10**16
        detail = quoted(name, value.cast("string"), "has more than 16 digits")
        problems.append(Problem(reason("too_large", name), huge, detail))
    if column.allowed:
        detail = quoted(name, value, f"is none of {', '.join(column.allowed)}")
        problems.append(Problem(reason("not_allowed", name), value.notin(column.allowed), detail))
    if column.minimum is not None or column.maximum is not None:
        problems.append(_range_problem(cast("NumericValue", value), column))
    if column.type in {"date", "timestamp"}:
        problems.append(_year_problem(value, name, as_of))
    if name in _CURRENCIES:
        unknown = ~cast("StringValue", value).re_search(_known_currencies())
        detail = quoted(name, value, "is no ISO 4217 currency code, such as USD")
        problems.append(Problem(reason("unknown_currency", name), unknown, detail))
    return problems


@cache
def _known_currencies() -> str:
    # One pattern is a single literal; a list would be three hundred.
    return f"^({'|'.join(sorted(list_currencies()))})$"


def _range_problem(value: NumericValue, column: Column) -> Problem:
    outside: BooleanValue = ibis.literal(False)
    words = []
    if column.minimum is not None:
        outside = outside | (value < column.minimum)
        words.append(f"at least {column.minimum:g}")
    if column.maximum is not None:
        outside = outside | (value > column.maximum)
        words.append(f"at most {column.maximum:g}")
    percent = column.maximum == 1
    hint = "; percentages need `scale: 0.01` in the mapping" if percent else ""
    detail = quoted(column.name, value.cast("string"), f"must be {' and '.join(words)}{hint}")
    return Problem(reason("out_of_range", column.name), outside, detail)


def _year_problem(value: Value, name: str, as_of: dt.date) -> Problem:
    last = as_of.year + YEARS_AHEAD
    outside = ~cast("DateValue", value).year().between(EARLIEST_YEAR, last)
    detail = quoted(name, value.cast("string"), f"lies outside the years {EARLIEST_YEAR} to {last}")
    return Problem(reason("impossible_date", name), outside, detail)


def _table_problems(rows: IbisTable, table: Table, as_of: dt.date) -> list[Problem]:
    problems: list[Problem] = []
    dated = _NOT_LATER.get(table.name, "")
    if dated in rows.columns:
        day = _day(rows[dated])
        detail = quoted(dated, day.cast("string"), f"is after the as-of date {as_of}")
        problems.append(Problem(reason("after_as_of", dated), day > ibis.literal(as_of), detail))
    if {"is_closed", "is_won"} <= set(rows.columns):
        detail = cast("StringValue", ibis.literal("is_won is true, is_closed is false"))
        problems.append(Problem(reason("won_but_open"), rows.is_won & ~rows.is_closed, detail))
    if table.name == "opportunities":
        closed = rows.is_closed & _column(rows, "close_date", "date").isnull()
        detail = cast("StringValue", ibis.literal("is_closed is true, close_date is empty"))
        problems.append(Problem(reason("closed_without_close_date"), closed, detail))
    start, end = _INTERVALS.get(table.name, ("", ""))
    if {start, end} <= set(rows.columns):
        found = rows[start].cast("string") + '" to "' + rows[end].cast("string")
        detail = quoted("from", found, "ends before it starts")
        problems.append(Problem(reason("ends_before_start"), rows[end] < rows[start], detail))
    return problems


def _day(value: Value) -> DateValue:
    return cast("DateValue", value.cast("date"))


def _column(rows: IbisTable, name: str, kind: str) -> Value:
    return rows[name] if name in rows.columns else ibis.null(kind)
