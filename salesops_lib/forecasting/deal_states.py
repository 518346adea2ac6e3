"""Open deals as they stood on many past days, and what became of them.

A forecast is learnt from what was known at the time. So every state is rebuilt from
the history of changes: its stage, amount, close date, owner and category as of that
day, and nothing that came later. What became of the deals stands in a table of its
own, so that no outcome slips in among what was known.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

import ibis
from ibis import _

from salesops_lib.data.changes import fields_logged
from salesops_lib.data.derived import derived_table
from salesops_lib.data.exchange import converted
from salesops_lib.data.history import MARKED
from salesops_lib.data.history import deal_states as states_at
from salesops_lib.data.organisation import EVER, NEVER, placed
from salesops_lib.data.scope import COMPANY
from salesops_lib.errors import InputError
from salesops_lib.period import as_day

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import pandas as pd
    import pyarrow as pa
    from ibis.expr.types import Table as IbisTable

    from salesops_lib.data.snapshot import Snapshot
    from salesops_lib.data.view import View

__all__ = ["STATE_COLUMNS", "company_view", "deal_outcomes", "deal_states", "logged_fields"]

STATE_COLUMNS = (
    "day", "opportunity_id", "account_id", "owner_id", "team", "region", "product",
    "product_family", "segment", "industry", "amount", "currency", "created_date", "close_date",
    "stage", "stage_order", "forecast_category", "probability", "type", "source", "push_count",
    "stage_since", "stage_moves", "active_on",
)  # fmt: skip
"""What is known of an open deal on a day; marks come beside it, ``COLUMN_mark``."""

_MARKS = tuple(f"{column}_mark" for column in MARKED if column not in {"is_closed", "is_won"})
_OUTCOME_COLUMNS = (
    "opportunity_id", "owner_id", "team", "region", "product", "segment", "amount",
    "created_date", "close_date", "is_won",
)  # fmt: skip
_MOST_POINTS = 1_000_000
"""States that are rebuilt at once; more are done day by day, so that memory stays bounded."""


def deal_states(view: View, dates: Iterable[dt.date]) -> pd.DataFrame:
    """Open deals as they stood at the end of each of many days (UTC).

    One pass over the history serves all days. It is made once for the whole company
    and kept beside the snapshot; each scope gets its rows.

    Parameters
    ----------
    view : View
        Snapshot, currency and scope. A deal belongs to the scope that its owner of the
        day was in on that day.
    dates : iterable of date
        None later than the view's as-of date.

    Returns
    -------
    DataFrame
        One row a day and open deal, by `day` and `opportunity_id`: `STATE_COLUMNS`
        (`amount` in the reporting currency at the rate of the day; `stage_since` the day
        of the last logged change of the stage, or of the creation; `stage_moves` their
        number; `active_on` the day of the last activity up to the day) and, for each
        rebuilt column, ``COLUMN_mark``: ``exact``, ``inferred`` or ``missing``, as in
        `data.history.deals_as_of`. Days are datetimes, amounts floats.

    Raises
    ------
    InputError
        A date lies after the as-of date, or a currency has no rate.
    """
    days = sorted({as_day(day) for day in dates})
    if days and days[-1] > view.as_of:
        raise InputError(
            f"deals are known up to {view.as_of}: there is no state of {days[-1]} yet",
            where=view.snapshot.id,
        )
    whole = view.snapshot.whole

    def made() -> pa.Table:
        import pyarrow as pa

        return pa.concat_tables(
            _rebuilt(view, whole, batch).to_pyarrow() for batch in _batches(whole, days)
        )

    settings = [view.currency.model_dump(), *days]
    table = derived_table(whole, "deal-states", settings, made, __name__)
    frame = cast("pd.DataFrame", table.to_pandas(date_as_object=False))
    kind, key = view.scope.kind, view.scope.key
    if kind != "company":
        frame = frame[frame["owner_id" if kind == "rep" else kind] == key].reset_index(drop=True)
    return frame


def deal_outcomes(view: View) -> pd.DataFrame:
    """What became of the company's deals, as far as it is known on the as-of date.

    Parameters
    ----------
    view : View
        Snapshot, currency and as-of date; all scopes are in it.

    Returns
    -------
    DataFrame
        One row a deal: `opportunity_id`, `owner_id`, `team`, `region`, `product`,
        `segment`, `amount` (reporting currency), `created_date`, `close_date`, `is_won`,
        and `outcome`: ``won``, ``lost`` or ``open``. The close date of an open deal
        is empty.
    """
    whole = company_view(view)

    def made() -> pa.Table:
        deals = whole.deals.select(*_OUTCOME_COLUMNS, "is_closed")
        ended = deals.mutate(
            amount=deals.amount.cast("float64"),
            close_date=ibis.ifelse(deals.is_closed, deals.close_date, ibis.null("date")),
            outcome=ibis.cases((deals.is_won, "won"), (deals.is_closed, "lost"), else_="open"),
        )
        return ended.drop("is_closed").order_by("opportunity_id").to_pyarrow()

    settings = [view.currency.model_dump(), view.as_of]
    table = derived_table(whole.snapshot, "deal-outcomes", settings, made, __name__)
    return cast("pd.DataFrame", table.to_pandas(date_as_object=False))


def logged_fields(view: View) -> tuple[str, ...]:
    """Fields whose past values the history holds; none where there is no history."""
    origin = view.snapshot.whole.origin
    return fields_logged(origin) if origin.has("opportunity_history") else ()


def company_view(view: View) -> View:
    """The same view of the whole company, for what is learnt from all deals."""
    return replace(view, snapshot=view.snapshot.whole, scope=COMPANY, audience="leadership")


def _batches(snapshot: Snapshot, days: Sequence[dt.date]) -> list[Sequence[dt.date]]:
    """Days in groups of at most so many states."""
    deals = int(snapshot.backend.execute(snapshot.table("opportunities").count()))
    # About one deal in ten of a long history is open on any one day.
    size = max(1, _MOST_POINTS * 10 // max(deals, 1))
    return [days[at : at + size] for at in range(0, max(len(days), 1), size)]


def _rebuilt(view: View, snapshot: Snapshot, days: Sequence[dt.date]) -> IbisTable:
    origin = snapshot.origin
    # What several joins look at is worked out only once.
    points = ibis.memtable(_points(origin, days).to_pyarrow())
    states = ibis.memtable(states_at(origin, points).filter(~_.is_closed).to_pyarrow())
    located = placed(snapshot, states, "owner_id", "day")
    described = _described(origin, located)
    there = ibis.memtable(_timed(origin, described).to_pyarrow())
    rate_day: Any = ibis.literal(view.as_of) if view.currency.rates == "as_of" else there.day
    rows = converted(snapshot, there, view.currency.reporting, rate_day)
    rows = rows.mutate(amount=rows.amount.cast("float64"))
    return rows.select(*STATE_COLUMNS, *_MARKS).order_by("day", "opportunity_id")


def _points(snapshot: Snapshot, days: Sequence[dt.date]) -> IbisTable:
    """Deals and days on which they may have been open: the others need no rebuilding."""
    import pyarrow as pa

    deals = snapshot.table("opportunities")
    moved = snapshot.table("opportunity_history").filter(_.field == "stage")
    last = moved.group_by("opportunity_id").agg(moved_on=_.changed_at.max().date())
    rows = deals.left_join(last, "opportunity_id")
    over = ibis.greatest(ibis.coalesce(rows.close_date, EVER), ibis.coalesce(rows.moved_on, EVER))
    rows = rows.select(
        "opportunity_id",
        since=ibis.coalesce(rows.created_date, EVER),
        until=ibis.ifelse(rows.is_closed, over, ibis.literal(NEVER)),
    )
    asked = ibis.memtable(pa.table({"day": pa.array(list(days), pa.date32())}))
    near = rows.cross_join(asked).filter(_.since <= _.day, _.until > _.day)
    return near.select("opportunity_id", "day")


def _described(snapshot: Snapshot, states: IbisTable) -> IbisTable:
    accounts = snapshot.table("accounts").select("account_id", "segment", "industry")
    products = snapshot.table("products").select("product", _.family.name("product_family"))
    stages = snapshot.table("stages").select("stage", _.order.name("stage_order"))
    for table, key in ((accounts, "account_id"), (products, "product"), (stages, "stage")):
        states = states.left_join(table, key).drop(f"{key}_right")
    return states


def _timed(snapshot: Snapshot, states: IbisTable) -> IbisTable:
    """States with the day of their last change of stage and of their last activity."""
    moves = snapshot.table("opportunity_history").filter(_.field == "stage")
    moves = moves.select("opportunity_id", moved_on=_.changed_at.date())
    near = states.select("opportunity_id", "day").inner_join(moves, "opportunity_id")
    near = near.filter(_.moved_on <= _.day).group_by("opportunity_id", "day")
    last = near.agg(moved_on=_.moved_on.max(), stage_moves=_.count())
    acts = snapshot.table("activities").filter(_.opportunity_id.notnull())
    acts = acts.filter(~ibis.coalesce(acts.is_invitee_copy, False))
    acts = acts.select("opportunity_id", acted_on=_.at.date()).distinct()
    keys = states.select("opportunity_id", "day")
    acted = keys.asof_join(acts, on=keys.day >= acts.acted_on, predicates="opportunity_id")
    acted = acted.select("opportunity_id", "day", "acted_on")
    rows = states.left_join(last, ["opportunity_id", "day"]).drop(
        "opportunity_id_right", "day_right"
    )
    rows = rows.left_join(acted, ["opportunity_id", "day"])
    return rows.mutate(
        stage_since=ibis.coalesce(rows.moved_on, rows.created_date),
        stage_moves=ibis.coalesce(rows.stage_moves, 0),
        # The export's own column tells of a past day only where it lies before it.
        active_on=ibis.coalesce(rows.acted_on, rows.last_activity_date),
    )
