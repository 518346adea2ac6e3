"""Activities of people who sell, and the days on which they could have had any."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis
from ibis import _

from salesops_lib.data.organisation import EVER, NEVER, places

if TYPE_CHECKING:
    from ibis.expr.types import Table as IbisTable

    from salesops_lib.data.snapshot import Snapshot

__all__ = ["activity_facts", "employment_facts"]

_LEADERS = ("manager", "leader")


def employment_facts(snapshot: Snapshot) -> IbisTable:
    """Days that each person who sells was employed in each place.

    Managers and leaders are left out. Someone without dates is employed always;
    someone without a place is in none, and still counts in the company.

    Parameters
    ----------
    snapshot : Snapshot
        Source of ``reps`` and ``rep_assignments``.

    Returns
    -------
    ibis.Table
        `owner_id`, `owner_name`, `team`, `region`, `first_day`, `last_day` (both
        inclusive); a person's rows do not overlap.
    """
    people = snapshot.table("reps").select("rep_id", "name", "hire_date", "leave_date")
    there = places(snapshot).rename(place_rep="rep_id").drop("manager_id")
    rows = people.left_join(there, people.rep_id == there.place_rep)
    rows = rows.filter(ibis.coalesce(_.role.lower(), "").notin(_LEADERS))
    rows = rows.mutate(
        first_day=ibis.greatest(
            ibis.coalesce(_.hire_date, EVER), ibis.coalesce(_.place_from, EVER)
        ),
        last_day=ibis.least(ibis.coalesce(_.leave_date, NEVER), ibis.coalesce(_.place_to, NEVER)),
    )
    return rows.filter(_.first_day <= _.last_day).select(
        _.rep_id.name("owner_id"),
        ibis.coalesce(_.name, _.rep_id).name("owner_name"),
        "team",
        "region",
        "first_day",
        "last_day",
    )


def activity_facts(snapshot: Snapshot) -> IbisTable:
    """Every activity that counts: copies in invitees' calendars do not.

    Parameters
    ----------
    snapshot : Snapshot
        Source of ``activities``.

    Returns
    -------
    ibis.Table
        `rep_id`, `opportunity_id`, `kind` and `day` (UTC).
    """
    copied = ibis.coalesce(_.is_invitee_copy, ibis.literal(value=False))
    rows = snapshot.table("activities").filter(~copied)
    return rows.select("rep_id", "opportunity_id", "kind", _.at.date().name("day"))
