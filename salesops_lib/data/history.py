"""The state of every deal on a past day, rebuilt from the field history.

Today's deals are taken back in time: what changed after the day is undone. A
deal that has been deleted since is not in the snapshot and cannot come back.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import ibis
from ibis import _

from salesops_lib.data.changes import (
    FIELDS,
    changes_told,
    field_text,
    first_changes,
    push_days,
    typed_value,
)
from salesops_lib.data.parts import WHOLE
from salesops_lib.data.schema import TABLES
from salesops_lib.errors import InputError

if TYPE_CHECKING:
    from ibis.expr.types import Table as IbisTable

    from salesops_lib.data.parts import Part
    from salesops_lib.data.snapshot import Snapshot

__all__ = ["MARKED", "deal_states", "deals_as_of"]

MARKED = (*FIELDS.values(), "is_closed", "is_won", "push_count")
"""Columns that are rebuilt; each has a mark beside it, ``COLUMN_mark``."""

_COLUMNS = TABLES["opportunities"].column_names


def deals_as_of(snapshot: Snapshot, day: dt.date, part: Part = WHOLE) -> IbisTable:
    """Deals as they stood at the end of a day (UTC).

    For each field of the history the value is the one that the first change
    after the day found there; today's where nothing changed since. Deals
    created later are left out; those without a created date are in. Whether a
    deal was closed and won follows from its stage then. On the snapshot's own
    day it is the snapshot itself.

    Parameters
    ----------
    snapshot : Snapshot
        Source of ``opportunities``, ``opportunity_history`` and ``stages``.
    day : date
        Any day up to the snapshot's own.
    part : Part
        Only these deals.

    Returns
    -------
    ibis.Table
        The columns of ``opportunities`` by `opportunity_id`, and for each of
        `MARKED` a column ``COLUMN_mark``:

        - ``exact``: logged by the CRM, or not changed since the day;
        - ``inferred``: derived from other values, logged as inferred, from a log
          that contradicts itself, of a field that the log leaves out, or of a day
          before the log's first change of the field;
        - ``missing``: empty then, or not to be rebuilt.

        Of an earlier day than the snapshot's, `next_step` is not known,
        `lost_reason` is that of deals lost by then, and `last_activity_date` is
        empty where it lies later. All other columns are as they are today.

    Raises
    ------
    InputError
        The day lies after the snapshot's.

    Notes
    -----
    A closed deal whose closing the log does not hold counts as closed from its
    close date on; before it, its stage is the last one logged.
    """
    if day > snapshot.as_of:
        raise InputError(
            f"the snapshot stands at {snapshot.as_of}: there is no {day} in it yet",
            where=snapshot.id,
        )
    on = ibis.literal(day, type="date")
    deals = part.of(snapshot.table("opportunities")).mutate(day=on)
    if day == snapshot.as_of:
        states = _with_marks(deals, dict.fromkeys(MARKED, True))
    else:
        history = part.of(snapshot.table("opportunity_history"))
        starts = first_changes(snapshot)
        # The day of all is known: no join has to bring it to the changes.
        told = changes_told(snapshot, starts, history)
        values = told.values_around(lambda changes: changes.mutate(day=on), starts)
        later = history.filter(_.changed_at >= on.cast("timestamp(6)"))
        pushed = push_days(snapshot, later).filter(_.pushed_on > on)
        rows = deals.filter(_was_there)
        for more in (values.drop("day"), _counted(pushed, "opportunity_id")):
            rows = rows.left_join(more, "opportunity_id").drop("opportunity_id_right")
        states = _rebuilt(snapshot, rows, starts)
    return states.drop("day").order_by("opportunity_id")


def deal_states(snapshot: Snapshot, points: IbisTable) -> IbisTable:
    """Deals as they stood on days of their own.

    Parameters
    ----------
    snapshot : Snapshot
        Source, as for `deals_as_of`.
    points : ibis.Table
        `opportunity_id` and `day` of each state wanted, none twice, none later
        than the snapshot's day. Those before the deal was created are left out.

    Returns
    -------
    ibis.Table
        As `deals_as_of`, with `day`; in no order.
    """
    # What has been taken back already is undone from today once more, not in two steps.
    snapshot = snapshot.origin
    asked = snapshot.table("opportunities").inner_join(points, "opportunity_id")
    own = _with_marks(asked.filter(_.day >= snapshot.as_of), dict.fromkeys(MARKED, True))
    past = asked.filter(_.day < snapshot.as_of)
    days = past.select("opportunity_id", "day")
    starts = first_changes(snapshot)
    values = changes_told(snapshot, starts).values_around(
        lambda changes: days.inner_join(changes, "opportunity_id"), starts
    )
    pushes = push_days(snapshot)
    pushed = days.inner_join(
        pushes, [days.opportunity_id == pushes.opportunity_id, pushes.pushed_on > days.day]
    )
    rows, keys = past.filter(_was_there), ("opportunity_id", "day")
    for told in (values, _counted(pushed, *keys)):
        rows = rows.left_join(told, keys).drop(*(f"{key}_right" for key in keys))
    return own.union(_rebuilt(snapshot, rows, starts))


def _was_there(rows: IbisTable) -> Any:
    return rows.created_date.isnull() | (rows.created_date <= rows.day)


def _counted(pushed: IbisTable, *keys: str) -> IbisTable:
    """`pushed_later`, the moves to a later month since the day."""
    return pushed.group_by(*keys).agg(pushed_later=_.count())


def _rebuilt(snapshot: Snapshot, rows: IbisTable, starts: dict[str, dt.date | None]) -> IbisTable:
    """States of days before the snapshot's, of deals with the changes around them."""
    rows = rows.mutate(**{f"{field}_then": _value_then(rows, field) for field in FIELDS})
    kinds = _stage_kinds(snapshot)
    rows = rows.left_join(kinds, rows.stage_then == kinds.kind_stage)
    rows = _with_outcome(rows)
    sure = {column: _is_sure(rows, field, starts.get(field)) for field, column in FIELDS.items()}
    of_stage = sure["stage"] & rows.follows_stage
    sure |= {
        "stage": sure["stage"] & ~rows.is_reopened,
        "is_closed": of_stage,
        "is_won": of_stage,
        "push_count": sure["close_date"],
    }
    later = {column: rows[f"{field}_then"] for field, column in FIELDS.items()}
    later |= {
        "stage": ibis.ifelse(rows.is_reopened, rows.stage_told, rows.stage_then),
        "forecast_category": _by_stage(rows, "forecast_category", starts),
        "probability": _by_stage(rows, "probability", starts),
        "is_closed": rows.closed_then,
        "is_won": rows.won_then,
        "push_count": ibis.greatest(rows.push_count - ibis.coalesce(rows.pushed_later, 0), 0),
        "next_step": ibis.null("string"),
        "last_activity_date": ibis.ifelse(
            rows.last_activity_date <= rows.day, rows.last_activity_date, ibis.null()
        ),
        "lost_reason": ibis.ifelse(
            rows.closed_then & ~rows.won_then, rows.lost_reason, ibis.null()
        ),
    }
    marks = {f"{column}_sure": sure[column] for column in MARKED}
    done = rows.mutate(**later, **marks)
    return _with_marks(done, {column: done[f"{column}_sure"] for column in MARKED})


