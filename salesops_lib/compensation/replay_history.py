"""What past pay periods were made of, read from a snapshot for a plan to be replayed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from salesops_lib.calendar import FiscalCalendar
from salesops_lib.compensation.credit_checks import refuse_unplanned
from salesops_lib.compensation.credits import deal_credits
from salesops_lib.compensation.pay_inputs import pay_people, pay_quotas, snapshot_assignments
from salesops_lib.compensation.plan_members import plan_members
from salesops_lib.compensation.replay import PastPeriod, redated

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from salesops_lib.compensation.plan import Plan
    from salesops_lib.data.snapshot import Snapshot
    from salesops_lib.period import Period

__all__ = ["past_periods"]


def past_periods(
    plan: Plan,
    snapshot: Snapshot,
    periods: Sequence[Period],
    *,
    calendar: FiscalCalendar | None = None,
    results: pd.DataFrame | None = None,
    others: Sequence[Plan] | None = None,
) -> tuple[PastPeriod, ...]:
    """People, credits and quotas of past pay periods, as a plan would have taken them.

    Parameters
    ----------
    plan : Plan
        Whose members, crediting and measures count; its own days are set aside.
    snapshot : Snapshot
        The data; it must reach to the last period's end.
    periods : sequence of Period
        Pay periods in a row, of the plan's kind.
    calendar : FiscalCalendar, optional
        Default: the calendar year.
    results : DataFrame, optional
        What was handed in: `rep_id`, `measure`, `period`, `value`.
    others : sequence of Plan, optional
        All other plans. With them everybody who is credited must be in a plan, as in a
        pay run; without them this plan's people are looked at, and nobody else.

    Returns
    -------
    tuple of PastPeriod

    Raises
    ------
    InputError
        Somebody is credited and in no plan; a rate is missing; shares miss 100 %. As the
        functions say that this calls.
    """
    calendar = calendar or FiscalCalendar()
    then = redated(plan, periods)
    assignments = snapshot_assignments(snapshot)
    ordered = sorted(periods)
    credited = deal_credits(snapshot, plan.crediting, ordered, currency=plan.currency).frame
    found = []
    for period in ordered:
        people = pay_people(then, assignments, period, calendar)
        now = credited[credited["period"] == period.label]
        if others is not None:
            planned = set(people["rep_id"])
            for other in others:
                there = plan_members(redated(other, ordered), assignments, period)
                planned.update(there["rep_id"])
            refuse_unplanned(now, planned)
        own = now[now["rep_id"].isin(people["rep_id"])].reset_index(drop=True)
        quotas = pay_quotas(then, snapshot, people, period, calendar)
        found.append(PastPeriod(period, people, own, quotas, results))
    return tuple(found)
