"""Who was where on which day: people, teams and regions over time."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import ibis
from ibis import _

if TYPE_CHECKING:
    from ibis.expr.types import Table as IbisTable

    from salesops_lib.data.snapshot import Snapshot

__all__ = ["EVER", "NEVER", "placed", "places"]

EVER = dt.date(1900, 1, 1)
NEVER = dt.date(9999, 12, 31)


def places(snapshot: Snapshot) -> IbisTable:
    """One place in the organisation for every person and day.

    An assignment holds until the next one begins, and the first one also
    before its own start, so that no deal and no quota falls between two teams:
    a leaver's last deals stay with the last team, and parts add up to the whole.

    Parameters
    ----------
    snapshot : Snapshot
        Source of ``rep_assignments``.

    Returns
    -------
    ibis.Table
        `rep_id`, `manager_id`, `team`, `region`, `role`, `ramp`, `place_from` and
        `place_to` (both inclusive); a person's rows neither overlap nor leave a gap.
    """
    assignments = snapshot.table("rep_assignments").mutate(
        starts=ibis.coalesce(_.effective_from, EVER)
    )
    by_person = ibis.window(group_by="rep_id", order_by="starts")
    following = (_.starts.lead() - ibis.interval(days=1)).over(by_person).cast("date")
    return assignments.mutate(
        place_from=ibis.ifelse(ibis.row_number().over(by_person) == 0, EVER, _.starts),
        place_to=ibis.coalesce(following, NEVER),
    ).select("rep_id", "manager_id", "team", "region", "role", "ramp", "place_from", "place_to")


def placed(snapshot: Snapshot, rows: IbisTable, person: str, day: str) -> IbisTable:
    """Rows with the person's name and place on the row's day.

    Parameters
    ----------
    snapshot : Snapshot
        Source of people and assignments.
    rows : ibis.Table
        Any table.
    person, day : str
        Its columns with the person's id and the date.

    Returns
    -------
    ibis.Table
        `rows` with `owner_name` (the id where the name is unknown), `team`,
        `region` and `manager_id`. The number of rows stays the same.
    """
    there = places(snapshot).rename(place_rep="rep_id").drop("role", "ramp")
    people = snapshot.table("reps").select(_.rep_id.name("person_id"), _.name.name("owner_name"))
    joined = rows.left_join(
        there,
        [
            rows[person] == there.place_rep,
            rows[day] >= there.place_from,
            rows[day] <= there.place_to,
        ],
    ).drop("place_rep", "place_from", "place_to")
    named = joined.left_join(people, joined[person] == people.person_id).drop("person_id")
    return named.mutate(owner_name=ibis.coalesce(named.owner_name, named[person]))