def _is_past(rows: IbisTable, field: str) -> Any:
    """Whether the field has changed since the day."""
    return ibis.coalesce(rows[f"{field}_past"], False)


def _is_logged(rows: IbisTable, field: str) -> Any:
    """Whether the log holds a change up to the day."""
    return ibis.coalesce(rows[f"{field}_logged"], False)


def _value_then(rows: IbisTable, field: str) -> Any:
    before = typed_value(field, rows[f"{field}_value"])
    return ibis.ifelse(_is_past(rows, field), before, rows[FIELDS[field]])


def _agrees(rows: IbisTable, field: str) -> Any:
    """Whether today's value is the one that the last change left."""
    now = field_text(field, rows[FIELDS[field]])
    return ~_is_logged(rows, field) | now.identical_to(rows[f"{field}_told"])


def _is_sure(rows: IbisTable, field: str, starts: dt.date | None) -> Any:
    """Whether the log vouches for the value of the day."""
    if starts is None:
        return ibis.literal(False)
    reaches = rows.day >= starts
    clear = ibis.coalesce(rows[f"{field}_clear"], True)
    return reaches & clear & (_is_past(rows, field) | _agrees(rows, field))


def _stage_kinds(snapshot: Snapshot) -> IbisTable:
    """What each stage means: from ``stages``; where it lacks one, from how deals use it."""
    stages = snapshot.table("stages").select(
        kind_stage=_.stage,
        kind_closed=_.is_closed,
        kind_won=_.is_won,
        kind_probability=_.default_probability,
        kind_forecast_category=_.forecast_category,
        kind_told=True,
    )
    used = snapshot.table("opportunities").filter(_.stage.notnull()).group_by("stage")
    half = used.agg(n=_.count(), closed=_.is_closed.sum(), won=_.is_won.sum())
    guessed = half.anti_join(stages, half.stage == stages.kind_stage).select(
        kind_stage=_.stage,
        kind_closed=_.closed * 2 > _.n,
        kind_won=_.won * 2 > _.n,
        kind_probability=ibis.null("float64"),
        kind_forecast_category=ibis.null("string"),
        kind_told=False,
    )
    return stages.union(guessed)


