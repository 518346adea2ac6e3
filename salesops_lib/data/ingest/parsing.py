"""Cells read as what their column holds: numbers, dates, booleans, declared values."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, cast

import ibis

from salesops_lib.data.ingest.functions import EPOCH, ISO, among, moment_read
from salesops_lib.data.ingest.reasons import reason

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ibis.expr.types import BooleanValue, NumericValue, StringValue, TimestampValue, Value

    from salesops_lib.data.ingest.cells import Cells
    from salesops_lib.data.ingest.mapping import Formats
    from salesops_lib.data.ingest.rule import ColumnRule, Scalar
    from salesops_lib.data.schema import Column

__all__ = [
    "EXACT",
    "Parsed",
    "Problem",
    "listed_value",
    "parsed",
    "quoted",
    "read_value",
    "renamed",
    "unlisted",
]

EXACT = "decimal(38, 8)"
"""Type of money until it is rounded: sums of order lines stay exact."""

_BLANKS = "[ \u00a0\u202f]"
_TRUE = ("true", "t", "yes", "y", "1")
_FALSE = ("false", "f", "no", "n", "0")
_DATES = {ISO: "a date in ISO 8601", EPOCH: "milliseconds since 1970"}
_NOISE = 1e-12
_SHOWN = 8


@dataclass(frozen=True)
class Problem:
    """Why a row cannot be used.

    Parameters
    ----------
    reason : str
        Stored reason.
    when : boolean expression
        True in the rows that it is about.
    detail : string expression
        What was found and what was wanted.
    """

    reason: str
    when: BooleanValue
    detail: StringValue


@dataclass(frozen=True)
class Parsed:
    """A column read as what it holds.

    Parameters
    ----------
    value : expression
        The values; money as `EXACT`.
    problems : list of Problem
        Cells that could not be read.
    repairs : dict of str to boolean expression
        Rows changed by a declared rule, by reason.
    """

    value: Value
    problems: list[Problem] = field(default_factory=list)
    repairs: dict[str, BooleanValue] = field(default_factory=dict)


def quoted(column: str, text: Value, rest: str) -> StringValue:
    """Detail such as ``amount "12,5" is not …``."""
    shown = cast("StringValue", text).substr(0, 80)
    return cast("StringValue", ibis.literal(f'{column} "') + shown + f'" {rest}')


def read_value(cells: Cells, column: Column, rule: ColumnRule, formats: Formats) -> Value:
    """Cells read in the formats that hold for a column; empty where they do not fit.

    Parameters
    ----------
    cells : Cells
        Cleaned cells.
    column : Column
        Canonical column.
    rule : ColumnRule
        Its rule in the mapping.
    formats : Formats
        Formats of the mapping, where the rule names none.

    Returns
    -------
    expression
        Text, boolean, timestamp, 64-bit number, or `EXACT` number.
    """
    if rule.values:
        return listed_value(cells.text, column, rule.values)
    if column.type == "string":
        return cells.text
    for removed in rule.remove:
        text = cast("StringValue", cells.text.replace(removed, "").strip().nullif(""))
        cells = type(cells)(text, **cells.typed)
    if column.type == "boolean":
        return _boolean(cells)
    if column.type in {"date", "timestamp"}:
        read = moment_read(cells.text, rule.date or formats.date)
        return read if cells.moment is None else ibis.coalesce(cells.moment, read)
    return _number(cells, column, *_marks(rule, formats))


def listed_value(text: StringValue, column: Column, values: Mapping[str, Scalar | None]) -> Value:
    """Text as the value that is listed for it, whatever its capitals; empty if it is not."""
    kind = _TYPES[column.type]
    filled = text.fill_null("") if "" in values else text
    branches = [
        (filled.lower() == found.lower(), ibis.literal(value).cast(kind))
        for found, value in values.items()
    ]
    return ibis.cases(*branches, else_=ibis.null(kind)) if branches else ibis.null(kind)


def parsed(
    text: StringValue, read: Value, column: Column, rule: ColumnRule, formats: Formats
) -> Parsed:
    """Values of a column as they are stored, and the cells that could not be read.

    Parameters
    ----------
    text, read : expression
        Cleaned text, and what `read_value` made of it.
    column, rule, formats
        As for `read_value`.

    Returns
    -------
    Parsed
    """
    name, unread = column.name, text.notnull() & read.isnull()
    if rule.values:
        return Parsed(read, [unlisted(text, unread, name, rule.values, "unmapped_value")])
    if column.type == "string":
        return Parsed(read)
    if column.type == "boolean":
        detail = quoted(name, text, "is neither true nor false")
        return Parsed(read, [Problem(reason("unreadable_boolean", name), unread, detail)])
    if column.type in {"date", "timestamp"}:
        wanted = " or ".join(_DATES.get(one, one) for one in rule.date or formats.date)
        detail = quoted(name, text, f"is not written like {wanted}")
        problem = Problem(reason("unreadable_date", name), unread, detail)
        moment = cast("TimestampValue", read)
        return Parsed(moment if column.type == "timestamp" else _shifted(moment, rule), [problem])
    decimal, thousands = _marks(rule, formats)
    detail = quoted(name, text, f"is not a number written like 12{thousands}345{decimal}67")
    problems = [Problem(reason("unreadable_number", name), unread, detail)]
    value = _scaled(read, rule.scale, column)
    if column.type == "integer":
        detail = quoted(name, text, "is not a whole number")
        broken = value != cast("NumericValue", value).round(0)
        problems.append(Problem(reason("unreadable_number", name), broken, detail))
        value = value.try_cast("int64")
    if column.type != "number":
        lost = read.notnull() & value.isnull()
        detail = quoted(name, text, "has too many digits")
        problems.append(Problem(reason("too_large", name), lost, detail))
    return Parsed(value, problems)


def unlisted(
    text: StringValue, when: BooleanValue, column: str, values: Iterable[str], code: str
) -> Problem:
    """Problem of a text that is not among those listed."""
    listed = ", ".join([found or '""' for found in values][:_SHOWN])
    return Problem(reason(code, column), when, quoted(column, text, f"is none of {listed}"))


def renamed(text: StringValue, names: Mapping[str, str]) -> StringValue:
    """Text in the spelling that is declared for it, whatever its capitals."""
    branches = [(text.lower() == found.lower(), stored) for found, stored in names.items()]
    return cast("StringValue", ibis.cases(*branches, else_=text)) if branches else text


def _boolean(cells: Cells) -> Value:
    lowered = cast("StringValue", cells.text.lower())
    read = ibis.cases((among(lowered, _TRUE), True), (among(lowered, _FALSE), False), else_=None)
    return read if cells.flag is None else ibis.coalesce(cells.flag, read)


def _shifted(moment: TimestampValue, rule: ColumnRule) -> Value:
    units = {"month": "M", "quarter": "Q", "year": "Y"}
    if rule.start_of is not None:
        return moment.truncate(units[rule.start_of]).date()
    if rule.end_of is not None:
        length = {"month": 1, "quarter": 3, "year": 12}[rule.end_of]
        start = moment.truncate(units[rule.end_of])
        return (start + ibis.interval(months=length) - ibis.interval(days=1)).date()
    if rule.months is not None:
        return (moment + ibis.interval(months=rule.months) - ibis.interval(days=1)).date()
    return moment.date()


def _marks(rule: ColumnRule, formats: Formats) -> tuple[str, str]:
    """Decimal mark and thousands mark that hold for a column."""
    thousands = formats.thousands if rule.thousands is None else rule.thousands
    return rule.decimal or formats.decimal, thousands


def _number(cells: Cells, column: Column, decimal: str, thousands: str) -> Value:
    blank = _BLANKS if thousands == " " else re.escape(thousands)
    whole = rf"(\d+|\d{{1,3}}({blank}\d{{3}})+)" if thousands else r"\d+"
    mark = re.escape(decimal)
    fits = cells.text.re_search(rf"^[+-]?({whole}({mark}\d+)?|{mark}\d+)$")
    plain = cells.text.re_replace(blank, "") if thousands else cells.text
    plain = plain.replace(decimal, ".") if decimal != "." else plain
    kind = "float64" if column.type == "number" else EXACT
    read = ibis.ifelse(fits, plain, ibis.null("string")).try_cast(kind)
    return read if cells.number is None else ibis.coalesce(_typed(cells.number, kind), read)


def _typed(number: Value, kind: str) -> Value:
    if kind == EXACT and number.type().is_floating():
        # Six decimals swallow the noise that a binary number carries behind its cents.
        return number.try_cast("decimal(38, 6)").try_cast(EXACT)
    return number.try_cast(kind)


def _scaled(value: Value, scale: float | None, column: Column) -> Value:
    """Value times the scale; a hundredth divides by 100, so that 70 gives 0.7 exactly."""
    if scale is None:
        return value
    number = cast("NumericValue", value)
    if column.type != "number":
        factor = ibis.literal(Decimal(str(scale))).cast("decimal(13, 6)")
        return (number.try_cast("decimal(25, 6)") * factor).cast(EXACT)
    inverse = round(1 / scale)
    if scale < 1 and abs(inverse * scale - 1) < _NOISE:
        return number / inverse
    return number * scale


_TYPES = {
    "string": "string",
    "boolean": "boolean",
    "integer": "int64",
    "number": "float64",
    "money": EXACT,
    "date": "date",
    "timestamp": "timestamp(6)",
}
