"""The field history as spans: which value a field held between which days.

The CRM logs a change with the value before and the value after. The value on a
past day is what the first change after that day found there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ibis
from ibis import _

from salesops_lib.data.organisation import EVER, NEVER

if TYPE_CHECKING:
    from ibis.expr.types import Table as IbisTable

    from salesops_lib.data.snapshot import Snapshot

__all__ = ["FIELDS", "field_starts", "field_text", "push_days", "typed_value", "value_spans"]

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
        return ibis.ifelse(text.isin(_CATEGORIES), text, ibis.null())
    return text


def value_spans(snapshot: Snapshot) -> IbisTable:
    """Between which days each changed field held which value.

    A day shows what stands at its end (UTC). Of changes of one field in one
    moment the first is the one that finds what no other of them has left.

    Parameters
    ----------
    snapshot : Snapshot
        Source of ``opportunity_history``.

    Returns
    -------
    ibis.Table
        One row a deal, field and span: `opportunity_id`, `field`, `since` (first
        day), `until` (day of the change that ended it: the first day after), `value`
        (text; empty in the last span, where today's value holds), `is_past` (False
        for the last span), `is_logged` (a change began it), `told` (value that this
        change left) and `is_sure` (logged by the CRM, in a clear order, and begun
        with the value that it ended with). Spans of a deal and field neither
        overlap nor leave a gap.
    """
    days = _changed_days(snapshot)
    order = ibis.window(group_by=["opportunity_id", "field"], order_by="day")
    spans = days.mutate(since=_.day.lag().over(order), told=_.new.lag().over(order))
    past = spans.select(
        "opportunity_id",
        "field",
        since=ibis.coalesce(_.since, EVER),
        until=_.day,
        value=_decoded(_.old),
        is_past=True,
        is_logged=_.since.notnull(),
        told=_decoded(_.told),
        is_sure=_.is_sure & (_.told.isnull() | (_.told == _.old)),
    )
    last = days.mutate(place=ibis.row_number().over(_latest_first())).filter(_.place == 0)
    return past.union(
        last.select(
            "opportunity_id",
            "field",
            since=_.day,
            until=ibis.literal(NEVER),
            value=ibis.null("string"),
            is_past=False,
            is_logged=True,
            told=_decoded(_.new),
            is_sure=_.is_sure,
        )
    )


def push_days(snapshot: Snapshot) -> IbisTable:
    """Days on which a close date moved to a later month.

    Parameters
    ----------
    snapshot : Snapshot
        Source of ``opportunity_history``.

    Returns
    -------
    ibis.Table
        `opportunity_id`, `pushed_on`; a row a move.
    """
    moves = snapshot.table("opportunity_history").filter(_.field == "close_date")
    months = moves.mutate(
        before=_.old_value.try_cast("date").truncate("M"),
        after=_.new_value.try_cast("date").truncate("M"),
    )
    later = months.filter(months.after > months.before)
    return later.select("opportunity_id", pushed_on=_.changed_at.date())


def field_starts(snapshot: Snapshot) -> IbisTable:
    """Day of the first change of each field in the whole history.

    Before it the log may not have been kept, so what it says of an earlier day is
    no more than likely.

    Parameters
    ----------
    snapshot : Snapshot
        Source of ``opportunity_history``.

    Returns
    -------
    ibis.Table
        One row; a column ``FIELD_starts`` for each of `FIELDS`, empty where the
        field was never logged.
    """
    history = snapshot.table("opportunity_history")
    return history.agg(
        **{
            f"{field}_starts": history.changed_at.min(where=history.field == field).date()
            for field in FIELDS
        }
    )


def _changed_days(snapshot: Snapshot) -> IbisTable:
    """One row a deal, field and day of change: first value before, last value after."""
    history = snapshot.table("opportunity_history")
    changes = history.mutate(
        old=_encoded(_by_field(history, "old_value")), new=_encoded(_by_field(history, "new_value"))
    ).filter(_.old != _.new)
    moments = changes.group_by("opportunity_id", "field", "changed_at").agg(
        olds=_.old.collect(),
        news=_.new.collect(),
        logged=~(ibis.coalesce(_.provenance, "exact") == "inferred").any(),
    )
    moments = moments.mutate(
        firsts=_.olds.filter(lambda old: ~moments.news.contains(old)),
        lasts=_.news.filter(lambda new: ~moments.olds.contains(new)),
    )
    moments = moments.mutate(
        # A circle has no end: the choice is arbitrary, but the same on every run.
        old=ibis.ifelse(_.firsts.length() > 0, _.firsts.sort()[0], _.olds.sort()[0]),
        new=ibis.ifelse(_.lasts.length() > 0, _.lasts.sort()[0], _.news.sort()[0]),
        is_sure=_.logged & (_.firsts.length() == 1) & (_.lasts.length() == 1),
        day=_.changed_at.date(),
    )
    return moments.group_by("opportunity_id", "field", "day").agg(
        old=_.old.argmin(_.changed_at), new=_.new.argmax(_.changed_at), is_sure=_.is_sure.all()
    )


def _by_field(history: IbisTable, column: str) -> Any:
    """Texts of a column of the history as their field has them."""
    cases = [(history.field == field, field_text(field, history[column])) for field in FIELDS]
    return ibis.cases(*cases, else_=ibis.null("string"))


def _encoded(text: Any) -> Any:
    """Text in which an empty value is a value like any other."""
    return ibis.coalesce("=" + text, "")


def _decoded(text: Any) -> Any:
    return ibis.ifelse(text.length() > 0, text.substr(1), ibis.null("string"))


def _latest_first() -> Any:
    return ibis.window(group_by=["opportunity_id", "field"], order_by=ibis.desc("day"))
