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
    from collections.abc import Sequence

    from ibis.expr.types import Table as IbisTable

    from salesops_lib.data.snapshot import Snapshot

__all__ = [
    "FIELDS",
    "changes_told",
    "field_starts",
    "field_text",
    "fields_logged",
    "push_days",
    "typed_value",
    "value_spans",
    "values_around",
]

FIELDS = {
    "stage": "stage",
    "amount": "amount",
    "close_date": "close_date",
    "owner": "owner_id",
    "forecast_category": "forecast_category",
    "probability": "probability",
}
"""Column of ``opportunities`` that each field of the history changes."""

_YEAR_0 = 2_000_000_000_000
"""Added to seconds since 1970, it gives 13 digits in any year that a date can have."""

_STAMP = len(str(_YEAR_0))
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
    days = _changed_days(_changes(snapshot))
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


def changes_told(snapshot: Snapshot) -> IbisTable:
    """What the log tells, in an order that says what came first.

    Parameters
    ----------
    snapshot : Snapshot
        Source of ``opportunity_history``.

    Returns
    -------
    ibis.Table
        `opportunity_id`, `field`, `changed_at`, `changed_on`, `old` and `new` (texts
        for `values_around`) and `is_sure`. Deals of which several changes of a field
        bear one moment, or that have changes that were inferred, have one row a day.
    """
    changes = _changes(snapshot)
    # Most deals are simple; sorting them out first spares grouping the whole log by moment.
    numbers = ibis.cases(*((changes.field == field, at) for at, field in enumerate(FIELDS)))
    moments = changes.changed_at.epoch_seconds().cast("int64") * len(FIELDS) + numbers
    tangled = (
        changes.mutate(moment=moments)
        .group_by("opportunity_id")
        .agg(moments=_.moment.collect(), logged=_.logged.all())
        .filter(~_.logged | (_.moments.length() > _.moments.unique().length()))
        .select("opportunity_id")
    )
    simple = changes.anti_join(tangled, "opportunity_id")
    days = _changed_days(changes.semi_join(tangled, "opportunity_id"))
    names = ("opportunity_id", "field", "changed_at", "changed_on", "old", "new", "is_sure")
    simple = simple.mutate(changed_on=_.changed_at.date(), is_sure=ibis.literal(True))
    days = days.mutate(changed_at=_.day.cast("timestamp(6)"), changed_on=_.day)
    return simple.select(*names).union(days.select(*names))


def fields_logged(snapshot: Snapshot) -> tuple[str, ...]:
    """Fields that the log holds a change of, in the order of `FIELDS`."""
    fields = snapshot.table("opportunity_history").select("field").distinct()
    found = set(fields.to_pyarrow()["field"].to_pylist())
    return tuple(field for field in FIELDS if field in found)


def values_around(near: IbisTable, fields: Sequence[str] = tuple(FIELDS)) -> IbisTable:
    """What the log says of days: the value that each field had, and how that is known.

    Parameters
    ----------
    near : ibis.Table
        Rows of `changes_told`, once for each `day` that is asked for.
    fields : sequence of str
        Those that may be in it: each costs time and memory. Of the others nothing is said.

    Returns
    -------
    ibis.Table
        A row a deal and `day`, and for each of `FIELDS`: ``FIELD_value`` (text; empty
        where today's value holds), ``FIELD_past`` (it has changed since),
        ``FIELD_told`` (value that the last change up to the day left),
        ``FIELD_logged`` (there is such a change) and ``FIELD_clear`` (logged by the
        CRM, in a clear order, and what one change left is what the next one found).
    """
    # One text says when, how sure and what: its least and greatest are found far
    # faster than the value that belongs to the least and greatest moment.
    moment = (near.changed_at.epoch_seconds().cast("int64") + _YEAR_0).cast("string")
    stamp = moment + ibis.ifelse(near.is_sure, "=", "~")
    near = near.mutate(old=stamp + near.old, new=stamp + near.new)
    cells: dict[str, Any] = {}
    for field in fields:
        here, is_later = near.field == field, near.changed_on > near.day
        cells |= {
            f"{field}_old": near.old.min(where=here & is_later),
            f"{field}_new": near.new.max(where=here & ~is_later),
        }
    ends = near.group_by("opportunity_id", "day").agg(**cells)
    found: dict[str, Any] = {}
    for field in FIELDS:
        if field not in fields:
            texts = dict.fromkeys((f"{field}_value", f"{field}_told"), ibis.null("string"))
            marks = [f"{field}_{mark}" for mark in ("past", "logged", "clear")]
            found |= {**texts, **dict.fromkeys(marks, ibis.null("boolean"))}
            continue
        old, new = ends[f"{field}_old"], ends[f"{field}_new"]
        value, told = (text.substr(_STAMP + 1) for text in (old, new))
        old_sure, new_sure = (text.substr(_STAMP, 1) == "=" for text in (old, new))
        found |= {
            f"{field}_value": _decoded(value),
            f"{field}_told": _decoded(told),
            f"{field}_past": old.notnull(),
            f"{field}_logged": new.notnull(),
            f"{field}_clear": ibis.ifelse(
                old.notnull(), old_sure & (told.isnull() | (told == value)), new_sure
            ),
        }
    return ends.select("opportunity_id", "day", **found)


def _changes(snapshot: Snapshot) -> IbisTable:
    """Changes that change something, with their texts in the one way to compare them."""
    history = snapshot.table("opportunity_history")
    return history.select(
        "opportunity_id",
        "field",
        "changed_at",
        old=_encoded(_by_field(history, "old_value")),
        new=_encoded(_by_field(history, "new_value")),
        logged=ibis.coalesce(history.provenance, "exact") != "inferred",
    ).filter(_.old != _.new)


def _changed_days(changes: IbisTable) -> IbisTable:
    """One row a deal, field and day of change: first value before, last value after."""
    moments = changes.group_by("opportunity_id", "field", "changed_at").agg(
        olds=_.old.collect(), news=_.new.collect(), logged=_.logged.all()
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
