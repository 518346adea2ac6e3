"""Guesses from a column's values: how its dates and numbers are written."""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING, Any

from salesops_lib.data.ingest.functions import ISO_SHAPE

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Guess", "date_guess", "number_guess", "outcome_guess"]

_DATE_FORMATS = (
    "%Y/%m/%d", "%Y/%m/%d %H:%M:%S", "%Y%m%d",
    "%m/%d/%Y", "%d/%m/%Y", "%d.%m.%Y", "%d-%m-%Y", "%m/%d/%y", "%d/%m/%y", "%d.%m.%y",
    "%m/%d/%Y %H:%M", "%d/%m/%Y %H:%M", "%d.%m.%Y %H:%M", "%m/%d/%Y %H:%M:%S",
    "%d/%m/%Y %H:%M:%S", "%d.%m.%Y %H:%M:%S", "%m/%d/%Y %I:%M %p", "%d/%m/%Y %I:%M %p",
    "%d %b %Y", "%d-%b-%Y", "%b %d, %Y", "%d %B %Y", "%B %d, %Y", "%b %Y", "%Y-%m", "%Y/%m",
)  # fmt: skip
_MARKS = ((".", ""), (".", ","), (",", ""), (",", "."), (",", " "), (".", "'"), (".", " "))
_SIGNS = ("$", "€", "£", "¥", "%", "USD", "EUR", "GBP", "CHF")

Guess = tuple[dict[str, Any], str | None]
"""Keys of a rule, and a remark for the analyst."""


def date_guess(values: Sequence[str]) -> Guess:
    """Format that all values fit; nothing to say when they are ISO 8601.

    Examples
    --------
    >>> date_guess(["31/12/2026", "01/02/2026"])
    ({'date': '%d/%m/%Y'}, None)
    >>> date_guess(["01/02/2026"])
    ({'date': '%m/%d/%Y'}, 'fits %d/%m/%Y as well: check')
    """
    if all(re.search(ISO_SHAPE, value) for value in values):
        return {}, None
    fitting = [one for one in _DATE_FORMATS if all(_fits(value, one) for value in values)]
    if not fitting:
        return {}, f"no known date format fits, such as {values[0]!r}: give one with `date`"
    others = ", ".join(fitting[1:])
    return {"date": fitting[0]}, f"fits {others} as well: check" if others else None


def _fits(value: str, form: str) -> bool:
    try:
        dt.datetime.strptime(value, form)  # noqa: DTZ007 - only the shape counts
    except ValueError:
        return False
    return True


def number_guess(values: Sequence[str]) -> Guess:
    """Marks that all values fit; nothing to say for plain numbers.

    Examples
    --------
    >>> number_guess(["1.234,56", "7,00"])
    ({'decimal': ',', 'thousands': '.'}, None)
    >>> number_guess(["$1,200.00", "$80"])
    ({'remove': ['$'], 'thousands': ','}, None)
    """
    signs = [sign for sign in _SIGNS if any(sign in value for value in values)]
    bare = [_without(value, signs) for value in values]
    rule: dict[str, Any] = {"remove": signs} if signs else {}
    fitting = [marks for marks in _MARKS if all(_shape(*marks).fullmatch(v) for v in bare)]
    if not fitting:
        return rule, f"no number format fits all values, such as {values[0]!r}: check"
    decimal, thousands = fitting[0]
    if decimal != ".":
        rule["decimal"] = decimal
    if thousands:
        rule["thousands"] = thousands
    if thousands == "," and (",", "") in fitting:
        return rule, "or is the comma a decimal mark? check"
    if not thousands and (",", ".") in fitting and any("." in value for value in bare):
        return rule, "or is the point a thousands mark? check"
    return rule, None


def _shape(decimal: str, thousands: str) -> re.Pattern[str]:
    blank = re.escape(thousands)
    whole = rf"(\d+|\d{{1,3}}({blank}\d{{3}})+)" if thousands else r"\d+"
    return re.compile(rf"[+-]?{whole}({re.escape(decimal)}\d+)?")


def _without(value: str, signs: Sequence[str]) -> str:
    for sign in signs:
        value = value.replace(sign, "")
    return value.strip()


def outcome_guess(stages: Sequence[str]) -> tuple[dict[str, bool], dict[str, bool]]:
    """Whether each stage means closed, and won, going by its words.

    Examples
    --------
    >>> outcome_guess(["Closed Won", "Negotiation"])
    ({'Closed Won': True, 'Negotiation': False}, {'Closed Won': True, 'Negotiation': False})
    """
    won = {
        stage: bool(re.search(r"\bwon\b|closedwon|ganad|gewonnen", stage, re.I)) for stage in stages
    }
    lost = re.compile(r"\blost\b|closedlost|perdid|verloren|disqualif|abandon", re.I)
    closed = {stage: won[stage] or bool(lost.search(stage)) for stage in stages}
    return closed, won
