"""What moved the pipeline due in a period, deal by deal, between two days.

A deal is in the pipeline on a day if it is open at the day's end, its close date
lies in the target period, its owner is in the scope, and its forecast category is
one of those looked at. A move is the difference between two states of one deal.
"""

from __future__ import annotations

import datetime as dt
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal, cast, get_args

import ibis
from ibis import _

from salesops_lib.data.changes import value_spans
from salesops_lib.data.derived import derived_table
from salesops_lib.data.engine import held
from salesops_lib.data.exchange import converted
from salesops_lib.data.history import deal_states
from salesops_lib.data.organisation import placed, places
from salesops_lib.data.schema import TABLES
from salesops_lib.data.scope import COMPANY
from salesops_lib.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    import pyarrow as pa
    from ibis.expr.types import Table as IbisTable

    from salesops_lib.calendar import Period
    from salesops_lib.data.snapshot import Snapshot
    from salesops_lib.data.view import View

__all__ = [
    "CLOSING",
    "COLUMNS",
    "ENTRIES",
    "EXITS",
    "METHODS",
    "MOVES",
    "OPENING",
    "Method",
    "pipeline_moves",
    "refuse_unknown",
]

Method = Literal["endpoints", "events"]
METHODS: tuple[Method, ...] = get_args(Method)

OPENING, CLOSING = "opening", "closing"
ENTRIES = ("new", "reopened", "pulled_in", "pushed_in", "category_in", "owner_in")
EXITS = ("category_out", "owner_out", "pulled_out", "pushed_out", "lost", "won")
MOVES = (*ENTRIES, "amount_up", "amount_down", *EXITS)
"""All moves, in the order in which they are shown."""

COLUMNS = (
    "opportunity_id", "name", "day", "move", "change", "amount_before", "amount_after", "is_sure",
)  # fmt: skip
"""Columns of `pipeline_moves`."""

_CATEGORIES = TABLES["opportunities"].column("forecast_category").allowed
_DECISIVE = ("amount", "close_date", "owner_id", "is_closed")
_STATE = ("place", "amount", "is_closed", "close_date", "is_due", "is_chosen", "is_sure")
_KEYS = ("scope", "opportunity_id", "name", "day")
_ZERO = ibis.literal(0).cast("decimal(18, 2)")


def pipeline_moves(
    view: View,
    start: dt.date,
    end: dt.date,
    target: Period,
    method: Method,
    categories: Sequence[str] | None = None,
) -> pd.DataFrame:
    """Every move of every deal of the scope, and the pipeline before and after.

    Parameters
    ----------
    view : View
        Scope and currency.
    start, end : date
        Days at whose ends the pipeline is compared.
    target : Period
        Close dates looked at.
    method : str
        ``endpoints`` compares the two days. ``events`` compares every day on which
        something changed with the one before it; a deal that is made, or moved into
        the period, and closed on one day comes in and leaves.
    categories : sequence of str, optional
        Forecast categories looked at. Default: all.

    Returns
    -------
    DataFrame
        `opportunity_id`, `name`, `day`, `move` (one of `MOVES`, or ``opening`` and
        ``closing``), `change` (what it adds to the pipeline; of an opening or
        closing row the amount itself), `amount_before`, `amount_after` (empty where
        there is none) and `is_sure` (False where an amount, close date, owner or
        outcome behind it is inferred). Money is in the reporting currency, all of it
        at the rates of the view's as-of date, so that no rate moves anything.

    Raises
    ------
    InputError
        A currency has no rate.
    """
    chosen = None if categories is None else tuple(sorted(set(categories)))
    return _moves(view, start, end, target, method, chosen)


@lru_cache(maxsize=16)
def _moves(
    view: View,
    start: dt.date,
    end: dt.date,
    target: Period,
    method: Method,
    chosen: tuple[str, ...] | None,
) -> pd.DataFrame:
    snapshot = view.snapshot.whole

    def made() -> pa.Table:
        states = _states(view, _points(snapshot, start, end, method), target)
        chosen_one = True if chosen is None else states.forecast_category.isin(chosen)
        pairs = _pairs(states.mutate(is_chosen=ibis.coalesce(chosen_one, False)))
        parts = [_levels(pairs, start, end), _steps(pairs, start, target)]
        if method == "events":
            parts += _passages(pairs, start, target, chosen is None)
        rows = ibis.union(*parts)
        return rows.order_by("scope", "day", "opportunity_id", "move").to_pyarrow()

    settings = [
        view.currency.model_dump(), view.as_of, view.scope.kind, start, end,
        target.start, target.end, method, chosen,
    ]  # fmt: skip
    rows = derived_table(snapshot, "moves", settings, made, __name__, view.scope.key)
    return cast("pd.DataFrame", rows.select(list(COLUMNS)).to_pandas())


