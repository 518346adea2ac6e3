"""The field history as spans: which value a field held between which days.

The CRM logs a change with the value before and the value after. The value on a
past day is what the first change after that day found there.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import ibis
from ibis import _
from ibis.expr.types import Column

from salesops_lib.data.field_texts import (
    FIELDS,
    decoded,
    encoded,
    field_text,
    text_by_field,
    typed_value,
)
from salesops_lib.data.organisation import EVER, NEVER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ibis.expr.types import Table as IbisTable

    from salesops_lib.data.snapshot import Snapshot

__all__ = [
    "FIELDS",
    "Changes",
    "changes_told",
    "field_starts",
    "field_text",
    "fields_logged",
    "first_changes",
    "push_days",
    "typed_value",
    "value_spans",
    "values_around",
]

_FEW = 10_000
"""So many deals with all their changes are held in memory without a thought."""


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
    days = changes_told(snapshot).days
    order = ibis.window(group_by=["opportunity_id", "field"], order_by="day")
    spans = days.mutate(
        since=_.day.lag().over(order),
        told=_.new.lag().over(order),
        is_last=_.day.lead().over(order).isnull(),
    )
    past = spans.select(
        "opportunity_id",
        "field",
        since=ibis.coalesce(_.since, EVER),
        until=_.day,
        value=decoded(_.old),
        is_past=True,
        is_logged=_.since.notnull(),
        told=decoded(_.told),
        is_sure=_.is_sure & (_.told.isnull() | (_.told == _.old)),
    )
    return past.union(
        spans.filter(_.is_last).select(
            "opportunity_id",
            "field",
            since=_.day,
            until=ibis.literal(NEVER),
            value=ibis.null("string"),
            is_past=False,
            is_logged=True,
            told=decoded(_.new),
            is_sure=_.is_sure,
        )
    )


def push_days(snapshot: Snapshot, history: IbisTable | None = None) -> IbisTable:
    """Days on which a close date moved to a later month.

    Parameters
    ----------
    snapshot : Snapshot
        Source of ``opportunity_history``.
    history : ibis.Table, optional
        A part of it. Default: all of it.

    Returns
    -------
    ibis.Table
        `opportunity_id`, `pushed_on`; a row a move.
    """
    history = snapshot.table("opportunity_history") if history is None else history
    moves = history.filter(_.field == "close_date")
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


@dataclass(frozen=True)
class Changes:
    """What the log tells, in an order that says what came first.

    Parameters
    ----------
    simple, tangled : ibis.Table
        `opportunity_id`, `field`, `changed_at`, `changed_on`, `old` and `new` (texts
        for `values_around`) and `is_sure`. Deals of which several changes of a field
        bear one moment, or that have changes that were inferred, are tangled and have
        one row a day; None where there are none. All others are sure.
    """

    simple: IbisTable
    tangled: IbisTable | None

    @property
    def days(self) -> IbisTable:
        """One row a deal, field and `day` of change: first `old`, last `new`, `is_sure`."""
        names = ("opportunity_id", "field", "day", "old", "new", "is_sure")
        first, last = _picks(self.simple)
        of_day = self.simple.group_by("opportunity_id", "field", day=_.changed_on)
        days = of_day.agg(
            old=first(self.simple.old, self.simple.changed_at),
            new=last(self.simple.new, self.simple.changed_at),
            is_sure=ibis.literal(True),
        ).select(*names)
        if self.tangled is None:
            return days
        return days.union(self.tangled.mutate(day=_.changed_on).select(*names))

    def values_around(
        self, near: Callable[[IbisTable], IbisTable], fields: Iterable[str]
    ) -> IbisTable:
        """What the log says of days; columns as `values_around` has them.

        Parameters
        ----------
        near : callable
            Gives changes the `day` that is asked for.
        fields : iterable of str
            As for `values_around`.
        """
        values = values_around(near(self.simple), fields, all_sure=True)
        if self.tangled is None:
            return values
        return values.union(values_around(near(self.tangled), fields))


def changes_told(
    snapshot: Snapshot, fields: Iterable[str] = tuple(FIELDS), history: IbisTable | None = None
) -> Changes:
    """What the log tells, in an order that says what came first.

    Parameters
    ----------
    snapshot : Snapshot
        Source of ``opportunity_history``.
    fields : iterable of str
        Those that may be in it; see `first_changes`.
    history : ibis.Table, optional
        The part of it with all changes of some deals. Default: all of it.

    Returns
    -------
    Changes
    """
    history = snapshot.table("opportunity_history") if history is None else history
    # Most deals are simple; sorting them out first spares grouping the whole log by moment.
    numbers = ibis.cases(*((history.field == field, at) for at, field in enumerate(FIELDS)))
    moments = history.changed_at.epoch_seconds().cast("int64") * len(FIELDS) + numbers
    found = (
        history.mutate(moment=moments, is_logged=_is_logged(history))
        .group_by("opportunity_id")
        .agg(moments=_.moment.collect(), logged=_.is_logged.all())
        .filter(~_.logged | (_.moments.length() > _.moments.unique().length()))
        .select("opportunity_id")
        .to_pyarrow()
    )
    fields, tangled = tuple(fields), None
    if found.num_rows:
        ids = ibis.memtable(found)
        theirs = history.semi_join(ids, "opportunity_id")
        if found.num_rows <= _FEW:
            # Or the texts of the whole log would be compared before the few are picked.
            theirs = ibis.memtable(theirs.to_pyarrow())
        days = _changed_days(_changes(theirs, fields))
        tangled = days.mutate(changed_at=_.day.cast("timestamp(6)"), changed_on=_.day)
        history = history.anti_join(ids, "opportunity_id")
    simple = _changes(history, fields).mutate(
        changed_on=_.changed_at.date(), is_sure=ibis.literal(True)
    )
    names = ("opportunity_id", "field", "changed_at", "changed_on", "old", "new", "is_sure")
    return Changes(simple.select(*names), None if tangled is None else tangled.select(*names))


def first_changes(snapshot: Snapshot) -> dict[str, dt.date | None]:
    """Day of the first change of each field that the log holds, in the order of `FIELDS`.

    Empty where none of the field's changes has a moment. See `field_starts`.
    """
    history = snapshot.table("opportunity_history")
    firsts = history.group_by("field").agg(first=history.changed_at.min().date()).to_pyarrow()
    found = dict(zip(firsts["field"].to_pylist(), firsts["first"].to_pylist(), strict=True))
    return {field: found[field] for field in FIELDS if field in found}


def fields_logged(snapshot: Snapshot) -> tuple[str, ...]:
    """Fields that the log holds a change of, in the order of `FIELDS`."""
    return tuple(first_changes(snapshot))


def values_around(
    near: IbisTable, fields: Iterable[str] = tuple(FIELDS), *, all_sure: bool = False
) -> IbisTable:
    """What the log says of days: the value that each field had, and how that is known.

    Parameters
    ----------
    near : ibis.Table
        Rows of `Changes`, once for each `day` that is asked for.
    fields : iterable of str
        Those that may be in it: each costs time and memory. Of the others nothing is said.
    all_sure : bool
        Whether all rows are sure, which spares looking.

    Returns
    -------
    ibis.Table
        A row a deal and `day`, and for each of `FIELDS`: ``FIELD_value`` (text; empty
        where today's value holds), ``FIELD_past`` (it has changed since),
        ``FIELD_told`` (value that the last change up to the day left),
        ``FIELD_logged`` (there is such a change) and ``FIELD_clear`` (logged by the
        CRM, in a clear order, and what one change left is what the next one found).
    """
    fields = tuple(fields)
    first, last = _picks(near) if all_sure else (Column.argmin, Column.argmax)
    cells: dict[str, Any] = {}
    for field in fields:
        here, is_later = near.field == field, near.changed_on > near.day
        after, before = here & is_later, here & ~is_later
        cells |= {
            f"{field}_old": first(near.old, near.changed_at, where=after),
            f"{field}_new": last(near.new, near.changed_at, where=before),
        }
        if not all_sure:
            cells |= {
                f"{field}_old_sure": near.is_sure.argmin(near.changed_at, where=after),
                f"{field}_new_sure": near.is_sure.argmax(near.changed_at, where=before),
            }
    ends = near.group_by("opportunity_id", "day").agg(**cells)
    found: dict[str, Any] = {}
    for field in FIELDS:
        if field not in fields:
            texts = dict.fromkeys((f"{field}_value", f"{field}_told"), ibis.null("string"))
            marks = [f"{field}_{mark}" for mark in ("past", "logged", "clear")]
            found |= {**texts, **dict.fromkeys(marks, ibis.null("boolean"))}
            continue
        value, told = ends[f"{field}_old"], ends[f"{field}_new"]
        follows = told.isnull() | (told == value)
        if all_sure:
            clear = value.isnull() | follows
        else:
            old_sure, new_sure = ends[f"{field}_old_sure"], ends[f"{field}_new_sure"]
            clear = ibis.ifelse(value.notnull(), old_sure & follows, new_sure)
        found |= {
            f"{field}_value": decoded(value),
            f"{field}_told": decoded(told),
            f"{field}_past": value.notnull(),
            f"{field}_logged": told.notnull(),
            f"{field}_clear": clear,
        }
    return ends.select("opportunity_id", "day", **found)


def _changes(history: IbisTable, fields: Iterable[str] = tuple(FIELDS)) -> IbisTable:
    """Changes that change something, with their texts in the one way to compare them."""
    return history.select(
        "opportunity_id",
        "field",
        "changed_at",
        old=encoded(text_by_field(history, "old_value", fields)),
        new=encoded(text_by_field(history, "new_value", fields)),
        logged=_is_logged(history),
    ).filter(_.old != _.new)


def _is_logged(history: IbisTable) -> Any:
    return ibis.coalesce(history.provenance, "exact") != "inferred"


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


@ibis.udf.agg.builtin(name="arg_min")  # type: ignore[untyped-decorator]
def _arg_min(value: str, by: dt.datetime) -> str:  # type: ignore[empty-body]
    """DuckDB's own: Ibis's sorts, to also find an empty value, which no change has."""


@ibis.udf.agg.builtin(name="arg_max")  # type: ignore[untyped-decorator]
def _arg_max(value: str, by: dt.datetime) -> str:  # type: ignore[empty-body]
    """As `_arg_min`."""


def _picks(changes: IbisTable) -> tuple[Any, Any]:
    """Aggregates that give the text of the first and of the last change."""
    if changes.get_backend().name == "duckdb":
        return _arg_min, _arg_max
    return Column.argmin, Column.argmax
