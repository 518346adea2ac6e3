"""Which scopes there are: every region, team and rep that a report can be about."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import ibis
from ibis import _

from salesops_lib.data.derived import derived_table
from salesops_lib.data.organisation import placed, places
from salesops_lib.data.scope import COMPANY, Scope

if TYPE_CHECKING:
    import pyarrow as pa
    from ibis.expr.types import Table as IbisTable

    from salesops_lib.calendar import Period
    from salesops_lib.data.snapshot import Snapshot

__all__ = ["members", "scopes"]


def scopes(snapshot: Snapshot, kind: str, period: Period, as_of: dt.date) -> tuple[Scope, ...]:
    """Every region, team or rep that a period's reports can be made for.

    These are the places in force at any time in the period (up to the as-of
    date), and those that deals closed in the period belong to, so that the
    reports of one kind add up to the company's. Of people, those whose role is
    rep, or who own such a deal.

    Parameters
    ----------
    snapshot : Snapshot
        The data.
    kind : str
        ``company``, ``region``, ``team`` or ``rep``.
    period : Period
        Period of the reports.
    as_of : date
        Day the figures stand at.

    Returns
    -------
    tuple of Scope
        Sorted by label.
    """
    if kind == "company":
        return (COMPANY,)

    def made() -> pa.Table:
        return _scope_rows(snapshot, kind, period, as_of).to_pyarrow()

    found = derived_table(
        snapshot, "scopes", [kind, period.start, period.end, as_of], made, __name__
    )
    return tuple(
        Scope(kind, row["key"], row["label"])  # type: ignore[arg-type]
        for row in found.to_pylist()
    )


def members(snapshot: Snapshot, scope: Scope, period: Period, as_of: dt.date) -> set[str]:
    """Ids of all who were in a region or team at any time in a period.

    Parameters
    ----------
    snapshot : Snapshot
        The data.
    scope : Scope
        A region or team.
    period : Period
        The period; it counts up to the as-of date.
    as_of : date
        Day the figures stand at.

    Returns
    -------
    set of str
    """

    def made() -> pa.Table:
        there = _in_force(snapshot, period, as_of)
        named = there.select("rep_id", scope=_[scope.kind])
        return named.distinct().order_by("scope", "rep_id").to_pyarrow()

    settings = [scope.kind, period.start, period.end, as_of]
    found = derived_table(snapshot, "members", settings, made, __name__, scope.key)
    return set(found["rep_id"].to_pylist())


def _scope_rows(snapshot: Snapshot, kind: str, period: Period, as_of: dt.date) -> IbisTable:
    closed = snapshot.table("opportunities").filter(
        _.is_closed, _.close_date.between(period.start, period.end)
    )
    owners = placed(snapshot, closed.select("owner_id", "close_date"), "owner_id", "close_date")
    in_force = _in_force(snapshot, period, as_of)
    if kind == "rep":
        people = snapshot.table("reps").filter(
            _.leave_date.isnull() | (_.leave_date >= period.start)
        )
        sellers = in_force.filter(ibis.coalesce(_.role, "rep") == "rep").semi_join(people, "rep_id")
        named = sellers.select("rep_id").left_join(snapshot.table("reps"), "rep_id")
        pairs = named.select(key=_.rep_id, label=ibis.coalesce(_.name, _.rep_id)).union(
            owners.select(key=_.owner_id, label=_.owner_name)
        )
    else:
        pairs = in_force.select(key=_[kind], label=_[kind]).union(
            owners.select(key=_[kind], label=_[kind])
        )
    return pairs.filter(_.key.notnull()).distinct().order_by("label", "key")


def _in_force(snapshot: Snapshot, period: Period, as_of: dt.date) -> IbisTable:
    return places(snapshot).filter(
        _.place_from <= min(period.end, as_of), _.place_to >= period.start
    )