def _points(snapshot: Snapshot, start: dt.date, end: dt.date, method: Method) -> IbisTable:
    """Deals and days whose states are compared."""
    deals = snapshot.table("opportunities")
    days = [deals.select("opportunity_id", day=ibis.literal(day)) for day in (start, end)]
    if method == "events":
        spans = value_spans(snapshot)
        changed = spans.filter(_.is_past)
        owners = changed.filter(_.field == "owner").select("opportunity_id", person=_.value)
        owners = owners.union(deals.select("opportunity_id", person=_.owner_id), distinct=True)
        there = places(snapshot)
        moved = owners.inner_join(there, owners.person == there.rep_id)
        days += [
            changed.select("opportunity_id", day=_.until),
            deals.select("opportunity_id", day=_.created_date),
            # Where the log does not hold the closing, it shows on the close date.
            deals.select("opportunity_id", day=_.close_date),
            moved.select("opportunity_id", day=_.place_from),
        ]
    points = ibis.union(*days, distinct=True)
    return points.filter(_.day.between(start, end))


def _states(view: View, points: IbisTable, target: Period) -> IbisTable:
    """States in one currency, each with the `place` that its owner is in that day.

    Deals that are due in the target period in none of their states are left out.
    """
    snapshot, kind = view.snapshot.whole, view.scope.kind
    states = deal_states(snapshot, points)
    sure = [states[f"{column}_mark"] != "inferred" for column in _DECISIVE]
    core = states.select(
        "opportunity_id", "name", "day", "amount", "currency", "is_closed", "is_won",
        "close_date", "owner_id", "forecast_category", is_sure=ibis.and_(*sure),
        is_due=ibis.coalesce(_.close_date.between(target.start, target.end), False),
    )  # fmt: skip
    core = core.filter(_.is_due.any().over(ibis.window(group_by="opportunity_id")))
    located = placed(snapshot, core, "owner_id", "day")
    place = {
        "company": ibis.literal(COMPANY.key),
        "rep": located.owner_id,
        "team": located.team,
        "region": located.region,
    }[kind]
    kept = located.select(*core.columns, place=place)
    # Rates are looked up more than once: the states are worked out only once.
    return converted(
        snapshot, held(snapshot, kept), view.currency.reporting, ibis.literal(view.as_of)
    )


def _pairs(states: IbisTable) -> IbisTable:
    """Each state with the one before it, once for each scope that either lies in."""
    order = ibis.window(group_by="opportunity_id", order_by="day")
    before = {f"{column}_before": states[column].lag().over(order) for column in _STATE}
    pairs = states.mutate(seen_before=states.day.lag().over(order).notnull(), **before)
    # Not a lag of a place that is empty: then both scopes are.
    spread = pairs.mutate(
        scope=ibis.array([pairs.place, pairs.place_before]).unique().unnest()
    ).filter(_.scope.notnull())
    here = ibis.coalesce(spread.place == spread.scope, False)
    here_before = ibis.coalesce(spread.place_before == spread.scope, False)
    before_it = spread.is_due_before & spread.is_chosen_before & ~spread.is_closed_before
    return spread.mutate(
        here=here,
        here_before=here_before,
        in_now=here & spread.is_due & spread.is_chosen & ~spread.is_closed,
        in_before=here_before & ibis.coalesce(before_it, False),
        both_sure=spread.is_sure & ibis.coalesce(spread.is_sure_before, True),
    )


def _levels(pairs: IbisTable, start: dt.date, end: dt.date) -> IbisTable:
    """The pipeline before and after, a row a deal."""
    opening = pairs.filter(pairs.day == start, pairs.in_now).mutate(move=ibis.literal(OPENING))
    closing = pairs.filter(pairs.day == end, pairs.in_now).mutate(move=ibis.literal(CLOSING))
    return opening.union(closing).select(
        *_KEYS,
        "move",
        change=ibis.coalesce(_.amount, _ZERO),
        amount_before=ibis.null("decimal(18, 2)"),
        amount_after=_.amount,
        is_sure=_.is_sure,
    )