def _with_outcome(rows: IbisTable) -> IbisTable:
    """Rows with `closed_then`, `won_then`, and how they are known."""
    past, known = _is_past(rows, "stage"), rows.kind_closed.notnull()
    by_date = rows.is_closed & (rows.close_date.isnull() | (rows.close_date <= rows.day))
    # The log holds the move into the stage that the deal is in today.
    logged = _is_logged(rows, "stage") & _agrees(rows, "stage")
    follows = ibis.ifelse(past, known, ~rows.is_closed | (logged & _or(rows.kind_closed, True)))
    closed = ibis.cases(
        (past & known, rows.kind_closed),
        (past, by_date),
        (follows, rows.is_closed),
        else_=by_date,
    )
    won = ibis.ifelse(past & known, rows.kind_won, rows.is_won)
    # Open then, although the stage is today's and a closed one.
    reopened = ~past & rows.is_closed & ~closed & _or(rows.kind_closed, True)
    return rows.mutate(
        closed_then=closed,
        won_then=closed & won,
        is_reopened=reopened,
        follows_stage=follows & _or(rows.kind_told, False),
    )


def _by_stage(rows: IbisTable, field: str, starts: dict[str, dt.date | None]) -> Any:
    """Value of a field that follows the stage where the log leaves the field out."""
    then = rows[f"{field}_then"]
    told = [] if starts.get(field) else [(_moved(rows), rows[f"kind_{field}"])]
    return ibis.cases(
        (_is_past(rows, field), then), (rows.is_reopened, ibis.null()), *told, else_=then
    )


def _moved(rows: IbisTable) -> Any:
    return ~rows.stage_then.identical_to(rows.stage)


def _or(value: Any, otherwise: bool) -> Any:
    return ibis.coalesce(value, otherwise)


def _with_marks(rows: IbisTable, sure: dict[str, Any]) -> IbisTable:
    marks = {
        f"{column}_mark": ibis.cases(
            (rows[column].isnull(), "missing"),
            (ibis.literal(True) if sure[column] is True else sure[column], "exact"),
            else_="inferred",
        )
        for column in MARKED
    }
    return rows.mutate(**marks).select("day", *_COLUMNS, *marks)
