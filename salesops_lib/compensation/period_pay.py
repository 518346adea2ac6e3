"""What a plan comes to in one period of a snapshot: people, credits, earnings, checked."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from salesops_lib.calendar import FiscalCalendar
from salesops_lib.compensation.credit_checks import refuse_unplanned, with_adjustments
from salesops_lib.compensation.credits import deal_credits
from salesops_lib.compensation.engine import earnings, refuse_period
from salesops_lib.compensation.pay_inputs import (
    longest_window,
    pay_people,
    pay_quotas,
    snapshot_assignments,
)
from salesops_lib.compensation.plan_members import plan_members
from salesops_lib.compensation.windows import earlier_periods
from salesops_lib.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import pandas as pd

    from salesops_lib.compensation.plan import Plan
    from salesops_lib.compensation.trace import Earnings
    from salesops_lib.data.snapshot import Snapshot
    from salesops_lib.period import Period

__all__ = ["PATTERN", "PayRules", "PeriodPay", "company_plans", "period_pay"]

PATTERN = "archetype_"
"""Plans whose id begins so are patterns to start from: beside another plan they pay nobody."""


@dataclass(frozen=True)
class PayRules:
    """What a pay run takes besides the plan and the snapshot.

    Parameters
    ----------
    calendar : FiscalCalendar
        Whose periods are paid. Default: the calendar year.
    others : sequence of Plan
        The company's other plans in force: who is in one of them is paid there.
    adjustments : DataFrame, optional
        Credits by hand, as `with_adjustments` takes them.
    results : DataFrame, optional
        Results handed in, as `earnings` takes them.
    pay_day : date, optional
        Needed where credits count at the rate of the day of payment.
    """

    calendar: FiscalCalendar = field(default_factory=FiscalCalendar)
    others: Sequence[Plan] = ()
    adjustments: pd.DataFrame | None = None
    results: pd.DataFrame | None = None
    pay_day: dt.date | None = None


@dataclass(frozen=True)
class PeriodPay:
    """What a plan comes to in one period.

    Parameters
    ----------
    plan : Plan
        The plan.
    period : Period
        The period.
    people : DataFrame
        As `pay_people` gives them.
    credits : DataFrame
        Credits of the plan's people in the period, as `Credits.frame`, adjustments too.
    window_credits : DataFrame
        The same since the plan's longest window began.
    withheld : DataFrame
        The same columns: what gives these people no credit, with the reason.
    earnings : Earnings
        What it earns them, with the trace.
    """

    plan: Plan
    period: Period
    people: pd.DataFrame
    credits: pd.DataFrame
    window_credits: pd.DataFrame
    withheld: pd.DataFrame
    earnings: Earnings

    @property
    def lines(self) -> pd.DataFrame:
        """Payouts as `true_ups` takes them: `rep_id`, `component`, `period`, `payout_cents`."""
        return self.earnings.payouts.astype({"rep_id": object, "component": object}).assign(
            period=self.period.label
        )[["rep_id", "component", "period", "payout_cents"]]


def company_plans(plan: Plan, plans: Sequence[Plan], period: Period) -> list[Plan]:
    """The company's other plans in a period: of each id the revision that is in force.

    Parameters
    ----------
    plan : Plan
        The one that is paid.
    plans : sequence of Plan
        All that there are; patterns (`PATTERN`) are left out.
    period : Period
        The pay period; its last day counts.

    Returns
    -------
    list of Plan

    Raises
    ------
    InputError
        A higher revision of the plan itself is in force.
    """
    chosen: dict[str, Plan] = {}
    for one in plans:
        if not one.holds_on(period.end):
            continue
        if one.id == plan.id:
            if one.revision > plan.revision:
                raise InputError(
                    f"revision {plan.revision} of the plan `{plan.id}` is not the one in force in "
                    f"{period}: revision {one.revision} is"
                )
            continue
        before = chosen.get(one.id)
        is_pattern = one.id.startswith(PATTERN)
        if not is_pattern and (before is None or before.revision < one.revision):
            chosen[one.id] = one
    return [chosen[name] for name in sorted(chosen)]


def period_pay(
    plan: Plan,
    snapshot: Snapshot,
    period: Period,
    rules: PayRules | None = None,
    *,
    checks_people: bool = True,
) -> PeriodPay:
    """What a plan comes to in one period.

    Parameters
    ----------
    plan : Plan
        It must be in force in the whole period.
    snapshot : Snapshot
        The data; it must reach to the period's end.
    period : Period
        The pay period.
    rules : PayRules, optional
        Calendar, other plans, adjustments, results.
    checks_people : bool
        Whether everybody who is credited must be in one plan, and only one. Left out
        where a period that was paid is computed again.

    Returns
    -------
    PeriodPay

    Raises
    ------
    InputError
        Somebody is credited and in no plan, or is in two; a rate or quota is missing;
        shares of a deal miss 100 %; an adjustment is of nobody whom the plan pays; the
        period is not over. As the functions say that this calls.
    """
    rules = rules or PayRules()
    calendar = rules.calendar
    # As the engine does, but before quotas are looked for in days without the plan.
    refuse_period(plan, period)
    if snapshot.as_of < period.end:
        raise InputError(
            f"{period} ends on {period.end}, but the snapshot shows {snapshot.as_of}: "
            "a period is paid when it is over",
            where=snapshot.id,
        )
    assignments = snapshot_assignments(snapshot)
    people = pay_people(plan, assignments, period, calendar)
    before = earlier_periods(longest_window(plan, period, calendar), period, calendar)
    found = deal_credits(
        snapshot,
        plan.crediting,
        [*before, period],
        currency=plan.currency,
        pay_day=rules.pay_day,
    )
    labels = {one.label for one in found.periods}
    credited = _with_adjustments(found.frame, rules.adjustments, labels, plan)
    now = credited[credited["period"] == period.label]
    _refuse_stray_adjustments(now, people, plan)
    if checks_people:
        _refuse_two_plans(plan, people, rules.others, assignments, period)
        planned = set(people["rep_id"])
        for other in rules.others:
            planned.update(plan_members(other, assignments, period)["rep_id"])
        refuse_unplanned(now, planned)
    own = credited[credited["rep_id"].isin(people["rep_id"])].reset_index(drop=True)
    quotas = pay_quotas(plan, snapshot, people, period, calendar)
    working = people[~_is_absent(people, own, plan, period)]
    earned = earnings(
        plan,
        own[own["rep_id"].isin(working["rep_id"])],
        working,
        quotas,
        period,
        calendar=calendar,
        results=rules.results,
    )
    withheld = found.withheld[
        found.withheld["rep_id"].isin(people["rep_id"]) & (found.withheld["period"] == period.label)
    ]
    return PeriodPay(
        plan,
        period,
        people,
        own[own["period"] == period.label].reset_index(drop=True),
        own,
        withheld.reset_index(drop=True),
        earned,
    )


def _with_adjustments(
    credited: pd.DataFrame, adjustments: pd.DataFrame | None, labels: set[str], plan: Plan
) -> pd.DataFrame:
    if adjustments is None or not len(adjustments):
        return credited
    rows = adjustments[adjustments["period"].isin(labels)]
    return with_adjustments(credited, rows.assign(currency=plan.currency))


def _refuse_two_plans(
    plan: Plan,
    people: pd.DataFrame,
    others: Sequence[Plan],
    assignments: pd.DataFrame,
    period: Period,
) -> None:
    own = set(people["rep_id"])
    for other in others:
        both = own & set(plan_members(other, assignments, period)["rep_id"])
        if both:
            more = f" (and {len(both) - 1} more people)" if len(both) > 1 else ""
            raise InputError(
                f"two plans pay `{min(both)}`{more} in {period}: `{plan.id}` and `{other.id}`"
            )


def _refuse_stray_adjustments(now: pd.DataFrame, people: pd.DataFrame, plan: Plan) -> None:
    by_hand = now[now["kind"] == "adjustment"]
    stray = by_hand[~by_hand["rep_id"].isin(people["rep_id"])]
    if len(stray):
        row = stray.iloc[0]
        raise InputError(
            f"`{row['rep_id']}` is not among the people whom the plan `{plan.id}` pays",
            where=str(row["credit_id"]),
            found=str(row["rep_id"]),
            allowed=people["rep_id"],
        )


def _is_absent(
    people: pd.DataFrame, credited: pd.DataFrame, plan: Plan, period: Period
) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Who is on leave in all of the period, with no quota and no credit: nothing to judge."""
    away = {
        leave.rep_id
        for leave in plan.crediting.leaves
        if leave.reduces_quota and leave.first_day <= period.start and leave.last_day >= period.end
    }
    is_away = people["rep_id"].isin(away) & ~people["rep_id"].isin(credited["rep_id"])
    return is_away.to_numpy(bool)