def _steps(pairs: IbisTable, start: dt.date, target: Period) -> IbisTable:
    """Differences between two states, a row a move."""
    now = ibis.ifelse(pairs.in_now, ibis.coalesce(pairs.amount, _ZERO), _ZERO)
    then = ibis.ifelse(pairs.in_before, ibis.coalesce(pairs.amount_before, _ZERO), _ZERO)
    moved = pairs.mutate(move=_move(pairs, target), change=(now - then).cast("decimal(18, 2)"))
    return moved.filter(moved.day > start, moved.move.notnull()).select(
        *_KEYS,
        "move",
        "change",
        "amount_before",
        amount_after=_.amount,
        is_sure=_.both_sure,
    )


def _passages(
    pairs: IbisTable, start: dt.date, target: Period, any_category: bool
) -> list[IbisTable]:
    """Deals that came in and closed on one day: each once as an entry, once as an exit."""
    was_open = ~pairs.seen_before | (~pairs.is_closed_before & pairs.is_chosen_before)
    # Without a day before there is no category but that of closed deals.
    known = ibis.literal(any_category) | pairs.seen_before
    through = pairs.filter(
        pairs.day > start, pairs.here, pairs.is_closed, pairs.is_due, ~pairs.in_before,
        was_open, known,
    )  # fmt: skip
    amount = ibis.coalesce(through.amount, _ZERO)
    entry, exit_ = _entry(through, target), ibis.ifelse(through.is_won, "won", "lost")
    return [
        through.select(
            *_KEYS, move=entry, change=amount, amount_before=through.amount_before,
            amount_after=through.amount, is_sure=through.both_sure,
        ),
        through.select(
            *_KEYS, move=exit_, change=-amount, amount_before=through.amount,
            amount_after=through.amount, is_sure=through.both_sure,
        ),
    ]  # fmt: skip


def _move(pairs: IbisTable, target: Period) -> Any:
    """Why a deal came in, left, or stands at another amount; empty where nothing moved.

    Who owns a deal comes first: what becomes of it with other people is not the
    scope's. Its outcome is next, then its date, then its category.
    """
    gone, come = pairs.in_before & ~pairs.in_now, pairs.in_now & ~pairs.in_before
    stays = pairs.in_before & pairs.in_now
    later = pairs.close_date.isnull() | (pairs.close_date > target.end)
    amount = ibis.coalesce(pairs.amount, _ZERO)
    before = ibis.coalesce(pairs.amount_before, _ZERO)
    return ibis.cases(
        (gone & ~pairs.here, "owner_out"),
        (gone & pairs.is_won, "won"),
        (gone & pairs.is_closed, "lost"),
        (gone & later, "pushed_out"),
        (gone & (pairs.close_date < target.start), "pulled_out"),
        (gone, "category_out"),
        (come, _entry(pairs, target)),
        (stays & (amount > before), "amount_up"),
        (stays & (amount < before), "amount_down"),
        else_=ibis.null("string"),
    )


def _entry(pairs: IbisTable, target: Period) -> Any:
    """Why a deal came in."""
    before = pairs.close_date_before
    return ibis.cases(
        (~pairs.seen_before, "new"),
        (~pairs.here_before, "owner_in"),
        (pairs.is_closed_before, "reopened"),
        (before.isnull() | (before > target.end), "pulled_in"),
        (before < target.start, "pushed_in"),
        else_="category_in",
    )


def refuse_unknown(
    view: View, start: dt.date, end: dt.date, method: str, categories: Sequence[str] | None
) -> None:
    """Refuse what a waterfall cannot be asked for.

    Parameters
    ----------
    view, start, end, method, categories
        As for `pipeline_moves`.

    Raises
    ------
    InputError
        The days are not in order or lie after the view's, or there is no such method
        or category.
    """
    if method not in METHODS:
        raise InputError(f"no method `{method}`", found=method, allowed=METHODS)
    for category in categories or ():
        if category not in _CATEGORIES:
            what = f"no forecast category `{category}`"
            raise InputError(what, found=category, allowed=_CATEGORIES)
    if start >= end:
        raise InputError(f"the waterfall begins on {start} and must end later, not on {end}")
    if end > view.as_of:
        raise InputError(
            f"the snapshot stands at {view.as_of}: the waterfall cannot end on {end}",
            where=view.snapshot.id,
        )
