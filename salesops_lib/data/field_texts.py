"""Values of a deal's fields as the texts of the history have them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ibis

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ibis.expr.types import Table as IbisTable

__all__ = ["FIELDS", "decoded", "encoded", "field_text", "text_by_field", "typed_value"]

FIELDS = {
    "stage": "stage",
    "amount": "amount",
    "close_date": "close_date",
    "owner": "owner_id",
    "forecast_category": "forecast_category",
    "probability": "probability",
}
"""Column of ``opportunities`` that each field of the history changes."""

_TYPES = {"amount": "decimal(18, 2)", "close_date": "date", "probability": "float64"}
_CATEGORIES = ("pipeline", "best_case", "most_likely", "commit", "closed", "omitted")


def typed_value(field: str, text: Any) -> Any:
    """Value of a field from its text in the history.

    Parameters
    ----------
    field : str
        One of `FIELDS`.
    text : ibis string expression
        As `value_spans` gives it.

    Returns
    -------
    ibis expression
        Typed as the column is; empty where the text cannot be read.
    """
    return text.try_cast(_TYPES[field]) if field in _TYPES else text


def field_text(field: str, value: Any) -> Any:
    """A value, or a text of the history, written in the one way that can be compared.

    Parameters
    ----------
    field : str
        One of `FIELDS`.
    value : ibis expression
        A column of ``opportunities``, or a text.

    Returns
    -------
    ibis string expression
        Empty where there is no value, or none that the field can hold.
    """
    if field in _TYPES:
        value = value.try_cast(_TYPES[field])
        if field == "probability":
            value = ibis.ifelse(value.between(0, 1), value, ibis.null())
        return value.cast("string")
    text = value.strip().nullif("")
    if field == "forecast_category":
        # Cases, not a list: DuckDB would look each row up in a table.
        return text.cases(*((known, known) for known in _CATEGORIES))
    return text


def text_by_field(history: IbisTable, column: str, fields: Iterable[str]) -> Any:
    """Texts of a column of the history as their field has them."""
    cases = [(history.field == field, field_text(field, history[column])) for field in fields]
    if not cases:
        return ibis.null("string")
    return ibis.cases(*cases, else_=ibis.null("string"))


def encoded(text: Any) -> Any:
    """Text in which an empty value is a value like any other."""
    return ibis.coalesce("=" + text, "")


def decoded(text: Any) -> Any:
    """Text as it was before it was `encoded`."""
    return ibis.ifelse(text.length() > 0, text.substr(1), ibis.null("string"))
