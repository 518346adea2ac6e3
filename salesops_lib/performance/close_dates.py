"""Close dates as they stood on earlier days, and what became of the deals.

The close date and the amount of a deal on an earlier day come from the field
history; where nothing has changed since, they are today's. A deal counts as closed
from its close date on, as in every other measure of closed deals.
"""

from __future__ import annotations

import datetime as dt
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

import ibis
import pandas as pd
from ibis import _

from salesops_lib.data.changes import field_starts, push_days, typed_value, value_spans
from salesops_lib.data.view import ROLES

if TYPE_CHECKING:
    from ibis.expr.types import Table as IbisTable

    from salesops_lib.data.view import View

__all__ = ["FLOWS", "Flow", "fates", "history_begins"]

Flow = Literal["due", "won", "lost", "slipped", "still_due", "pulled_in"]
FLOWS: tuple[Flow, ...] = ("due", "won", "lost", "slipped", "still_due", "pulled_in")
"""Deals due at the start, what became of them, and those that came in from later.

Due = won + lost + slipped + still due.
"""

_FIELDS = ("close_date", "amount")


@lru_cache(maxsize=64)
def history_begins(view: View) -> dt.date | None:
    """Day of the first change of a close date in the whole export; None without any."""

    def query(deals: IbisTable) -> IbisTable:
        starts = field_starts(view.snapshot.whole).select(first=_.close_date_starts)
        return deals.select("scope").distinct().cross_join(starts).order_by("scope")

    if not view.snapshot.has("opportunity_history"):
        return None
    found = pd.to_datetime(view.tally("history-begins", "deals", query)["first"]).dropna()
    return None if found.empty else found.iloc[0].date()


def fates(view: View, deals: IbisTable) -> IbisTable:
    """Each deal in each window in which it was due, was won or was moved.

    Parameters
    ----------
    view : View
        Supplies windows, currency and history.
    deals : ibis.Table
        Deals with the columns of `facts.deal_facts`.

    Returns
    -------
    ibis.Table
        `deals` once for each window (`role`), with the flags of `FLOWS`, `all_won`
        (won in the window), `amount_start` and `amount_end` (at both ends, in the
        reporting currency at the deal's own rate) and `pushes` (moves to a later
        month in it).
    """
    windows = ibis.memtable(
        {
            "role": list(ROLES),
            # As the evening before left it.
            "eve": [view.windows[role].start - dt.timedelta(days=1) for role in ROLES],
            "start": [view.windows[role].start for role in ROLES],
            "end": [view.windows[role].end for role in ROLES],
            "due_by": [view.periods[role].end for role in ROLES],
        },
        schema={"role": "string"} | dict.fromkeys(("eve", "start", "end", "due_by"), "date"),
    )
    states, moves = _states(view, windows), _pushes(view, windows)
    # Won or lost on a day to come: neither open nor closed, and reported elsewhere.
    known = deals.filter(~_.is_closed | (_.close_date <= view.as_of))
    rows = known.cross_join(windows)
    rows = rows.left_join(
        states, [rows.opportunity_id == states.state_deal, rows.role == states.state_role]
    )
    rows = rows.left_join(
        moves, [rows.opportunity_id == moves.pushed_deal, rows.role == moves.pushed_role]
    )
    reporting = view.currency.reporting
    same = ibis.coalesce(_.currency, reporting) == reporting
    rate = ibis.cases(
        (_.amount_original != 0, _.amount.cast("float64") / _.amount_original.cast("float64")),
        (same, 1.0),
    )

    def then(field: str, end: str, today: Any) -> Any:
        is_past = ibis.coalesce(_[f"{field}_{end}_past"], ibis.literal(value=False))
        return ibis.ifelse(is_past, _[f"{field}_{end}"], today)

    rows = rows.mutate(rate=rate, pushes=_.pushes.fill_null(0)).mutate(
        amount_start=then("amount", "start", _.amount_original).cast("float64") * _.rate,
        amount_end=then("amount", "end", _.amount_original).cast("float64") * _.rate,
        due_start=then("close_date", "start", _.close_date),
        due_end=then("close_date", "end", _.close_date),
        was_open=(_.created_date < _.start) & (~_.is_closed | (_.close_date >= _.start)),
        resolved=_.is_closed & (_.close_date <= _.end),
        all_won=_.is_won & _.close_date.between(_.start, _.end),
    )
    no = ibis.literal(value=False)
    rows = rows.mutate(
        due=ibis.coalesce(_.was_open & _.due_start.between(_.start, _.due_by), no),
        later=ibis.coalesce(_.was_open & (_.due_start > _.due_by), no),
        out=ibis.coalesce(~_.resolved & (_.due_end > _.due_by), no),
        back=ibis.coalesce(~_.resolved & (_.due_end <= _.due_by), no),
        all_won=ibis.coalesce(_.all_won, no),
    )
    return rows.mutate(
        won=_.due & _.resolved & _.is_won,
        lost=_.due & _.resolved & ~_.is_won,
        slipped=_.due & _.out,
        still_due=_.due & ~_.resolved & ~_.out,
        pulled_in=_.later & (_.back | _.all_won),
    ).filter(_.due | _.pulled_in | _.all_won | (_.pushes > 0))


def _states(view: View, windows: IbisTable) -> IbisTable:
    """Values of the fields at both ends of each window, of deals that changed them later.

    One row a deal and role: for each field and end ``FIELD_END_past`` (whether it has
    changed since) and ``FIELD_END`` (what it was then).
    """
    spans = value_spans(view.snapshot.whole).filter(_.is_past, _.field.isin(_FIELDS))
    hit = spans.inner_join(windows, [spans.until > windows.eve, spans.since <= windows.end])
    cells: dict[str, Any] = {}
    for field in _FIELDS:
        for name, day in (("start", hit.eve), ("end", hit.end)):
            here = (hit.field == field) & (hit.since <= day) & (day < hit.until)
            cells[f"{field}_{name}"] = typed_value(field, hit.value.max(where=here))
            cells[f"{field}_{name}_past"] = here.any()
    return hit.group_by(state_deal=_.opportunity_id, state_role=_.role).agg(**cells)


def _pushes(view: View, windows: IbisTable) -> IbisTable:
    """Moves of a close date to a later month in each window, one row a deal and role."""
    moves = push_days(view.snapshot.whole)
    during = moves.inner_join(
        windows, [moves.pushed_on >= windows.start, moves.pushed_on <= windows.end]
    )
    return during.group_by(pushed_deal=_.opportunity_id, pushed_role=_.role).agg(pushes=_.count())
